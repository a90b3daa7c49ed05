"""MySQL's wire protocol in front of the simulated servers and through the balancers (mysql-mimic)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Callable, Mapping

from mysql_mimic import IdentityProvider, MysqlServer, User
from mysql_mimic import Session as MimicSession
from mysql_mimic.auth import NativePasswordAuthPlugin
from mysql_mimic.control import Control
from mysql_mimic.errors import MysqlError
from mysql_mimic.variables import SYSTEM_VARIABLES, GlobalVariables, SessionVariables

from saitotui.simulator.database import DatabasePart
from saitotui.simulator.database_state import VERSION, Connected, DbServer
from saitotui.simulator.sql import Session, SqlError

PRIVILEGED = frozenset({"saitotui", "root"})
"""Accounts that hold READ_ONLY ADMIN."""

SYSTEM_VARIABLES["version"] = (str, VERSION, False)

for _noisy in ("mysql_mimic", "mysql_mimic.connection", "mysql_mimic.auth"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)


class MysqlDoor:
    """Serves connections that reach `choose()`: the name of a server, or `` when nobody takes them."""

    def __init__(self, part: DatabasePart, choose: Callable[[], str], seen_from: str) -> None:
        self._part = part
        self._choose = choose
        self._seen_from = seen_from

    async def connection(self, connected: socket.socket) -> None:
        """Serves one connection until it ends; a handler for a Door."""
        server = self._part.servers.get(self._choose())
        if server is None or not server.up:
            connected.close()
            return
        reader, writer = await asyncio.open_connection(sock=connected)
        mimic = MysqlServer(
            session_factory=lambda: _Session(self._part, server.name, self._seen_from),
            identity_provider=_Users(server.users),
            control=_Numbers(server),
        )
        serving = asyncio.ensure_future(mimic._client_connected_cb(reader, writer))
        try:
            await serving
        except (OSError, EOFError, MysqlError):
            return
        finally:
            serving.cancel()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class _Numbers(Control):  # type: ignore[misc]
    """Connection numbers as the server counts them: KILL names a session by the one in its greeting."""

    def __init__(self, server: DbServer) -> None:
        self._server = server

    async def add(self, connection: object) -> int:
        self._server.next_id += 1
        return self._server.next_id

    async def remove(self, connection_id: int) -> None:
        return


class _Users(IdentityProvider):  # type: ignore[misc]
    """Accounts and their passwords."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords

    async def get_user(self, username: str) -> User | None:
        # Who asks for an account that is not there is told what a wrong password is told.
        password = self._passwords.get(username, secrets.token_hex())
        scrambled = NativePasswordAuthPlugin.create_auth_string(password) if password else None
        return User(username, scrambled, NativePasswordAuthPlugin.name)


class _Session(MimicSession):  # type: ignore[misc]
    def __init__(self, part: DatabasePart, server: str, seen_from: str) -> None:
        super().__init__(SessionVariables(GlobalVariables()))
        self._part, self._server, self._seen_from = part, part.servers[server], seen_from
        self._session: Session | None = None

    async def handle_query(self, sql: str, attrs: object) -> object:
        session = self._opened()
        if session.me.killed:
            raise MysqlError("Connection was killed", 1927)
        try:
            rows, columns = await session.execute(sql)
        except SqlError as error:
            raise MysqlError(error.text, error.number) from None
        return (rows, columns) if columns else None

    def _opened(self) -> Session:
        if self._session is None:
            server, user = self._server, self.username or ""
            number = self.connection.connection_id
            me = Connected(number, user, self._seen_from, self._part.world.clock.now())
            server.sessions[me.id] = me
            self._session = Session(self._part, server, me, user in PRIVILEGED)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            self._session.closed()
        await super().close()
