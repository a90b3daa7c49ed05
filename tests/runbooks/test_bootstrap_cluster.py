"""The Proxmox cluster is made, nodes join it, and a lost one is taken out, on the simulated nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.pve_membership import AUTHORIZED, KNOWN
from saitotui.simulator.simulation import Simulation
from saitotui.simulator.world import Printed, ignoring

ID = "bootstrap-cluster"
ERASED = {f"amber: nothing in /etc/pve of {node} is erased" for node in ("pve2", "pve3")}


def bare(simulation: Simulation, *nodes: str) -> None:
    for node in nodes:
        simulation.world.inject("pve-fresh", node)
    simulation.advance(70)


async def why_not(simulation: Simulation, **given: str) -> str:
    refusal = await planned(simulation, ID, **given)
    assert isinstance(refusal, Refusal)
    return " ".join(refusal.reasons)


def outcomes(run: Carried) -> dict[str, str]:
    """Of each step that ended."""
    found, title = {}, ""
    for event in run.events:
        if event.kind.value == "step":
            if "outcome" in event.data:
                found[title] = event.data["outcome"]
            else:
                title = event.sentence
    return found


async def test_a_cluster_is_made_and_made_again_nothing_changes(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        bare(simulation, "pve1", "pve2", "pve3")
        cluster = simulation.http.cluster.cluster
        assert not any(cluster.member(node) for node in cluster.nodes)
        plan = await made(simulation, ID)
        assert bad(await asked(simulation, plan)) == ERASED
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert cluster.corosync.nodes == ("pve1", "pve2", "pve3")
        assert all(map(cluster.quorate, cluster.nodes))
        simulation.advance(60)
        assert bad(await asked(simulation, await made(simulation, ID))) == set()
        again = Carried(tmp_path / "again")
        result = await again.run(simulation, await made(simulation, ID))
        assert result.outcome is Outcome.ALREADY, result.sentence
        acted = {title: word for title, word in outcomes(again).items() if not title.startswith("read ")}
        assert set(acted.values()) == {Outcome.ALREADY.value}


async def test_one_joins_a_cluster_that_runs(tmp_path: Path) -> None:
    """The first of the profile is the new one: it must not begin a cluster of its own."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        bare(simulation, "pve1")
        guests = dict(simulation.http.cluster.cluster.guests.processes)
        plan = await made(simulation, ID)
        assert [stage.name for stage in plan.stages] == ["join pve1", "join pve3", "proof"]
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID, node="pve1"))
        assert result.outcome is Outcome.DONE, result.sentence
        cluster = simulation.http.cluster.cluster
        assert set(cluster.corosync.nodes) == {"pve1", "pve2", "pve3"}
        assert cluster.guests.processes == guests


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_a_join_that_is_cut_off_ends_well_when_run_again(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        bare(simulation, "pve3")
        plan = await made(simulation, ID, node="pve3")
        result = await Carried(tmp_path).run(simulation, plan, "pvecm add", fate)
        assert result.outcome in (
            {Outcome.DONE} if fate == LOST_AFTER else {Outcome.FAILED, Outcome.INDETERMINATE}
        ), result.sentence
        whole = result.outcome is Outcome.DONE
        result = await Carried(tmp_path / "again").run(simulation, await made(simulation, ID, node="pve3"))
        assert result.outcome is (Outcome.ALREADY if whole else Outcome.DONE), result.sentence
        machine = simulation.world.machines["pve3"]
        assert (machine.read(KNOWN) or "").count("ssh-ed25519") == 1
        assert (simulation.world.machines["pve1"].read(AUTHORIZED) or "").count("pve3") == 2


def elsewhere(simulation: Simulation) -> None:
    files = simulation.world.machines["pve3"].files
    files["/etc/pve/corosync.conf"] = "totem {\n  cluster_name: other\n}\n"


def occupied(simulation: Simulation) -> None:
    cluster = simulation.http.cluster.cluster
    cluster.nodes["pve3"].own.guests[900] = next(iter(cluster.book.guests.values()))


def jumbo(simulation: Simulation) -> None:
    simulation.http.cluster.cluster.mtu[1] = 1400


def far(simulation: Simulation) -> None:
    simulation.http.cluster.cluster.round_trip = 7.0


def full(simulation: Simulation) -> None:
    simulation.world.machines["pve3"].disk_full = True


def no_kvm(simulation: Simulation) -> None:
    del simulation.world.machines["pve3"].files["/dev/kvm"]


async def test_another_release_does_not_join(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        bare(simulation, "pve3")
        old = Printed("pve-manager/8.4.21/5a1c2a5f8a2f (running kernel: 6.8.12-15-pve)\n")
        simulation.world.machines["pve3"].programs["pveversion"] = ignoring(lambda words: old)
        plan = await made(simulation, ID, node="pve3")
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is not Outcome.DONE
        assert "8.4, and pve1 runs 9.2" in result.sentence
        assert not simulation.http.cluster.cluster.member("pve3")


async def test_two_links_through_one_card_are_told(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        bare(simulation, "pve3")
        one = Printed("lo UNKNOWN 127.0.0.1/8\nvmbr0 UP 10.0.0.13/24 10.0.255.13/24\n")
        simulation.world.machines["pve3"].programs["ip"] = ignoring(lambda words: one)
        lines = await asked(simulation, await made(simulation, ID, node="pve3"))
        found = lines["each link of pve3 has an interface of its own"]
        assert (found.word, found.verdict.measured) == ("amber", "vmbr0 and vmbr0")


@pytest.mark.parametrize(
    ("trouble", "sentence", "words"),
    [
        (elsewhere, "pve3 is in no other cluster and has no guests of its own", "in the cluster other"),
        (jumbo, "pve3 reaches pve1 over every link, in less than 5 ms", "link 1 loses 100%"),
        (far, "pve3 reaches pve1 over every link, in less than 5 ms", "link 0: 7 ms"),
        (no_kvm, "pve3 can run virtual machines", "switch VT-x or AMD-V on"),
        (full, "pve3 has room for the cluster's configuration", "0"),
    ],
)
async def test_what_cannot_join_is_refused(tmp_path: Path, trouble, sentence: str, words: str) -> None:  # type: ignore[no-untyped-def]
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        bare(simulation, "pve3")
        trouble(simulation)
        lines = await asked(simulation, await made(simulation, ID, node="pve3"))
        assert lines[sentence].word == "red"
        assert words in lines[sentence].verdict.measured


async def test_what_cannot_be_planned_says_why(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        assert "no node 'pve9'" in await why_not(simulation, node="pve9")
        simulation.world.power_off("pve3")
        simulation.advance(10)
        assert "pve3 does not answer over SSH" in await why_not(simulation)
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        del profile["cluster"]["link_addresses"][1]["pve2"]
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        assert "no address of pve2 on link 1" in await why_not(simulation)


async def test_a_second_cluster_is_never_begun(tmp_path: Path) -> None:
    """The only member must not be taken for one that is to join; one that is silent may be a member."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        bare(simulation, "pve1", "pve2")
        assert "pve3 is the only node" in await why_not(simulation, node="pve3")
        plan = await made(simulation, ID)
        assert [stage.name for stage in plan.stages] == ["join pve1", "join pve2", "proof"]
        simulation.world.power_off("pve3")
        simulation.advance(10)
        assert "pve3 does not answer" in await why_not(simulation)
        assert "no node is in the cluster" in await why_not(simulation, node="pve1")


async def test_a_clock_that_is_off_is_set_first(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.machines["pve3"].clock_offset = 9.0
        simulation.advance(5)
        assert "the clock of pve3 is off" in await why_not(simulation)
