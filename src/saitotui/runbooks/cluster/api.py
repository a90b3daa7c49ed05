"""A Proxmox VE cluster as its API tells it: questions of runbooks, and orders to it.

Any node that has quorum answers for the whole cluster (`/cluster/...`, pmxcfs(8)); HA does what it is told in
rounds of 10 s (ha-manager(1)), so an order that was taken is not done yet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from saitotui.facts import proxmox_ha, proxmox_resources, proxmox_status
from saitotui.facts.proxmox_ha import DEAD, HaStatus, ManagerStatus, Service
from saitotui.facts.proxmox_resources import GuestUse, Resources
from saitotui.facts.proxmox_status import ClusterStatus
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Check, Verdict
from saitotui.model.profile import Cluster, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.tiers.cluster.questions import ask
from saitotui.tiers.cluster.view import NodeView, View, look

DEADLINE = 6.0
"""Seconds for one question."""
ROUNDS = 60.0
"""Seconds in which HA must have begun what it is told: some rounds of its manager and of a node's agent."""
PATIENCE = 3600.0
"""Seconds for which guests that move are watched."""
LOOK = 2.0
"""Seconds between two looks at them."""


def seen(profile: Profile, snapshot: Snapshot) -> View | str:
    """The cluster as `snapshot` has it; or why nothing can be planned with that."""
    if profile.cluster is None:
        return "the profile has no Proxmox cluster"
    view = look(profile, profile.cluster, ask(profile.cluster, profile.poll), snapshot)
    if view.status is None or view.resources is None or view.ha is None:
        return "the Proxmox API does not tell how the cluster is"
    if not view.trusted:
        return "the node that answers is cut off from the others: what it says about guests is old"
    if not view.quorate:
        return "the cluster has no quorum: it takes no orders until nodes are back"
    return view


def beside(view: View, node: NodeView) -> NodeView | None:
    """Another node, whose own tools can be used: the profile knows it, and it is online."""
    return next((one for one in view.nodes.values() if one.host and one.online and one is not node), None)


def asked(path: str) -> Command:
    return Command(Client.PROXMOX, "cluster", f"get {path}", session="act")


def order(text: str, body: Mapping[str, str | int] | None = None, danger: Danger = Danger.DISRUPTIVE) -> Act:
    """One request that changes something: `post /cluster/...`."""
    return Act(Command(Client.PROXMOX, "cluster", text, json.dumps(body) if body else "", danger=danger))


def by_status(sentence: str, judge: Callable[[ClusterStatus], Verdict]) -> Check:
    return _check(sentence, "/cluster/status", proxmox_status.cluster_status, judge)


def by_resources(sentence: str, judge: Callable[[Resources], Verdict]) -> Check:
    return _check(sentence, "/cluster/resources", proxmox_resources.resources, judge)


def by_ha(sentence: str, judge: Callable[[HaStatus], Verdict]) -> Check:
    return _check(sentence, "/cluster/ha/status/current", proxmox_ha.ha_status, judge)


def by_guest(vmid: str, sentence: str, judge: Callable[[GuestUse], Verdict]) -> Check:
    """Of one guest, as the cluster names it."""

    def judged(found: Resources) -> Verdict:
        guest = found.guest(vmid)
        return judge(guest) if guest is not None else Verdict(None, "the cluster does not name it")

    return by_resources(sentence, judged)


def by_service(sid: str, sentence: str, judge: Callable[[Service], Verdict]) -> Check:
    """Of one guest, as HA has it."""

    def judged(found: HaStatus) -> Verdict:
        service = found.service(sid)
        return judge(service) if service is not None else Verdict(None, "HA does not manage it")

    return by_ha(sentence, judged)


def by_manager(sentence: str, judge: Callable[[ManagerStatus], Verdict]) -> Check:
    return _check(sentence, "/cluster/ha/status/manager_status", proxmox_ha.manager_status, judge)


def _check(sentence: str, path: str, read: Callable[[Answer], Any], judge: Callable[[Any], Verdict]) -> Check:
    return Check(sentence, asked(path), reading(lambda answer: judge(read(answer))), DEADLINE, pause=1.0)


def quorate(cluster: Cluster) -> Check:
    """Whether most nodes hear each other."""

    def judge(found: ClusterStatus) -> Verdict:
        up = [member.name for member in found.members if member.online]
        return Verdict(found.quorate, f"{', '.join(up) or 'nobody'} of {len(found.members)}")

    return by_status(f"the cluster {cluster.name} has quorum".replace("  ", " "), judge)


def quorate_without(node: str) -> Check:
    """Whether the others keep quorum when `node` is switched off; each node has one vote."""

    def judge(found: ClusterStatus) -> Verdict:
        left = found.online_without(node)
        spare = "" if left > found.needed else ": none to spare"
        return Verdict(left >= found.needed, f"{left} votes left, {found.needed} needed{spare}")

    return by_status(f"the others have quorum without {node}", judge)


def online(node: str) -> Check:
    def judge(found: ClusterStatus) -> Verdict:
        member = found.member(node)
        if member is None:
            return Verdict(None, "the cluster does not know it")
        return Verdict(member.online, "online" if member.online else "offline")

    return by_status(f"{node} is in the cluster", judge)


def nobody_offline() -> Check:
    def judge(found: ClusterStatus) -> Verdict:
        down = [member.name for member in found.members if not member.online]
        return Verdict(not down, f"offline: {', '.join(down)}" if down else "all online")

    return by_status("every node is online", judge)


def led() -> Check:
    """Whether somebody leads HA, and HA is armed: else it does nothing."""

    def judge(found: HaStatus) -> Verdict:
        if found.disarmed:
            return Verdict(False, f"it is {found.armed}")
        if found.master is None:
            return Verdict(False, "nobody leads it")
        return Verdict(found.master.state != DEAD, f"{found.master.node} leads it: {found.master.state}")

    return by_ha("HA is led and armed", judge)


def obeys(node: str) -> Check:
    """Whether the HA agent of a node writes: it does what is done there."""

    def judge(found: HaStatus) -> Verdict:
        lrm = found.lrm(node)
        return Verdict(
            lrm is not None and lrm.state != DEAD, lrm.state if lrm is not None else "unknown to HA"
        )

    return by_ha(f"the HA agent of {node} works", judge)
