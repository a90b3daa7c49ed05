"""The way to everything: opens connections when they are first needed, and routes commands to them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

from saitotui.clients.base import Connection
from saitotui.clients.ssh import SshHost
from saitotui.model.command import NEW_LOGIN, Answer, Client, Command, Failure, FailureKind
from saitotui.model.profile import Database, MysqlServer, Profile, SecretRef

_log = logging.getLogger(__name__)


class Unknown(LookupError):
    """A command for something that the profile does not have; the message is a sentence."""


class Hub:
    """Connections of one platform, one for each client, target and session; for one event loop. `progress` is
    told of uploads."""

    def __init__(self, profile: Profile, progress: Callable[[str, int, int], None] | None = None) -> None:
        self._profile, self._progress = profile, progress
        self._hosts: dict[str, SshHost] = {}
        self._connections: dict[tuple[Client, str, str], Connection] = {}
        self._openers: Mapping[Client, Callable[[str], Connection]] = {
            Client.SSH: self.host,
            Client.MYSQL: self._mysql,
            Client.HAPROXY: self._haproxy,
            Client.HTTP: self._http,
            Client.PROXMOX: self._proxmox,
            Client.ZABBIX: self._zabbix,
            Client.RELAY: self._relay,
            Client.ROBOT: self._robot,
            Client.FILE: self._file,
        }

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        """One outcome for each command, in order; all of one client, target and session. Raises nothing but
        CancelledError."""
        if not commands:
            return []
        first = commands[0]
        if any("\0" in command.text or "\0" in command.body for command in commands):
            return [Failure(FailureKind.ERROR, f"{first.target}: a command holds a NUL character")] * len(
                commands
            )
        try:
            if first.client is Client.SSH and first.session == NEW_LOGIN:
                return await self._by_new_login(first.target, commands, deadline)
            connection = self._connection(first.client, first.target, first.session)
            return await connection.ask(commands, deadline)
        except Unknown as error:
            return [Failure(FailureKind.ERROR, str(error)) for _ in commands]
        except Exception as error:
            # Whatever a library raises on what a peer sent: it ends this question, and nothing else. The
            # message may hold what was sent, so it is not shown.
            place = traceback.extract_tb(error.__traceback__)[-1]
            _log.error("%s %s: %s in %s", first.client, first.target, type(error).__name__, place.name)
            sentence = f"{first.target}: a defect of this console: {type(error).__name__} over {first.client}"
            return [Failure(FailureKind.UNPARSABLE, sentence) for _ in commands]

    async def stream(self, command: Command) -> AsyncGenerator[str | Failure, None]:
        """The lines of an SSH command that goes on."""
        try:
            host = self.host(command.target)
        except Unknown as error:
            yield Failure(FailureKind.ERROR, str(error))
            return
        async with aclosing(host.stream(command)) as lines:
            async for line in lines:
                yield line

    def _connection(self, client: Client, target: str, session: str) -> Connection:
        key = (client, target, session)
        if key not in self._connections:
            self._connections[key] = self._openers[client](target)
        return self._connections[key]

    def host(self, name: str) -> SshHost:
        """The SSH connection to a host of the profile, shared by everything that goes through it."""
        if name not in self._hosts:
            self._hosts[name] = self._new_host(name)
        return self._hosts[name]

    def _new_host(self, name: str) -> SshHost:
        host = self._profile.hosts.get(name)
        if host is None:
            raise Unknown(f"the profile has no host {name!r}")
        jump = self.host(host.jump) if host.jump else None
        return SshHost(name, host, jump, _secrets(self._profile))

    async def _by_new_login(
        self, name: str, commands: Sequence[Command], deadline: float
    ) -> list[Answer | Failure]:
        host = self._new_host(name)
        try:
            return await host.ask(commands, deadline)
        finally:
            await host.aclose()

    def _mysql(self, name: str) -> Connection:
        from saitotui.clients.mysql import MysqlConnection

        database = self._profile.database
        if database is None or (name not in database.servers and name not in database.haproxy):
            raise Unknown(f"the profile has no database server or HAProxy node {name!r}")
        server = database.servers.get(name) or _write_service(database, name)
        through = server.host if server.socket else server.via
        address = server.address or self._profile.hosts[server.host].address
        secrets = {"replication": database.replication_password}
        return MysqlConnection(name, server, address, self.host(through) if through else None, secrets)

    def _haproxy(self, name: str) -> Connection:
        from saitotui.clients.haproxy import HaproxyConnection

        nodes = self._profile.database.haproxy if self._profile.database else {}
        if name not in nodes:
            raise Unknown(f"the profile has no HAProxy node {name!r}")
        node = nodes[name]
        address = node.address or self._profile.hosts[node.host].address
        return HaproxyConnection(name, node, address, self.host(node.host) if node.socket else None)

    def _http(self, name: str) -> Connection:
        from saitotui.clients.http import HttpConnection

        try:
            service = self._profile.http(name)
        except KeyError:
            raise Unknown(f"the profile has no HTTP service {name!r}") from None
        through = self.host(service.via) if service.via else None
        return HttpConnection(name, service, through, self._progress)

    def _proxmox(self, name: str) -> Connection:
        from saitotui.clients.proxmox import ProxmoxConnection

        if self._profile.cluster is None:
            raise Unknown("the profile has no cluster")
        return ProxmoxConnection(self._profile.cluster)

    def _zabbix(self, name: str) -> Connection:
        from saitotui.clients.zabbix import ZabbixConnection

        if self._profile.monitoring is None:
            raise Unknown("the profile has no monitoring")
        return ZabbixConnection(self._profile.monitoring)

    def _relay(self, name: str) -> Connection:
        from saitotui.clients.relay import RelayConnection

        if self._profile.monitoring is None:
            raise Unknown("the profile has no monitoring")
        return RelayConnection(self._profile.monitoring)

    def _robot(self, name: str) -> Connection:
        from saitotui.clients.robot import RobotConnection

        if self._profile.hardware is None:
            raise Unknown("the profile has no hardware")
        return RobotConnection(self._profile.hardware.service)

    @staticmethod
    def _file(name: str) -> Connection:
        from saitotui.clients.files import HERE, FileConnection

        if name != HERE:
            raise Unknown(f"the profile has no files of {name!r}: only {HERE} keeps any")
        return FileConnection()

    async def aclose(self) -> None:
        """Closes everything: what goes through a host before the host, a host before its jump host."""
        for (client, _, _), connection in self._connections.items():
            if client is not Client.SSH:
                await connection.aclose()
        for host in reversed(self._hosts.values()):
            await host.aclose()
        self._connections, self._hosts = {}, {}


def _secrets(profile: Profile) -> Mapping[str, SecretRef]:
    """What may be put into files on hosts, by the names that commands have for it."""
    found: dict[str, SecretRef] = {}
    if profile.database is not None:
        found["clone"] = profile.database.clone_password
        found["replication"] = profile.database.replication_password
        found["console"] = next(iter(profile.database.servers.values())).password
        if profile.database.build is not None:
            found["application"] = profile.database.build.password
    if profile.application is not None and profile.application.tomcats:
        found["manager"] = next(iter(profile.application.tomcats.values())).manager.password
    if profile.storage is not None and profile.storage.build is not None:
        found["storage"] = profile.storage.build.secret
    return found


def _write_service(database: Database, name: str) -> MysqlServer:
    """What an HAProxy node offers to those who write, as this console's own account reaches it."""
    node, any_server = database.haproxy[name], next(iter(database.servers.values()))
    return MysqlServer(
        node.host,
        any_server.user,
        any_server.password,
        node.write_address,
        node.write_port,
        tls=any_server.tls,
    )
