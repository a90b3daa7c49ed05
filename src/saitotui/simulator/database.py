"""A pair of MariaDB 10.11 servers: roles, replication by GTID, semi-sync, locks, a steady load of writes.

Positions are those of MariaDB (Knowledge Base, "Global Transaction ID"): one domain, the server's id, a
sequence number that grows with each transaction of the domain.
"""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.simulator import database_faults
from saitotui.simulator.database_build import Building
from saitotui.simulator.database_rebuild import Rebuilds
from saitotui.simulator.database_state import HEARTBEAT, START, TICK, UNIT, WRITES, DbServer, Replication
from saitotui.simulator.haproxy import HaproxyPart
from saitotui.simulator.world import Machine, World

REFUSED_2003 = (
    "error reconnecting to master 'repl@{address}:3306' - retry-time: 1  maximum-retries: 100000  "
    "message: Can't connect to server on '{address}' (111 \"Connection refused\")"
)
DIVERGED_1236 = (
    "Got fatal error 1236 from master when reading data from binary log: 'Error: connecting slave requested "
    "to start from GTID {gtid}, which is not in the master's binlog. Since the master's binlog contains "
    "GTIDs with higher sequence numbers, it probably means that the slave has diverged due to executing "
    "extra erroneous transactions'"
)


class DatabasePart:
    """db1 and db2; `haproxy` says where applications get to."""

    name = "database"

    def __init__(self, world: World, haproxy: HaproxyPart, passwords: Mapping[str, str]) -> None:
        self.world = world
        self.haproxy = haproxy
        machines = world.machines
        for name in ("db1", "db2"):
            machines[name].services.setdefault(UNIT, "running")
        db1 = DbServer("db1", machines["db1"], 1, read_only=False, semi_sync_enabled=True)
        db2 = DbServer("db2", machines["db2"], 2, read_only=True, replication=Replication("db1"))
        self.servers = {"db1": db1, "db2": db2}
        for server in self.servers.values():
            server.log = {2: START - 410, 1: START}
            server.users = dict(passwords)
            server.unlocked.set()
        world.join(self)
        world.clock.every(TICK, self._tick)
        database_faults.register(self)
        self.rebuilds = Rebuilds(self)
        self.building = Building(self)

    def server_at(self, address: str) -> DbServer | None:
        """The server of that address or name."""
        return next((s for s in self.servers.values() if address in (s.name, s.machine.address)), None)

    @property
    def writable_through(self) -> bool:
        """Whether an application can write now: through some balancer, to a server that lets it."""
        for name in self.haproxy.nodes:
            target = self.haproxy.route(name)
            server = self.servers.get(target)
            if server is not None and server.up and not server.read_only and not server.frozen:
                return True
        return False

    def semi_sync_clients(self, server: DbServer) -> int:
        return sum(
            other.replication is not None
            and other.replication.source == server.name
            and other.replication.io == "Yes"
            and other.up
            for other in self.servers.values()
        )

    def changed(self, machine: Machine) -> None:
        server = self.servers.get(machine.name)
        if server is not None and not machine.powered:
            server.sessions.clear()
            server.locked_by = 0
            server.unlocked.set()
        if server is not None and not server.up and server.machine.services.get(UNIT) == "stopped":
            server.sessions.clear()
            server.read_only = True
        self._connect_all()

    def _tick(self) -> None:
        for name in self.haproxy.nodes:
            server = self.servers.get(self.haproxy.route(name))
            if server is not None and server.up and not server.machine.cut:
                server.questions += 4 * WRITES * TICK / len(self.haproxy.nodes)
                if not server.read_only and not server.frozen:
                    server.write(round(WRITES * TICK / len(self.haproxy.nodes)))
        for server in self.servers.values():
            if server.up and server.event_scheduler and any(server.events.values()) and not server.frozen:
                server.write()  # with the rights of its definer, whom read_only does not stop
        self._connect_all()
        for server in self.servers.values():
            self.replicate(server)

    def _connect_all(self) -> None:
        for server in self.servers.values():
            if server.replication is not None:
                self._connect(server, server.replication)

    def _connect(self, server: DbServer, replication: Replication) -> None:
        source = self.servers.get(replication.source)
        reached = source is not None and source.up and self.world.connected(server.name, source.name)
        now = self.world.clock.now()
        if reached:
            replication.connected, replication.lost_at = True, 0.0
            if replication.io_errno == 2003:
                replication.io_errno, replication.io_error = 0, ""
            return
        replication.lost_at = replication.lost_at or now
        refused = source is not None and source.machine.reachable
        if replication.io_wanted and (refused or now - replication.lost_at >= HEARTBEAT):
            replication.connected = False
            if replication.io_errno == 0:
                address = source.machine.address if source is not None else replication.source
                replication.io_errno, replication.io_error = 2003, REFUSED_2003.format(address=address)

    def replicate(self, server: DbServer) -> None:
        """Applies what has arrived by now."""
        replication = server.replication
        if replication is None or not server.up or replication.io != "Yes" or replication.sql != "Yes":
            return
        source = self.servers[replication.source]
        if self._diverged(server, source):
            return
        behind = max(server.lag, float(replication.delay))
        held = round(behind * WRITES)
        for origin, sequence in source.log.items():
            reached = sequence - held if sequence == source.sequence else sequence
            if reached > server.log.get(origin, 0):
                server.log[origin] = reached
                server.slave_pos = (origin, reached)
        if not behind:
            server.rows.update(source.rows)
            server.events = dict.fromkeys(source.events, False)
            server.schemas |= source.schemas

    def _diverged(self, server: DbServer, source: DbServer) -> bool:
        """Whether `server` has transactions of its own that `source` does not know: replication stops."""
        own = server.log.get(server.server_id, 0)
        if own <= source.log.get(server.server_id, 0):
            return False
        assert server.replication is not None
        gtid = f"0-{server.server_id}-{own}"
        server.replication.io_errno = 1236
        server.replication.io_error = DIVERGED_1236.format(gtid=gtid)
        return True

    def seconds_behind(self, server: DbServer) -> float | None:
        """Seconds_Behind_Master: NULL while a thread does not run."""
        replication = server.replication
        if replication is None or replication.io != "Yes" or replication.sql != "Yes":
            return None
        return server.lag if server.lag else float(replication.delay)
