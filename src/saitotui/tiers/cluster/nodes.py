"""The cluster, its nodes and its guests as nodes of the topology."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.facts.proxmox_resources import GuestUse
from saitotui.model.health import Health, worst
from saitotui.model.text import duration, size
from saitotui.model.topology import Edge, Fact, Node
from saitotui.tiers.cluster.fencing import Fencing, Phase
from saitotui.tiers.cluster.judge_guests import guest_id, ha_word, title
from saitotui.tiers.cluster.judge_ha import countdown
from saitotui.tiers.cluster.judge_nodes import margin
from saitotui.tiers.cluster.judge_use import percent
from saitotui.tiers.cluster.links import pairs
from saitotui.tiers.cluster.view import NodeView, View

TIER = "cluster"

_STATES = {
    "started": Health.OK,
    "stopped": Health.OK,
    "disabled": Health.OK,
    "ignored": Health.OK,
    "freeze": Health.MAINT,
    "error": Health.CRIT,
}
"""How well a guest is by HA's word; every other word is HA at work."""


def nodes(view: View, found: Mapping[str, Health]) -> tuple[Node, ...]:
    """All nodes; `found` is the worst finding about each."""
    hypervisors = [_hypervisor(view, node, found) for node in view.nodes.values()]
    guests = [_guest(view, guest, found) for guest in view.guests]
    return (_cluster(view, found), *hypervisors, *guests)


def edges(view: View) -> Iterator[Edge]:
    """Corosync links between nodes, and which guest runs where."""
    for pair in pairs(view):
        gone = view.gone(pair.one) or view.gone(pair.other)
        health = Health.OK if pair.up else Health.CRIT if gone else Health.WARN
        yield Edge(pair.one, pair.other, "corosync", health, f"link {pair.number}")
    for guest in view.guests:
        if guest.node:
            yield Edge(guest_id(guest.vmid), guest.node, "runs-on", guest_health(view, guest), "")


def state(node: NodeView) -> tuple[str, Health]:
    """One word for a node, and how well it is by that word."""
    if node.online is False:
        return ("cut off" if node.ssh_alive else "offline"), Health.CRIT
    if node.online is None:
        return "unknown", Health.UNKNOWN
    return ("maintenance", Health.MAINT) if node.maintenance else ("online", Health.OK)


def guest_state(view: View, guest: GuestUse) -> str:
    """The guest's state; `unknown` where PVE's word proves nothing, `dead` where the opposite is proven."""
    if view.dead(guest.node) and guest.status != "stopped":
        return "dead"
    return guest.status if view.sighted(guest.node) else "unknown"


def guest_health(view: View, guest: GuestUse) -> Health:
    word = ha_word(view, guest)
    state = guest_state(view, guest)
    if word == "error" or state == "dead":
        return Health.CRIT
    if state == "unknown":
        return Health.UNKNOWN
    return _STATES.get(word, Health.WARN) if word else Health.OK


def quorum_word(node: NodeView) -> tuple[str, Health]:
    """Quorum as that node itself sees it: `3 of 3`, `1 of 3: none`, `?`."""
    quorum = node.quorum
    if quorum is None:
        return "?", Health.UNKNOWN
    if not quorum.running:
        return "corosync down", Health.CRIT
    votes = f"{quorum.total} of {quorum.expected}"
    return (votes, Health.OK) if quorum.quorate else (f"{votes}: no quorum", Health.CRIT)


def links_word(node: NodeView) -> str:
    """Peers connected over each link: `0: 2 of 2, 1: 1 of 2`."""
    if node.links is None:
        return "?"
    words = []
    for link in node.links.links:
        peers = [up for peer, up in link.peers.items() if peer != node.links.node_id]
        words.append(f"{link.number}: {sum(peers)} of {len(peers)}")
    return ", ".join(words) or "none"


def share(part: float | None, whole: float | None) -> str:
    """`18% of 23 GiB`, `?` when unknown."""
    used = percent(part, whole)
    return f"{used:.0f}% of {size(whole)}" if used is not None and whole is not None else "?"


def lrm_word(node: NodeView) -> str:
    if node.lrm is None:
        return "?"
    return node.lrm.state + (f", watchdog {node.lrm.watchdog}" if node.lrm.watchdog else "")


def fencing_word(fence: Fencing | None) -> str:
    if fence is None:
        return ""
    return "not fenced: no HA guest there" if fence.phase is Phase.NOT else countdown(fence)


def master(view: View) -> str:
    return view.ha.master.node if view.ha and view.ha.master else ""


def _cluster(view: View, found: Mapping[str, Health]) -> Node:
    known = view.status.name if view.status else view.cluster.name
    spare = margin(view)
    quorum = {True: "quorate", False: "no quorum", None: "?"}[view.quorate]
    base = {True: Health.OK, False: Health.CRIT, None: Health.UNKNOWN}[view.quorate]
    online = sum(node.online is True for node in view.nodes.values())
    facts = (
        Fact("name", known or "?"),
        Fact("quorum", quorum, base),
        Fact("votes to spare", "?" if spare is None else str(spare)),
        Fact("asked by API", view.status.asked if view.status else "?"),
        Fact("HA manager", master(view) or "?"),
        Fact("HA", (view.ha.armed or "armed state not told") if view.ha else "?"),
    )
    summary = f"{quorum}, {online} of {len(view.nodes)} nodes online"
    return Node(TIER, TIER, "cluster", worst([base, found.get(TIER, Health.OK)]), quorum, summary, facts)


def _hypervisor(view: View, node: NodeView, found: Mapping[str, Health]) -> Node:
    word, base = state(node)
    role = "" if node.online is None else "manager" if master(view) == node.name else "member"
    here = [guest for guest in view.guests if guest.node == node.name]
    fresh = node.use if view.sighted(node.name) else None
    quorum, quorum_health = quorum_word(node)
    facts = [
        Fact("state", word, base),
        Fact("quorum, its own view", quorum, quorum_health),
        Fact("corosync links", links_word(node)),
        Fact("HA manager's verdict", node.verdict or "?"),
        Fact("LRM", lrm_word(node)),
        Fact(
            "processors",
            f"{100 * fresh.cpu:.0f}% of {fresh.cpus}" if fresh and fresh.cpu is not None else "?",
        ),
        Fact("memory", share(fresh.memory, fresh.memory_total) if fresh else "?"),
        Fact("load", load_word(node)),
        Fact("up", duration(fresh.uptime) if fresh and fresh.uptime is not None else "?"),
        Fact("version", node.detail.version if node.detail else "?"),
        Fact("kernel", node.detail.kernel if node.detail else "?"),
        Fact("address", node.address or "?"),
        Fact("guests", ", ".join(title(view, guest) for guest in here) or "none"),
    ]
    if node.fencing is not None:
        facts.insert(1, Fact("fencing", fencing_word(node.fencing)))
    facts += [Fact(f"{way} fails", failure.sentence) for way, failure in node.failures.items()]
    return Node(
        node.name,
        TIER,
        "hypervisor",
        worst([base, found.get(node.name, Health.OK)]),
        role,
        fencing_word(node.fencing) or f"{word}, {len(here)} guests",
        tuple(facts),
        node.host,
    )


def load_word(node: NodeView) -> str:
    """Load averages from the host itself, else from the API."""
    loads = node.facts.load if node.facts else node.detail.load if node.detail else ()
    return " ".join(f"{load:.2f}" for load in loads) or "?"


def _guest(view: View, guest: GuestUse, found: Mapping[str, Health]) -> Node:
    state, base = guest_state(view, guest), guest_health(view, guest)
    expected = view.cluster.guests.get(guest.vmid)
    fresh = state == "running"
    word = ha_word(view, guest)
    facts = (
        Fact("name", title(view, guest)),
        Fact("kind", "container" if guest.kind == "lxc" else "virtual machine"),
        Fact("state", state, base),
        Fact("PVE says", guest.status),
        Fact("node", guest.node or "?"),
        Fact("HA", word or "not managed"),
        Fact("locked by", guest.lock or "nothing"),
        Fact("processors", f"{100 * guest.cpu:.0f}%" if fresh and guest.cpu is not None else "?"),
        Fact("memory", size(guest.memory_total) if guest.memory_total is not None else "?"),
        Fact("up", duration(guest.uptime) if fresh and guest.uptime is not None else "?"),
    )
    summary = f"{state} on {guest.node}" + (f", HA {word}" if word else "")
    subject = guest_id(guest.vmid)
    return Node(
        subject,
        TIER,
        "guest",
        worst([base, found.get(subject, Health.OK)]),
        state,
        summary,
        facts,
        expected.host if expected else "",
    )
