"""What a Proxmox cluster will do when a node is lost, cut off or drained: when, and where its guests go.

Times come from PVE's own constants (`fencing`); each is a range, for HA works in rounds. Guests go where HA's
`basic` scheduler puts them: the node with the fewest services of those that the rules allow, the first by
name among equals (pve-ha-manager, PVE/HA/Manager.pm `select_service_node`; ha-manager(1), "Rules").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from saitotui.facts.proxmox_ha import DEAD, RESTING, Rule, Service
from saitotui.facts.proxmox_resources import GuestUse
from saitotui.tiers.cluster.fencing import FENCE_DELAY, LOCK, ROUND, WATCHDOG
from saitotui.tiers.cluster.view import NodeView, View

NOTICED = (5.0, 10.0)
"""Seconds until corosync's token is given up and a new membership formed (three nodes: 3.1 to 3.7 s)."""
BITES = (float(WATCHDOG - 2 * ROUND), float(WATCHDOG + ROUND))
"""Seconds until the watchdog of a node that can no longer write resets it: fed each round, it waits 60 s."""
ACTIVE = ("active", "maintenance mode")
"""An agent in these states holds its lock and feeds a watchdog."""


class Event(StrEnum):
    """What happens to the node."""

    LOSS = "loss"
    """It loses power, or hangs."""
    PARTITION = "partition"
    """It is cut off from the cluster's networks, and lives."""
    MAINTENANCE = "maintenance"
    """It is drained."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Between `earliest` and `latest` seconds after the event `what` happens."""

    earliest: float
    latest: float
    what: str


@dataclass(frozen=True, slots=True)
class Move:
    """Where a guest of the node goes: `target`; empty when it stays down (or, drained, where it is), and
    `why`. `lacks` is what its target is short of memory for it, in bytes."""

    guest: GuestUse
    target: str
    why: str = ""
    lacks: float = 0.0


def quorate_without(view: View, *nodes: str) -> bool | None:
    """Whether the others have quorum; None when nobody says who is there."""
    if view.status is None or not view.trusted:
        return None
    return view.status.online_without(*nodes) >= view.status.needed


def armed_nodes(view: View) -> tuple[str, ...]:
    """Nodes whose agent feeds a watchdog now: without quorum they reset themselves."""
    return tuple(lrm.node for lrm in (view.ha.lrms if view.ha else ()) if lrm.state in ACTIVE)


def disarmed(view: View) -> bool:
    return view.ha is not None and view.ha.disarmed


def moments(view: View, node: str, event: Event) -> tuple[Moment, ...]:
    """What the cluster does, in order."""
    if event is Event.MAINTENANCE:
        return tuple(_drained(view, node))
    found = [Moment(*NOTICED, f"the others call {node} offline")]
    if event is Event.PARTITION:
        found += _cut_off(view, node)
    if not quorate_without(view, node):
        found += _no_quorum(view, node)
    elif not disarmed(view):
        found += _recovered(view, node)
    return tuple(sorted(found, key=lambda moment: moment.latest))


def _drained(view: View, node: str) -> Iterator[Moment]:
    if view.ha is not None and view.ha.master is not None and not disarmed(view):
        yield Moment(5.0, 3.0 * ROUND, f"HA begins to move its guests away from {node}")


def _cut_off(view: View, node: str) -> Iterator[Moment]:
    yield Moment(*NOTICED, f"{node} has no quorum: its guests run on, nothing can be changed there")
    if node in armed_nodes(view):
        yield Moment(*BITES, f"{node} resets itself: its watchdog is armed")


def _no_quorum(view: View, node: str) -> Iterator[Moment]:
    yield Moment(*NOTICED, "the cluster has no quorum: nothing is started, moved, recovered or configured")
    others = [name for name in armed_nodes(view) if name != node]
    if others:
        verb = "resets itself" if len(others) == 1 else "reset themselves"
        yield Moment(*BITES, f"{' and '.join(others)} {verb}, with every guest there")


def _recovered(view: View, node: str) -> Iterator[Moment]:
    if not any(move.target for move in moves(view, node, Event.LOSS)):
        return
    if _leads(view, node):
        yield Moment(LOCK - ROUND, LOCK + 2 * ROUND, "another node leads HA: only then it counts")
        start, end = LOCK + FENCE_DELAY - 2 * ROUND, LOCK + FENCE_DELAY + 3 * ROUND
    else:
        yield Moment(FENCE_DELAY, FENCE_DELAY + 3 * ROUND, f"HA begins to fence {node}")
        start, end = LOCK - ROUND, LOCK + 2 * ROUND
    yield Moment(start, end, "its HA guests are started elsewhere; they boot")


def _leads(view: View, node: str) -> bool:
    master = view.ha.master if view.ha is not None else None
    return master is None or master.node == node or master.state == DEAD


def moves(view: View, node: str, event: Event) -> tuple[Move, ...]:
    """Where the running guests of `node` go, in the order in which HA places them."""
    here = [guest for guest in view.guests if guest.node == node and guest.status == "running"]
    hindrance = _hindrance(view, "" if event is Event.MAINTENANCE else node)
    placed: list[Move] = []
    homes = {service.sid: service.node for service in view.ha.services} if view.ha else {}
    for guest in here:
        service = view.ha.service(guest.sid) if view.ha else None
        if service is None or service.request not in ("started", "enabled"):
            stays = "HA does not manage it: it stays down until the node is back"
            placed.append(
                Move(guest, "", stays if event is not Event.MAINTENANCE else "HA does not manage it")
            )
        elif hindrance or (service.crm_state or service.state) in RESTING:
            placed.append(Move(guest, "", hindrance or f"HA leaves it: {service.state}"))
        else:
            target = _choose(view, service, homes, node)
            homes[guest.sid] = target or service.node
            placed.append(Move(guest, target, "" if target else "no node may run it"))
    return tuple(_weighed(view, placed))


def _hindrance(view: View, lost: str) -> str:
    """Why HA restarts or moves nothing without the node `lost` ('': none), or ''."""
    if disarmed(view):
        return "HA is disarmed"
    quorate = quorate_without(view, lost)
    if quorate is None:
        return "nobody knows whether there is quorum"
    return "" if quorate else "the others have no quorum"


def _choose(view: View, service: Service, homes: dict[str, str], lost: str) -> str:
    """The node that HA's scheduler gives a service; '' when none may run it."""
    allowed = [one.name for one in view.nodes.values() if _takes(one) and one.name != lost]
    for rule in view.rules or ():
        if service.sid in rule.resources:
            allowed = _ruled(rule, service.sid, allowed, homes)
    busy = {name: 0 for name in allowed}
    states = {one.sid: one.crm_state or one.state for one in (view.ha.services if view.ha else ())}
    for sid, home in homes.items():
        if home in busy and states.get(sid) not in ("stopped", "error"):
            busy[home] += 1
    return min(allowed, key=lambda name: (busy[name], name), default="")


def _takes(node: NodeView) -> bool:
    return node.online is True and not node.maintenance


def _ruled(rule: Rule, sid: str, allowed: list[str], homes: dict[str, str]) -> list[str]:
    mates = {homes[other] for other in rule.resources if other != sid and other in homes}
    if rule.kind == "resource-affinity":
        if rule.apart:
            return [name for name in allowed if name not in mates]
        return [name for name in allowed if name in mates] or allowed
    present = [name for name in allowed if name in rule.nodes]
    best = max((rule.nodes[name] for name in present), default=0)
    preferred = [name for name in present if rule.nodes[name] == best]
    return preferred or ([] if rule.strict else allowed)


def forbids(view: View, sid: str, node: str) -> Rule | None:
    """The rule that keeps an HA service off a node; None when none does."""
    homes = {service.sid: service.node for service in view.ha.services} if view.ha else {}
    bound = (rule for rule in view.rules or () if sid in rule.resources)
    return next((rule for rule in bound if not _ruled(rule, sid, [node], homes)), None)


def _weighed(view: View, placed: Sequence[Move]) -> Iterator[Move]:
    """With what each target is short of memory, guest by guest (their full size; bytes)."""
    spare = {
        use.name: use.spare
        for use in (view.resources.nodes if view.resources else ())
        if use.spare is not None
    }
    for move in placed:
        size = move.guest.memory_total or 0.0
        if move.target not in spare:
            yield move
            continue
        lacks = max(0.0, size - spare[move.target])
        spare[move.target] -= size
        yield Move(move.guest, move.target, move.why, lacks)
