"""Fences: steps after which a server that was master cannot come back by itself and take writes.

A host that does not answer is unknown, not dead: it is fenced by whoever has power over it, and proven off.
In this order: its service manager, when the host still answers (systemctl(1), `mask`); the hypervisor that
runs it (Proxmox VE API, `/cluster/ha/resources`, `/nodes/NODE/qemu/VMID/status/stop`); Hetzner's Robot, when
the host is a rented machine. Else nobody can.
"""

from __future__ import annotations

import json

from saitotui.clients.quoting import shell
from saitotui.facts import mysql_daemon, proxmox_ha, proxmox_resources
from saitotui.facts.mysql_daemon import PS
from saitotui.facts.proxmox_resources import GuestUse
from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind, Unparsable
from saitotui.model.plan import Act, Check, Stage, Step, Verdict
from saitotui.model.profile import MysqlServer, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.robot_fence import by_robot
from saitotui.tiers.cluster.questions import ask

HELD = ("disabled", "stopped")
"""States of an HA resource in which HA does not start its guest (ha-manager(1))."""
SILENT = (FailureKind.UNREACHABLE, FailureKind.TIMEOUT)
"""What is known of a host that gives these: it does not answer."""
Fence = tuple[Stage, ...]
"""What proves one away; each stage is confirmed by typing."""
SERVES_NOBODY = "nothing: it serves nobody"
STAYS = "a dead master stays off until it is brought back as a replica"


def silent(name: str, host: str) -> Check:
    """Whether a host gives no answer; `name` is what runs there."""

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure):
            return Verdict(answer.kind in SILENT or None, answer.sentence)
        return Verdict(False, "it answers")

    command = Command(Client.SSH, host, "true", session="act")
    return Check(f"{name} does not answer", command, judge, deadline=5.0)


def proofs(*fences: Fence) -> tuple[Check, ...]:
    """What proves that they are away."""
    steps = (step for fence in fences for stage in fence for step in stage.steps)
    return tuple(step.goal for step in steps if step.goal is not None)


def by_service(server: str, where: MysqlServer) -> Fence:
    """Through the service manager of its own host: stopped, and nobody starts it unknowingly."""
    unit = shell(where.unit)
    step = Step(
        f"fence {server}: its service is stopped and masked",
        (Act(_on(where.host, f"systemctl mask --now {unit}", Danger.DISRUPTIVE)),),
        goal=service_is_off(server, where),
        undo=(Act(_on(where.host, f"systemctl unmask {unit}", Danger.REVERSIBLE)),),
        deadline=30.0,
        expected=1.0,
    )
    return _kept_away(server, (step,))


def by_power(profile: Profile, snapshot: Snapshot, name: str, host: str) -> Fence | str:
    """By whoever has power over `host`, on which `name` runs; or why nobody has."""
    guest = by_hypervisor(profile, snapshot, host)
    if not isinstance(guest, str):
        return _kept_away(name, guest)
    machine = by_robot(profile, snapshot, host)
    return f"{guest}; {machine}" if isinstance(machine, str) else machine


def _kept_away(name: str, steps: tuple[Step, ...]) -> Fence:
    title = f"Keep {name} away, whatever becomes of it"
    return (Stage("fence", title, steps, confirm=f"fence {name}", notice=SERVES_NOBODY),)


def service_is_off(server: str, where: MysqlServer) -> Check:
    """Whether no server process runs on its host, and its service is masked."""

    def judge(answer: Answer) -> Verdict:
        first, _, rest = answer.text.strip().partition("\n")
        try:
            running = mysql_daemon.daemons(Answer(rest, 0 if rest.strip() else 1))
        except Unparsable as error:
            return Verdict(None, str(error))
        state = first.strip()
        said = f"{where.unit} is {state or 'of no known state'}"
        if running:
            return Verdict(False, f"{said}, process {running[0].pid} runs")
        return Verdict(state == "masked", f"{said}, no process runs")

    command = _on(where.host, f"systemctl is-enabled {shell(where.unit)} 2>/dev/null; {PS}", Danger.READ)
    return Check(f"{server} is stopped and stays so", command, reading(judge))


def by_hypervisor(profile: Profile, snapshot: Snapshot, host: str) -> tuple[Step, ...] | str:
    """Through the Proxmox cluster that runs `host` as a guest; or why it cannot do that."""
    if profile.cluster is None:
        return "the profile has no Proxmox cluster that could prove it off"
    numbers = [number for number, guest in profile.cluster.guests.items() if guest.host == host]
    if not numbers:
        return f"the profile names no guest (cluster.guests) that {host} is: nobody can prove it off"
    asked = ask(profile.cluster, profile.poll)
    found = snapshot.get(asked.resources)
    guest = found.guest(numbers[0]) if found is not None else None
    if guest is None:
        return f"the cluster does not say where guest {numbers[0]} ({host}) is"
    node = next((one for one in found.nodes if one.name == guest.node), None) if found else None
    if node is None or node.status != "online":
        return (
            f"{guest.node}, which runs guest {guest.vmid} ({host}), is not online: wait until the cluster "
            "has fenced it and recovered the guest"
        )
    return _guest(guest, host)


def _guest(guest: GuestUse, host: str) -> tuple[Step, ...]:
    steps = []
    if guest.ha:
        body = json.dumps({"state": "disabled"})
        steps.append(
            Step(
                f"fence {host}: HA stops its guest {guest.vmid} and does not start it again",
                (Act(_api(f"put /cluster/ha/resources/{guest.sid}", body)),),
                goal=_held(guest),
                no_undo=STAYS,
                expected=1.0,
            )
        )
        acts: tuple[Act, ...] = ()
    else:
        acts = (
            Act(_api(f"put /nodes/{guest.node}/{guest.kind}/{guest.vmid}/config", json.dumps({"onboot": 0}))),
            Act(_api(f"post /nodes/{guest.node}/{guest.kind}/{guest.vmid}/status/stop")),
        )
    return (
        *steps,
        Step(
            f"fence {host}: its guest {guest.vmid} is off",
            acts,
            goal=_off(guest),
            no_undo=STAYS,
            deadline=120.0,
            expected=20.0,
        ),
    )


def _held(guest: GuestUse) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = [one for one in proxmox_ha.ha_resources(answer) if one.sid == guest.sid]
        if not found:
            return Verdict(None, f"HA does not manage {guest.sid}")
        return Verdict(found[0].state in HELD, f"HA is asked to have it {found[0].state}")

    command = Command(Client.PROXMOX, "cluster", "get /cluster/ha/resources")
    return Check(f"HA leaves {guest.sid} off", command, reading(judge), deadline=5.0)


def _off(guest: GuestUse) -> Check:
    """Whether the hypervisor that runs it says that it is off, and is there to know."""

    def judge(answer: Answer) -> Verdict:
        found = proxmox_resources.resources(answer)
        use, node = found.guest(guest.vmid), None
        if use is not None:
            node = next((one for one in found.nodes if one.name == use.node), None)
        if use is None or node is None or node.status != "online":
            return Verdict(None, f"nobody says how guest {guest.vmid} is")
        return Verdict(use.status == "stopped", f"{use.status} on {use.node}")

    command = Command(Client.PROXMOX, "cluster", "get /cluster/resources")
    return Check(f"guest {guest.vmid} is off", command, reading(judge), deadline=5.0)


def _on(host: str, text: str, danger: Danger) -> Command:
    return Command(Client.SSH, host, text, danger=danger)


def _api(text: str, body: str = "") -> Command:
    return Command(Client.PROXMOX, "cluster", text, body, danger=Danger.DISRUPTIVE)
