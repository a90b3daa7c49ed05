"""SSH servers of the simulated machines (asyncssh): commands, persistent shells, terminals, sockets.

No command reaches the machine that the simulator runs on: `shell.Shell` runs all of them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import asyncssh

from saitotui.simulator.door import OPEN, REFUSED, Handler
from saitotui.simulator.shell import Shell
from saitotui.simulator.shell_parser import ShellSyntax, parse
from saitotui.simulator.world import Machine, octets


@dataclass(frozen=True, slots=True)
class Socket:
    """What a service listens on inside a machine. `state` says how it takes connections (see `door`)."""

    handler: Handler
    state: Callable[[], str]


Sockets: TypeAlias = Mapping[str, Socket]
"""What listens on a machine, by the path of its UNIX socket or by `address:port` as seen from itself."""

_SHELLS = frozenset({"sh", "exec sh", "/bin/sh", "bash", "-"})
_CHUNK = 65_536
LOOK = 0.1
"""Seconds between two looks at a file that is followed."""


def _worth_saying(record: logging.LogRecord) -> bool:
    """A client that hangs up while many channels close is well; asyncio warns of each answer it misses."""
    return record.msg != "socket.send() raised exception."


logging.getLogger("asyncio").addFilter(_worth_saying)


def added(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """The lines that came, of a file whose oldest ones go."""
    for gone in range(len(before)):
        kept = before[gone:]
        if list(now[: len(kept)]) == list(kept):
            return now[len(kept) :]
    return now


class SshServer:
    """The SSH server of one machine: `key` is its host key, `authorized` are the keys that may log in."""

    def __init__(
        self, machine: Machine, key: asyncssh.SSHKey, authorized: asyncssh.SSHAuthorizedKeys, sockets: Sockets
    ) -> None:
        self._machine = machine
        self._key = key
        self._authorized = authorized
        self._sockets = sockets

    @cached_property
    def _another(self) -> asyncssh.SSHKey:
        """That of the rescue system."""
        return asyncssh.generate_private_key("ssh-ed25519")

    async def connection(self, connected: socket.socket) -> None:
        """Serves one connection until it ends."""
        try:
            connection = await asyncssh.run_server(
                connected,
                server_factory=lambda: _Server(self._authorized, self._sockets),
                server_host_keys=[self._another if self._machine.rescued else self._key],
                process_factory=self._process,
                encoding=None,
                keepalive_interval=0,
                agent_forwarding=False,
            )
        except (asyncssh.Error, OSError):
            # A peer that does not trust the key or that nobody lets in has gone: its business.
            connected.close()
            return
        try:
            await connection.wait_closed()
        finally:
            connection.abort()

    async def _process(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        user = process.get_extra_info("username", "root")
        shell = Shell(self._machine, user)
        here = self._machine
        shell.variables["SSH_CONNECTION"] = f"127.0.0.1 50022 {here.address} {here.ssh_port}"
        command = process.command
        try:
            if command is not None and command.strip() not in _SHELLS:
                await self._exec(process, shell, command)
            elif process.term_type is not None:
                await self._terminal(process, shell)
            else:
                await self._persistent(process, shell)
        except (asyncssh.Error, OSError, asyncio.IncompleteReadError):
            process.close()

    async def _exec(self, process: asyncssh.SSHServerProcess[bytes], shell: Shell, command: str) -> None:
        given = b""
        if " cat" in f" {command}" or "read" in command or command.startswith(("sh -s", "mariadb ")):
            given = await process.stdin.read()
        printed = shell.run(command, given.decode("utf-8", "replace"))
        process.stdout.write(octets(printed.out))
        process.stderr.write(octets(printed.err))
        if shell.follows:
            await self._follow(process, shell.follows)
        elif printed.hangs:
            await process.wait_closed()
        process.exit(printed.status)

    async def _follow(self, process: asyncssh.SSHServerProcess[bytes], file: str) -> None:
        """Writes what is added to a file, until nobody reads any more."""
        before = (self._machine.read(file) or "").splitlines()
        while not process.is_closing():
            await asyncio.sleep(LOOK)
            now = (self._machine.read(file) or "").splitlines()
            if now == before or not self._machine.up:
                continue
            process.stdout.write(octets("".join(f"{line}\n" for line in added(before, now))))
            before = now

    async def _persistent(self, process: asyncssh.SSHServerProcess[bytes], shell: Shell) -> None:
        """`sh` on a pipe: each complete command as it comes."""
        pending = ""
        while chunk := await process.stdin.readline():
            pending += chunk.decode("utf-8", "replace")
            if not _complete(pending):
                continue
            printed = shell.run_merged(pending)
            pending = ""
            process.stdout.write(octets(printed.out))
            if printed.hangs:
                await process.wait_closed()
            if not self._machine.powered:
                await process.wait_closed()
        process.exit(shell.status)

    async def _terminal(self, process: asyncssh.SSHServerProcess[bytes], shell: Shell) -> None:
        """A person at a terminal; asyncssh edits the line."""
        prompt = f"{shell.variables['USER']}@{self._machine.name}:~# ".encode()
        welcome = f"This is {self._machine.name}, a simulated machine.\r\n".encode()
        process.stdout.write(welcome + prompt)
        while line := await process.stdin.readline():
            text = line.decode("utf-8", "replace").strip()
            if text in ("exit", "logout"):
                break
            printed = shell.run_merged(text)
            process.stdout.write(octets(printed.out.replace("\n", "\r\n")))
            if printed.hangs:
                await process.wait_closed()
            process.stdout.write(prompt)
        process.exit(0)


class _Server(asyncssh.SSHServer):
    def __init__(self, authorized: asyncssh.SSHAuthorizedKeys, sockets: Sockets) -> None:
        self._authorized = authorized
        self._sockets = sockets
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        if self._connection is not None:
            self._connection.set_authorized_keys(self._authorized)
        return True

    def unix_connection_requested(self, dest_path: str) -> object:  # type: ignore[override]
        return self._open(dest_path)

    def connection_requested(  # type: ignore[override]
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> object:
        return self._open(f"{dest_host}:{dest_port}")

    def _open(self, name: str) -> object:
        found = self._sockets.get(name)
        if found is None or found.state() == REFUSED:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "Connection refused")
        handler = found.handler if found.state() == OPEN else _silent

        async def carry(reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
            await _carry(reader, writer, handler)

        return carry


async def _silent(connected: socket.socket) -> None:
    """Takes what is sent and never answers."""
    try:
        await asyncio.Event().wait()
    finally:
        connected.close()


async def _carry(
    reader: asyncssh.SSHReader[bytes],
    writer: asyncssh.SSHWriter[bytes],
    handler: Handler,
) -> None:
    """Bytes between a channel and what listens on a socket, until either ends."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    serving = asyncio.ensure_future(handler(theirs))

    async def inwards() -> None:
        while content := await reader.read(_CHUNK):
            await loop.sock_sendall(ours, content)
        ours.shutdown(socket.SHUT_WR)

    async def outwards() -> None:
        while content := await loop.sock_recv(ours, _CHUNK):
            writer.write(content)
        writer.write_eof()

    carrying = [asyncio.ensure_future(inwards()), asyncio.ensure_future(outwards())]
    try:
        await carrying[1]
    except (OSError, asyncssh.Error):
        writer.close()
    finally:
        for task in (*carrying, serving):
            task.cancel()
        await asyncio.gather(*carrying, serving, return_exceptions=True)
        ours.close()
        writer.close()


def _complete(text: str) -> bool:
    """Whether a command has its end, or can have none."""
    try:
        parse(text)
    except ShellSyntax as error:
        return "Unterminated" not in str(error) and "end of file" not in str(error)
    return True
