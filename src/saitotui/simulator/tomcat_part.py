"""The application as a part of the world: nginx on web1 and web2, Tomcats on tc1 to tc3."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from saitotui.simulator import application_build, nginx_tools, service_logs, tomcat_faults, tomcat_tools
from saitotui.simulator.application_build import UPSTREAMS
from saitotui.simulator.http_parts import Passwords, Service
from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.nginx_front import KEPT_LINES, NginxFront, upstreams
from saitotui.simulator.tomcat_cluster import TomcatCluster
from saitotui.simulator.tomcat_http import Backends, TomcatHttp
from saitotui.simulator.world import Machine, World, targets, text_of

WEBS, TOMCATS = ("web1", "web2"), ("tc1", "tc2", "tc3")
NGINX, TOMCAT = "nginx", "tomcat10"
USER = "saitotui"
ROLES = frozenset({"manager-script", "manager-jmx", "manager-status"})
ACCESS_LOG = "/var/log/nginx/access.log"
WEBAPPS = "/var/lib/tomcat10/webapps"


LINK_FAILURE = "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure"
READ_ONLY = (
    "java.sql.SQLException: The MariaDB server is running with the --read-only option "
    "so it cannot execute this statement"
)
NO_CONNECTION = (
    "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, "
    "request timed out after 5000ms."
)


NFS_LOST = "java.nio.file.FileSystemException: /srv/uploads/new: Input/output error"
NFS_FULL = "java.nio.file.FileSystemException: /srv/uploads/new: No space left on device"


class Exporter(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def machine(self) -> Machine: ...


@runtime_checkable
class Exports(Protocol):
    """The storage part: the node that NFS clients reach, None when there is none."""

    @property
    def serving(self) -> Exporter | None: ...


@runtime_checkable
class Balancers(Protocol):
    """The HAProxy part: its nodes by machine, and the server that a node leads to (empty: none)."""

    @property
    def nodes(self) -> Mapping[str, object]: ...

    def route(self, name: str) -> str: ...


class Database(Protocol):
    @property
    def up(self) -> bool: ...

    @property
    def read_only(self) -> bool: ...

    @property
    def frozen(self) -> bool: ...


@runtime_checkable
class Databases(Protocol):
    """The database part: its servers by name."""

    @property
    def servers(self) -> Mapping[str, Database]: ...


class TomcatPart:
    """Implements world.Part and the fabrics of tomcat_cluster and nginx_front."""

    name = "application"

    def __init__(self, world: World, passwords: Passwords) -> None:
        self.world = world
        self._since: dict[str, float | None] = {}
        self._logs: dict[str, deque[str]] = {name: deque(maxlen=KEPT_LINES) for name in WEBS}
        for name, unit in self._units().items():
            world.machines[name].services.setdefault(unit, "running")
            self._since[name] = world.clock.now() - 86_400 if world.machines[name].runs(unit) else None
        self._written = service_logs.ServiceLogs(world, WEBS, TOMCATS)
        addresses = {name: world.machines[name].address for name in TOMCATS}
        self.tomcats = TomcatCluster(self, addresses, seed=world.random.randrange(1 << 30))
        backends = Backends(
            lambda host: self._database(host, False), lambda host: self._database(host, True), self._export
        )
        self.http = TomcatHttp(self.tomcats, {USER: (passwords.tomcat, ROLES)}, backends)
        self.front = NginxFront(self, WEBS, self.tomcats, self.http)
        for name in WEBS:
            files = world.machines[name].files
            files[ACCESS_LOG] = self._log_of(name)
            files[UPSTREAMS] = upstreams(addresses)
        self._faults()
        tomcat_tools.install(world, self.tomcats)
        nginx_tools.install(world, WEBS, self._read_upstreams)
        self.building = application_build.Building(self, WEBS, TOMCATS)
        world.join(self)
        self.tomcats.start()
        self.front.start()

    @staticmethod
    def _units() -> dict[str, str]:
        return {**dict.fromkeys(WEBS, NGINX), **dict.fromkeys(TOMCATS, TOMCAT)}

    def _read_upstreams(self, name: str) -> None:
        self.front.read(name, self.world.machines[name].read(UPSTREAMS) or "")

    def _log_of(self, name: str) -> Callable[[], str]:
        return lambda: "".join(f"{line}\n" for line in self._logs[name])

    def _export(self, host: str) -> str:
        """Whether a host can store an upload; a world without storage is no obstacle."""
        storage = self.world.parts.get("storage")
        if not isinstance(storage, Exports):
            return ""
        node = storage.serving
        if node is None or not node.machine.up or not self.world.connected(host, node.name):
            return NFS_LOST
        return NFS_FULL if node.machine.disk_full else ""

    def _database(self, host: str, writes: bool) -> str:
        """Whether a host gets to a database through the first balancer that takes it."""
        haproxy, database = self.world.parts.get("haproxy"), self.world.parts.get("database")
        if not isinstance(haproxy, Balancers) or not isinstance(database, Databases):
            return ""
        for name in haproxy.nodes:
            target = haproxy.route(name) if self.world.connected(host, name) else ""
            server = database.servers.get(target)
            if server is None or not server.up or not self.world.connected(name, target):
                continue
            if writes and server.read_only:
                return READ_ONLY
            return NO_CONNECTION if writes and server.frozen else ""
        return LINK_FAILURE

    def now(self) -> float:
        return self.world.clock.now()

    def disk_full(self, name: str) -> bool:
        return self.world.machines[name].disk_full

    def store(self, name: str, file: str, war: bytes | None) -> None:
        files, path = self.world.machines[name].files, f"{WEBAPPS}/{file}"
        if war is None:
            files.pop(path, None)
        else:
            files[path] = text_of(war)

    def crash(self, name: str) -> None:
        self.world.service(name, TOMCAT, "stopped")

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        return self.world.clock.call_later(delay, do)

    def serving(self, name: str) -> float | None:
        return self._since[name]

    def powered(self, name: str) -> bool:
        return self.world.machines[name].reachable

    def hung(self, name: str) -> bool:
        machine = self.world.machines[name]
        return machine.hung or machine.services.get(self._units()[name]) == "hung"

    def connected(self, a: str, b: str) -> bool:
        return self.world.connected(a, b)

    def writes(self, name: str, level: str, text: str) -> None:
        self._written.write(name, level, text)

    def log(self, name: str, line: str) -> None:
        if not self.world.machines[name].disk_full:
            self._logs[name].append(line)

    def changed(self, machine: Machine) -> None:
        unit = self._units().get(machine.name)
        if unit is None:
            return
        there = machine.powered and machine.booted and machine.services.get(unit) in ("running", "hung")
        if there and self._since[machine.name] is None:
            self._since[machine.name] = self.now()
            if unit == NGINX:
                self._read_upstreams(machine.name)
        elif not there:
            self._since[machine.name] = None

    def services(self) -> list[Service]:
        found = []
        for name in WEBS:
            found.append(Service(f"{name}/status", name, NGINX, self._status(name)))
            found.append(Service(f"{name}/front", name, NGINX, self._page(name)))
        return found + [Service(f"{name}/http", name, TOMCAT, self._tomcat(name)) for name in TOMCATS]

    def _status(self, name: str) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            if request.path == "/nginx_status":
                return self.front.status(name)
            return Reply(404, b"")

        return answer

    def _page(self, name: str) -> Callable[[Request], Reply]:
        return lambda request: self.front.handle(name, request)

    def _tomcat(self, name: str) -> Callable[[Request], Reply]:
        return lambda request: self.http.handle(name, request)

    def _faults(self) -> None:
        world, tomcats = self.world, self.tomcats.tomcats

        def isolate(name: str) -> str:
            tomcats[name].isolated = True
            return f"{name} replicates no sessions"

        def join(name: str) -> str:
            tomcats[name].isolated = False
            return f"{name} replicates sessions again"

        def leak(name: str) -> str:
            tomcats[name].pressure = 0.6
            return f"the heap of {name} is nearly full"

        def collect(name: str) -> str:
            tomcats[name].pressure = 0.0
            return f"the heap of {name} is free again"

        def stick(name: str) -> str:
            tomcats[name].slow_threads = 192
            return f"request threads of {name} are stuck"

        def loosen(name: str) -> str:
            tomcats[name].slow_threads = 0
            return f"request threads of {name} are free again"

        names = targets(dict.fromkeys(TOMCATS))
        world.fault("tomcat-isolated", "shut a Tomcat's replication port", names, isolate, join)
        world.fault("tomcat-heap", "fill a Tomcat's heap", names, leak, collect)
        world.fault("tomcat-threads", "let a Tomcat's request threads get stuck", names, stick, loosen)
        tomcat_faults.install(world, self.tomcats)
