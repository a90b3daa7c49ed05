"""Checks that are set against captured values, and stages that are over once a later one has begun."""

from __future__ import annotations

from dataclasses import replace

from tests.engine.test_execution import World, check, command, plan, step

from saitotui.engine.runs.asking import ask_check
from saitotui.engine.runs.earlier import Earlier
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Failure
from saitotui.model.plan import Check, Outcome, Stage, Verdict
from saitotui.model.run import Decision


def more(answer: Answer | Failure) -> Verdict:
    assert isinstance(answer, Answer)
    return Verdict(int(answer.text) > int(answer.against), answer.text)


async def test_a_check_is_set_against_what_was_captured() -> None:
    world = World({"a": "3"})
    grows = Check("a grows", command("get a"), more, against="before")
    assert await ask_check(world, grows, {"before": "2"}) == Verdict(True, "3")
    assert await ask_check(world, grows, {"before": "3"}) == Verdict(False, "3")
    unknown = await ask_check(world, grows, {})
    assert unknown.holds is None
    assert "before" in unknown.measured


async def run(once: bool, begun: frozenset[int]) -> tuple[Outcome, World]:
    """The first stage sets what the second takes back."""
    back = replace(step("a", "0", "1"), goal=check("a", "0"), undo=(), undone=None)
    what = plan(Stage("out", "out", (step("a"),), once=once), Stage("back", "back", (back, step("b"))))
    world = World({"a": "0", "b": "0"})

    async def gate(stage: int, trouble: str) -> Decision:
        return Decision.ABANDON if trouble else Decision.GO

    record = Record(world, "0001", lambda event: None)
    before = Earlier(begun, begun)
    return (await Execution(what, world, record, gate, before).run()).outcome, world


async def test_a_stage_that_is_over_is_not_begun_again() -> None:
    outcome, world = await run(once=True, begun=frozenset({0, 1}))
    assert outcome is Outcome.DONE
    assert world.sets == ["set b 1"]
    outcome, world = await run(once=False, begun=frozenset({0, 1}))
    assert outcome is Outcome.DONE
    assert world.sets == ["set a 1", "set a 0", "set b 1"]


async def test_it_is_begun_as_long_as_no_later_one_was() -> None:
    for begun in (frozenset[int](), frozenset({0})):
        _, world = await run(once=True, begun=begun)
        assert world.sets == ["set a 1", "set a 0", "set b 1"]
