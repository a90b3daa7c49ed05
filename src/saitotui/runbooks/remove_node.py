"""Takes a lost node out of a Proxmox VE cluster for good, so that a new one can take its place.

See docs/runbooks/remove-node.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.clients.quoting import shell
from saitotui.facts.proxmox_ha import ManagerStatus
from saitotui.facts.proxmox_resources import Resources
from saitotui.facts.proxmox_status import ClusterStatus
from saitotui.model.command import Client, Command, Danger
from saitotui.model.plan import (
    Act,
    Check,
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
from saitotui.runbooks.cluster import api
from saitotui.tiers.cluster.view import NodeView, View

ID = "remove-node"
TITLE = "Take a lost node out of the Proxmox cluster"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the node, which must be proven dead."""
    view = api.seen(profile, snapshot)
    if isinstance(view, str):
        return Refusal(ID, (view,))
    node = _node(view, parameters.get("node", ""))
    if isinstance(node, str):
        return Refusal(ID, (node,))
    via = api.beside(view, node)
    if via is None:
        return Refusal(ID, ("no node that is online is one of the profile's",))
    summary = (
        f"the cluster forgets {node.name}; it must never boot on this network again as it is, "
        "and comes back installed anew (bootstrap-cluster)"
    )
    return Plan(
        ID,
        TITLE,
        node.name,
        dict(parameters),
        summary,
        (_out(node, via),),
        tuple(_preflight(view, node)),
        (),
        ("cluster",),
    )


def _node(view: View, wanted: str) -> NodeView | str:
    members = [member.name for member in view.status.members] if view.status else []
    gone = [name for name in members if view.gone(name)]
    name = wanted or (gone[0] if len(gone) == 1 else "")
    if not name:
        return f"give node=, one that is offline: {', '.join(gone) or 'there is none'}"
    if name not in members:
        return f"the cluster has no node {name!r}: it has {', '.join(members)}"
    node = view.nodes[name]
    if node.online is not False:
        return f"{name} is online: empty it first (drain-node), then switch it off"
    if node.ssh_alive:
        return f"{name} answers over SSH: it lives, and is only cut off from the others; mend its network"
    return node


def _preflight(view: View, node: NodeView) -> Iterator[Precondition]:
    yield Precondition(api.quorate(view.cluster), "without quorum nothing can be changed", decisive=True)
    yield Precondition(_offline(node.name), "a node that lives would go on by itself", decisive=True)
    yield Precondition(
        _let_go(node.name), "HA would no longer fence it and recover its guests: wait until it has"
    )
    why = "their configuration lies in its folder, and nobody would start them: recover-guest"
    yield Precondition(_no_guests(node.name), why, decisive=True)
    yield Precondition(_votes(node.name), "the next failure would stop the cluster at once")


def _offline(node: str) -> Check:
    def judge(found: ClusterStatus) -> Verdict:
        member = found.member(node)
        if member is None:
            return Verdict(True, "the cluster does not know it")
        return Verdict(not member.online, "online" if member.online else "offline")

    return api.by_status(f"{node} is offline", judge)


def _let_go(node: str) -> Check:
    def judge(found: ManagerStatus) -> Verdict:
        verdict = found.node_status.get(node, "unknown")
        left = [sid for sid, service in found.services.items() if service.node == node]
        said = f"{verdict}{', it has ' if left else ''}{', '.join(left)}"
        return Verdict(verdict in ("unknown", "gone") and not left, said)

    return api.by_manager(f"HA has fenced {node} and recovered its guests, or had none there", judge)


def _no_guests(node: str) -> Check:
    def judge(found: Resources) -> Verdict:
        left = [guest.vmid for guest in found.guests if guest.node == node]
        return Verdict(not left, ", ".join(left) or "none")

    return api.by_resources(f"no guest belongs to {node}", judge)


def _votes(node: str) -> Check:
    """Each node has one vote; without this one fewer are needed."""

    def judge(found: ClusterStatus) -> Verdict:
        left = len(found.members) - (1 if found.member(node) else 0)
        online, needed = found.online_without(node), left // 2 + 1
        return Verdict(online >= needed, f"{online} of {left} online, {needed} needed")

    return api.by_status(f"the cluster has quorum when {node} does not count any more", judge)


def _out(node: NodeView, via: NodeView) -> Stage:
    name = node.name

    def judge(found: ClusterStatus) -> Verdict:
        known = found.member(name) is not None
        return Verdict(not known, "it does" if known else ", ".join(member.name for member in found.members))

    command = Command(Client.SSH, via.host, f"pvecm delnode {shell(name)}", danger=Danger.DESTRUCTIVE)
    step = Step(
        f"the cluster forgets {name}",
        (Act(command),),
        goal=api.by_status(f"the cluster does not know {name} any more", judge),
        requires=(_offline(name), _no_guests(name)),
        no_undo="installed anew it joins again: bootstrap-cluster",
        deadline=40.0,
        expected=3.0,
    )
    return Stage(
        "remove",
        f"{name} is taken out of the cluster",
        (step,),
        confirm=f"{name} is off for good",
        notice="nothing: it is gone already",
        point_of_no_return=True,
    )


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "The cluster forgets a node that is dead, so that one that was installed anew can join in its place.",
    plan,
    (Parameter("node", "the node; the one that is offline, where there is only one"),),
)
