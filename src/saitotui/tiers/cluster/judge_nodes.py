"""Findings about membership: nodes, quorum, links."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.text import duration
from saitotui.tiers.cluster.fencing import WATCHDOG
from saitotui.tiers.cluster.links import missing_links, worn_links
from saitotui.tiers.cluster.situations import (
    COROSYNC_DOWN,
    LINK_DOWN,
    LINK_MISSING,
    NODE_MISSING,
    NODE_OFFLINE,
    NODE_UNEXPECTED,
    NODE_UNREACHABLE,
    QUORUM_LOST,
    QUORUM_MARGIN_GONE,
    VIEWS_DISAGREE,
)
from saitotui.tiers.cluster.view import NodeView, View

SUBJECT = "cluster"


def node_findings(view: View) -> Iterator[Finding]:
    yield from _quorum(view)
    for node in view.nodes.values():
        if node.online is False:
            yield _offline(view, node)
        elif (known := _unknown_to_cluster(view, node)) is not None:
            yield known
        elif node.quorum is not None and not node.quorum.running:
            yield COROSYNC_DOWN.found(
                node.name, f"corosync does not run on {node.name}", f"{node.name}: {node.quorum.reason}"
            )
        elif node.isolated and view.quorate:
            yield _isolated(view, node)
        elif node.failures:
            yield _unreachable(node)
    yield from _links(view)


def margin(view: View) -> int | None:
    """Votes that may still be lost before quorum is; None when it cannot be told."""
    for node in view.nodes.values():
        if node.quorum is not None and node.quorum.quorate and node.quorum.needed:
            return node.quorum.total - node.quorum.needed
    if view.status is None or not view.status.quorate:
        return None
    return view.status.online_without() - view.status.needed


def _quorum(view: View) -> Iterator[Finding]:
    evidence = [
        f"{node.name} counts {node.quorum.total} of {node.quorum.expected} votes, needs {node.quorum.needed}"
        for node in view.nodes.values()
        if node.quorum is not None and node.quorum.running
    ]
    if view.quorate is False:
        if view.status is not None:
            evidence.append(f"/cluster/status on {view.status.asked}: quorate 0")
        heard = "every node that answers is" if len(evidence) > 1 else "the only node that answers is"
        sentence = f"the cluster has no quorum: {heard} without it"
        yield QUORUM_LOST.found(SUBJECT, sentence, *evidence)
    elif view.quorate and margin(view) == 0:
        lost = [node.name for node in view.nodes.values() if node.online is False]
        cause = NODE_OFFLINE.code if lost else ""
        sentence = "one more lost node takes quorum away"
        if lost:
            sentence += (
                f" ({', '.join(lost)} is gone)" if len(lost) == 1 else f" ({', '.join(lost)} are gone)"
            )
        yield QUORUM_MARGIN_GONE.found(SUBJECT, sentence, *evidence, cause=cause)


def _offline(view: View, node: NodeView) -> Finding:
    evidence = []
    if view.status is not None:
        evidence.append(f"/cluster/status on {view.status.asked}: {node.name} online 0")
    if node.verdict:
        evidence.append(f"HA manager: {node.name} {node.verdict}")
    if node.fencing is not None and node.fencing.silent is not None:
        evidence.append(f"its LRM last wrote {duration(node.fencing.silent)} ago")
    if node.ssh_alive:
        sentence = f"{node.name} left the cluster but answers by SSH: it is alive and cut off"
        evidence.append(f"{node.name} answers by SSH")
    else:
        sentence = f"{node.name} left the cluster"
        if "SSH" in node.failures:
            sentence += " and does not answer by SSH"
            evidence.append(node.failures["SSH"].sentence)
    stranded = [guest.name or guest.vmid for guest in view.guests if guest.node == node.name]
    if stranded:
        sentence += f"; {', '.join(stranded[:6])} {'was' if len(stranded) == 1 else 'were'} there"
    return NODE_OFFLINE.found(node.name, sentence, *evidence)


def _unknown_to_cluster(view: View, node: NodeView) -> Finding | None:
    if view.status is None or not view.trusted:
        return None
    if view.status.member(node.name) is None:
        return NODE_MISSING.found(
            node.name,
            f"the cluster does not know {node.name}",
            f"/cluster/status on {view.status.asked} names "
            + ", ".join(member.name for member in view.status.members),
        )
    if not node.expected:
        return NODE_UNEXPECTED.found(
            node.name, f"{node.name} is in the cluster but not in the profile", f"address {node.address}"
        )
    return None


def _isolated(view: View, node: NodeView) -> Finding:
    quorum = node.quorum
    votes = f"{quorum.total} of {quorum.expected} votes" if quorum else "no votes"
    others = [other.name for other in view.nodes.values() if other.quorum and other.quorum.quorate]
    sentence = f"{node.name} has no quorum ({votes}) while the others have it: it is cut off"
    evidence = [f"{node.name}: quorate no, {votes}", f"quorate: {', '.join(others) or 'by the API'}"]
    if not view.trusted and view.status is not None and view.status.asked == node.name:
        sentence += "; the API answers come from it and are old"
    if node.lrm is not None and node.lrm.watchdog == "active":
        sentence += f"; its watchdog resets it within {WATCHDOG} s"
        evidence.append(f"LRM of {node.name}: watchdog active")
    return VIEWS_DISAGREE.found(node.name, sentence, *evidence)


def _unreachable(node: NodeView) -> Finding:
    ways = " and ".join(sorted(node.failures))
    known = "the cluster says that it is online" if node.online else "nobody says whether it is online"
    sentence = f"{node.name} does not answer this console by {ways}; {known}"
    health = Health.WARN if node.online and len(node.failures) == 1 else None
    evidence = [f"{way}: {failure.sentence}" for way, failure in sorted(node.failures.items())]
    return NODE_UNREACHABLE.found(node.name, sentence, *evidence, health=health)


def _links(view: View) -> Iterator[Finding]:
    for worn in worn_links(view):
        yield LINK_DOWN.found(worn.subject, worn.sentence, *worn.evidence)
    for name, count in missing_links(view):
        expected = view.cluster.links
        sentence = f"{name} has {count} corosync link{'s' * (count != 1)}, the profile expects {expected}"
        yield LINK_MISSING.found(name, sentence, f"corosync-cfgtool -s on {name}: {count}")
