"""What an earlier process of the same run did, by the events that it left: for the one that goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from saitotui.model.plan import Outcome, Plan
from saitotui.model.run import Kind, RunEvent

Place = tuple[int, int]
"""Stage and step, from 0."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """`begun` are the stages that were entered, `confirmed` those of them that nobody was asked about since:
    they were cut off inside, and go on without a question. `did` are the steps that acted, or may have;
    `values` what was captured, but for that of a critical stage that was cut off."""

    begun: frozenset[int] = frozenset()
    confirmed: frozenset[int] = frozenset()
    did: tuple[Place, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    undoing: bool = False
    """Whether something was being undone."""

    @property
    def last(self) -> int:
        """The stage that was begun last, by its place in the plan; -1 when none was."""
        return max(self.begun, default=-1)

    def rests(self, plan: Plan) -> bool:
        """Whether the run had come to a stage of `plan` that only waits: what it did before is proven."""
        return self.last >= 0 and plan.stages[self.last].rests


def earlier(plan: Plan, events: Iterable[RunEvent]) -> Earlier:
    """Reads the events of a run of `plan`. What is not known to be undone counts as done."""
    begun: dict[int, None] = {}
    asked: set[int] = set()
    undoing = False
    outcomes: dict[Place, Outcome | None] = {}
    values: dict[str, str] = {}
    for event in events:
        place = (event.stage, event.step)
        values |= event.data.get("captured", {})
        if event.kind is Kind.STAGE:
            begun[event.stage] = None
            asked.discard(event.stage)
        elif event.kind is Kind.GATE:
            asked.add(event.stage)
        elif event.kind is Kind.STEP and event.stage >= 0:
            outcomes[place] = _outcome(event, outcomes.get(place))
        elif event.kind is Kind.UNDO and event.stage >= 0:
            undoing = True
            if event.data.get("outcome") == Outcome.UNDONE.value:
                outcomes.pop(place, None)
    confirmed = frozenset() if undoing else frozenset(begun) - asked
    did = tuple(_did(plan, list(begun), outcomes))
    return Earlier(frozenset(begun), confirmed, did, values, undoing)


def _outcome(event: RunEvent, before: Outcome | None) -> Outcome | None:
    """None while a step was begun and did not end. What acted once has acted, whatever it says when it is
    asked again."""
    if "outcome" not in event.data:
        return before
    now = Outcome(event.data["outcome"])
    return before if before is not None and now is Outcome.ALREADY else now


_ACTED = (Outcome.DONE, Outcome.FAILED, Outcome.INDETERMINATE)


def _did(plan: Plan, begun: Sequence[int], outcomes: dict[Place, Outcome | None]) -> Iterable[Place]:
    for number in (number for number in begun if number < len(plan.stages)):
        stage = plan.stages[number]
        places = [(number, index) for index in range(len(stage.steps))]
        # A critical stage tells of its steps only afterwards.
        cut_off = stage.critical and not all(place in outcomes for place in places)
        for place in places:
            if cut_off or (place in outcomes and outcomes[place] in (None, *_ACTED)):
                yield place
