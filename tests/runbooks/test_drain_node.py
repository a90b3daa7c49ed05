"""drain-node on the simulated cluster: its guests move away while they run, and come back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned, unplanned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Plan, Refusal, lines
from saitotui.simulator.simulation import Simulation

ID = "drain-node"
ENABLE = "ha-manager crm-command node-maintenance enable"
DISABLE = "ha-manager crm-command node-maintenance disable"


def homes(simulation: Simulation) -> dict[int, str]:
    """On which node each guest runs."""
    cluster = simulation.http.cluster.cluster
    return {
        vmid: guest.node
        for vmid, guest in cluster.book.guests.items()
        if cluster.guests.running(vmid, guest.node)
    }


async def run(tmp_path: Path, simulation: Simulation, plan: Plan, text: str = "", fate: str = "") -> Outcome:
    carried = Carried(tmp_path)
    result = await carried.run(simulation, plan, text, fate)
    assert result.sentence or result.outcome is Outcome.DONE
    return result.outcome


async def test_a_node_is_emptied_and_filled_again(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        before = homes(simulation)
        assert "pve2" in before.values()
        plan = await made(simulation, ID, node="pve2")
        assert [stage.confirm for stage in plan.stages] == ["drain pve2", ""]
        preflight = await asked(simulation, plan)
        assert bad(preflight) == set()
        assert (
            preflight["the others have quorum without pve2"].verdict.measured
            == "2 votes left, 2 needed: none to spare"
        )
        assert await run(tmp_path, simulation, plan) is Outcome.DONE
        drained = homes(simulation)
        assert "pve2" not in drained.values()
        assert set(drained) == set(before)
        refused = await planned(simulation, ID, node="pve2")
        assert isinstance(refused, Refusal)
        assert refused.reasons == ("pve2 is in maintenance already: back=yes ends that",)
        back = await made(simulation, ID, back="yes")
        assert back.subject == "pve2"
        assert bad(await asked(simulation, back)) == set()
        assert await run(tmp_path, simulation, back) is Outcome.DONE
        assert homes(simulation) == before


async def test_a_guest_that_ha_does_not_manage_is_moved_too(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        book = simulation.http.cluster.cluster.book
        vmid = next(vmid for vmid, node in homes(simulation).items() if node == "pve3")
        del book.resources[f"vm:{vmid}"]
        simulation.advance(60)
        plan = await made(simulation, ID, node="pve3")
        assert f"post /nodes/pve3/qemu/{vmid}/migrate" in "\n".join(lines(plan))
        assert await run(tmp_path, simulation, plan) is Outcome.DONE
        assert homes(simulation)[vmid] != "pve3"
        assert "pve3" not in homes(simulation).values()


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_an_order_that_is_refused_or_lost(tmp_path: Path, fate: str) -> None:
    """What HA's manager says afterwards decides."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        before = homes(simulation)
        plan = await made(simulation, ID, node="pve2")
        outcome = await run(tmp_path, simulation, plan, ENABLE, fate)
        if fate == LOST_AFTER and outcome is Outcome.DONE:
            assert "pve2" not in homes(simulation).values()
        else:
            assert outcome is not Outcome.DONE
            simulation.advance(120)
            assert fate == LOST_AFTER or homes(simulation) == before


async def test_no_node_is_drained_while_another_is_away(tmp_path: Path) -> None:
    """The two that are left would be one."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("power-loss", "pve3")
        simulation.advance(30)
        plan = await made(simulation, ID, node="pve2")
        found = bad(await asked(simulation, plan))
        assert "red: the others have quorum without pve2" in found
        assert await run(tmp_path, simulation, plan) is Outcome.REFUSED
        lost = await planned(simulation, ID, node="pve3")
        assert isinstance(lost, Refusal)
        assert "HA fences it" in lost.reasons[0]


async def test_what_makes_a_drain_doubtful(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        cluster = simulation.http.cluster.cluster
        guest = next(one for one in cluster.book.guests.values() if one.node == "pve2")
        guest.lock, guest.memory = "backup", 400 << 30
        cluster.book.maintenance["pve1"] = True
        simulation.advance(60)
        found = bad(await asked(simulation, await made(simulation, ID, node="pve2")))
        assert found == {
            "amber: no guest of pve2 is locked by a backup, a snapshot or a move",
            "amber: no other node is in maintenance",
            "amber: the other nodes have memory for the guests of pve2",
        }


async def test_nothing_is_drained_when_nobody_takes_it(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.http.cluster.cluster.book.maintenance.update(pve1=True, pve3=True)
        simulation.advance(60)
        refused = await planned(simulation, ID, node="pve2")
        assert isinstance(refused, Refusal)
        assert refused.reasons == ("no other node takes guests: they are offline, or in maintenance",)


async def test_a_cluster_whose_ha_is_disarmed_moves_nothing(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "ha-disarmed", frozen=True) as simulation:
        simulation.advance(60)
        plan = await made(simulation, ID, node="pve2")
        assert "red: HA is led and armed" in bad(await asked(simulation, plan))


@pytest.mark.parametrize(
    ("scenario", "given", "words"),
    [
        ("healthy", {}, "give node=, one of pve1, pve2, pve3"),
        ("healthy", {"node": "pve9"}, "the cluster has no node 'pve9'"),
        ("healthy", {"node": "pve1", "back": "yes"}, "pve1 is not in maintenance"),
        ("quorum-lost", {"node": "pve1"}, "the cluster has no quorum"),
    ],
)
async def test_it_makes_no_plan(tmp_path: Path, scenario: str, given: dict[str, str], words: str) -> None:
    assert words in await unplanned(tmp_path, ID, scenario, given)
