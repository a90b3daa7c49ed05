"""bootstrap-hosts on simulated hosts: fresh ones get names, the time and a firewall; nobody is shut out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from asyncssh import generate_private_key
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Plan, Refusal
from saitotui.simulator.hosts_build import HOSTS, NAME, RULES, TIME
from saitotui.simulator.shell import Shell
from saitotui.simulator.simulation import Simulation

ID = "bootstrap-hosts"
NODES = ("pve1", "pve2", "pve3")
Change = Callable[[dict[str, Any]], object]


def fresh(simulation: Simulation) -> None:
    simulation.inject("hosts-fresh", "hosts")


def stands(simulation: Simulation) -> bool:
    """Whether every host has its name, and its rules are in force and outlive a boot; Proxmox nodes keep
    theirs."""
    own = [machine for name, machine in simulation.world.machines.items() if name not in NODES]
    for machine in own:
        programs = machine.programs
        if (
            machine.read(NAME) != f"{machine.name}\n"
            or programs["uname"](machine, ["uname", "-n"], "").out != f"{machine.name}\n"
        ):
            return False
        rules = programs["nft"](machine, ["nft", "list", "table", "inet", "saitotui"], "")
        if rules.out != machine.read(RULES):
            return False
        if programs["systemctl"](machine, ["systemctl", "is-enabled", "nftables"], "").status:
            return False
        if not programs["systemctl"](
            machine, ["systemctl", "is-active", "saitotui-firewall-back.timer"], ""
        ).status:
            return False
    return all(
        "ntp1.example.com" in str(machine.read(TIME)) for machine in simulation.world.machines.values()
    )


async def test_fresh_hosts_get_what_all_have(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        plan = await made(simulation, ID)
        told = bad(await asked(simulation, plan))
        assert not [line for line in told if line.startswith("red")]
        assert "amber: db1 is called db1" in told
        assert f"amber: {HOSTS} on db1 is not there yet, or as the profile wants it" in told
        assert (
            "amber: nothing that listens on db1 is closed to others than the platform and engineers" in told
        )
        assert not [line for line in told if "pve1 is called" in line or f"{RULES} on pve1" in line]
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert stands(simulation)
        # What somebody else wrote there stays.
        text = str(simulation.world.machines["db1"].read(HOSTS))
        assert "10.0.0.42\tdb2\n" in text
        assert "127.0.0.1\tlocalhost\n" in text
        assert "127.0.1.1" not in text
        rules = str(simulation.world.machines["web1"].read(RULES))
        assert "ip saddr { 10.0.0.0/24, 10.0.255.0/24 } accept" in rules
        assert "tcp dport { 80 } accept" in rules
        again = await made(simulation, ID)
        assert bad(await asked(simulation, again)) == set()
        result = await Carried(tmp_path / "again").run(simulation, again)
        assert result.outcome is Outcome.ALREADY, result.sentence


@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
@pytest.mark.parametrize(
    "act",
    [
        "( mkdir -p /etc || exit 1; f=/etc/hosts;",
        "( mkdir -p /etc || exit 1; f=/etc/hostname;",
        "systemctl -q enable chrony && systemctl restart chrony",
        "if systemctl is-active saitotui-firewall-back.timer",
        "systemctl -q enable nftables",
    ],
)
async def test_whatever_fails_the_next_run_ends_it(tmp_path: Path, act: str, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID), act, fate)
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER
        again = await Carried(tmp_path / "again").run(simulation, await made(simulation, ID))
        assert again.outcome in (Outcome.DONE, Outcome.ALREADY), again.sentence
        assert stands(simulation)


async def test_rules_that_nobody_confirms_are_taken_back(tmp_path: Path) -> None:
    """The run is cut off right after it loaded them."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        machine = simulation.world.machines["db1"]
        plan = await made(simulation, ID)
        (step,) = [one for one in plan.steps if one.title.startswith("db1 lets in whom")]
        rules = next(
            act.command.body
            for one in plan.steps
            for act in one.acts
            if act.command.target == "db1" and f"f={RULES};" in act.command.text
        )
        machine.files[RULES] = rules
        assert Shell(machine).run(step.acts[0].command.text).status == 0
        shown = ["nft", "list", "table", "inet", "saitotui"]
        assert machine.programs["nft"](machine, shown, "").out == rules
        simulation.advance(59)
        assert machine.programs["nft"](machine, shown, "").out == rules
        simulation.advance(2)
        assert machine.programs["nft"](machine, shown, "").status == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda profile: profile.pop("build"), "give `build`"),
        (lambda profile: profile["build"].update(networks=["10.9.0.0/16"]), "in none of `build.networks`"),
        (
            lambda profile: profile["hosts"]["db1"].update(service_address="db1.example.com"),
            "`hosts.db1.service_address`",
        ),
    ],
)
async def test_what_the_profile_lacks_is_said(tmp_path: Path, change: Change, words: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        changed(simulation, change)
        refusal = await planned(simulation, ID)
        assert isinstance(refusal, Refusal)
        assert words in "; ".join(refusal.reasons)


async def test_who_would_shut_himself_out_is_refused(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        changed(simulation, lambda profile: profile["build"].update(logins=["203.0.113.0/24"]))
        plan = await made(simulation, ID)
        told = bad(await asked(simulation, plan))
        assert "red: the firewall of db1 will let this console in" in told


async def test_without_a_firewall_only_names_and_time_are_given(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        changed(simulation, lambda profile: profile["build"].update(networks=[], time_servers=[]))
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan)
        assert [stage.name for stage in plan.stages] == ["names", "proof"]


async def test_a_clock_that_follows_nobody_is_waited_for_in_vain(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.machines["db2"].clock_offset = 3.0
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID))
        assert result.outcome is not Outcome.DONE
        assert "-3000.0 ms from 192.0.2.10" in result.sentence


def changed(simulation: Simulation, change: Change) -> None:
    profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
    change(profile)
    simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")


async def test_a_path_that_loses_large_packets_is_told(tmp_path: Path) -> None:
    """From the host before it in the ring, and from itself to the next."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        before = bad(await asked(simulation, await made(simulation, ID)))
        simulation.inject("small-frames", "db1")
        found = bad(await asked(simulation, await made(simulation, ID))) - before
        assert {line.partition(" at ")[0] for line in found} == {
            "amber: st2 reaches db1",
            "amber: db1 reaches db2",
        }


async def test_a_host_with_another_key_is_not_touched(tmp_path: Path) -> None:
    """Nothing of it is known: each question about it is red, and says what to do."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        other = generate_private_key("ssh-ed25519").export_public_key().decode().split()
        profile["hosts"]["db2"]["host_key"] = " ".join(other[:2])
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        found = await asked(simulation, await made(simulation, ID))
        line = found["this console is root on db2"]
        assert line.word == "red"
        assert "its host key is not the pinned one" in line.verdict.measured
        assert "compare first" in line.verdict.measured


async def test_who_could_not_be_reset_is_told(tmp_path: Path) -> None:
    """Robot is the way to a machine that hangs: that it refuses, or knows another one, is found before."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        before = bad(await asked(simulation, await made(simulation, ID)))
        simulation.inject("robot-denied", "robot")
        found = bad(await asked(simulation, await made(simulation, ID))) - before
        assert "amber: Robot sees whether st1 (server 1402321) has power" in found
        assert {line.partition(":")[0] for line in found} == {"amber"}
        simulation.world.heal()
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        profile["hardware"]["servers"] = {"1402321": "st2"}
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        found = bad(await asked(simulation, await made(simulation, ID))) - before
        assert found == {"red: Robot does not call server 1402321 by another host's name"}
