"""Runs of all database runbooks whose process is killed at any act: the next one brings them home.

What a process knows is lost with it, but for the events it told. Its connections end, and with them what they
held.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.killed import process
from tests.runbooks.simulated import hasty, passing_time, planned, route, writers

from saitotui.model.plan import Outcome, Plan
from saitotui.model.run import RunEvent
from saitotui.simulator.simulation import Simulation

RUNS = {
    "swap-db-master": ("healthy", 17),
    "promote-db-replica": ("db-master-dead", 10),
    "rebuild-db-replica": ("db-old-master-ahead", 12),
}
"""Runbook: the scenario in which it is begun, and how many acts it has. After each db2 is master."""


CASES = [(runbook, last) for runbook, (_, acts) in RUNS.items() for last in range(acts)]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("runbook", "last"), CASES)
async def test_the_next_process_gets_home(tmp_path: Path, runbook: str, last: int, after: bool) -> None:
    scenario, _ = RUNS[runbook]
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        made = await planned(simulation, runbook)
        assert isinstance(made, Plan), made
        plan, events = hasty(made, 60.0), list[RunEvent]()
        async with passing_time(simulation):
            assert await process(simulation, plan, events, last, after) is None
            assert len(writers(simulation)) <= 1
            result = await process(simulation, plan, events, -1, False)
        assert result is not None
        assert result.outcome in (Outcome.DONE, Outcome.ALREADY), result.sentence
        assert writers(simulation) == route(simulation) == {"db2"}
