"""SSH (asyncssh): one persistent connection a host, many channels, host keys always verified.

Host keys: the profile's pinned key, else its known_hosts file, else what ~/.ssh/config says, else
~/.ssh/known_hosts. Keys to log in with: the profile's identity, else the agent, then the default files.
Nothing ever asks for a password.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saitotui.clients.base import MAX_ANSWER
from saitotui.clients.failures import late, of_error, silent, too_large
from saitotui.clients.quoting import option, sql_text, xml
from saitotui.clients.secrets import resolve
from saitotui.clients.ssh_shell import Shells
from saitotui.model.command import Answer, Command, Failure, FailureKind
from saitotui.model.profile import NO_SECRET, Host, SecretRef
from saitotui.model.text import COVERED, one_line

if TYPE_CHECKING:
    import asyncssh

CONNECT = 10.0
"""Seconds for one connection attempt, whoever waits for it."""
KEEPALIVE = 5.0
"""Seconds between two signs of life; three unanswered ones end the connection."""
FIRST = 6.0
"""Seconds to wait at least for a first attempt: when a console starts, keys are exchanged with all hosts."""
SECRET = re.compile(r"""((['"]?)\{secret:([a-z]+)\}\2)""")
_QUOTED = {"": option, "'": sql_text, '"': xml}
LONGEST_PAUSE = 8.0
"""Seconds between two attempts to a host that does not answer, at most."""


class SshHost:
    """One host. `jump` gives the host to connect through, or None.

    `{secret:NAME}` in the body of a command stands for one of `secrets`: as a value in an option file, in
    single quotes as an SQL literal, in double quotes as an attribute in XML. It is put in here, and never
    shown.
    """

    def __init__(
        self,
        name: str,
        host: Host,
        jump: SshHost | None = None,
        secrets: Mapping[str, SecretRef] | None = None,
    ) -> None:
        self.where = f"{name} ({host.address})"
        self._host = host
        self._jump = jump
        self._secrets = secrets or {}
        self._connection: asyncssh.SSHClientConnection | None = None
        self._attempt: asyncio.Task[asyncssh.SSHClientConnection | Failure] | None = None
        self._failure: Failure | None = None
        self._pause = 0.0
        self._next_attempt = 0.0
        self._shells = Shells(self.where)
        self._forwards: dict[str, str] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        connection = await self.connection(deadline)
        if isinstance(connection, Failure):
            return [connection for _ in commands]
        plain = [command for command in commands if not command.body]
        framed = iter(await self._shells.ask(connection, plain, deadline))
        return [
            await self._exec(connection, command, deadline) if command.body else next(framed)
            for command in commands
        ]

    async def connection(self, deadline: float) -> asyncssh.SSHClientConnection | Failure:
        """The open connection, or why there is none within `deadline` seconds. Attempts are shared, spaced
        out while the host does not answer, and go on after a caller has given up."""
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        if self._attempt is None:
            if self._failure is not None and time.monotonic() < self._next_attempt:
                return self._failure
            self._attempt = asyncio.create_task(self._connect())
        patience = max(deadline, FIRST) if self._failure is None else deadline
        try:
            async with asyncio.timeout(patience):
                return await asyncio.shield(self._attempt)
        except TimeoutError:
            return self._failure or silent(self.where, patience)

    @property
    def verified_key(self) -> str:
        """The host key that it showed and that was verified (`ssh-ed25519 AAAA...`); '' while nobody is
        connected."""
        key = self._connection.get_server_host_key() if self._connection is not None else None
        return " ".join(key.export_public_key().decode("ascii").split()[:2]) if key is not None else ""

    async def _connect(self) -> asyncssh.SSHClientConnection | Failure:
        try:
            async with asyncio.timeout(CONNECT):
                outcome = await self._attempt_once()
        except TimeoutError:
            outcome = silent(self.where, CONNECT)
        if isinstance(outcome, Failure):
            self._pause = min(LONGEST_PAUSE, max(0.5, self._pause * 2))
            # Many hosts that went away together must not be tried again together.
            self._next_attempt = time.monotonic() + self._pause * random.uniform(0.7, 1.0)
            self._failure = outcome
        else:
            self._connection, self._failure, self._pause = outcome, None, 0.0
            self._shells, self._forwards = Shells(self.where), {}
        self._attempt = None
        return outcome

    async def _attempt_once(self) -> asyncssh.SSHClientConnection | Failure:
        import asyncssh

        tunnel: asyncssh.SSHClientConnection | None = None
        if self._jump is not None:
            through = await self._jump.connection(CONNECT)
            if isinstance(through, Failure):
                return Failure(
                    through.kind, f"{self.where}: not reached, its jump host is not: {through.sentence}"
                )
            tunnel = through
        try:
            return await asyncssh.connect(self._host.address, tunnel=tunnel or (), **self._options())
        except asyncssh.HostKeyNotVerifiable as error:
            return Failure(FailureKind.DENIED, f"{self.where}: {_key_sentence(self._host, error)}")
        except asyncssh.PermissionDenied:
            who = self._host.user or "the default user"
            sentence = f"{self.where}: no key is accepted for {who}: check the agent, identity and user"
            return Failure(FailureKind.DENIED, sentence)
        except (asyncssh.KeyImportError, asyncssh.ConfigParseError, ValueError) as error:
            return Failure(FailureKind.DENIED, f"{self.where}: {one_line(str(error))}")
        except (asyncssh.Error, OSError) as error:
            return _of_ssh_error(self.where, error)

    def _options(self) -> dict[str, Any]:
        """asyncssh's options; what the profile leaves empty is left to ~/.ssh/config."""
        host = self._host
        options: dict[str, Any] = {
            "password_auth": False,
            "kbdint_auth": False,
            "keepalive_interval": KEEPALIVE,
            "keepalive_count_max": 3,
            "connect_timeout": CONNECT,
            "login_timeout": CONNECT,
        }
        given = {"port": host.port, "username": host.user, "known_hosts": host.known_hosts}
        options |= {name: value for name, value in given.items() if value}
        if host.identity:
            options["client_keys"] = [host.identity]
        if host.host_key:
            options["known_hosts"] = _pinned(host.host_key)
        return options

    async def _exec(
        self, connection: asyncssh.SSHClientConnection, command: Command, deadline: float
    ) -> Answer | Failure:
        """A command with standard input, on a channel of its own."""
        import asyncssh

        filled = await self._filled(command.body)
        if isinstance(filled, Failure):
            return filled
        body, secrets = filled
        try:
            async with asyncio.timeout(deadline):
                done = await connection.run(
                    command.text, input=body.encode(), encoding=None, stderr=asyncssh.STDOUT
                )
        except TimeoutError:
            return late(self.where, command.text, deadline)
        except (asyncssh.Error, OSError) as error:
            return _of_ssh_error(self.where, error)
        output = done.stdout if isinstance(done.stdout, bytes) else b""
        if len(output) > MAX_ANSWER:
            return too_large(self.where, MAX_ANSWER)
        text = output.decode("utf-8", "replace")
        for secret in secrets:
            # A program may tell the line that it did not understand.
            text = text.replace(secret, COVERED)
        return Answer(text, done.returncode if done.returncode is not None else -1)

    async def _filled(self, body: str) -> tuple[str, Sequence[str]] | Failure:
        """The standard input with its secrets, and these; DENIED when one is not to be had."""
        secrets: list[str] = []
        for place, mark, name in SECRET.findall(body):
            quoted = _QUOTED[mark]
            secret = await resolve(self._secrets.get(name, NO_SECRET))
            if isinstance(secret, Failure):
                return Failure(secret.kind, f"{self.where}: {secret.sentence}")
            if not secret.reveal():
                return Failure(FailureKind.DENIED, f"{self.where}: the profile gives no password for {name}")
            try:
                written = quoted(secret.reveal())
                body = body.replace(place, written, 1)
                secrets += [secret.reveal(), written[1:-1]]
            except ValueError as error:
                return Failure(FailureKind.DENIED, f"{self.where}: the {name} password: {error}")
        return body, secrets

    async def stream(self, command: Command) -> AsyncGenerator[str | Failure, None]:
        """The lines of a command that goes on, on a channel of its own."""
        import asyncssh

        connection = await self.connection(CONNECT)
        if isinstance(connection, Failure):
            yield connection
            return
        try:
            process = await connection.create_process(
                command.text, encoding=None, stderr=asyncssh.STDOUT, stdin=asyncssh.DEVNULL
            )
            try:
                while line := await process.stdout.readline():
                    yield line[:MAX_ANSWER].decode("utf-8", "replace").rstrip("\r\n")
            finally:
                # Whatever follows a file that nobody writes to would not notice that nobody reads.
                with contextlib.suppress(OSError, asyncssh.Error):
                    process.terminate()
                process.close()
        except (asyncssh.Error, OSError, asyncio.LimitOverrunError) as error:
            yield _of_ssh_error(self.where, error)

    async def open_socket(
        self, path: str, deadline: float
    ) -> tuple[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]] | Failure:
        """A stream to a UNIX socket on the host (OpenSSH's direct-streamlocal; PROTOCOL, 2.4)."""
        import asyncssh

        connection = await self.connection(deadline)
        if isinstance(connection, Failure):
            return connection
        try:
            async with asyncio.timeout(deadline):
                return await connection.open_unix_connection(path, encoding=None)
        except TimeoutError:
            return late(self.where, path, deadline)
        except asyncssh.ChannelOpenError as error:
            return Failure(
                FailureKind.REFUSED, f"{self.where}: {path} cannot be opened: {one_line(error.reason)}"
            )
        except (asyncssh.Error, OSError) as error:
            return _of_ssh_error(self.where, error)

    async def refusal(self, target: str, deadline: float) -> Failure | None:
        """REFUSED, with the reason, when the host cannot open `target` (as `forward` takes it); else None."""
        import asyncssh

        connection = await self.connection(deadline)
        if isinstance(connection, Failure):
            return connection
        try:
            async with asyncio.timeout(deadline):
                if target.startswith("/"):
                    _, writer = await connection.open_unix_connection(target, encoding=None)
                else:
                    address, _, port = target.rpartition(":")
                    _, writer = await connection.open_connection(
                        address.strip("[]"), int(port), encoding=None
                    )
        except asyncssh.ChannelOpenError as error:
            return Failure(FailureKind.REFUSED, f"{target} cannot be opened: {one_line(error.reason)}")
        except (TimeoutError, asyncssh.Error, OSError):
            return None
        writer.close()
        return None

    async def forward(self, target: str, deadline: float) -> str | Failure:
        """A UNIX socket here, in a folder of this user only, that leads to `target` seen from the host: a
        socket's path, or `address:port`. Its path."""
        connection = await self.connection(deadline)
        if isinstance(connection, Failure):
            return connection
        if target not in self._forwards:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="saitotui-ssh-")
            path = str(Path(self._folder.name) / f"{len(self._forwards)}-{time.monotonic_ns()}")
            try:
                await self._listen(connection, path, target)
            except OSError as error:
                return of_error(self.where, error)
            self._forwards[target] = path
        return self._forwards[target]

    @staticmethod
    async def _listen(connection: asyncssh.SSHClientConnection, path: str, target: str) -> None:
        if target.startswith("/"):
            await connection.forward_local_path(path, target)
        else:
            address, _, port = target.rpartition(":")
            await connection.forward_local_path_to_port(path, address.strip("[]"), int(port))

    async def aclose(self) -> None:
        if self._attempt is not None:
            self._attempt.cancel()
            await asyncio.gather(self._attempt, return_exceptions=True)
        self._shells.close()
        if self._connection is not None:
            self._connection.abort()
            await self._connection.wait_closed()
            self._connection = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _pinned(key: str) -> Callable[[str, str, int | None], tuple[list[Any], list[Any], list[Any]]]:
    """A verifier that knows one key, whatever the address."""
    import asyncssh

    known = asyncssh.import_public_key(key)
    return lambda host, address, port: ([known], [], [])


def _key_sentence(host: Host, error: Exception) -> str:
    if host.host_key:
        return (
            "its host key is not the pinned one: it was reinstalled, or somebody else answers; compare first"
        )
    file = host.known_hosts or "~/.ssh/known_hosts"
    return f"its host key is not in {file}, or has changed: compare it, then add it ({one_line(str(error))})"


def _of_ssh_error(where: str, error: Exception) -> Failure:
    import asyncssh

    if isinstance(error, asyncssh.ChannelOpenError):
        return Failure(FailureKind.REFUSED, f"{where}: a channel was refused: {one_line(error.reason)}")
    if isinstance(error, asyncssh.DisconnectError):
        return Failure(FailureKind.UNREACHABLE, f"{where}: SSH ended: {one_line(error.reason)}")
    return of_error(where, error)
