"""MySQL and MariaDB (aiomysql): over TCP, TLS, or through SSH; one connection a session.

A statement that runs into its deadline is not left running: the server goes on with it when its client is
gone (measured: a waiting `SET GLOBAL read_only` was applied all the same), so its connection is killed from a
second one. A server that hangs hears of neither before it goes on, and then carries them out in any order: so
the session `ACTING` holds a user lock in the server (Reference Manual, "Locking Functions"), which comes free
when the thread of its connection ends, with nothing left to do.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from saitotui.clients.failures import late, of_error, silent
from saitotui.clients.quoting import sql_text
from saitotui.clients.secrets import resolve
from saitotui.clients.ssh import SshHost
from saitotui.clients.tls import context
from saitotui.model.command import ACTING, Answer, Command, Failure, FailureKind, Scalar
from saitotui.model.profile import NO_SECRET, MysqlServer, SecretRef
from saitotui.model.text import one_line

CONNECT = 5.0
KILL = 1.0
"""Seconds for ending a late statement: somebody may wait for what comes next."""
MOST_ROWS = 5000

DENIED = frozenset({1044, 1045, 1142, 1143, 1227, 1370, 1698, 1820, 1862, 3118})
"""Error numbers that mean wrong credentials or a missing privilege (Server Error Message Reference)."""
OVERLOADED = frozenset({1040, 1203, 1129, 1226})
GONE = frozenset({2006, 2013, 2055})
UNCONNECTED = frozenset({2002, 2003, 2005})
_SECRET = re.compile(r"('\{secret:([a-z]+)\}')")
ALONE = "SELECT GET_LOCK('saitotui', 0) AS mine, IS_USED_LOCK('saitotui') AS holder"
NOT_PLAIN_READS = ("set", "flush", "lock", "alter", "change", "start", "stop", "reset", "create", "drop")


class MysqlConnection:
    """One session with one server. `through` is the host to go through, where the profile says so.

    `'{secret:NAME}'` in a statement stands for one of `secrets`: the value is put in here, and never shown.
    """

    def __init__(
        self,
        name: str,
        server: MysqlServer,
        address: str,
        through: SshHost | None,
        secrets: Mapping[str, SecretRef] | None = None,
    ) -> None:
        self._where = f"{name} ({server.socket or f'{address}:{server.port}'})"
        self._server = server
        self._address = address
        self._through = through
        self._secrets = secrets or {}
        self._connection: Any = None
        self._lock = asyncio.Lock()

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        async with self._lock:
            answers: list[Answer | Failure] = []
            for command in commands:
                answers.append(await self._one(command, deadline))
                last = answers[-1]
                if isinstance(last, Failure) and self._connection is None:
                    # One that cannot be reached is not tried again for each of its questions.
                    return [*answers, *(last for _ in commands[len(answers) :])]
            return answers

    async def _one(self, command: Command, deadline: float) -> Answer | Failure:
        text, fresh, until = command.text, self._connection is None, time.monotonic() + deadline
        if fresh:
            opened = await self._open(min(deadline, CONNECT))
            if isinstance(opened, Failure):
                return opened
            self._connection = opened
            accompanied = await self._alone(opened, until) if command.session == ACTING else None
            if accompanied is not None:
                self._drop()
                return accompanied
        answer = await self._execute(self._connection, text, _left(until))
        broke = isinstance(answer, Failure) and answer.kind is FailureKind.UNREACHABLE
        if broke and not fresh and _plain(text):
            # A connection that idled out broke before it could carry the question: ask once more.
            return await self._one(command, _left(until))
        return answer

    async def _alone(self, connection: Any, until: float) -> Failure | None:
        """Ends the connection that acted before, if it is still there, and waits until it is gone."""
        found = await self._execute(connection, ALONE, _left(until))
        if isinstance(found, Failure):
            return found
        if found.rows[0]["mine"] == 1:
            return None
        holder = found.rows[0]["holder"]
        if holder is not None:
            # That it may not, or that nobody is there any more, shows in the wait.
            await self._execute(connection, f"KILL CONNECTION {int(str(holder))}", _left(until))
        wait = f"SELECT GET_LOCK('saitotui', {max(1, int(_left(until)))}) AS mine"
        waited = await self._execute(connection, wait, _left(until))
        if isinstance(waited, Failure):
            return waited
        if waited.rows[0]["mine"] == 1:
            return None
        sentence = f"connection {holder} of an earlier run still acts on it: end it there (KILL {holder})"
        return Failure(FailureKind.ERROR, f"{self._where}: {sentence}")

    async def _execute(self, connection: Any, text: str, deadline: float) -> Answer | Failure:
        import pymysql

        filled = await self._filled(text)
        if isinstance(filled, Failure):
            return filled
        try:
            async with asyncio.timeout(deadline):
                cursor = await connection.cursor()
                await cursor.execute(filled)
                rows = await cursor.fetchmany(MOST_ROWS) if cursor.description else ()
                await cursor.close()
        except TimeoutError:
            self._drop()
            if not _plain(text):
                await self._kill(connection.thread_id())
            return late(self._where, text, deadline)
        except pymysql.err.Error as error:
            if filled != text:
                # The server may quote the statement in its error.
                number = error.args[0] if error.args else 0
                self._failed(error)
                return Failure(FailureKind.ERROR, f"{self._where}: error {number} in: {one_line(text)}")
            return self._failed(error)
        except (OSError, EOFError, RuntimeError, UnicodeError) as error:
            self._drop()
            return of_error(self._where, error)
        return Answer(rows=tuple(_row(row) for row in rows))

    async def _filled(self, text: str) -> str | Failure:
        """The statement with its secrets; DENIED when one is not to be had."""
        for quoted, name in _SECRET.findall(text):
            secret = await resolve(self._secrets.get(name, NO_SECRET))
            if isinstance(secret, Failure):
                return Failure(secret.kind, f"{self._where}: {secret.sentence}")
            if not secret.reveal():
                return Failure(FailureKind.DENIED, f"{self._where}: the profile gives no password for {name}")
            try:
                text = text.replace(quoted, sql_text(secret.reveal()))
            except ValueError:
                sentence = f"the {name} password holds a backslash or control character"
                return Failure(FailureKind.DENIED, f"{self._where}: {sentence}: choose another")
        return text

    def _failed(self, error: Exception) -> Failure:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        failure = _of_mysql_error(self._where, number, error)
        if number in GONE or number == 0 or failure.kind in (FailureKind.UNREACHABLE, FailureKind.REFUSED):
            self._drop()
        return failure

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _kill(self, thread: int) -> None:
        """Ends a connection in the server. That it did is not promised: the goal is asked by who needs it."""
        connection = await self._open(KILL)
        if isinstance(connection, Failure):
            return
        try:
            await self._execute(connection, f"KILL CONNECTION {int(thread)}", KILL)
        finally:
            connection.close()

    async def _open(self, deadline: float) -> Any | Failure:
        import pymysql

        from saitotui.clients.mysql_login import Unsafe, log_in

        options = await self._options(deadline)
        if isinstance(options, Failure):
            return options
        password = await resolve(self._server.password)
        if isinstance(password, Failure):
            return Failure(password.kind, f"{self._where}: {password.sentence}")
        try:
            async with asyncio.timeout(deadline):
                return await log_in(
                    user=self._server.user,
                    password=password.reveal(),
                    autocommit=True,
                    charset="utf8mb4",
                    **options,
                )
        except TimeoutError:
            return silent(self._where, deadline)
        except Unsafe as error:
            return Failure(FailureKind.DENIED, f"{self._where}: {error}")
        except pymysql.err.Error as error:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            refused = await self._refused(deadline) if number in GONE else None
            return refused or _of_mysql_error(self._where, number, error)
        except (OSError, EOFError, RuntimeError, ValueError) as error:
            return of_error(self._where, error)

    async def _options(self, deadline: float) -> Mapping[str, Any] | Failure:
        """Where to connect to, and with which TLS."""
        server = self._server
        if self._through is not None:
            path = await self._through.forward(self._target, deadline)
            return path if isinstance(path, Failure) else {"unix_socket": path}
        options: dict[str, Any] = {"host": self._address, "port": server.port}
        if server.tls is not None:
            if server.tls.fingerprint:
                sentence = (
                    f"{self._where}: a fingerprint cannot be pinned for MySQL: give the authority (tls.ca)"
                )
                return Failure(FailureKind.DENIED, sentence)
            verified = await context(self._where, server.tls, self._address, server.port, deadline)
            if isinstance(verified, Failure):
                return verified
            options["ssl"] = verified
        return options

    @property
    def _target(self) -> str:
        """What its host shall lead to."""
        return self._server.socket or f"{self._address}:{self._server.port}"

    async def _refused(self, deadline: float) -> Failure | None:
        """Whether nobody listens at the far end of the way through SSH: on this end all that is seen of that
        is a connection that breaks."""
        if self._through is None:
            return None
        failure = await self._through.refusal(self._target, deadline)
        return Failure(failure.kind, f"{self._where}: {failure.sentence}") if failure else None

    async def aclose(self) -> None:
        self._drop()


def _left(until: float) -> float:
    return max(until - time.monotonic(), 0.05)


def _plain(text: str) -> bool:
    """Whether a statement only reads."""
    words = text.split(None, 1)
    return bool(words) and words[0].lower() not in NOT_PLAIN_READS and "WAIT" not in text.upper()


def _row(row: Mapping[str, Any]) -> dict[str, Scalar]:
    return {str(name): _scalar(value) for name, value in row.items()}


def _scalar(value: Any) -> Scalar:
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    number = float(value) if type(value).__name__ == "Decimal" else None
    return number if number is not None else str(value)


def _of_mysql_error(where: str, number: int, error: Exception) -> Failure:
    text = one_line(str(error.args[1] if len(error.args) > 1 else error))
    if number in UNCONNECTED or (number == 0 and isinstance(error.__cause__, OSError)):
        return of_error(where, error.__cause__ or error)
    if number in GONE:
        return Failure(FailureKind.UNREACHABLE, f"{where}: the connection broke ({number})")
    if number in DENIED:
        return Failure(FailureKind.DENIED, f"{where}: {number}: {text}")
    word = "too many connections: " if number in OVERLOADED else ""
    return Failure(FailureKind.ERROR, f"{where}: {number}: {word}{text}")
