"""The state of one simulated HAProxy node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from saitotui.simulator.world import Machine

UNIT = "haproxy"
SOCKET = "/run/haproxy/admin.sock"
CONFIG = "/etc/haproxy/haproxy.cfg"
STATE_FILE = "/var/lib/haproxy/state"
WRITE, READ = "mysql_write", "mysql_read"
CHECK_EVERY = 0.5
FALL, RISE = 3, 2


@dataclass
class BackendServer:
    """One server of one backend on one node."""

    backend: str
    name: str
    number: int
    weight: int = 1
    admin: str = "ready"
    """`ready`, `maint` or `drain`, as the runtime API sets it."""
    configured_off: bool = False
    backup: bool = False
    healthy: bool = True
    score: int = 0
    changed: float = 0.0
    sessions: int = 0
    total: int = 1145
    check: str = "L7OK"

    @property
    def status(self) -> str:
        if self.admin == "maint":
            return "MAINT"
        if not self.healthy:
            return "DOWN"
        return "DRAIN" if self.admin == "drain" else "UP"

    @property
    def takes(self) -> bool:
        return self.status == "UP"


@dataclass
class Node:
    name: str
    machine: Machine
    servers: dict[tuple[str, str], BackendServer] = field(default_factory=dict)
    started: float = 0.0
    cut_hooks: list[Callable[[str], None]] = field(default_factory=list)
    """Told the name of a server whose sessions are shut."""

    def backend(self, name: str) -> list[BackendServer]:
        return [server for (backend, _), server in self.servers.items() if backend == name]
