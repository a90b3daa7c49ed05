"""recover-guest on the simulated cluster: HA gave a guest up, or somebody stopped it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned, unplanned
from tests.runbooks.storage_runs import Carried, bad, made
from tests.runbooks.test_drain_node import homes

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "recover-guest"


def mended(simulation: Simulation) -> int:
    """What kept the guest of the scenario from starting is repaired; its number."""
    guests = simulation.http.cluster.cluster.guests
    (vmid,) = guests.broken
    guests.broken.clear()
    return vmid


async def test_a_guest_that_ha_gave_up(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "guest-error", frozen=True) as simulation:
        simulation.advance(30)
        vmid = mended(simulation)
        plan = await made(simulation, ID)
        assert [step.title for step in plan.stages[0].steps] == [
            f"HA forgets the error of vm:{vmid}",
            f"HA starts vm:{vmid}",
        ]
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert vmid in homes(simulation)


async def test_one_that_still_cannot_start_is_said(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "guest-error", frozen=True) as simulation:
        simulation.advance(30)
        run = Carried(tmp_path)
        result = await run.run(simulation, await made(simulation, ID))
        assert result.outcome is Outcome.FAILED
        assert "as started" in result.sentence


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_an_order_that_is_refused_or_lost(tmp_path: Path, fate: str) -> None:
    """Nothing is started of a guest of which HA does not say that its error is gone."""
    async with Simulation(tmp_path / "sim", "guest-error", frozen=True) as simulation:
        simulation.advance(30)
        vmid = mended(simulation)
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID), "put /cluster/ha", fate)
        assert (result.outcome is Outcome.DONE) == (vmid in homes(simulation))
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER


async def test_a_guest_that_somebody_stopped(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.http.cluster.cluster.book.resources["vm:133"].state = "stopped"
        simulation.advance(90)
        assert 133 not in homes(simulation)
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID))
        assert result.outcome is Outcome.DONE, result.sentence
        assert 133 in homes(simulation)


async def test_one_that_ha_does_not_manage(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        cluster = simulation.http.cluster.cluster
        del cluster.book.resources["vm:133"]
        simulation.advance(30)
        cluster.guests.kill(133)
        simulation.advance(30)
        plan = await made(simulation, ID, guest="133")
        assert [step.title for step in plan.stages[0].steps] == [
            f"{homes_of(simulation, 133)} starts guest 133"
        ]
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert 133 in homes(simulation)


def homes_of(simulation: Simulation, vmid: int) -> str:
    return simulation.http.cluster.cluster.book.guests[vmid].node


async def test_a_locked_guest_is_left_alone(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "guest-error", frozen=True) as simulation:
        simulation.advance(30)
        simulation.http.cluster.cluster.book.guests[mended(simulation)].lock = "backup"
        plan = await made(simulation, ID)
        assert {line.partition(" guest")[0] for line in bad(await asked(simulation, plan))} == {"red:"}
        assert (await Carried(tmp_path).run(simulation, plan)).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("scenario", "given", "words"),
    [
        ("healthy", {}, "every guest that should run does"),
        ("healthy", {"guest": "999"}, "the cluster has no guest '999'"),
        ("healthy", {"guest": "101"}, "guest 101 (db1) runs on"),
        ("quorum-lost", {}, "the cluster has no quorum"),
    ],
)
async def test_it_makes_no_plan(tmp_path: Path, scenario: str, given: dict[str, str], words: str) -> None:
    assert words in await unplanned(tmp_path, ID, scenario, given)


async def test_a_guest_of_a_lost_node_is_left_to_ha(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        vmid = next(vmid for vmid, node in homes(simulation).items() if node == "pve3")
        simulation.inject("power-loss", "pve3")
        simulation.advance(30)
        refused = await planned(simulation, ID, guest=str(vmid))
        assert isinstance(refused, Refusal)
        assert "pve3 is lost: HA fences it" in refused.reasons[0]
