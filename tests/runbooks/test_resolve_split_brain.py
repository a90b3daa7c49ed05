"""resolve-split-brain on the simulated platform: both sides are kept and compared, the named one gives up."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, carried, made, serving

from saitotui.model.plan import Outcome, Refusal, lines
from saitotui.simulator.shell import Shell
from saitotui.simulator.simulation import Simulation
from saitotui.simulator.storage_state import StorageNode

ID = "resolve-split-brain"


async def test_without_a_victim_nothing_is_given_up(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        plan = await made(simulation, ID)
        assert bad(await asked(simulation, plan)) == set()
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        nodes = simulation.storage.nodes.values()
        assert all(node.own_changes and node.role == "Secondary" and not node.manager_runs for node in nodes)
        assert [list(node.kept) for node in nodes] == [["r0_split_b37bb3d3"], ["r0_split_2a72e269"]]
        kept = sorted(path.name.rpartition("-")[0] for path in run.evidence.iterdir())
        assert kept == ["changes-st1", "changes-st2", "history-st1", "history-st2"]
        assert run.told("st1: 2 files with")


@pytest.mark.parametrize("victim", ["st1", "st2"])
async def test_the_victim_is_overwritten_and_the_other_serves(tmp_path: Path, victim: str) -> None:
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        plan = await made(simulation, ID, victim=victim)
        assert f"type `discard {victim}` to begin" in "\n".join(lines(plan))
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        survivor = "st2" if victim == "st1" else "st1"
        assert serving(simulation) == {survivor}
        assert all(node.connected and node.disk == "UpToDate" for node in simulation.storage.nodes.values())
        assert all(node.kept and node.manager_runs for node in simulation.storage.nodes.values())
        again = await planned(simulation, ID, victim=victim)
        assert isinstance(again, Refusal)


async def test_a_heartbeat_that_lost_the_end_of_its_takeover_stops(tmp_path: Path) -> None:
    """By itself it would delay its stop until the takeover ends, for ever."""
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        node = simulation.storage.nodes["st2"]
        node.acquiring = node.forgetful = True
        assert Shell(node.machine).run("systemctl stop heartbeat").hangs
        assert node.manager_runs
        node.stops = False
        result, _ = await carried(tmp_path, simulation, ID, victim="st2")
        assert result.outcome is Outcome.DONE, result.sentence
        assert serving(simulation) == {"st1"}


async def test_the_first_run_is_found_done_by_the_second(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        await carried(tmp_path, simulation, ID)
        before = {name: dict(node.kept) for name, node in simulation.storage.nodes.items()}
        result, run = await carried(tmp_path, simulation, ID, victim="st2")
        assert result.outcome is Outcome.DONE, result.sentence
        assert {name: node.kept for name, node in simulation.storage.nodes.items()} == before
        assert run.told("the copy of st2 is kept")


async def test_the_wrong_direction_is_cut_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has given the survivor's changes up meanwhile: nothing of it is overwritten."""
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        plan = await made(simulation, ID, victim="st2")
        survivor, victim = (simulation.storage.nodes[name] for name in ("st1", "st2"))

        original = simulation.storage.meet

        def meet(node: StorageNode) -> None:
            survivor.own_changes, victim.own_changes = 0, 1
            original(node)

        monkeypatch.setattr(simulation.storage, "meet", meet)
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is not Outcome.DONE
        assert "wrong direction: disconnected" in result.sentence
        assert serving(simulation) == set()
        assert victim.standalone


async def test_a_lost_answer_of_the_decision_is_looked_at_not_repeated(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        plan = await made(simulation, ID, victim="st2")
        run = Carried(tmp_path)
        result = await run.run(simulation, plan, "sh /run/saitotui/hand_over.sh discard ", LOST_AFTER)
        assert result.outcome is Outcome.DONE, result.sentence
        assert serving(simulation) == {"st1"}


async def test_without_its_copy_nothing_is_given_up(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        plan = await made(simulation, ID, victim="st2")
        result = await Carried(tmp_path).run(simulation, plan, "lvcreate", REFUSED)
        assert result.outcome is not Outcome.DONE
        assert all(node.own_changes for node in simulation.storage.nodes.values())


async def test_where_there_is_no_lvm_there_is_no_way_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        del simulation.world.machines["st2"].programs["lvs"]
        plan = await made(simulation, ID, victim="st2")
    text = "\n".join(lines(plan))
    assert "type `no way back on st2` to begin" in text
    assert "list what was changed on st2" not in text
    assert "list what was changed on st1" in text


async def test_room_for_the_copies_is_needed(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "drbd-split-brain", frozen=True) as simulation:
        simulation.storage.nodes["st2"].kept["other"] = 3 * 262_100
        plan = await made(simulation, ID, victim="st2")
        assert "red: there is room on st2 to keep its copy" in bad(await asked(simulation, plan))


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("healthy", "not split"),
        ("storage-standby-dead", "st2 does not tell"),
        ("drbd-disk-lost", "st1 is Diskless"),
    ],
)
async def test_what_is_no_split_brain_is_refused(tmp_path: Path, scenario: str, words: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        simulation.advance(60)
        refused = await planned(simulation, ID, victim="st1")
    assert isinstance(refused, Refusal)
    assert words in "".join(refused.reasons)
