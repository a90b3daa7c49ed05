"""Redundancy that is used up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from saitotui.model.finding import Finding, Situation
from saitotui.model.text import size
from saitotui.tiers.redundancy.machines import Machines
from saitotui.tiers.redundancy.services import Mode, Service
from saitotui.tiers.redundancy.situations import (
    APPLICATION_SINGLE,
    CLUSTER_NO_MARGIN,
    CLUSTER_NO_ROOM,
    DATABASE_NO_STANDBY,
    PROXY_SINGLE,
    SHARED_HOST,
    STORAGE_NO_STANDBY,
    WEB_SINGLE,
)

_NO_STANDBY: dict[str, Situation] = {"database": DATABASE_NO_STANDBY, "storage": STORAGE_NO_STANDBY}
_SINGLE: dict[str, Situation] = {
    "application": APPLICATION_SINGLE,
    "proxy": PROXY_SINGLE,
    "web": WEB_SINGLE,
}


def used_up(machines: Machines, services: Sequence[Service]) -> Iterator[Finding]:
    for service in services:
        yield from _service(service)
    yield from _shared(machines, services)
    yield from _cluster(machines)


def _service(service: Service) -> Iterator[Finding]:
    """Only what the profile expects to be redundant can be short of it; what is down is another finding."""
    if len(service.members) < 2:
        return
    evidence = tuple(f"{member.id}: {_word(member.able)}" for member in service.members)
    stops = service.kind.stops
    if service.kind.mode is Mode.ANY:
        if len(service.able) == 1:
            sentence = (
                f"{service.kind.name}: {service.able[0].id} is the only one left; without it {stops} stops"
            )
            yield _SINGLE[service.kind.name].found(service.able[0].id, sentence, *evidence)
    elif service.active is not None and not service.standbys:
        sentence = f"{service.kind.name}: no standby; a second failure stops {stops}"
        yield _NO_STANDBY[service.kind.name].found(service.active.id, sentence, *evidence)
    elif service.last is not None:
        sentence = (
            f"{service.kind.name}: {service.last.id} is the only one left; without it nobody takes over"
        )
        yield _NO_STANDBY[service.kind.name].found(service.last.id, sentence, *evidence)


def _word(able: bool | None) -> str:
    return {True: "works or could take over", False: "cannot", None: "state unknown"}[able]


def _shared(machines: Machines, services: Sequence[Service]) -> Iterator[Finding]:
    """Services all of whose able members run on one cluster node."""
    shared: dict[str, list[str]] = defaultdict(list)
    for service in services:
        carriers = {machines.node_of(member.host) for member in service.able}
        if len(service.able) > 1 and len(carriers) == 1 and "" not in carriers:
            names = " and ".join(member.id for member in service.able)
            shared[carriers.pop()].append(f"{service.kind.name} ({names})")
    for node, pairs in shared.items():
        sentence = f"all of {', '.join(pairs)} runs on {node}"
        yield SHARED_HOST.found(node, sentence, *pairs)


def _cluster(machines: Machines) -> Iterator[Finding]:
    if machines.view is None:
        return
    if machines.view.quorate and machines.margin == 0:
        sentence = "the cluster cannot lose another node: quorum would go with it"
        cause = "cluster.quorum-margin-gone"
        yield CLUSTER_NO_MARGIN.found("cluster", sentence, "votes to spare: 0", cause=cause)
    for name, node in machines.view.nodes.items():
        fits = machines.fits(name) if node.online else None
        if fits is not None and fits[0] > fits[1]:
            sentence = f"if {name} dies, its guests fit nowhere: {size(fits[0])} needed, {size(fits[1])} free"
            yield CLUSTER_NO_ROOM.found(name, sentence, "memory of its HA guests, and free on the others")
