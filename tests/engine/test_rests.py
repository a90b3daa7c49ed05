"""A run that only waits leaves the platform to others, and has it for itself before it acts again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.engine.test_execution import World, check, command, plan, step
from tests.engine.test_lease import ANNA, BEN, Hosts, leases
from tests.engine.test_waits import pending, until

from saitotui.engine.runs import hold
from saitotui.engine.runs.earlier import Earlier, earlier
from saitotui.engine.runs.execution import NOTHING, Execution
from saitotui.engine.runs.hold import HeldLeases
from saitotui.engine.runs.record import Record
from saitotui.engine.runs.waits import Waits
from saitotui.engine.runs.walk import walk
from saitotui.model.plan import Act, Outcome, Plan, Stage, Step
from saitotui.model.run import Decision, Kind, Result, RunEvent

WAIT = Step(
    "wait for b",
    (Act(command("get b"), pause=0.02, pending=pending),),
    replace(check("b", "1"), deadline=0.05),
    deadline=30.0,
    parks=True,
)
PLAN = plan(
    Stage("one", "set a", (step("a"),)),
    Stage("wait", "wait for b", (WAIT,), rests=True, optional=True),
    Stage("three", "set c", (step("c"),), optional=True),
    disarm=(step("robot", "off", "on"),),
)
START = {"a": "0", "b": "0", "c": "0", "robot": "on"}
OFF, ON, A, C = "set robot off", "set robot on", "set a 1", "set c 1"


@dataclass
class Held:
    """`refuses` says why it is not to be had."""

    refuses: str = ""
    now: bool = True
    history: list[str] = field(default_factory=list)

    async def take(self) -> str:
        self.history.append("take")
        self.now = not self.refuses
        return self.refuses

    async def give_back(self) -> None:
        self.history.append("give back")
        self.now = False


@dataclass
class Carrying:
    """One process of a run of PLAN: `seen` says, for each gate, whether the platform was held and what the
    robot was; `decide` gives the decision."""

    decide: Callable[[int, str], Decision] = lambda stage, trouble: Decision.GO
    world: World = field(default_factory=lambda: World(dict(START)))
    held: Held = field(default_factory=Held)
    waits: Waits = field(default_factory=Waits)
    events: list[RunEvent] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    seen: list[tuple[int, bool, str]] = field(default_factory=list)

    async def gate(self, stage: int, trouble: str) -> Decision:
        self.troubles += [trouble] if trouble else []
        self.seen.append((stage, self.held.now, self.world.values["robot"]))
        return self.decide(stage, trouble)

    async def run(self, before: Earlier = NOTHING, what: Plan = PLAN) -> Result:
        record = Record(self.world, "0001", self.events.append)
        execution = Execution(what, self.world, record, self.gate, before, self.waits, self.held)
        return await execution.run()

    async def waiting(self) -> asyncio.Task[Result]:
        task = asyncio.create_task(self.run())
        await until(lambda: bool(walk(self.events).waits))
        return task


async def test_while_it_waits_the_platform_is_left_to_others() -> None:
    run = Carrying()
    task = await run.waiting()
    assert (run.held.now, run.world.values["robot"]) == (False, "on")
    run.world.values["b"] = "1"
    result = await task
    assert result.outcome is Outcome.DONE, result.sentence
    assert run.world.sets == [OFF, A, ON, OFF, C, ON]
    assert run.held.history == ["give back", "take"]
    # Nobody may be there when the wait ends: the next gate still has nothing.
    assert run.seen == [(0, True, "off"), (1, True, "off"), (2, False, "on")]
    assert not walk(run.events).disarmed


async def test_it_acts_no_more_while_somebody_else_does() -> None:
    run = Carrying()
    task = await run.waiting()
    run.held.refuses, said = "berta holds the tier", list[str]()

    def decide(stage: int, trouble: str) -> Decision:
        if trouble:
            said.append(trouble)
            run.held.refuses = "" if len(said) > 1 else run.held.refuses
        return Decision.GO

    run.decide = decide
    run.world.values["b"] = "1"
    result = await task
    assert result.outcome is Outcome.DONE, result.sentence
    assert said == ["berta holds the tier", "berta holds the tier"]
    assert run.world.sets == [OFF, A, ON, OFF, C, ON]


@pytest.mark.parametrize("stopped", [True, False])
async def test_to_leave_it_there_is_to_be_done(stopped: bool) -> None:
    run = Carrying(lambda stage, trouble: Decision.ABANDON if trouble or stage == 2 else Decision.GO)
    task = await run.waiting()
    if stopped:
        run.waits.stop("anna@ops1")
    else:
        run.world.values["b"] = "1"
    result = await task
    left = "wait for b, set c" if stopped else "set c"
    assert result == Result(Outcome.DONE, f"toy: done, and proven; what is left to do: {left}")
    assert run.world.sets == [OFF, A, ON]


async def test_what_fails_after_it_is_no_reason_to_undo_what_was_reached() -> None:
    run = Carrying(lambda stage, trouble: Decision.ABANDON if trouble else Decision.GO)
    run.world.fates = ["ok", "ok", "ok", "ok", "refused"]
    task = await run.waiting()
    run.world.values["b"] = "1"
    result = await task
    assert result.outcome is Outcome.FAILED, result.sentence
    assert run.world.sets == [OFF, A, ON, OFF, C, ON]


async def test_undone_it_has_the_platform_for_itself_first() -> None:
    run = Carrying(lambda stage, trouble: Decision.UNDO if trouble else Decision.GO)
    task = await run.waiting()
    run.waits.stop("anna@ops1")
    result = await task
    assert result.outcome is Outcome.UNDONE, result.sentence
    assert run.world.sets == [OFF, A, ON, OFF, "set a 0", ON]
    assert run.held.history == ["give back", "take"]


async def test_nothing_is_undone_while_somebody_else_acts() -> None:
    decisions = [Decision.UNDO, Decision.ABANDON]
    run = Carrying(lambda stage, trouble: decisions.pop(0) if trouble else Decision.GO)
    task = await run.waiting()
    run.held.refuses = "berta holds the tier"
    run.waits.stop("anna@ops1")
    result = await task
    assert run.troubles[1:] == ["berta holds the tier"]
    assert result.outcome is Outcome.DONE
    assert run.world.sets == [OFF, A, ON]


async def test_killed_while_it_waits_it_waits_on_and_takes_nothing() -> None:
    run = Carrying()
    task = await run.waiting()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    before = earlier(PLAN, run.events)
    assert before.rests(PLAN)
    # Others have acted since: what the run had reached before it waited need not hold any more.
    run.world.values |= {"a": "9", "b": "1"}
    after = Carrying(world=run.world, held=Held("berta holds the tier", now=False))
    after.decide = lambda stage, trouble: Decision.ABANDON if trouble else Decision.GO
    result = await after.run(before)
    assert result.outcome is Outcome.DONE, result.sentence
    assert after.troubles == ["berta holds the tier"]
    assert after.held.history == ["give back", "give back", "take"]
    assert run.world.sets == [OFF, A, ON]


async def test_killed_at_the_gate_of_a_stopped_wait_it_asks_with_nothing_in_its_hands() -> None:
    run = Carrying()
    task = await run.waiting()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate = replace(
        run.events[-1], kind=Kind.GATE, sentence="anna stopped the wait", stage=1, step=-1, data={}
    )
    after = Carrying(lambda stage, trouble: Decision.ABANDON, world=run.world)
    result = await after.run(earlier(PLAN, [*run.events, gate]))
    assert after.seen == [(1, False, "on")]
    assert result.outcome is Outcome.DONE, result.sentence


async def test_killed_while_it_armed_the_robots_it_arms_them() -> None:
    run = Carrying()
    task = await run.waiting()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    run.world.values |= {"robot": "off", "b": "1"}
    after = Carrying(lambda stage, trouble: Decision.ABANDON, world=run.world)
    result = await after.run(earlier(PLAN, run.events))
    assert result.outcome is Outcome.DONE, result.sentence
    assert run.world.values["robot"] == "on"


async def test_killed_while_it_was_undone_it_asks() -> None:
    run = Carrying(lambda stage, trouble: Decision.UNDO if trouble else Decision.GO)
    task = await run.waiting()
    run.waits.stop("anna@ops1")
    await task
    events = [event for event in run.events if event.kind is not Kind.OUTCOME]
    after = Carrying(lambda stage, trouble: Decision.UNDO, world=run.world, held=Held(now=False))
    result = await after.run(earlier(PLAN, events))
    assert after.troubles == ["it was being undone when it was cut off"]
    assert result.outcome is Outcome.UNDONE
    assert run.world.values == START


async def test_a_journal_that_fails_meanwhile_undoes_nothing() -> None:
    run = Carrying()
    task = await run.waiting()
    run.world.journal_full_after = len(run.world.journal)
    run.world.values["b"] = "1"
    result = await task
    assert result.outcome is Outcome.INDETERMINATE
    assert "nothing is undone" in result.sentence
    assert run.world.values["a"] == "1"


async def test_whoever_has_the_lease_is_waited_for_and_that_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "AGAIN", 0.05)
    hosts, events, waits = Hosts(tmp_path), list[RunEvent](), Waits()
    acting = replace(plan(), leases=("application",))
    ours = HeldLeases(leases(hosts, ANNA), acting, Record(World({}), "0001", events.append), waits)
    await ours.first()
    await ours.give_back()
    other = leases(hosts, BEN)
    await other.take(("application",))
    task = asyncio.create_task(ours.take())
    await until(lambda: any(event.data.get("waits") for event in events))
    waits.stop("anna@ops1")
    assert "ben@ops2 holds the application tier" in await task
    task = asyncio.create_task(ours.take())
    await until(lambda: waits.waiting)
    await other.release()
    assert await task == ""
    held = hosts.holder("web1")
    assert held is not None
    assert held.who == "anna@ops1"
    told = [event.data["held"] for event in events if event.kind is Kind.LEASE]
    assert told == [["application"], [], ["application"]]
