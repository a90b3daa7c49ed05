"""The console tells what is wrong with real services, within two polls of it being so."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.lab.platform import Lab
from tests.twin import POLLS, STATES, State, wrong

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import platform as tiers_of
from saitotui.engine.report import Report, report
from saitotui.model.health import Health
from saitotui.model.picture import Picture

pytestmark = pytest.mark.lab


class Console:
    """Looks as the console does: connections stay open, the last answers are remembered."""

    def __init__(self, profile: Path) -> None:
        self._seen = tiers_of(load_profile(profile))
        self._hub, self._memory = Hub(self._seen.profile), Memory()
        self._picture: Picture | None = None

    async def look(self) -> Report:
        """One poll."""
        questions = self._seen.questions.values()
        snapshot = await look(self._hub, questions, self._memory, time.time)
        self._picture = judge(self._seen, snapshot, self._picture)
        return report(self._picture)

    async def polls(self) -> Report:
        """The last of the polls within which a state must be seen."""
        told = await self.look()
        for _ in range(POLLS - 1):
            told = await self.look()
        return told

    async def aclose(self) -> None:
        await self._hub.aclose()


@pytest.fixture
async def console(platform: Lab) -> AsyncIterator[Console]:
    console = Console(platform.profile)
    yield console
    await console.aclose()


def status(lab: Lab, tmp_path: Path) -> tuple[Report, int]:
    """What `saitotui status --json` prints, and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "saitotui", "status", "--json", "--profile", str(lab.profile)],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stderr == ""
    told: Report = json.loads(done.stdout)
    return told, done.returncode


async def test_a_platform_that_is_well(platform: Lab, console: Console, tmp_path: Path) -> None:
    told = await console.polls()
    assert wrong(told) == []
    assert told["findings"] == []
    assert told["health"] == "OK"
    assert not [reading for reading in told["readings"] if reading["failure"]]
    told, code = await asyncio.to_thread(status, platform, tmp_path)
    assert (wrong(told), told["findings"], code) == ([], [], 0)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
async def test_a_platform_in_trouble(state: State, platform: Lab, console: Console, tmp_path: Path) -> None:
    assert wrong(await console.look()) == []
    try:
        await asyncio.to_thread(getattr(platform, state.lab))
        assert wrong(await console.polls(), state) == []
        told, code = await asyncio.to_thread(status, platform, tmp_path)
        assert wrong(told, state) == []
        assert code == Health[told["health"]].exit_code != 0
    finally:
        await asyncio.to_thread(platform.heal)
    assert wrong(await console.polls()) == []
