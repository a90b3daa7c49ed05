"""Following a run in lines: who attaches is asked at the gate where it waits, not at those long passed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from saitotui.cli import follow as follow_module
from saitotui.engine.runs.attach import ToYou
from saitotui.engine.runs.folder import RunFolder
from saitotui.model.run import Kind, RunEvent

HISTORY = (
    RunEvent(1, 0.0, Kind.GATE, "next: hand over", 0, data={"confirm": "demote db1"}),
    RunEvent(2, 0.0, Kind.STAGE, "hand over", 0),
    RunEvent(3, 0.0, Kind.GATE, "next: prove it", 1, data={"confirm": ""}),
)
END = RunEvent(9, 0.0, Kind.OUTCOME, "done", data={"outcome": "done"})


WAIT = (
    *HISTORY,
    RunEvent(4, 0.0, Kind.STAGE, "wait until nobody is there", 1),
    RunEvent(5, 0.0, Kind.NOTE, "7 are there", 1, data={"waits": True}),
    RunEvent(6, 0.0, Kind.LEASE, "the lease was renewed"),
)


class Attached:
    """A run that waits, at its second gate if nothing else is said, and ends when it is told to go on."""

    def __init__(self, *, holding: bool, history: Sequence[RunEvent] = HISTORY) -> None:
        self._holding, self._history = holding, history
        self.said: list[tuple[str, str]] = []
        self._told = asyncio.Event()

    async def say(self, do: str, *, typed: str = "", reason: str = "") -> None:
        self.said.append((do, typed or reason))
        if do in ("go", "stop"):
            self._told.set()

    async def events(self) -> AsyncIterator[RunEvent | ToYou]:
        for event in self._history:
            yield event
            await asyncio.sleep(0.01)
        if self._holding:
            yield ToYou({"holding": True})
            await self._told.wait()
        else:
            yield ToYou({"refused": "ben holds the controls: say why you take them over"})
            await asyncio.sleep(0.01)
        yield END

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize("holding", [True, False])
async def test_only_who_holds_the_controls_is_asked_and_only_where_the_run_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holding: bool
) -> None:
    attached, prompts = Attached(holding=holding), []

    async def attach(*given: object, **more: object) -> Attached:
        return attached

    async def ask_line(prompt: str) -> str:
        prompts.append(prompt)
        return ""

    monkeypatch.setattr(follow_module, "attach", attach)
    monkeypatch.setattr(follow_module, "ask_line", ask_line)
    code = await follow_module.follow(RunFolder(tmp_path), take=True, reason="the line broke")
    assert code == 0
    asked = ["1. press Enter to begin; 2. `undo`; 3. `abandon`: "]
    assert prompts == (asked if holding else [])
    assert attached.said == [("take", "the line broke"), *([("go", "")] if holding else [])]


async def test_who_takes_a_run_that_waits_may_stop_that_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it waits for may not change for hours, and is then told no more."""
    attached, prompts = Attached(holding=True, history=WAIT), []

    async def attach(*given: object, **more: object) -> Attached:
        return attached

    async def ask_line(prompt: str) -> str:
        prompts.append(prompt)
        return "what?" if len(prompts) == 1 else "stop"

    monkeypatch.setattr(follow_module, "attach", attach)
    monkeypatch.setattr(follow_module, "ask_line", ask_line)
    assert await follow_module.follow(RunFolder(tmp_path), take=True, reason="my shift now") == 0
    assert prompts == ["`stop` stops the wait: "] * 2
    assert attached.said == [("take", "my shift now"), ("stop", "")]
