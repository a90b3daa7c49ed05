"""Waits that the holder of the controls stops, and steps whose wait is no reason to undo anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from tests.engine.test_execution import World, check, command, plan, step

from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.engine.runs.waits import Waits
from saitotui.engine.runs.walk import walk
from saitotui.model.command import Answer, Command, Failure
from saitotui.model.plan import Act, Outcome, Plan, Stage, Step
from saitotui.model.run import Decision, Kind, RunEvent


def pending(answer: Answer | Failure) -> str:
    return "" if isinstance(answer, Answer) and answer.text == "1" else "not yet"


def waiting(*, parks: bool, deadline: float = 30.0) -> Plan:
    wait = Step(
        "wait for b",
        (Act(command("get b"), pause=0.02, pending=pending),),
        replace(check("b", "1"), deadline=0.05),
        deadline=deadline,
        parks=parks,
    )
    return plan(Stage("one", "one", (step("a"),)), Stage("two", "two", (wait,)))


@dataclass
class Ask:
    world: World

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        return await self.world.ask(commands, deadline)


@dataclass
class Carried:
    world: World
    events: list[RunEvent]
    waits: Waits
    troubles: list[str]
    task: asyncio.Task[Outcome]


def begin(what: Plan, decision: Decision = Decision.ABANDON) -> Carried:
    world, events, waits, troubles = World({"a": "0", "b": "0"}), list[RunEvent](), Waits(), list[str]()

    async def gate(stage: int, trouble: str) -> Decision:
        troubles.append(trouble)
        return decision if trouble else Decision.GO

    async def run() -> Outcome:
        record = Record(world, "0001", events.append)
        return (await Execution(what, Ask(world), record, gate, waits=waits).run()).outcome

    return Carried(world, events, waits, troubles, asyncio.create_task(run()))


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it never came to that")


async def until_it_waits(carried: Carried) -> None:
    await until(lambda: bool(walk(carried.events).waits))
    assert carried.waits.waiting


async def test_what_is_waited_for_comes() -> None:
    carried = begin(waiting(parks=True))
    await until_it_waits(carried)
    carried.world.values["b"] = "1"
    assert await carried.task is Outcome.DONE
    assert not carried.waits.waiting
    assert not walk(carried.events).waits


@pytest.mark.parametrize(
    ("parks", "decision", "outcome", "left"),
    [
        (True, Decision.ABANDON, Outcome.FAILED, "1"),
        (True, Decision.UNDO, Outcome.UNDONE, "0"),
        (False, Decision.ABANDON, Outcome.UNDONE, "0"),
    ],
)
async def test_who_holds_the_controls_stops_it(
    parks: bool, decision: Decision, outcome: Outcome, left: str
) -> None:
    carried = begin(waiting(parks=parks), decision)
    await until_it_waits(carried)
    carried.waits.stop("anna@ops1")
    assert await carried.task is outcome
    assert carried.world.values["a"] == left
    told = [event.sentence for event in carried.events if event.kind is Kind.ANSWER]
    assert "anna@ops1 stopped the wait: not yet" in told
    assert any("stopped the wait" in trouble for trouble in carried.troubles) is parks


async def test_a_wait_that_lasts_too_long_parks() -> None:
    carried = begin(waiting(parks=True, deadline=0.1), Decision.UNDO)
    assert await carried.task is Outcome.UNDONE
    assert any("not yet" in trouble for trouble in carried.troubles)


async def test_at_its_gate_it_is_tried_again() -> None:
    carried = begin(waiting(parks=True, deadline=0.1), Decision.GO)
    await until(lambda: len([one for one in carried.troubles if one]) >= 2)
    carried.world.values["b"] = "1"
    assert await carried.task is Outcome.DONE
    assert carried.world.values == {"a": "1", "b": "1"}


async def test_several_at_the_same_time_are_one_wait() -> None:
    first, second = (Act(command(f"get {name}"), pause=0.02, pending=pending) for name in ("a", "b"))
    both = Step("wait for both", (first, second), deadline=30.0, together=True, parks=True)
    carried = begin(plan(Stage("one", "one", (both,))))
    await until_it_waits(carried)
    carried.world.values["a"] = "1"
    await asyncio.sleep(0.1)
    assert carried.waits.waiting
    carried.waits.stop("anna@ops1")
    assert await asyncio.wait_for(carried.task, 5) is Outcome.FAILED


async def test_outside_of_a_wait_nothing_is_stopped() -> None:
    waits = Waits()
    waits.stop("anna")
    assert not waits.stopped
    await asyncio.wait_for(waits.pause(0.001), 1)
