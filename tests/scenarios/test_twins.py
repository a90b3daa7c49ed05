"""The simulated platform in the states that the lab puts real services into: the same sentences hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import storage_twin
from tests.storage_twin import StorageState, storage_wrong
from tests.twin import POLLS, STATES, State, wrong

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import platform
from saitotui.engine.report import Report, report
from saitotui.simulator.simulation import Simulation

SETTLE = 12.0
"""Simulated seconds in which HAProxy's checks, replication and the access log have noticed."""


async def test_a_platform_that_is_well(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        assert wrong(await polls(simulation)) == []


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
async def test_a_platform_in_trouble(state: State, tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        for fault, target in state.faults:
            simulation.world.inject(fault, target)
        simulation.advance(SETTLE)
        assert wrong(await polls(simulation), state) == []


@pytest.mark.parametrize("state", storage_twin.STATES, ids=lambda state: state.name)
async def test_a_storage_pair_in_trouble(state: StorageState, tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.world.inject(*state.fault)
        simulation.advance(2 * SETTLE)
        assert list(storage_wrong(await polls(simulation), state)) == []


async def polls(simulation: Simulation) -> Report:
    """What a console that has just been started says after the polls within which a state must be seen."""
    seen = platform(load_profile(simulation.profile_path))
    hub, memory, picture = Hub(seen.profile), Memory(), None
    try:
        for _ in range(POLLS):
            snapshot = await look(hub, seen.questions.values(), memory, simulation.world.clock.now)
            picture = judge(seen, snapshot, picture)
            simulation.advance(seen.profile.poll)
        assert picture is not None
        return report(picture)
    finally:
        await hub.aclose()
