"""The pair as nodes and edges of the topology."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from saitotui.model.finding import Finding
from saitotui.model.health import Health, worst
from saitotui.model.text import size
from saitotui.model.topology import Edge, Fact, Node
from saitotui.tiers.storage.judge_service import mounted
from saitotui.tiers.storage.progress import kib, progress
from saitotui.tiers.storage.situations_drbd import BOTH_PRIMARY, SPLIT_BRAIN
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, SUBJECT, NodeView, View

TIER = "storage"
_ROLES = {PRIMARY: "primary", SECONDARY: "secondary"}
_BOTH = (SPLIT_BRAIN.code, BOTH_PRIMARY.code)
"""Findings about the pair that make neither copy fit to take over."""


def nodes(view: View, findings: Sequence[Finding]) -> tuple[Node, ...]:
    """The two nodes, the pair itself, and the address that clients use."""
    by_subject: dict[str, Health] = {}
    for finding in findings:
        by_subject[finding.subject] = worst([finding.health, by_subject.get(finding.subject, Health.OK)])
    spoilt = any(finding.code in _BOTH for finding in findings)
    drawn = [_node(view, node, by_subject, spoilt) for node in view.all]
    pair = Node(SUBJECT, TIER, "pair", by_subject.get(SUBJECT, _pair_health(view)), "", _pair_summary(view))
    return (*drawn, pair)


def _pair_health(view: View) -> Health:
    return Health.OK if len(view.told) == len(view.all) else Health.UNKNOWN


def _pair_summary(view: View) -> str:
    holders = view.holders(view.storage.floating_ip)
    where = f"{view.storage.floating_ip} on {' and '.join(holders)}" if holders else ""
    return ", ".join(part for part in (f"DRBD {view.storage.resource}", view.storage.manager, where) if part)


def _node(view: View, node: NodeView, found: Mapping[str, Health], spoilt: bool) -> Node:
    base = Health.UNKNOWN if node.drbd is None else Health.CRIT if spoilt else Health.OK
    return Node(
        node.name,
        TIER,
        "drbd",
        worst([found.get(node.name, Health.OK), base]),
        _ROLES.get(node.role, ""),
        summary(view, node),
        tuple(_facts(view, node)),
        node.host,
    )


def summary(view: View, node: NodeView) -> str:
    """`UpToDate, mounted, holds 10.81.0.100`."""
    if node.drbd is None:
        return "unknown"
    if not node.drbd.loaded or not node.drbd.known:
        return "DRBD is down"
    words = [node.drbd.disk]
    if node.drbd.resyncing or node.drbd.verifying:
        words.append(f"{node.drbd.replication} {progress(node)}")
    elif not node.drbd.connected:
        words.append(node.drbd.connection)
    if node.serving is not None and mounted(view, node.serving):
        words.append("mounted")
    if view.storage.floating_ip and node.holds(view.storage.floating_ip):
        words.append(f"holds {view.storage.floating_ip}")
    return ", ".join(words)


def _facts(view: View, node: NodeView) -> Iterator[Fact]:
    drbd = node.drbd
    if drbd is not None and drbd.says:
        yield Fact("DRBD", drbd.version or "?")
        yield Fact("role", f"{drbd.role} (peer: {drbd.peer_role or '?'})")
        yield Fact("disk", f"{drbd.disk} (peer: {drbd.peer_disk or '?'})")
        yield Fact("connection", f"{drbd.connection}, {drbd.replication}")
        yield Fact("out of sync", kib(drbd.out_of_sync))
    yield from _manager_facts(node)
    if node.serving is not None:
        threads = node.serving.threads
        yield Fact("nfsd", "not loaded" if threads is None else f"{threads} threads")
        for mount in node.serving.mounts:
            yield Fact("mount", f"{mount.device} on {mount.path} ({mount.kind})")
        for export in node.serving.exports[:20]:
            yield Fact("export", f"{export.path} to {export.client}")
    if node.space is not None and node.space.mount == view.storage.mount:
        yield Fact("space", f"{node.space.percent:.0f}% of {size(node.space.total)}")
    for name, failure in (node.failures or {}).items():
        yield Fact(name, failure.sentence, Health.UNKNOWN)


def _manager_facts(node: NodeView) -> Iterator[Fact]:
    if node.heartbeat is not None:
        said = node.heartbeat
        yield Fact("heartbeat", f"running, believes: {said.resources or '?'}" if said.running else "stopped")
        for link in said.links:
            yield Fact("link", f"{link.name} to {link.node}: {link.status}")
    if node.pacemaker is not None:
        state = f"running, DC {node.pacemaker.dc or '?'}" if node.pacemaker.running else "stopped"
        yield Fact("pacemaker", state)
        for resource in node.pacemaker.resources:
            yield Fact("resource", f"{resource.id}: {resource.role} {' '.join(resource.nodes)}".strip())


def edges(view: View) -> Iterator[Edge]:
    """Replication, in the direction that data flows; heartbeat links as each side sees them."""
    pair = view.all
    if len(pair) != 2:
        return
    source, target = (pair[1], pair[0]) if _flows_back(view) else pair
    yield Edge(source.name, target.name, "drbd", _drbd_health(view), _drbd_label(view))
    for node in pair:
        for link in node.heartbeat.links if node.heartbeat else ():
            if link.node in view.nodes and link.node != node.name:
                health = Health.OK if link.up else Health.CRIT
                yield Edge(node.name, link.node, "heartbeat", health, link.name)


def _flows_back(view: View) -> bool:
    """Whether the second node of the profile is the one that data comes from."""
    first, second = view.all
    if first.drbd is not None and first.drbd.source is not None:
        return not first.drbd.source
    if second.drbd is not None and second.drbd.source is not None:
        return second.drbd.source
    return second.primary and not first.primary


def _drbd_health(view: View) -> Health:
    told = [node.drbd for node in view.told if node.drbd is not None]
    if not told:
        return Health.UNKNOWN
    if not all(drbd.connected for drbd in told):
        return Health.CRIT
    if any(drbd.resyncing or drbd.verifying for drbd in told):
        return Health.WARN
    return Health.OK if len(told) == len(view.all) else Health.UNKNOWN


def _drbd_label(view: View) -> str:
    words = []
    for node in view.told:
        if node.drbd is not None:
            calm = node.drbd.replication in ("Established", "Off", "")
            words.append(node.drbd.connection if calm else f"{node.drbd.replication} {progress(node)}")
    return " | ".join(dict.fromkeys(words)) or "unknown"
