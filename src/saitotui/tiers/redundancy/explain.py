"""Causes across tiers: which finding explains which.

`cause` is the code of the finding that is to be dealt with first. A finding keeps the cause that its own tier
gave it, but for a blind console: then nothing that rests on a missing answer means anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.topology import Node, TierPicture
from saitotui.tiers.redundancy.situations import CUT_OFF, UNKNOWN

NODE_OFFLINE = "cluster.node-offline"
_GUEST_GONE = ("cluster.guest-down", "cluster.guest-error", "cluster.guest-missing")
_HOST_UNSEEN = (
    "hosts.unreachable",
    "hosts.silent",
    "hosts.ssh-refused",
    "hosts.ssh-denied",
    "hosts.key-changed",
)


def explain(findings: Sequence[Finding], pictures: Sequence[TierPicture]) -> list[Finding]:
    """`findings` with their causes."""
    if any(finding.code == CUT_OFF.code for finding in findings):
        return [_blinded(finding) for finding in findings]
    nodes = {node.id: node for picture in pictures for node in picture.nodes}
    gone, unseen = _gone(findings, pictures, nodes), _unseen(findings, nodes)
    explained = [_machine(finding, nodes, gone, unseen) for finding in findings]
    return [_downstream(finding, explained) for finding in explained]


def blind(finding: Finding) -> bool:
    """The finding rests on an answer that did not come."""
    return finding.health is Health.UNKNOWN or "unreachable" in finding.code


def _blinded(finding: Finding) -> Finding:
    if finding.code == CUT_OFF.code or not blind(finding):
        return finding
    return replace(finding, cause=CUT_OFF.code)


def _gone(
    findings: Sequence[Finding], pictures: Sequence[TierPicture], nodes: Mapping[str, Node]
) -> Mapping[str, str]:
    """Hosts that cannot be up, by the code of the finding that says why: those of a lost cluster node, those
    in guests that are down. What is lost with its node is the node's fault."""
    gone: dict[str, str] = {}
    for finding in findings:
        node = nodes.get(finding.subject)
        if finding.code in _GUEST_GONE and node is not None and node.host:
            gone[node.host] = finding.code
    lost = {finding.subject for finding in findings if finding.code == NODE_OFFLINE}
    carried = [edge for picture in pictures for edge in picture.edges if edge.kind == "runs-on"]
    for node_id in [*lost, *(edge.source for edge in carried if edge.target in lost)]:
        if (node := nodes.get(node_id)) is not None and node.host:
            gone[node.host] = NODE_OFFLINE
    return gone


def _unseen(findings: Sequence[Finding], nodes: Mapping[str, Node]) -> Mapping[str, str]:
    """Hosts that this console cannot ask, by the code that says why."""
    return {
        node.host: finding.code
        for finding in findings
        if finding.code in _HOST_UNSEEN and (node := nodes.get(finding.subject)) is not None
    }


def _machine(
    finding: Finding, nodes: Mapping[str, Node], gone: Mapping[str, str], unseen: Mapping[str, str]
) -> Finding:
    """A finding about a node on a host that is gone or unseen."""
    node = nodes.get(finding.subject)
    if finding.cause or node is None or not node.host or finding.code.startswith("hardware."):
        return finding
    cause = gone.get(node.host, "")
    if not cause and blind(finding):
        cause = unseen.get(node.host, "")
    if not cause or cause == finding.code or finding.code in (NODE_OFFLINE, *_GUEST_GONE):
        return finding
    return replace(finding, cause=cause)


_NO_WRITES = (
    "database.master-dead",
    "database.master-unreachable",
    "database.no-writable",
    "database.haproxy-no-server",
    "database.haproxy-read-only-server",
)
"""Without a writable master, pages of the application that use the database fail."""
_PAGES_FAIL = ("application.journey-failed", "application.nginx-errors", "application.upstream-failing")

DOWNSTREAM: Sequence[tuple[str, str]] = (
    ("cluster.quorum-lost", "cluster.ha-*"),
    ("cluster.node-offline", "hosts.rebooted"),
    *((cause, page) for cause in _NO_WRITES for page in _PAGES_FAIL),
)
"""What follows from what wherever both are met, the first cause first: code of the cause, pattern of the
consequences that their own tier could not explain."""


def _downstream(finding: Finding, findings: Sequence[Finding]) -> Finding:
    if finding.cause:
        return finding
    if finding.code == UNKNOWN.code:
        return _unknown(finding, findings)
    present = {other.code for other in findings}
    for cause, pattern in DOWNSTREAM:
        if cause in present and finding.code != cause and fnmatchcase(finding.code, pattern):
            return replace(finding, cause=cause)
    return finding


def _unknown(finding: Finding, findings: Sequence[Finding]) -> Finding:
    """That redundancy is unknown follows from what is unknown or down: the worst of that, the first cause."""
    others = [other for other in findings if not other.cause and other.code != finding.code]
    unwell = [other for other in others if blind(other) or other.health is Health.CRIT]
    return replace(finding, cause=unwell[0].code) if unwell else finding
