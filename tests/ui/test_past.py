"""Looking back in the console: moments, steps, and that nobody acts on what was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.engine.test_recording import EVERY, seen
from tests.scenes import START

from saitotui.config import load_screens
from saitotui.engine.replay import Replay
from saitotui.engine.still import Still
from saitotui.ui.app import Console
from saitotui.ui.past import moment
from saitotui.ui.shot import drawn, text_of

if TYPE_CHECKING:
    from textual.pilot import Pilot

NOW = START + 600.0


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("03:00", START),
        ("3:00:30", START + 30),
        ("03:10Z", START + 600),
        ("03:11", START + 660 - 86_400),
        ("-10m", START),
        ("- 90s", NOW - 90),
        ("-2h", NOW - 7200),
        ("2026-01-15T03:05", START + 300),
        ("2026-01-15T04:05:00+01:00", START + 300),
    ],
)
def test_moments(text: str, at: float) -> None:
    assert moment(text, NOW) == at


@pytest.mark.parametrize(
    "text", ["", "x", "25:00", "03:60", "-", "-10", "-10d", "2026-13-01", "\x00", "03:12:99"]
)
def test_no_moment_says_which_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment: 03:12"):
        moment(text, NOW)


async def moved(app: Console, pilot: Pilot[None], *keys: str) -> str:
    """What stands on the screen once the keys have taken effect."""
    await pilot.press(*keys)
    await pilot.pause()
    await app.workers.wait_for_complete()
    await pilot.pause()
    return text_of(app)


async def test_the_console_looks_back_and_comes_back(
    tmp_path: Path, accepted: Callable[[str, str, str], None]
) -> None:
    there, pictures, _ = await seen(tmp_path)
    live = pictures[-1]
    app = Console(
        Still(live), load_screens(), recorded=lambda: Replay(there, tmp_path / "seen"),
        clock=lambda: live.at, zone=UTC, color=True, ascii_only=False,
    )  # fmt: skip
    async with app.run_test(size=(120, 40)) as pilot:
        now = text_of(app)
        assert "AS IT WAS" not in now
        await moved(app, pilot, ":", *"at -60s", "enter")
        back = text_of(app)
        assert "AS IT WAS 2026-01-15 03:00:56Z" in back
        assert "[ earlier" in back
        accepted("past", "overview-120x40.txt", back)
        accepted("past", "overview-120x40.svg", drawn(app, "saitotui overview"))
        assert app.acting is None
        assert app.picture is not None
        assert app.picture.findings == pictures[14].findings != live.findings
        await moved(app, pilot, "]")
        assert app.picture.at == pictures[15].at
        await moved(app, pilot, "[")
        await moved(app, pilot, "[")
        await moved(app, pilot, "}")
        assert app.picture.at == pictures[13].at + 60 - 60 % EVERY
        await pilot.press(":", *"at 99:99", "enter")
        assert "is no moment" in text_of(app)
        await moved(app, pilot, ":", *"live", "enter")
        assert app.picture == live
        assert text_of(app).splitlines()[:-1] == now.splitlines()[:-1]


async def test_nothing_was_recorded(tmp_path: Path) -> None:
    there, pictures, _ = await seen(tmp_path)
    app = Console(
        Still(pictures[-1]), load_screens(), recorded=lambda: Replay(there, tmp_path / "none"),
        clock=lambda: NOW, zone=UTC, color=True, ascii_only=False,
    )  # fmt: skip
    async with app.run_test(size=(120, 40)) as pilot:
        await moved(app, pilot, ":", *"at 03:00", "enter")
        assert "nothing to look back at" in text_of(app)


async def test_a_recording_alone(tmp_path: Path) -> None:
    there, pictures, _ = await seen(tmp_path)
    back = Replay(there, tmp_path / "seen")
    back.seek(back.begins)
    app = Console(back, load_screens(), recorded=lambda: back, zone=UTC, color=True, ascii_only=False)
    async with app.run_test(size=(120, 40)) as pilot:
        assert "AS IT WAS 2026-01-15 03:00:00Z" in text_of(app)
        await moved(app, pilot, "[")
        assert "the recording begins here" in text_of(app)
        await moved(app, pilot, ":", *"at 03:01", "enter")
        assert app.picture is not None
        assert app.picture.at == pictures[15].at
        assert "no command" not in text_of(app)
        await moved(app, pilot, ":", *"live", "enter")
        assert app.picture.at == pictures[15].at
