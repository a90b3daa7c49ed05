"""A lost node is taken out of the Proxmox cluster, and comes back installed anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "remove-node"
GUESTS_GONE = 240.0
"""Seconds in which HA has fenced a node, and started its guests elsewhere."""


def lost(simulation: Simulation, seconds: float = GUESTS_GONE) -> None:
    simulation.inject("power-loss", "pve3")
    simulation.advance(seconds)


async def why_not(simulation: Simulation, **given: str) -> str:
    refusal = await planned(simulation, ID, **given)
    assert isinstance(refusal, Refusal)
    return " ".join(refusal.reasons)


async def test_it_goes_and_another_comes_in_its_place(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        lost(simulation)
        plan = await made(simulation, ID)
        assert plan.subject == "pve3"
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        cluster = simulation.http.cluster.cluster
        assert list(cluster.corosync.nodes) == ["pve1", "pve2"]
        simulation.inject("pve-fresh", "pve3")
        simulation.world.power_on("pve3")
        simulation.advance(90)
        join = await made(simulation, "bootstrap-cluster")
        result = await Carried(tmp_path / "join").run(simulation, join)
        assert result.outcome is Outcome.DONE, result.sentence
        assert list(cluster.corosync.nodes) == ["pve1", "pve2", "pve3"]
        simulation.advance(30)
        assert cluster.book.verdicts["pve3"] == "online"


@pytest.mark.parametrize("fate", [LOST, LOST_AFTER])
async def test_an_answer_that_is_lost_is_asked_for(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        lost(simulation)
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID), "pvecm delnode", fate)
        known = "pve3" in simulation.http.cluster.cluster.corosync.nodes
        assert known is (fate == LOST)
        assert (result.outcome is Outcome.DONE) is not known


async def test_a_node_whose_guests_hang_on_it_stays(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        lost(simulation, 30)
        found = bad(await asked(simulation, await made(simulation, ID)))
        assert "red: no guest belongs to pve3" in found
        assert "red: HA has fenced pve3 and recovered its guests, or had none there" in found


async def test_one_that_lives_is_not_taken_out(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        assert "there is none" in await why_not(simulation)
        assert "pve1 is online" in await why_not(simulation, node="pve1")
        assert "no node 'pve9'" in await why_not(simulation, node="pve9")
        simulation.inject("pve-partition", "pve3")
        simulation.advance(30)
        assert "it lives, and is only cut off" in await why_not(simulation, node="pve3")


async def test_the_last_vote_is_kept(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        lost(simulation)
        simulation.inject("power-loss", "pve2")
        simulation.advance(30)
        assert "no quorum" in await why_not(simulation, node="pve3")
