"""A run whose process dies at any command, before or after it took effect: the next one brings it home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from tests.engine.test_execution import START, TWO_STAGES, World, check, step

from saitotui.engine.runs.earlier import earlier
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Command, Failure
from saitotui.model.plan import Grade, Outcome, Precondition
from saitotui.model.run import Decision, Result, RunEvent

# What must hold before the run does not hold any more once it has begun.
PLAN = replace(
    TWO_STAGES,
    stages=(*TWO_STAGES.stages, replace(TWO_STAGES.stages[0], name="three", steps=(step("e"),))),
    preflight=(Precondition(check("a", "0"), "it was done already", Grade.RED, decisive=True),),
)
WORLD = {**START, "e": "0"}
DONE = {"a": "1", "b": "1", "c": "1", "d": "1", "e": "1", "robot": "on"}
COMMANDS = 7
"""Robot off, a, b, c, d, e, robot on."""


class Killed(BaseException):
    """SIGKILL: nothing more runs of that process."""


@dataclass
class Mortal(World):
    """Kills whoever sends the command number `last`, before or after it took effect."""

    last: int = -1
    after: bool = False

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        dies = commands[0].text.startswith("set") and len(self.sets) == self.last
        if dies and not self.after:
            raise Killed
        answers = await super().ask(commands, deadline)
        if dies:
            self.last = -1
            raise Killed
        return answers


async def attempt(world: Mortal, events: list[RunEvent], decisions: list[Decision]) -> Result | None:
    """One process of the run; None when it was killed. It decides as `decisions` say, then goes on."""

    async def gate(stage: int, trouble: str) -> Decision:
        return decisions.pop(0) if decisions else Decision.GO

    before = earlier(PLAN, list(events))
    record = Record(world, "0001", events.append)
    try:
        return await Execution(PLAN, world, record, gate, before).run()
    except Killed:
        return None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("last", range(COMMANDS))
async def test_the_next_process_goes_on(last: int, after: bool) -> None:
    world, events = Mortal(dict(WORLD), last=last, after=after), list[RunEvent]()
    assert await attempt(world, events, []) is None
    world.last = -1
    result = await attempt(world, events, [])
    assert result is not None
    assert result.outcome is (Outcome.DONE if world.sets[1:] else Outcome.ALREADY), result.sentence
    assert world.values == DONE
    acts = [text for text in world.sets if "robot" not in text]
    assert len(acts) == len(set(acts)), "an act was repeated whose goal held"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("last", range(1, COMMANDS - 1))
async def test_what_a_dead_process_did_is_undone(last: int, after: bool) -> None:
    """Inside a stage it goes on to the next gate; there, everything that both did is undone."""
    world, events = Mortal(dict(WORLD), last=last, after=after), list[RunEvent]()
    assert await attempt(world, events, []) is None
    world.last = -1
    result = await attempt(world, events, [Decision.UNDO])
    assert result is not None
    if world.values == DONE:
        # It was cut off inside its last stage: no gate came any more.
        assert last == COMMANDS - 2
        assert result.outcome is Outcome.DONE
    else:
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert world.values == WORLD


async def test_a_process_that_dies_while_it_undoes_asks_again() -> None:
    """Nothing goes forward by itself that somebody decided to take back."""
    world, events = Mortal(dict(WORLD), last=4), list[RunEvent]()
    assert await attempt(world, events, [Decision.GO, Decision.UNDO]) is None
    assert world.sets[-1] == "set b 0"
    world.last = -1
    result = await attempt(world, events, [Decision.UNDO])
    assert result is not None
    assert result.outcome is Outcome.UNDONE, result.sentence
    assert world.values == WORLD
