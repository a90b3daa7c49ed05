"""Empties a Proxmox node for maintenance while its guests run on, and fills it again afterwards.

See docs/runbooks/drain-node.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from saitotui.clients.quoting import shell
from saitotui.facts import proxmox_corosync, proxmox_ha
from saitotui.facts.proxmox_ha import RESTING, HaStatus, ManagerStatus
from saitotui.facts.proxmox_resources import GuestUse, Resources
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import (
    Act,
    Check,
    Grade,
    Parameter,
    Plan,
    Precondition,
    Refusal,
    Stage,
    Step,
    Verdict,
)
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.cluster import api, guests
from saitotui.runbooks.judging import reading, waiting
from saitotui.tiers.cluster.questions import LINKS
from saitotui.tiers.cluster.view import NodeView, View

ID = "drain-node"
TITLE = "Drain a Proxmox node for maintenance"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan to empty the node, or with `back` to fill it again."""
    view = api.seen(profile, snapshot)
    if isinstance(view, str):
        return Refusal(ID, (view,))
    back = parameters.get("back", "") == "yes"
    node = _node(view, parameters.get("node", ""), back)
    if isinstance(node, str):
        return Refusal(ID, (node,))
    via = api.beside(view, node)
    if via is None:
        return Refusal(ID, ("no other node is online: the guests have nowhere to go",))
    if not back and view.resources is not None and not _spare(view.resources, node.name):
        return Refusal(ID, ("no other node takes guests: they are offline, or in maintenance",))
    stages = _return(view, node, via) if back else _drain(view, node, via)
    summary = (
        f"{node.name} takes guests again; HA brings back those that left it"
        if back
        else f"{node.name} runs no guest and gets none; it can be switched off"
    )
    conditions = _before_return(view, node) if back else _before_drain(view, node)
    return Plan(ID, TITLE, node.name, dict(parameters), summary, stages, tuple(conditions), (), ("cluster",))


def _node(view: View, wanted: str, back: bool) -> NodeView | str:
    resting = [node.name for node in view.nodes.values() if node.maintenance]
    name = wanted or (resting[0] if back and len(resting) == 1 else "")
    node = view.nodes.get(name)
    if node is None:
        known = ", ".join(view.nodes)
        return f"the cluster has no node {name!r}: it has {known}" if name else f"give node=, one of {known}"
    if node.online is not True:
        return f"{name} is not online: HA fences it and recovers its guests by itself"
    if back and not node.maintenance:
        return f"{name} is not in maintenance"
    if node.maintenance and not back:
        return f"{name} is in maintenance already: back=yes ends that"
    return node


def _before_drain(view: View, node: NodeView) -> Iterator[Precondition]:
    name = node.name
    yield Precondition(api.quorate(view.cluster), "without quorum nothing can be moved", decisive=True)
    yield Precondition(
        api.quorate_without(name), "the cluster stands still when it is switched off", decisive=True
    )
    yield Precondition(api.led(), "its guests would stay where they are", decisive=True)
    yield Precondition(api.obeys(name), "it could give no guest away")
    yield Precondition(
        _room(name), "guests there may be killed for memory: stop or move some first", Grade.AMBER
    )
    why = "it cannot move before that is over"
    yield Precondition(_unlocked(name), why, Grade.AMBER, Grade.AMBER)
    why = "with two of three nodes away the cluster has no quorum"
    yield Precondition(_only_one(name), why, Grade.AMBER, Grade.AMBER)


def _before_return(view: View, node: NodeView) -> Iterator[Precondition]:
    yield Precondition(api.quorate(view.cluster), "without quorum nothing can be moved", decisive=True)
    yield Precondition(api.online(node.name), "it could run nothing", decisive=True)
    yield Precondition(api.led(), "nothing would come back")
    yield Precondition(api.obeys(node.name), "it could start nothing")
    if node.host:
        why = "with the last link gone it is fenced, and its guests start anew elsewhere"
        yield Precondition(_linked(node, view.cluster.links), why, Grade.AMBER, Grade.AMBER)


def _drain(view: View, node: NodeView, via: NodeView) -> tuple[Stage, ...]:
    here = [guest for guest in view.guests if guest.node == node.name and guest.status == "running"]
    alone = [guest for guest in here if not guest.ha]
    body = [_asked(node, via, into=True), *(_moved(view, node, guest) for guest in alone), _emptied(node)]
    containers = [f"{guest.vmid} ({guest.name})" for guest in alone if guest.kind == "lxc"]
    notice = f"each guest {guests.STANDS_STILL}"
    if containers:
        notice += f"; containers are started anew there: {', '.join(containers)}"
    numbers = [guest.vmid for guest in here]
    return (
        Stage(
            "drain",
            f"The guests of {node.name} move",
            tuple(body),
            confirm=f"drain {node.name}",
            notice=notice,
        ),
        Stage("prove", "Prove that nothing is missing", tuple(_proof(view, node, numbers)), notice="nothing"),
    )


def _proof(view: View, node: NodeView, numbers: Sequence[str]) -> Iterator[Step]:
    yield Step("the cluster has quorum", (), goal=api.quorate(view.cluster))
    yield Step(
        f"what ran on {node.name} runs elsewhere",
        (),
        goal=_elsewhere(node.name, numbers),
        deadline=api.ROUNDS,
    )


def _return(view: View, node: NodeView, via: NodeView) -> tuple[Stage, ...]:
    name = node.name
    home = Step(
        f"HA brings back what left {name}",
        (
            _wait(
                "/cluster/ha/status/manager_status",
                lambda answer: _away(proxmox_ha.manager_status(answer), name),
            ),
        ),
        goal=api.by_manager(f"nothing waits to come back to {name}", lambda found: _at_home(found, name)),
        no_undo="it runs here as well as there",
        deadline=api.PATIENCE,
        expected=60.0,
        parks=True,
    )
    notice = f"each guest {guests.STANDS_STILL}"
    body = (_asked(node, via, into=False), home)
    return (
        Stage("return", f"{name} takes guests again", body, confirm=f"return {name}", notice=notice),
        Stage("prove", "Prove that all is well", (Step("HA is led", (), goal=api.led()),), notice="nothing"),
    )


def _crm(via: NodeView, word: str, node: NodeView) -> Act:
    """There is no API for it; any node that has quorum takes the order (ha-manager(1))."""
    text = f"ha-manager crm-command node-maintenance {word} {shell(node.name)}"
    return Act(Command(Client.SSH, via.host, text, danger=Danger.DISRUPTIVE))


def _asked(node: NodeView, via: NodeView, *, into: bool) -> Step:
    """HA is asked to take the node into maintenance, or out of it."""
    word, back = ("enable", "disable") if into else ("disable", "enable")
    wanted, before = ("maintenance", "online") if into else ("online", "maintenance")
    return Step(
        f"HA takes {node.name} into maintenance" if into else f"HA ends the maintenance of {node.name}",
        (_crm(via, word, node),),
        goal=_verdict(node.name, wanted),
        undo=(_crm(via, back, node),),
        undone=_verdict(node.name, before),
        deadline=api.ROUNDS,
        expected=20.0,
    )


def _verdict(node: str, wanted: str) -> Check:
    def judge(found: ManagerStatus) -> Verdict:
        said = found.node_status.get(node, "unknown")
        return Verdict(said == wanted, said)

    return api.by_manager(f"HA's manager has {node} as {wanted}", judge)


def _moved(view: View, node: NodeView, guest: GuestUse) -> Step:
    """A guest that HA does not manage: to the node with most memory to spare."""
    spare = _spare(view.resources, node.name) if view.resources is not None else {}
    target = max(spare, key=lambda name: spare[name], default="")
    return Step(
        f"guest {guests.named(guest)}, which HA does not manage, moves to {target}",
        (guests.migrates(guest, target),),
        goal=guests.runs_on(guest, target),
        no_undo="it runs there as well as here",
        deadline=api.PATIENCE,
        expected=60.0,
    )


def _emptied(node: NodeView) -> Step:
    name = node.name

    def judge(found: Resources) -> Verdict:
        left = [guest.vmid for guest in found.guests if guest.node == name and guest.status == "running"]
        return Verdict(not left, f"guests {', '.join(left)} run there" if left else "none")

    return Step(
        f"HA moves its guests away from {name}",
        (_wait("/cluster/ha/status/current", lambda answer: _left(proxmox_ha.ha_status(answer), name)),),
        goal=api.by_resources(f"no guest runs on {name}", judge),
        no_undo="HA brings them back when the maintenance ends",
        deadline=api.PATIENCE,
        expected=60.0,
        proof=api.ROUNDS,
        parks=True,
    )


def _wait(path: str, left: Callable[[Answer], str]) -> Act:
    return Act(api.asked(path), pause=api.LOOK, pending=waiting(left, "the Proxmox API"))


def _left(found: HaStatus, node: str) -> str:
    here = [one for one in found.services if one.node == node and (one.crm_state or one.state) not in RESTING]
    return ", ".join(f"{one.sid} {one.state}" for one in here)


def _away(found: ManagerStatus, node: str) -> str:
    moving = ("migrate", "relocate")
    away = [
        f"{sid} on {one.node}"
        for sid, one in sorted(found.services.items())
        if one.maintenance_node == node or (one.state in moving and one.target == node)
    ]
    return ", ".join(away)


def _at_home(found: ManagerStatus, node: str) -> Verdict:
    away = _away(found, node)
    return Verdict(not away, away or "nothing")


def _elsewhere(node: str, numbers: Sequence[str]) -> Check:
    def judge(found: Resources) -> Verdict:
        uses = [found.guest(number) for number in numbers]
        lost = [
            f"{number} is {use.status} on {use.node}" if use else f"{number} is unknown"
            for number, use in zip(numbers, uses, strict=True)
            if use is None or use.node == node or use.status != "running"
        ]
        return Verdict(not lost, "; ".join(lost) or f"{len(numbers)} guests")

    return api.by_resources(f"the guests that ran on {node} run elsewhere", judge)


def _spare(found: Resources, without: str) -> dict[str, float]:
    """Bytes of memory that each other node that is online has to spare."""

    return {
        node.name: node.spare or 0.0
        for node in found.nodes
        if node.name != without and node.status == "online" and node.ha != "maintenance"
    }


def _room(node: str) -> Check:
    """Whether each running guest finds a node that has its whole memory to spare, the largest first."""

    def judge(found: Resources) -> Verdict:
        spare = _spare(found, node)
        here = [guest for guest in found.guests if guest.node == node and guest.status == "running"]
        if not spare:
            return Verdict(False, "no other node takes guests")
        if any(guest.memory_total is None for guest in here):
            return Verdict(None, "the cluster does not say how large they are")
        sizes = sorted(((guest.memory_total or 0.0, guest.vmid) for guest in here), reverse=True)
        for size, vmid in sizes:
            place = max(spare, key=lambda name: spare[name])
            if spare[place] < size:
                left = spare[place] / guests.GIB
                return Verdict(
                    False, f"guest {vmid} needs {size / guests.GIB:.0f} GiB, {place} has {left:.0f}"
                )
            spare[place] -= size
        total = sum(size for size, _ in sizes) / guests.GIB
        return Verdict(
            True,
            f"{len(sizes)} guests, {total:.0f} GiB; then {min(spare.values()) / guests.GIB:.0f} GiB are left",
        )

    return api.by_resources(f"the other nodes have memory for the guests of {node}", judge)


def _unlocked(node: str) -> Check:
    def judge(found: Resources) -> Verdict:
        locked = [
            f"{guest.vmid}: {guest.lock}" for guest in found.guests if guest.node == node and guest.lock
        ]
        return Verdict(not locked, ", ".join(locked) or "none")

    return api.by_resources(f"no guest of {node} is locked by a backup, a snapshot or a move", judge)


def _only_one(node: str) -> Check:
    def judge(found: ManagerStatus) -> Verdict:
        others = sorted(found.maintenance_requested - {node})
        return Verdict(not others, ", ".join(others) or "none")

    return api.by_manager("no other node is in maintenance", judge)


def _linked(node: NodeView, wanted: int) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = proxmox_corosync.links(answer)
        if not found.running:
            return Verdict(False, found.reason or "corosync does not run there")
        whole = [link for link in found.links if all(link.peers.values())]
        return Verdict(len(whole) >= wanted, f"{len(whole)} of {len(found.links)} links reach everybody")

    command = Command(Client.SSH, node.host, LINKS)
    return Check(
        f"{node.name} hears the others over {wanted} links", command, reading(judge), deadline=api.DEADLINE
    )


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "Its guests move to the other nodes while they run; `back` brings them home.",
    plan,
    (
        Parameter("node", "the node; with back=yes the one that is in maintenance"),
        Parameter("back", "`yes` ends the maintenance: HA brings back what left the node"),
    ),
)
