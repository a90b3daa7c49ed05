"""rejoin-drbd-node and verify-drbd on the simulated platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import planned
from tests.runbooks.storage_runs import bad, carried, made, serving

from saitotui.model.plan import Outcome, Refusal, lines
from saitotui.simulator.simulation import Simulation

ID = "rejoin-drbd-node"


@pytest.mark.parametrize("rate", ["", "2M"])
async def test_a_node_that_was_down_comes_back(tmp_path: Path, rate: str) -> None:
    async with Simulation(tmp_path / "sim", "drbd-standby-down", frozen=True) as simulation:
        simulation.advance(60)
        given = {"rate": rate} if rate else {}
        plan = await made(simulation, ID, **given)
        assert bad(await asked(simulation, plan)) == set()
        assert ("--resync-rate=2M" in "\n".join(lines(plan))) is bool(rate)
        result, run = await carried(tmp_path, simulation, ID, **given)
        assert result.outcome is Outcome.DONE, result.sentence
        assert run.told("st2 gets what it lacks")
        st2 = simulation.storage.nodes["st2"]
        assert (st2.disk, st2.connected, st2.manager_runs) == ("UpToDate", True, True)
        assert serving(simulation) == {"st1"}


async def test_a_new_disk_gets_everything(tmp_path: Path) -> None:
    """The active node has lost its disk, and serves over the network meanwhile."""
    async with Simulation(tmp_path / "sim", "drbd-disk-lost", frozen=True) as simulation:
        simulation.advance(10)
        result, _ = await carried(tmp_path, simulation, ID)
        assert result.outcome is Outcome.UNDONE
        assert "No valid meta data" in result.sentence
        plan = await made(simulation, ID, new_disk="yes")
        assert "type `erase the disk of st1` to begin" in "\n".join(lines(plan))
        result, _ = await carried(tmp_path, simulation, ID, new_disk="yes")
        assert result.outcome is Outcome.DONE, result.sentence
        assert simulation.storage.nodes["st1"].disk == "UpToDate"
        assert serving(simulation) == {"st1"}


async def test_a_takeover_that_never_ended_ends(tmp_path: Path) -> None:
    """heartbeat serves and does not know it: it would neither give nor take."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(10)
        st1 = simulation.storage.nodes["st1"]
        st1.acquiring = st1.forgetful = True
        refused = bad(await asked(simulation, await made(simulation, "fail-over-drbd")))
        assert refused == {"red: heartbeat on st1 is at rest and sees st2"}
        result, _ = await carried(tmp_path, simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert st1.believes == "all"
        assert serving(simulation) == {"st1"}
        moved, _ = await carried(tmp_path, simulation, "fail-over-drbd")
        assert moved.outcome is Outcome.DONE, moved.sentence
        assert serving(simulation) == {"st2"}


async def test_one_that_has_given_up_connects_again(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        st2 = simulation.storage.nodes["st2"]
        st2.standalone, st2.connected = True, False
        simulation.advance(30)
        result, _ = await carried(tmp_path, simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert st2.connected


@pytest.mark.parametrize(
    ("scenario", "given", "words"),
    [
        ("healthy", {}, "both nodes are in the pair"),
        ("drbd-split-brain", {}, "different histories"),
        ("storage-standby-dead", {}, "st2 does not answer"),
        ("drbd-standby-down", {"rate": "fast"}, "give KiB a second"),
        ("drbd-standby-down", {"node": "st1"}, "st1 is Primary and serves"),
        ("drbd-standby-down", {"node": "st9"}, "no node 'st9'"),
    ],
)
async def test_what_cannot_come_back_is_refused(
    tmp_path: Path, scenario: str, given: dict[str, str], words: str
) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        simulation.advance(60)
        refused = await planned(simulation, ID, **given)
    assert isinstance(refused, Refusal), refused
    assert words in "".join(refused.reasons)


async def test_copies_that_are_alike_are_found_so(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, "verify-drbd")
        assert bad(await asked(simulation, plan)) == set()
        result, run = await carried(tmp_path, simulation, "verify-drbd")
    assert result.outcome is Outcome.DONE, result.sentence
    assert run.told("nothing differs")


async def test_what_differs_is_found_and_repaired_when_asked(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "drbd-blocks-differ", frozen=True) as simulation:
        result, _ = await carried(tmp_path, simulation, "verify-drbd")
        assert result.outcome is Outcome.FAILED
        assert "12 KiB differ; saitotui run verify-drbd -p repair=st2" in result.sentence
        refused = await planned(simulation, "verify-drbd", repair="st1")
        assert isinstance(refused, Refusal)
        repaired, _ = await carried(tmp_path, simulation, "verify-drbd", repair="st2")
        assert repaired.outcome is Outcome.DONE, repaired.sentence
        assert simulation.storage.nodes["st2"].out_of_sync == 0
        assert serving(simulation) == {"st1"}


@pytest.mark.parametrize("why", ["standby", "stopped", "powered off"])
async def test_a_node_comes_back_to_pacemaker(tmp_path: Path, why: str) -> None:
    """pacemaker starts DRBD there itself; what it lacks is copied."""
    async with Simulation(tmp_path / "sim", "storage-pacemaker", frozen=True) as simulation:
        node, world = simulation.storage.nodes["st2"], simulation.world
        match why:
            case "standby":
                node.standby = True
                simulation.storage.park(node)
            case "stopped":
                world.service("st2", "pacemaker", "stopped")
                node.go_down()
            case _:
                world.power_off("st2")
                simulation.advance(60)
                world.power_on("st2", 0)
                world.service("st2", "pacemaker", "stopped")
                node.loaded = False
        simulation.advance(20)
        result, _ = await carried(tmp_path, simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert serving(simulation) == {"st1"}
        assert node.connected
        assert node.disk == "UpToDate"
        assert not node.standby
        again = await planned(simulation, ID)
        assert isinstance(again, Refusal)
