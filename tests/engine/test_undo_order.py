"""Where undoing stops: nobody is let in again before the one who took over is proven out."""

from __future__ import annotations

from dataclasses import replace

from tests.engine.test_execution import LOST_DONE, OK, REFUSED, World, carry_out, check, plan, step

from saitotui.model.command import Answer, Failure
from saitotui.model.plan import Outcome, Stage

CLOSE, OPEN = step("old", "closed", "open"), step("new", "open", "closed")
GUARDED = replace(CLOSE, undo_requires=(check("new", "closed"),))
START = {"old": "open", "new": "closed", "after": "0"}


def swap(*, point_of_no_return: bool = False) -> Stage:
    return Stage(
        "swap", "swap", (GUARDED, OPEN), critical=True, point_of_no_return=point_of_no_return, budget=1.0
    )


async def test_what_was_closed_is_not_opened_while_the_other_may_be_open() -> None:
    """The command to open was lost after it took effect, and nothing is heard of that server any more."""
    world = World(dict(START), (OK, LOST_DONE, LOST_DONE), frozenset({"new"}))
    world.blind = frozenset({"new"})
    result, _ = await carry_out(plan(swap()), world)
    assert world.values["old"] == "closed"
    assert result.outcome in (Outcome.INDETERMINATE, Outcome.FAILED), result


async def test_what_was_closed_is_opened_when_the_other_is_proven_closed() -> None:
    world = World(dict(START), (OK, REFUSED))
    result, _ = await carry_out(plan(swap()), world)
    assert (result.outcome, world.values) == (Outcome.UNDONE, START), result


async def test_undoing_stops_at_the_first_that_is_not_proven_undone() -> None:
    world = World(dict(START), (OK, OK, REFUSED, REFUSED))
    stages = (Stage("one", "one", (CLOSE, OPEN)), Stage("two", "two", (step("after"),)))
    result, _ = await carry_out(plan(*stages), world)
    assert world.values == {"old": "closed", "new": "open", "after": "0"}
    assert "what came before stays as it is" in result.sentence
    assert result.outcome is Outcome.FAILED


async def test_past_the_point_of_no_return_a_proof_that_fails_undoes_nothing() -> None:
    """All commands went through; that nothing can be proven is told, and nothing is changed back."""

    class Falls(World):
        """Falls silent as soon as it is open."""

        def _one(self, text: str) -> Answer | Failure:
            answer = super()._one(text)
            if text == "set new open":
                self.blind = frozenset({"new"})
            return answer

    world = Falls(dict(START))
    result, _ = await carry_out(plan(swap(point_of_no_return=True)), world)
    assert (world.values["old"], world.values["new"]) == ("closed", "open")
    assert result.outcome in (Outcome.INDETERMINATE, Outcome.FAILED), result
