"""Which machine carries what: hypervisors, guests, hosts, and the nodes that fall with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from saitotui.facts.proxmox_resources import GuestUse
from saitotui.model.profile import Guest, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.topology import Node, TierPicture
from saitotui.tiers.cluster.judge_guests import guest_id, title
from saitotui.tiers.cluster.judge_nodes import margin
from saitotui.tiers.cluster.questions import ask
from saitotui.tiers.cluster.view import View, look

RECOVERY = "2-3 minutes"
"""How long HA takes to fence a node and restart its guests (measured, see the cluster tier)."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A guest on a node: the profile's host inside it (``: none), and whether HA restarts it elsewhere."""

    guest: GuestUse
    name: str
    host: str
    restarts: bool


@dataclass(frozen=True, slots=True)
class Machines:
    """The cluster as carrier of everything else; `view` None when the profile has no cluster."""

    pictures: Sequence[TierPicture]
    view: View | None = None
    on_host: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the nodes that run on a host of the profile."""

    @property
    def margin(self) -> int | None:
        """Votes that may be lost before quorum is."""
        return margin(self.view) if self.view else None

    def guests(self, node: str) -> Iterator[Carried]:
        """Guests that run on a cluster node."""
        for guest in self.view.guests if self.view else ():
            if guest.node == node and guest.status == "running":
                yield self._carried(guest)

    def node_of(self, host: str) -> str:
        """The cluster node that carries a host: the one that is it, or that its guest runs on."""
        if self.view is None or not host:
            return ""
        for name, node in self.view.nodes.items():
            if node.host == host:
                return name
        inside = {carried.host: carried.guest.node for carried in self._all()}
        return inside.get(host, "")

    def carrier(self, node: Node) -> str:
        """The cluster node that `node` is: by name, as its host or its rented machine; '' for others."""
        if node.kind == "hypervisor":
            return node.id
        name = self.node_of(node.host) if node.kind in ("host", "server") else ""
        known = self.view.nodes.get(name) if self.view else None
        return name if known is not None and known.host == node.host else ""

    def fallen(self, node: Node) -> tuple[str, ...]:
        """Ids of all nodes that are lost with `node`."""
        if carrier := self.carrier(node):
            return self.on_node(carrier)
        if node.kind in ("host", "server"):
            return self._with_host(node.host)
        if node.kind == "guest":
            return (node.id, *self._with_host(node.host))
        return (node.id,)

    def fits(self, node: str) -> tuple[float, float] | None:
        """Memory (bytes) that HA would need elsewhere for the guests of `node`, and what the others have
        free; None when not known."""
        if self.view is None or self.view.resources is None:
            return None
        sizes = [carried.guest.memory_total for carried in self.guests(node) if carried.restarts]
        others = [
            (use.memory_total, use.memory)
            for use in self.view.resources.nodes
            if use.name != node and self.view.sighted(use.name)
        ]
        if any(size is None for size in sizes) or any(None in pair for pair in others):
            return None
        need = sum(size for size in sizes if size is not None)
        free = sum(total - used for total, used in others if total is not None and used is not None)
        return need, free

    def _all(self) -> Iterator[Carried]:
        for guest in self.view.guests if self.view else ():
            yield self._carried(guest)

    def _carried(self, guest: GuestUse) -> Carried:
        assert self.view is not None
        expected = self.view.cluster.guests.get(guest.vmid, Guest())
        managed = self.view.ha.service(guest.sid) if self.view.ha else None
        restarts = managed is not None and managed.request in ("started", "enabled")
        return Carried(guest, title(self.view, guest), expected.host, restarts)

    def on_node(self, name: str) -> tuple[str, ...]:
        """Ids of a cluster node and of everything on it."""
        known = self.view.nodes.get(name) if self.view else None
        ids = [name, *self._with_host(known.host if known else "")]
        for carried in self.guests(name):
            ids += [guest_id(carried.guest.vmid), *self._with_host(carried.host)]
        return tuple(dict.fromkeys(ids))

    def _with_host(self, host: str) -> tuple[str, ...]:
        return self.on_host.get(host, ())


def machines(profile: Profile, snapshot: Snapshot, pictures: Sequence[TierPicture]) -> Machines:
    """The carriers of a platform."""
    on_host: dict[str, tuple[str, ...]] = {}
    for node in (node for picture in pictures for node in picture.nodes if node.host):
        on_host[node.host] = (*on_host.get(node.host, ()), node.id)
    if profile.cluster is None:
        return Machines(pictures, on_host=on_host)
    asked = ask(profile.cluster, profile.poll)
    return Machines(pictures, look(profile, profile.cluster, asked, snapshot), on_host)
