"""The console tells what is wrong with real services, within two polls of it being so."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.lab.looking import Console
from tests.lab.platform import Lab
from tests.twin import STATES, State, wrong

from saitotui.engine.report import Report
from saitotui.model.health import Health

pytestmark = pytest.mark.lab


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
