"""fail-over-drbd on the simulated platform: on purpose, of a dead node, refused, with one command lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, carried, made, serving

from saitotui.model.plan import Outcome, Plan, Refusal, lines
from saitotui.simulator.simulation import Simulation
from saitotui.simulator.world import Machine, Printed

ID = "fail-over-drbd"


async def test_the_standby_takes_the_service_and_gives_it_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID)
        assert bad(await asked(simulation, plan)) == set()
        for new, old in (("st2", "st1"), ("st1", "st2")):
            result, run = await carried(tmp_path, simulation, ID)
            assert result.outcome is Outcome.DONE, result.sentence
            assert serving(simulation) == {new}
            assert simulation.storage.nodes[old].believes == "none"
            assert run.told("has what tc1 wrote")


async def test_clients_prove_it_with_a_file_of_their_own(tmp_path: Path) -> None:
    """A client that finds another file where its own was stops the proof."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID)
        run = Carried(tmp_path)
        tc2 = simulation.world.machines["tc2"]
        ordinary, seen = tc2.programs["stat"], list[str]()

        def stat(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
            seen.append(words[-1])
            return ordinary(machine, words, stdin) if len(seen) == 1 else Printed("4711\n")

        tc2.programs["stat"] = stat
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.FAILED
        assert "another file: 4711" in result.sentence
        assert serving(simulation) == {"st2"}


async def test_a_client_that_does_not_mount_the_export_has_nothing_to_prove(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.machines["tc3"].files["/proc/mounts"] = "/dev/sda1 / ext4 rw 0 0\n"
        result, run = await carried(tmp_path, simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert run.told("it does not mount the export")


@pytest.mark.parametrize(
    ("faults", "line"),
    [
        (["blocks-differ st2", "verify"], "st1 is Primary, in sync, and sees a Secondary"),
        (["disk-full st2"], "st2 can serve"),
        (["storage-link-cut st1"], "heartbeat on st1 is at rest and sees st2"),
        (["busy"], "no program on st1 works on /srv/nfs"),
        (["config"], "st2 is configured like st1"),
        (["no nfsd"], "st2 can serve"),
    ],
)
async def test_what_is_not_proven_safe_is_refused(tmp_path: Path, faults: list[str], line: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID)
        st1, st2 = (simulation.world.machines[name] for name in ("st1", "st2"))
        for fault in faults:
            match fault:
                case "verify":
                    simulation.storage.begin_verify()
                case "busy":
                    st1.programs["fuser"] = lambda machine, words, stdin: Printed("411\n")
                    st1.files["/proc/411/comm"] = "rsync\n"
                case "config":
                    st2.files["/etc/ha.d/ha.cf"] = "node somebody\n"
                case "no nfsd":
                    del st2.programs["rpc.nfsd"]
                case _:
                    simulation.inject(*fault.split())
        simulation.advance(15)
        found = {line for line, one in (await asked(simulation, plan)).items() if one.word == "red"}
        assert line in found


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
@pytest.mark.parametrize("verb", ["take", "give"])
async def test_one_command_refused_or_lost_never_makes_two(tmp_path: Path, verb: str, fate: str) -> None:
    """It ends named, and exactly one node serves."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID)
        run = Carried(tmp_path)
        result = await run.run(simulation, plan, f"sh /run/saitotui/hand_over.sh {verb} ", fate)
        simulation.advance(60)
        assert len(serving(simulation)) == 1, result
        assert result.outcome in (Outcome.DONE, Outcome.UNDONE, Outcome.INDETERMINATE), result.sentence


async def test_a_node_that_does_not_take_gives_no_outage(tmp_path: Path) -> None:
    """st2 waits, and has forgotten it when st1 gives: st1 takes everything back by itself."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.storage.give(simulation.storage.nodes["st1"])
        assert serving(simulation) == set()
        simulation.advance(20)
        assert serving(simulation) == {"st1"}


async def test_nobody_is_promoted_while_the_other_may_have_power(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "storage-nobody-serves", frozen=True) as simulation:
        simulation.inject("robot-denied", "robot")
        simulation.advance(60)
        refused = await planned(simulation, ID)
        assert isinstance(refused, Refusal)
        said = "".join(refused.reasons)
        assert "nobody knows whether st1 has power" in said
        assert "Robot does not say how st1 can be switched off" in said
        plan = await made(simulation, ID, off="st1")
        text = "\n".join(lines(plan))
        assert "type `st1 has no power` to begin" in text
        assert text.index("st2 gets no echo of st1") < text.index("st2 takes the service")
        assert any(
            line.startswith("amber: nothing was written on st1")
            for line in bad(await asked(simulation, plan))
        )
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert serving(simulation) == {"st2"}


@pytest.mark.parametrize("fault", ["power-loss", "network-cut"])
async def test_robot_switches_off_what_does_not_answer(tmp_path: Path, fault: str) -> None:
    """Two confirmations; a machine that is off already is left alone, its button would switch it on."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.service("st2", "heartbeat", "stopped")
        simulation.inject(fault, "st1")
        simulation.advance(60)
        plan = await made(simulation, ID)
        typed = [stage.confirm for stage in plan.stages]
        assert typed == ["fence st1", "switch off 1402321", "promote st2", ""]
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert run.told("st1, SX65, FSN1-DC14")
        assert not simulation.world.machines["st1"].powered
        assert any("power_long reset of st1" in said for _, said in simulation.world.log) is (
            fault == "network-cut"
        )
        assert serving(simulation) == {"st2"}


@pytest.mark.parametrize("fate", [REFUSED, LOST])
async def test_a_button_that_was_not_held_promotes_nobody(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.service("st2", "heartbeat", "stopped")
        simulation.inject("network-cut", "st1")
        simulation.advance(60)
        plan = await made(simulation, ID)
        result = await Carried(tmp_path).run(simulation, plan, "POST /reset/", fate)
        assert result.outcome is not Outcome.DONE
        assert serving(simulation) == {"st1"}


async def test_what_heartbeat_began_and_lost_is_taken_over(tmp_path: Path) -> None:
    """heartbeat is told what it did not hear of itself."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("takeover-lost", "st2")
        simulation.inject("power-loss", "st1")
        simulation.advance(90)
        st2 = simulation.storage.nodes["st2"]
        assert st2.believes == "transition"
        assert serving(simulation) == set()
        plan = await made(simulation, ID, off="st1")
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert st2.believes == "all"
        assert serving(simulation) == {"st2"}


async def test_a_heartbeat_that_hears_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export is served; that heartbeat hangs in the middle is no reason to stop it again."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        monkeypatch.setattr(simulation.storage, "_read", lambda node: None)
        simulation.inject("takeover-lost", "st2")
        simulation.inject("power-loss", "st1")
        simulation.advance(90)
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID, off="st1"))
        assert result.outcome is Outcome.FAILED
        assert "heartbeat on st2 knows that it has everything: transition" in result.sentence
        assert serving(simulation) == {"st2"}


async def test_one_that_lives_after_all_is_not_taken_for_dead(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "storage-nobody-serves", frozen=True) as simulation:
        simulation.advance(60)
        plan = await made(simulation, ID, off="st1")
        simulation.world.power_on("st1", 0)
        simulation.advance(1)
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.REFUSED
        assert serving(simulation) <= {"st1"}


async def test_data_that_are_not_whole_are_never_promoted(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "storage-nobody-serves", frozen=True) as simulation:
        simulation.advance(60)
        simulation.storage.nodes["st2"].disk = "Inconsistent"
        refused = await planned(simulation, ID, off="st1")
        assert isinstance(refused, Refusal)
        assert "st2 is Inconsistent" in "".join(refused.reasons)


async def test_a_service_that_runs_nowhere_is_started(tmp_path: Path) -> None:
    """Both nodes are well, heartbeat is stopped on both: nobody has to be fenced."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        for node in simulation.storage.nodes.values():
            simulation.world.service(node.name, "heartbeat", "stopped")
            simulation.storage.release(node)
        plan = await made(simulation, ID, to="st2")
        assert not any(stage.name == "fence" for stage in plan.stages)
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert serving(simulation) == {"st2"}
        back, _ = await carried(tmp_path, simulation, "rejoin-drbd-node")
        assert back.outcome is Outcome.DONE, back.sentence
        assert simulation.storage.nodes["st2"].believes == "all"


async def test_without_heartbeat_on_one_side_nothing_is_moved(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.service("st2", "heartbeat", "stopped")
        refused = await planned(simulation, ID)
    assert isinstance(refused, Refusal)
    assert "rejoin-drbd-node" in "".join(refused.reasons)


async def test_the_plan_names_nothing_that_moves(tmp_path: Path) -> None:
    """Time goes by, clients write: the plan that was approved is still the plan."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        first = await made(simulation, ID)
        simulation.advance(90)
        second = await planned(simulation, ID)
    assert isinstance(second, Plan)
    assert first.digest == second.digest


async def test_a_takeover_that_would_come_before_drbd_notices_is_amber(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID)
        st2 = simulation.world.machines["st2"]
        ordinary = st2.programs["cl_status"]

        def cl_status(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
            return Printed("5\n") if words[1] == "hbparameter" else ordinary(machine, words, stdin)

        st2.programs["cl_status"] = cl_status
        found = await asked(simulation, plan)
        assert bad(found) == {"amber: DRBD on st2 notices a dead peer before heartbeat does"}
        sentences = [line.sentence for line in found.values()]
        assert any("heartbeat after 5s, DRBD after 8s" in one for one in sentences)


async def test_pacemaker_moves_the_service_its_own_way(tmp_path: Path) -> None:
    """There and back; no rule binds it afterwards."""
    async with Simulation(tmp_path / "sim", "storage-pacemaker", frozen=True) as simulation:
        for new in ("st2", "st1"):
            plan = await made(simulation, ID)
            text = "\n".join(lines(plan))
            assert f"crm_resource --resource g_nfs --move --node {new}" in text
            assert bad(await asked(simulation, plan)) == set()
            result = await Carried(tmp_path).run(simulation, plan)
            assert result.outcome is Outcome.DONE, result.sentence
            assert serving(simulation) == {new}
            assert simulation.storage.bound == ""


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("standby", "pacemaker on st1 has both nodes and manages everything"),
        ("bound", "no earlier move binds g_nfs"),
    ],
)
async def test_what_pacemaker_would_not_do_is_refused(tmp_path: Path, fault: str, line: str) -> None:
    async with Simulation(tmp_path / "sim", "storage-pacemaker", frozen=True) as simulation:
        plan = await made(simulation, ID)
        if fault == "bound":
            simulation.storage.bound = "st1"
        else:
            simulation.storage.nodes["st2"].standby = True
        found = {line for line, one in (await asked(simulation, plan)).items() if one.word == "red"}
        assert line in found


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_a_move_that_pacemaker_was_not_told_of_ends_named(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "storage-pacemaker", frozen=True) as simulation:
        plan = await made(simulation, ID)
        result = await Carried(tmp_path).run(simulation, plan, "crm_resource --resource g_nfs --move", fate)
        simulation.advance(60)
        assert len(serving(simulation)) == 1, result
        assert result.outcome in (Outcome.DONE, Outcome.UNDONE, Outcome.INDETERMINATE), result.sentence


@pytest.mark.parametrize("given", [{}, {"off": "st1"}])
async def test_what_pacemaker_could_not_fence_is_proven_off(tmp_path: Path, given: dict[str, str]) -> None:
    """By Robot, or by somebody who has seen it; then pacemaker is told, and takes over."""
    async with Simulation(tmp_path / "sim", "storage-unclean", frozen=True) as simulation:
        simulation.advance(60)
        assert serving(simulation) == set()
        plan = await made(simulation, ID, **given)
        text = "\n".join(lines(plan))
        assert text.index("no echo of st1") < text.index("stonith_admin --confirm st1")
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert serving(simulation) == {"st2"}
        assert simulation.storage.bound == ""
