"""`get /cluster/resources`: what runs where, as the cluster file system last heard of it.

Recorded traps: a guest on a dead node keeps `status: running` with frozen counters, and its node's storages
stay `available`, until the guest is recovered or five minutes pass; then only id, node and status `unknown`
are left. An offline node has no cpu, mem, disk and uptime. A token without privileges gets 200 with stripped
entries. PVE 8 calls `sdn` what PVE 9 calls `network`; both are left out here.
"""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.facts.proxmox_fields import Entry, flag, needed, number, records, text, whole
from saitotui.model.command import Answer, Unparsable


@dataclass(frozen=True, slots=True)
class NodeUse:
    """A hypervisor: `cpu` 0..1 of all, sizes in bytes, `ha` online, unknown, fence, maintenance or ``."""

    name: str
    status: str
    ha: str
    cpu: float | None
    cpus: int | None
    memory: float | None
    memory_total: float | None
    disk: float | None
    disk_total: float | None
    uptime: float | None

    @property
    def spare(self) -> float | None:
        """Memory that is not in use, in bytes; None when it does not tell."""
        if self.memory is None or self.memory_total is None:
            return None
        return self.memory_total - self.memory


@dataclass(frozen=True, slots=True)
class GuestUse:
    """A virtual machine (`qemu`) or container (`lxc`); `ha` is its HA state, `` when not managed."""

    vmid: str
    kind: str
    name: str
    node: str
    status: str
    ha: str
    lock: str
    template: bool
    cpu: float | None
    cpus: int | None
    memory: float | None
    memory_total: float | None
    uptime: float | None

    @property
    def sid(self) -> str:
        """The HA service id: `vm:101`, `ct:101`."""
        return f"{'ct' if self.kind == 'lxc' else 'vm'}:{self.vmid}"


@dataclass(frozen=True, slots=True)
class StorageUse:
    """A storage as one node sees it (bytes)."""

    name: str
    node: str
    status: str
    shared: bool
    used: float | None
    total: float | None


@dataclass(frozen=True, slots=True)
class Resources:
    nodes: tuple[NodeUse, ...]
    guests: tuple[GuestUse, ...]
    storages: tuple[StorageUse, ...]

    def node(self, name: str) -> NodeUse | None:
        return next((node for node in self.nodes if node.name == name), None)

    def guest(self, vmid: str) -> GuestUse | None:
        return next((guest for guest in self.guests if guest.vmid == vmid), None)


def resources(answer: Answer) -> Resources:
    """Reads `get /cluster/resources`."""
    nodes: list[NodeUse] = []
    guests: list[GuestUse] = []
    storages: list[StorageUse] = []
    for record in records(answer, "/cluster/resources"):
        match record.get("type"):
            case "node":
                nodes.append(_node(record))
            case "qemu" | "lxc":
                guests.append(_guest(record))
            case "storage":
                storages.append(_storage(record))
    if not nodes:
        raise Unparsable("/cluster/resources names no node")
    return Resources(
        tuple(sorted(nodes, key=lambda node: node.name)),
        tuple(sorted(guests, key=lambda guest: (len(guest.vmid), guest.vmid))),
        tuple(sorted(storages, key=lambda storage: (storage.name, storage.node))),
    )


def _node(record: Entry) -> NodeUse:
    return NodeUse(
        name=needed(record, "node", "a node in /cluster/resources"),
        status=text(record, "status"),
        ha=text(record, "hastate"),
        cpu=number(record, "cpu"),
        cpus=whole(record, "maxcpu"),
        memory=number(record, "mem"),
        memory_total=number(record, "maxmem"),
        disk=number(record, "disk"),
        disk_total=number(record, "maxdisk"),
        uptime=number(record, "uptime"),
    )


def _guest(record: Entry) -> GuestUse:
    return GuestUse(
        vmid=needed(record, "vmid", "a guest in /cluster/resources"),
        kind=text(record, "type"),
        name=text(record, "name"),
        node=text(record, "node"),
        status=text(record, "status"),
        ha=text(record, "hastate"),
        lock=text(record, "lock"),
        template=flag(record, "template") is True,
        cpu=number(record, "cpu"),
        cpus=whole(record, "maxcpu"),
        memory=number(record, "mem"),
        memory_total=number(record, "maxmem"),
        uptime=number(record, "uptime"),
    )


def _storage(record: Entry) -> StorageUse:
    return StorageUse(
        name=needed(record, "storage", "a storage in /cluster/resources"),
        node=text(record, "node"),
        status=text(record, "status"),
        shared=flag(record, "shared") is True,
        used=number(record, "disk"),
        total=number(record, "maxdisk"),
    )
