"""Findings about HA: who leads, who is being fenced, who is drained, whose clock is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.proxmox_ha import DEAD, DRIFT, RESTART, HaStatus
from saitotui.model.finding import Finding
from saitotui.model.text import duration
from saitotui.tiers.cluster.fencing import Fencing, Phase
from saitotui.tiers.cluster.situations import (
    CLOCK_DRIFT,
    FENCING_OVERDUE,
    HA_DISARMED,
    HA_NO_MASTER,
    LRM_DEAD,
    NODE_FENCED,
    NODE_FENCING,
    NODE_MAINTENANCE,
    NODE_OFFLINE,
    NODE_RESTARTING,
    QUORUM_LOST,
)
from saitotui.tiers.cluster.view import NodeView, View

SUBJECT = "cluster"


def ha_findings(view: View) -> Iterator[Finding]:
    """Nothing when the API did not tell, or told what a cut-off node believes."""
    if view.ha is None or not view.trusted:
        return
    yield from _manager(view, view.ha)
    for node in view.nodes.values():
        if node.fencing is not None:
            yield from _fencing(node.fencing)
        elif node.online is not False:
            yield from _agent(view, node)


def managed(view: View) -> bool:
    """HA has anything to look after."""
    return bool(view.ha and view.ha.services) or bool(view.ha_resources)


def _manager(view: View, ha: HaStatus) -> Iterator[Finding]:
    if ha.disarmed:
        sentence = "HA is disarmed" if ha.armed == "disarmed" else "HA is being disarmed"
        yield HA_DISARMED.found(
            SUBJECT, f"{sentence}: nothing is fenced or restarted", f"fencing: {ha.armed}"
        )
    if not managed(view):
        return
    lost = QUORUM_LOST.code if view.quorate is False else ""
    if ha.master is None:
        yield HA_NO_MASTER.found(SUBJECT, "no node leads HA", "ha/status/current: no master", cause=lost)
    elif ha.master.state == DEAD:
        gone = NODE_OFFLINE.code if view.gone(ha.master.node) else ""
        sentence = f"HA has no manager: {ha.master.node}, which led it, stopped writing"
        word = f"master {ha.master.node}: {ha.master.state}"
        yield HA_NO_MASTER.found(SUBJECT, sentence, word, cause=lost or gone)
    elif ha.master.state == DRIFT:
        yield CLOCK_DRIFT.found(SUBJECT, f"the HA manager on {ha.master.node} sees its clock drift", DRIFT)


def _agent(view: View, node: NodeView) -> Iterator[Finding]:
    """A node that is online, or of which nobody says anything."""
    if node.maintenance:
        here = [guest for guest in view.guests if guest.node == node.name and guest.status == "running"]
        left = f"{len(here)} guests still there" if here else "no guest runs there"
        yield NODE_MAINTENANCE.found(
            node.name, f"{node.name} is in maintenance: {left}", f"HA manager: {node.name} {node.verdict}"
        )
    if node.lrm is None:
        return
    said = f"lrm {node.name}: {node.lrm.state}"
    if node.lrm.state == RESTART:
        sentence = f"{node.name} restarts on purpose: its guests are frozen until it is back"
        yield NODE_RESTARTING.found(node.name, sentence, said)
    elif node.lrm.state == DRIFT:
        yield CLOCK_DRIFT.found(node.name, f"the clock of {node.name} drifts: HA sees its future", said)
    elif node.lrm.state == DEAD:
        cause = QUORUM_LOST.code if view.quorate is False else ""
        sentence = f"the HA agent of {node.name} stopped writing although the node is online"
        yield LRM_DEAD.found(node.name, sentence, said, cause=cause)


def _fencing(fence: Fencing) -> Iterator[Finding]:
    node, count = fence.node, len(fence.services)
    evidence = [f"HA services there: {', '.join(fence.services) or 'none'}"]
    if fence.silent is not None:
        evidence.append(f"lrm {node}: last wrote {duration(fence.silent)} ago")
    what = f"{count} HA guest{'s' * (count != 1)}"
    if fence.phase is Phase.FENCED:
        sentence = f"{node} was fenced; its HA guests were recovered elsewhere"
        yield NODE_FENCED.found(node, sentence, *evidence, cause=NODE_OFFLINE.code)
    elif fence.overdue:
        sentence = f"{what} of {node} should have been recovered {duration(fence.overdue)} ago"
        yield FENCING_OVERDUE.found(node, sentence, *evidence)
    elif fence.phase is not Phase.NOT:
        yield NODE_FENCING.found(
            node,
            f"{countdown(fence)}; then {what} start{'s' * (count == 1)} elsewhere",
            *evidence,
            cause=NODE_OFFLINE.code,
        )


def countdown(fence: Fencing) -> str:
    """Where the fencing of a node is, and the latest moment of what comes next."""
    left = fence.recover_in
    when = "" if left is None else f", over in at most {duration(round(left))}" if left else ", due now"
    match fence.phase:
        case Phase.WAITING if fence.fence_in:
            return f"{fence.node} is fenced in at most {duration(round(fence.fence_in))}{when}"
        case Phase.WAITING | Phase.FENCING:
            return f"{fence.node} is being fenced{when}"
        case Phase.RECOVERING:
            return f"{fence.node} is fenced; its guests wait for a node that may take them"
    return f"{fence.node}: {fence.phase.value}"
