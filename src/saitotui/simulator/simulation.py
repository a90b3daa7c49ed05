"""A whole simulated platform behind real protocols on loopback, and a folder with what it takes to use it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import asyncssh
import yaml

from saitotui.simulator import database_build, hosts_build, http_platform, storage_build, wars
from saitotui.simulator.certificates import authority_and_server, client_key
from saitotui.simulator.clock import Clock
from saitotui.simulator.database import DatabasePart
from saitotui.simulator.database_state import UNIT as MARIADB
from saitotui.simulator.door import DARK, HUNG, OPEN, REFUSED, Door, Handler
from saitotui.simulator.haproxy import HaproxyPart
from saitotui.simulator.haproxy_state import CONFIG, SOCKET, STATE_FILE
from saitotui.simulator.haproxy_state import UNIT as HAPROXY
from saitotui.simulator.hosts import Host
from saitotui.simulator.mysql import MysqlDoor
from saitotui.simulator.platform import ADDRESSES, ARCHITECTURE, readme
from saitotui.simulator.scenario import begin, scenario
from saitotui.simulator.ssh import Socket, SshServer
from saitotui.simulator.storage import StoragePart
from saitotui.simulator.storage_state import CLIENTS, DEVICE, FLOATING_IP, MOUNT, RESOURCE
from saitotui.simulator.world import Machine, World
from saitotui.simulator.zabbix_fleet import Fleet

T = TypeVar("T")

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's where PyYAML was built with it: a tenth of the time."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that the platform can be given."""

    name: str
    summary: str
    targets: tuple[str, ...]


class Simulation:
    """The platform `fsn1`, for as long as the block lasts.

    `frozen`: time moves by `advance` only. `start_at`: UTC seconds at which the world begins. `settled`:
    whether a scenario's time passes before anybody looks. `fleet`: how many hosts more only Zabbix knows.
    """

    def __init__(
        self,
        directory: Path,
        scenario: str = "healthy",
        speed: float = 1.0,
        frozen: bool = False,
        start_at: float | None = None,
        settled: bool = True,
        fleet: int = 0,
    ) -> None:
        self.directory = directory
        self._scenario, self._fleet = scenario, fleet
        self._frozen, self._settled = frozen, settled
        self._clock = Clock(start_at, speed=speed, frozen=True)
        self.world = World(self._clock)
        self._doors: list[tuple[Door, Callable[[], str]]] = []
        self._ssh: dict[str, Door] = {}
        self._mysql: dict[str, Door] = {}
        self._through: dict[str, Door] = {}
        self._runtime: dict[str, Door] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def profile_path(self) -> Path:
        return self.directory / "profile.yaml"

    async def __aenter__(self) -> Simulation:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.directory / "secrets").mkdir(mode=0o700, exist_ok=True)
        tls = authority_and_server(self.directory)
        authorized = client_key(self.directory)
        self._build(authorized)
        self.http.open(tls)
        for door, state in self._doors:
            door.set(state())
        self.world.watchers.append(self._changed)
        self._write()
        begin(self.world, scenario(self._scenario))
        if self._settled:
            self._clock.advance(scenario(self._scenario).advance)
        if not self._frozen:
            self._clock.thaw()
        self._tasks.append(asyncio.create_task(self._clock.run()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.aclose()
        await asyncio.gather(*(door.aclose() for door, _ in self._doors))

    def _build(self, authorized: asyncssh.SSHAuthorizedKeys) -> None:
        world = self.world
        for name, (kind, memory, cores) in ARCHITECTURE.items():
            machine = Machine(name, kind, ADDRESSES[name], memory=memory << 30, cores=cores)
            machine.services["ssh"] = "running"
            world.add(machine)
            Host(world, machine)
        self.passwords = {
            "saitotui": _secret(),
            "app": _secret(),
            "repl": _secret(),
            "clone": _secret(),
            "haproxy": "",
        }
        self.storage = StoragePart(world, scenario(self._scenario).storage)
        storage_build.install(self.storage)
        self.haproxy = HaproxyPart(world)
        self.database = DatabasePart(world, self.haproxy, self.passwords)
        self.haproxy.alive = self._check_of
        self.http = http_platform.attach(world)
        if self._fleet:
            self.http.monitoring.server.fleet = Fleet(self._fleet)
        hosts_build.Building(world)
        for name in world.machines:
            self._machine_doors(name, authorized)

    def _check_of(self, node: str, server: str) -> str:
        """What HAProxy's health check of a database server finds."""
        machine = self.world.machines[server]
        if not self.world.connected(node, server):
            return "L4TOUT"
        if machine.hung or machine.services.get(MARIADB) == "hung":
            return "L7TOUT"
        return "L7OK" if machine.runs(MARIADB) else "L4CON"

    def _machine_doors(self, name: str, authorized: asyncssh.SSHAuthorizedKeys) -> None:
        machine = self.world.machines[name]
        sockets: dict[str, Socket] = {}
        if name in self.database.servers:
            local = MysqlDoor(self.database, lambda: name, "localhost")
            sockets["/run/mysqld/mysqld.sock"] = Socket(local.connection, partial(_state, machine, MARIADB))
            remote = MysqlDoor(self.database, lambda: name, ADDRESSES["mon1"])
            self._mysql[name] = self._door(f"{name}/mysql", machine, MARIADB, remote.connection)
        if name in self.haproxy.nodes:
            runtime = partial(self.haproxy.serve_socket, name)
            sockets[SOCKET] = Socket(runtime, partial(_state, machine, HAPROXY))
            self._runtime[name] = self._door(f"{name}/runtime", machine, HAPROXY, runtime)
            through = MysqlDoor(self.database, lambda: self.haproxy.route(name), machine.address)
            self._through[name] = self._door(f"{name}/mysql", machine, HAPROXY, through.connection)
        key = asyncssh.generate_private_key("ssh-ed25519")
        server = SshServer(machine, key, authorized, sockets)
        self._ssh[name] = self._door(f"{name}/ssh", machine, "ssh", server.connection)
        machine.ssh_port = self._ssh[name].port
        known = key.export_public_key().decode().strip()
        with (self.directory / "known_hosts").open("a") as file:
            file.write(f"[127.0.0.1]:{self._ssh[name].port} {known}\n")

    def _door(self, name: str, machine: Machine, unit: str, handler: Handler) -> Door:
        door = Door(name, handler)
        self._doors.append((door, partial(_state, machine, unit)))
        return door

    def _changed(self, machine: Machine) -> None:
        for door, state in self._doors:
            if door.name.startswith(f"{machine.name}/"):
                door.set(state())

    def _write(self) -> None:
        """The profile, the secrets, and a page that says how to talk to it all."""
        secrets = self.directory / "secrets"
        own = {
            "db": self.passwords["saitotui"],
            **{name: self.passwords[name] for name in ("repl", "clone", "app")},
        }
        own["storage"] = _secret()
        for name, value in {**self.http.secrets(), **own}.items():
            file = secrets / name
            file.touch(0o600)
            file.write_text(value)
        profile = {**self._profile(), **self.http.profile(str(self.directory / "ca.pem"), str(secrets))}
        self.profile_path.write_text(yaml.dump(profile, Dumper=_DUMPER, sort_keys=False), encoding="utf-8")
        config = "".join(
            f"Host {name}\n  HostName 127.0.0.1\n  Port {door.port}\n  User root\n"
            f"  IdentityFile {self.directory}/id_ed25519\n  UserKnownHostsFile {self.directory}/known_hosts\n"
            for name, door in self._ssh.items()
        )
        (self.directory / "ssh_config").write_text(config)
        wars.offer(self.directory / "wars")
        ports = {name: door.port for name, door in {**self._mysql, **self._through}.items()}
        (self.directory / "README.txt").write_text(readme(self.directory, ports))

    def _profile(self) -> dict[str, Any]:
        identity, known = str(self.directory / "id_ed25519"), str(self.directory / "known_hosts")
        return {
            "name": "fsn1",
            "environment": {"name": "lab"},
            "build": hosts_build.section(),
            "hosts": {
                name: {
                    "address": "127.0.0.1",
                    "port": door.port,
                    "user": "root",
                    "identity": identity,
                    "known_hosts": known,
                    "service_address": ADDRESSES[name],
                }
                for name, door in self._ssh.items()
            },
            "database": {
                "servers": {
                    name: {
                        "host": name,
                        "user": "saitotui",
                        "password": f"file:{self.directory}/secrets/db",
                        "port": door.port,
                    }
                    for name, door in self._mysql.items()
                },
                "haproxy": {
                    name: {
                        "host": name,
                        "socket": SOCKET,
                        "write_address": "127.0.0.1",
                        "write_port": self._through[name].port,
                        "config": CONFIG,
                        "state_file": STATE_FILE,
                    }
                    for name in self.haproxy.nodes
                },
                "write_backend": "mysql_write",
                "read_backend": "mysql_read",
                "direct_clients": [ADDRESSES["mon1"]],
                "replication_user": "repl",
                "replication_password": f"file:{self.directory}/secrets/repl",
                "clone_user": "clone",
                "clone_password": f"file:{self.directory}/secrets/clone",
                "build": database_build.section(f"file:{self.directory}/secrets/app"),
            },
            "storage": {
                "nodes": {"st1": "st1", "st2": "st2"},
                "resource": RESOURCE,
                "device": DEVICE,
                "mount": MOUNT,
                "floating_ip": FLOATING_IP,
                "clients": list(CLIENTS),
                "manager": self.storage.manager,
                "build": storage_build.section(
                    {name: ADDRESSES[name] for name in self.storage.nodes},
                    f"file:{self.directory}/secrets/storage",
                ),
            },
        }

    def inject(self, name: str, target: str) -> str:
        """Makes trouble; ValueError with a sentence when it cannot."""
        return self.world.inject(name, target)

    def heal(self, target: str = "") -> str:
        return self.world.heal(target)

    def kinds(self) -> Sequence[FaultKind]:
        return [FaultKind(f.name, f.summary, tuple(f.targets())) for f in self.world.faults.values()]

    def advance(self, seconds: float) -> None:
        """Moves a frozen world."""
        self._clock.advance(seconds)


class SimulationThread:
    """A simulation on a thread of its own, for callers without an event loop."""

    def __init__(
        self, directory: Path, scenario: str = "healthy", speed: float = 1.0, fleet: int = 0
    ) -> None:
        self._make: Callable[[], Simulation] = lambda: Simulation(directory, scenario, speed, fleet=fleet)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulation", daemon=True)
        self.profile_path = directory / "profile.yaml"
        self._simulation: Simulation | None = None

    def __enter__(self) -> SimulationThread:
        self._thread.start()
        self._simulation = self._make()
        asyncio.run_coroutine_threadsafe(self._simulation.__aenter__(), self._loop).result(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._simulation is not None
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._simulation.__aexit__(None, None, None), self._loop).result(
                10
            )
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def inject(self, name: str, target: str) -> str:
        return self.call(lambda simulation: simulation.inject(name, target))

    def heal(self, target: str = "") -> str:
        return self.call(lambda simulation: simulation.heal(target))

    def kinds(self) -> Sequence[FaultKind]:
        return self.call(lambda simulation: simulation.kinds())

    def call(self, function: Callable[[Simulation], T]) -> T:
        """What `function` gives, on the simulation's own thread."""
        simulation = self._simulation
        assert simulation is not None

        async def call() -> T:
            return function(simulation)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(10)


def _secret() -> str:
    import secrets

    return secrets.token_urlsafe(18)


def _state(machine: Machine, unit: str) -> str:
    """How what a unit listens on takes connections."""
    if not machine.reachable:
        return DARK
    if machine.hung:
        return HUNG
    return {"running": OPEN, "stopped": REFUSED}.get(machine.services[unit], HUNG)
