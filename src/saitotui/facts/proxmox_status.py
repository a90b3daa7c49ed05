"""`get /cluster/status` and `get /nodes/NODE/status`: membership, versions, load.

Shapes from recorded PVE 8.4 and 9.2 answers. `/cluster/status` is answered by each node from its own view
(pmxcfs): a node without quorum says `quorate: 0` and that all others are offline.
"""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.facts.proxmox_fields import entry, flag, needed, number, records, text, whole
from saitotui.model.command import Answer, Unparsable


@dataclass(frozen=True, slots=True)
class Member:
    """One node as the answering node sees it; `online` None when it does not say."""

    name: str
    id: int
    address: str
    online: bool | None
    local: bool


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """Membership in the eyes of the node that answered (`local`). A standalone node has no cluster name
    and `quorate` None."""

    name: str
    quorate: bool | None
    version: int | None
    members: tuple[Member, ...]

    @property
    def asked(self) -> str:
        """Name of the node whose view this is."""
        return next((member.name for member in self.members if member.local), "")

    @property
    def needed(self) -> int:
        """Votes that quorum takes; each node has one."""
        return len(self.members) // 2 + 1

    def online_without(self, *nodes: str) -> int:
        """Votes that are there, but those of `nodes`."""
        return sum(member.online is True and member.name not in nodes for member in self.members)

    def member(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)

    def name_of(self, node_id: int) -> str:
        return next((member.name for member in self.members if member.id == node_id), "")


@dataclass(frozen=True, slots=True)
class NodeDetail:
    """`get /nodes/NODE/status`, which NODE itself answers (proxied): bytes, loads, seconds."""

    version: str
    kernel: str
    load: tuple[float, ...]
    cpu: float | None
    memory_used: float | None
    memory_total: float | None
    root_used: float | None
    root_total: float | None
    uptime: float | None


def cluster_status(answer: Answer) -> ClusterStatus:
    """Reads `get /cluster/status`."""
    name, quorate, version = "", None, None
    members: list[Member] = []
    for record in records(answer, "/cluster/status"):
        if record.get("type") == "cluster":
            name, quorate, version = text(record, "name"), flag(record, "quorate"), whole(record, "version")
        elif record.get("type") == "node":
            members.append(
                Member(
                    needed(record, "name", "a node in /cluster/status"),
                    whole(record, "nodeid") or 0,
                    text(record, "ip"),
                    flag(record, "online"),
                    flag(record, "local") is True,
                )
            )
    if not members:
        raise Unparsable("/cluster/status names no node")
    return ClusterStatus(name, quorate, version, tuple(sorted(members, key=lambda member: member.name)))


def node_detail(answer: Answer) -> NodeDetail:
    """Reads `get /nodes/NODE/status`; `pveversion` is `pve-manager/9.2.11/REPOID`, loads are texts."""
    record = entry(answer.data, "/nodes/NODE/status")
    parts = text(record, "pveversion").split("/")
    loads = record.get("loadavg")
    memory, root = entry(record.get("memory") or {}, "memory"), entry(record.get("rootfs") or {}, "rootfs")
    kernel = entry(record.get("current-kernel") or {}, "current-kernel")
    values = [number({"load": load}, "load") for load in loads] if isinstance(loads, list) else []
    return NodeDetail(
        version=parts[1] if len(parts) > 1 else "",
        kernel=text(kernel, "release") or text(record, "kversion"),
        load=tuple(value for value in values[:3] if value is not None),
        cpu=number(record, "cpu"),
        memory_used=number(memory, "used"),
        memory_total=number(memory, "total"),
        root_used=number(root, "used"),
        root_total=number(root, "total"),
        uptime=number(record, "uptime"),
    )
