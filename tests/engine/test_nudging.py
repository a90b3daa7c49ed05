"""What tells of changes by itself: a question that would be asked in a minute is asked now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from saitotui.engine import nudging
from saitotui.model.command import Client, Command, Failure, FailureKind
from saitotui.model.nudge import Nudge

NUDGE = Nudge(Command(Client.SSH, "st1", "drbdsetup events2 r0"), frozenset({"k"}), "exists -")
STATE = ("exists resource name:r0 role:Secondary", "exists -")
CHANGE = "change resource name:r0 role:Primary"


class Told:
    """A stream for each attempt: lines, seconds to wait, failures."""

    def __init__(self, *attempts: Sequence[str | float | Failure]) -> None:
        self.attempts = list(attempts)
        self.begun = 0

    async def stream(self, command: Command) -> AsyncGenerator[str | Failure, None]:
        self.begun += 1
        for part in self.attempts.pop(0) if self.attempts else [60.0]:
            if isinstance(part, float):
                await asyncio.sleep(part)
            else:
                yield part


async def heard(told: Told, seconds: float) -> int:
    calls = 0

    def hurry() -> None:
        nonlocal calls
        calls += 1

    task = asyncio.create_task(nudging.listen(told, NUDGE, hurry))
    await asyncio.sleep(seconds)
    task.cancel()
    return calls


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudging, "LEAST", 0.05)
    monkeypatch.setattr(nudging, "PAUSES", (0.01,))


async def test_the_state_at_the_beginning_is_no_news() -> None:
    assert await heard(Told([*STATE, 60.0]), 0.1) == 0


async def test_a_change_is_news() -> None:
    assert await heard(Told([*STATE, CHANGE, 60.0]), 0.1) == 1


async def test_many_changes_are_looked_at_together_and_the_last_is_not_missed() -> None:
    """One at once, and one after the last."""
    assert await heard(Told([*STATE, *[CHANGE] * 500, 60.0]), 0.3) == 2


async def test_a_stream_that_breaks_is_begun_again() -> None:
    lost = Failure(FailureKind.UNREACHABLE, "st1: gone")
    told = Told([*STATE, lost], [], [*STATE, CHANGE, 60.0])
    assert await heard(told, 0.3) == 1
    assert told.begun == 3


async def test_one_that_worked_for_long_is_begun_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest pause is for hosts that never tell anything."""
    monkeypatch.setattr(nudging, "SHORT", 0.02)
    monkeypatch.setattr(nudging, "PAUSES", (0.01, 60.0))
    told = Told([*STATE, 0.05], [*STATE, CHANGE, 60.0])
    assert await heard(told, 0.3) == 1
    assert told.begun == 2
