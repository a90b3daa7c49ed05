"""restart-guest on the simulated cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "restart-guest"
TC1, DB1, DB2 = "131", "101", "102"


async def why_not(simulation: Simulation, **given: str) -> str:
    refusal = await planned(simulation, ID, **given)
    assert isinstance(refusal, Refusal)
    return " ".join(refusal.reasons)


@pytest.mark.parametrize("ha", [True, False])
async def test_it_stops_and_runs_again(tmp_path: Path, ha: bool) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        cluster = simulation.http.cluster.cluster
        if not ha:
            del cluster.book.resources[f"vm:{TC1}"]
            simulation.advance(30)
        before = simulation.world.machines["tc1"].boot_at
        plan = await made(simulation, ID, guest=TC1)
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert simulation.world.machines["tc1"].boot_at > before
        assert cluster.guests.processes[int(TC1)].node == "pve1"


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_whatever_becomes_of_an_order_it_runs_in_the_end(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        plan = await made(simulation, ID, guest=DB2)
        result = await Carried(tmp_path).run(
            simulation, plan, "post /nodes/pve2/qemu/102/status/shutdown", fate
        )
        assert (result.outcome is Outcome.DONE) is (fate == LOST_AFTER), result.sentence
        simulation.advance(200)
        assert int(DB2) in simulation.http.cluster.cluster.guests.processes


async def test_what_must_go_elsewhere_first(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        assert await why_not(simulation, guest=DB1) == "db1 takes the writes: swap-db-master first"
        assert "no guest '999'" in await why_not(simulation, guest="999")
        simulation.world.service("db2", "mariadb", "hung")
        assert "nobody says whether db2 takes writes" in await why_not(simulation, guest=DB2)
        simulation.inject("guest-broken", "tc2")
        simulation.advance(90)
        assert "recover-guest" in await why_not(simulation, guest="132")
