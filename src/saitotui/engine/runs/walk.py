"""Where a run is: what its events add up to. Pure, so that every console says the same of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from saitotui.model.plan import Outcome
from saitotui.model.run import Kind, Result, RunEvent

_WHILE_WAITING = (Kind.NOTE, Kind.LEASE, Kind.CONTROL)
"""What is told without a wait being at its end."""

Place = tuple[int, int]
"""Stage and step, as events have them (stage -1: the robots' steps)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A gate: the run waits before `stage` until the holder of the controls decides. `confirm` is what must
    be typed to go on, `trouble` whether something went wrong."""

    stage: int
    at: float
    sentence: str
    confirm: str = ""
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """`stage` is the one under way (-1: none yet), begun at `stage_at`; `step` the last one begun. `outcomes`
    holds how steps ended, with the sentence; `disarmed` the robots' steps that are not proven undone;
    `waits` what it waits for, where the holder of the controls may stop that. Times are UTC seconds."""

    began: float = 0.0
    last: float = 0.0
    stage: int = -1
    stage_at: float = 0.0
    step: Place = (-1, -1)
    outcomes: Mapping[Place, tuple[Outcome, str]] = field(default_factory=dict)
    waiting: Waiting | None = None
    waits: str = ""
    holder: str = ""
    undoing: bool = False
    disarmed: frozenset[int] = frozenset()
    windows: Mapping[int, float] = field(default_factory=dict)
    """Seconds that critical stages took."""
    result: Result | None = None


def walk(events: Iterable[RunEvent]) -> Walk:
    """Where a run is after `events`."""
    where = Walk()
    for event in events:
        where = follow(where, event)
    return where


def follow(where: Walk, event: RunEvent) -> Walk:
    """Where it is after one event more."""
    waits = where.waits if event.kind in _WHILE_WAITING else ""
    where = replace(where, began=where.began or event.at, last=event.at, waits=waits)
    match event.kind:
        case Kind.GATE:
            gate = Waiting(
                event.stage,
                event.at,
                event.sentence,
                str(event.data.get("confirm", "")),
                bool(event.data.get("trouble", not event.sentence.startswith("next: "))),
            )
            return replace(where, waiting=gate)
        case Kind.STAGE:
            return replace(where, stage=event.stage, stage_at=event.at, waiting=None)
        case Kind.STEP | Kind.UNDO:
            return _step(where, event)
        case Kind.CONTROL:
            return _control(where, event)
        case Kind.NOTE if "waits" in event.data:
            return replace(where, waits=event.sentence)
        case Kind.NOTE if "seconds" in event.data:
            return replace(where, windows={**where.windows, event.stage: float(event.data["seconds"])})
        case Kind.OUTCOME:
            result = Result(Outcome(event.data["outcome"]), event.sentence, str(event.data.get("probe", "")))
            return replace(where, result=result, waiting=None)
        case _:
            return where


def _step(where: Walk, event: RunEvent) -> Walk:
    """A step, or the undo of one, begins or ends."""
    place = (event.stage, event.step)
    undoing = event.kind is Kind.UNDO
    if "outcome" not in event.data:
        return replace(where, step=place, undoing=undoing, waiting=None)
    outcome = Outcome(event.data["outcome"])
    disarmed = where.disarmed
    if event.stage == -1 and not event.data.get("reads"):
        gone = undoing and outcome is Outcome.UNDONE
        held = outcome not in (Outcome.REFUSED, Outcome.UNDONE)
        disarmed = disarmed - {event.step} if gone else disarmed | {event.step} if held else disarmed
    outcomes = {**where.outcomes, place: (outcome, event.sentence)}
    return replace(where, outcomes=outcomes, disarmed=disarmed, undoing=undoing)


def _control(where: Walk, event: RunEvent) -> Walk:
    """Who holds the controls, by what was said of them."""
    holder = str(event.data.get("holder", ""))
    said = event.sentence.removeprefix(holder).strip()
    if said.startswith("took"):
        return replace(where, holder=holder)
    if said.startswith(("gave", "lost")):
        return replace(where, holder="")
    if said.startswith("decided"):
        return replace(where, waiting=None)
    return where
