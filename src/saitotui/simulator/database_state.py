"""The state of one simulated MariaDB server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from saitotui.simulator.world import Machine

VERSION = "10.11.19-MariaDB-0+deb12u1-log"
UNIT = "mariadb"
PORT = 3306
TICK = 0.5
"""Seconds between two steps of load and replication."""
WRITES = 40.0
"""Transactions a second that applications write, while they can."""
START = 413_370
HEARTBEAT = 3.0
"""Seconds until a replica notices that its master is gone."""


@dataclass
class Replication:
    """What a server replicates from, and how it fares."""

    source: str
    io_wanted: bool = True
    sql_wanted: bool = True
    io_errno: int = 0
    io_error: str = ""
    sql_errno: int = 0
    sql_error: str = ""
    connected: bool = True
    lost_at: float = 0.0
    delay: int = 0

    @property
    def io(self) -> str:
        if not self.io_wanted or self.io_errno in (1236, 1045):
            return "No" if self.io_errno != 1045 else "Connecting"
        return "Yes" if self.connected else "Connecting"

    @property
    def sql(self) -> str:
        return "Yes" if self.sql_wanted and not self.sql_errno else "No"


@dataclass
class Connected:
    """A session of a server."""

    id: int
    user: str
    host: str
    since: float
    command: str = "Sleep"
    state: str = ""
    info: str = ""
    killed: bool = False
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when its statement was killed."""


@dataclass
class DbServer:
    """One server. `log` is its binary log state: the last sequence number of each server's transactions."""

    name: str
    machine: Machine
    server_id: int
    read_only: bool
    log: dict[int, int] = field(default_factory=dict)
    slave_pos: tuple[int, int] = (1, START)
    replication: Replication | None = None
    semi_sync_enabled: bool = False
    wait_no_slave: bool = False
    sync_binlog: int = 1
    max_connections: int = 200
    log_bin: bool = True
    configured: bool = True
    """Whether it runs by an option file of a pair's; Debian's own makes it a server alone."""
    schemas: set[str] = field(default_factory=lambda: {"app"})
    users: dict[str, str] = field(default_factory=dict)
    """Password by account."""
    sessions: dict[int, Connected] = field(default_factory=dict)
    next_id: int = 33_730
    locked_by: int = 0
    unlocked: asyncio.Event = field(default_factory=asyncio.Event)
    user_locks: dict[str, int] = field(default_factory=dict)
    """Names taken with GET_LOCK, and the session that holds each."""
    user_unlocked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a user lock is given back, and replaced."""
    rows: dict[int, str] = field(default_factory=dict)
    questions: float = 0.0
    extra_connections: int = 0
    long_transaction: int = 0
    """When a long transaction began, UTC seconds; 0: there is none."""
    lag: float = 0.0
    """Seconds by which its replication is behind."""
    version: str = VERSION
    events: dict[str, bool] = field(default_factory=dict)
    """Scheduled events, `schema.name`, and whether each is enabled here."""
    event_scheduler: bool = False

    @property
    def up(self) -> bool:
        return self.machine.runs(UNIT)

    @property
    def sequence(self) -> int:
        return max(self.log.values(), default=0)

    @property
    def position(self) -> str:
        """gtid_binlog_pos: the last transaction in the log."""
        if not self.log:
            return ""
        server = max(self.log, key=lambda one: self.log[one])
        return f"0-{server}-{self.log[server]}"

    @property
    def state(self) -> str:
        """gtid_binlog_state: the last of each server, the newest last."""
        return ",".join(
            f"0-{server}-{seq}" for server, seq in sorted(self.log.items(), key=lambda one: one[1])
        )

    @property
    def frozen(self) -> bool:
        return self.locked_by != 0

    def write(self, count: int = 1) -> None:
        """Commits transactions of its own."""
        self.log[self.server_id] = self.sequence + count
