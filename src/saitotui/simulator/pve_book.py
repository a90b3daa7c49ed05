"""What a Proxmox VE cluster keeps in its cluster file system (pmxcfs, `/etc/pve`): one shared book.

Only a node in the quorate partition writes it; a node without quorum reads the copy it had when it lost it.
Times are seconds since the epoch. The shapes follow pve-ha-manager 5.2 (`manager_status`, `lrm_status`).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field

LOCK_LIFETIME = 120.0
"""Seconds after which a lock that its holder does not renew may be taken (pmxcfs)."""


@dataclass(slots=True)
class GuestConfig:
    """A guest's configuration: `node` is whose folder it lies in; `lock` is `migrate` while it moves."""

    vmid: int
    name: str
    node: str
    cores: int
    memory: int
    disk: int
    tags: str = ""
    lock: str = ""


@dataclass(slots=True)
class Resource:
    """An HA resource as configured (`/etc/pve/ha/resources.cfg`)."""

    sid: str
    state: str = "started"
    max_restart: int = 1
    max_relocate: int = 1
    comment: str = ""

    @property
    def vmid(self) -> int:
        return int(self.sid.partition(":")[2])


@dataclass(slots=True)
class Service:
    """A resource in the manager's book; `uid` changes with every request to a local resource manager."""

    sid: str
    node: str
    state: str = "request_start"
    uid: str = ""
    target: str = ""
    running: bool = False
    failed_nodes: list[str] = field(default_factory=list)
    maintenance_node: str = ""


@dataclass(slots=True)
class Result:
    """What a local resource manager reports of one request."""

    sid: str
    state: str
    exit_code: int


@dataclass(slots=True)
class LrmStatus:
    """What a node's local resource manager last wrote."""

    state: str = "wait_for_agent_lock"
    mode: str = "active"
    timestamp: float = 0.0
    results: dict[str, Result] = field(default_factory=dict)


@dataclass(slots=True)
class Lock:
    holder: str
    renewed: float


@dataclass(slots=True)
class Apart:
    """A rule of type resource-affinity, negative: its resources do not share a node."""

    rule: str
    sids: tuple[str, ...]


@dataclass(slots=True)
class Book:
    """The cluster file system's content, as far as this platform uses it."""

    guests: dict[int, GuestConfig] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    rules: list[Apart] = field(default_factory=list)
    services: dict[str, Service] = field(default_factory=dict)
    lrms: dict[str, LrmStatus] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    maintenance: dict[str, bool] = field(default_factory=dict)
    """Nodes that were ever asked for: True while maintenance is requested, False once it was given back."""
    disarm: str = ""
    """`disarming` or `disarmed`; empty while HA is armed."""
    disarm_mode: str = ""
    """What becomes of resources meanwhile: `freeze` or `ignore`."""
    commands: list[str] = field(default_factory=list)
    locks: dict[str, Lock] = field(default_factory=dict)
    master: str = ""
    timestamp: float = 0.0
    requests: int = 0

    def take(self, lock: str, node: str, now: float) -> bool:
        """Takes or renews `lock`; False while another node holds it."""
        held = self.locks.get(lock)
        if held is not None and held.holder != node and now - held.renewed <= LOCK_LIFETIME:
            return False
        self.locks[lock] = Lock(node, now)
        return True

    def release(self, lock: str) -> None:
        self.locks.pop(lock, None)

    def change(self, service: Service, state: str, *, node: str = "", target: str = "") -> None:
        """Moves a service to `state`, as a new request."""
        service.state, service.target, service.running = state, target, False
        service.node = node or service.node
        self.requests += 1
        digest = hashlib.md5(f"{service.sid} {self.requests}".encode(), usedforsecurity=False).digest()
        service.uid = b64encode(digest).decode().rstrip("=")

    def digest(self) -> str:
        """The digest that PVE gives with each HA resource: of the whole configuration."""
        text = "".join(f"{resource}" for resource in self.resources.values())
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
