"""zabbix-maintenance on the simulated Zabbix: begun, taken up at the full minute, ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned, unplanned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "zabbix-maintenance"


def later(simulation: Simulation, hours: int) -> str:
    return f"{datetime.fromtimestamp(simulation.world.clock.now(), UTC) + timedelta(hours=hours):%H:%M}"


async def test_it_begins_and_ends(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        server = simulation.http.monitoring.server
        until = later(simulation, 2)
        plan = await made(simulation, ID, host="db2", until=until)
        simulation.advance(20)
        assert (await made(simulation, ID, host="db2", until=until)).digest == plan.digest
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        (one,) = server.maintenances
        assert 0 < one.till - simulation.world.clock.now() <= 2 * 3600
        again = await planned(simulation, ID, host="db2", until=until)
        assert isinstance(again, Refusal)
        assert "end=yes ends it" in again.reasons[0]
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID, host="db2", end="yes"))
        assert result.outcome is Outcome.DONE, result.sentence
        assert server.maintenances == []


@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
async def test_an_order_that_is_refused_or_lost(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        plan = await made(simulation, ID, host="db2", until=later(simulation, 2))
        result = await Carried(tmp_path).run(simulation, plan, "maintenance.create", fate)
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER
        assert bool(simulation.http.monitoring.server.maintenances) is (fate == LOST_AFTER)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "give host=, one of"),
        ({"host": "nope"}, "Zabbix monitors no host 'nope'"),
        ({"host": "db2", "until": "25:00"}, "until is '25:00': give the time of day (UTC)"),
        ({"host": "db2", "end": "yes"}, "this console began no maintenance of db2"),
    ],
)
async def test_it_makes_no_plan(tmp_path: Path, given: dict[str, str], words: str) -> None:
    assert words in await unplanned(tmp_path, ID, "healthy", given)
