"""HAProxy's runtime API: its admin socket through SSH, or over TCP (management guide, 9.3).

Each command is a connection of its own: the API closes after one line, and takes several commands in it
separated by `;`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from saitotui.clients.base import MAX_ANSWER
from saitotui.clients.failures import late, of_error, silent, too_large
from saitotui.clients.ssh import SshHost
from saitotui.model.command import Answer, Command, Danger, Failure, FailureKind
from saitotui.model.profile import Haproxy
from saitotui.model.text import one_line

_REFUSALS = ("Unknown command", "Permission denied", "No such", "Require ", "'server' expects", "Invalid ")


class _Reader(Protocol):
    async def read(self, n: int = -1) -> bytes: ...


class HaproxyConnection:
    """One HAProxy node. `through` is its host, for the socket."""

    def __init__(self, name: str, haproxy: Haproxy, address: str, through: SshHost | None) -> None:
        self._where = f"{name} ({haproxy.socket or f'{address}:{haproxy.port}'})"
        self._haproxy = haproxy
        self._address = address
        self._through = through

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        if all(command.danger is Danger.READ for command in commands):
            return list(await asyncio.gather(*(self._one(command.text, deadline) for command in commands)))
        return [await self._one(command.text, deadline) for command in commands]

    async def _one(self, text: str, deadline: float) -> Answer | Failure:
        if "\n" in text:
            return Failure(FailureKind.ERROR, f"{self._where}: a runtime command is one line")
        if self._haproxy.socket and self._through is not None:
            return await self._through_ssh(self._through, text, deadline)
        return await self._over_tcp(text, deadline)

    async def _through_ssh(self, host: SshHost, text: str, deadline: float) -> Answer | Failure:
        import asyncssh

        opened = await host.open_socket(self._haproxy.socket, deadline)
        if isinstance(opened, Failure):
            return opened
        reader, writer = opened
        try:
            async with asyncio.timeout(deadline):
                writer.write(text.encode() + b"\n")
                writer.write_eof()
                return await self._read(reader)
        except TimeoutError:
            return late(self._where, text, deadline)
        except (asyncssh.Error, OSError) as error:
            return of_error(self._where, error)
        finally:
            writer.close()

    async def _over_tcp(self, text: str, deadline: float) -> Answer | Failure:
        try:
            async with asyncio.timeout(deadline):
                reader, writer = await asyncio.open_connection(self._address, self._haproxy.port)
        except TimeoutError:
            return silent(self._where, deadline)
        except OSError as error:
            return of_error(self._where, error)
        try:
            async with asyncio.timeout(deadline):
                writer.write(text.encode() + b"\n")
                return await self._read(reader)
        except TimeoutError:
            return late(self._where, text, deadline)
        except OSError as error:
            return of_error(self._where, error)
        finally:
            writer.close()

    async def _read(self, reader: _Reader) -> Answer | Failure:
        parts: list[bytes] = []
        size = 0
        while chunk := await reader.read(65_536):
            parts.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER:
                return too_large(self._where, MAX_ANSWER)
        if not parts:
            return Failure(FailureKind.UNREACHABLE, f"{self._where}: it closed without an answer")
        text = b"".join(parts).decode("utf-8", "replace")
        if text.lstrip().startswith(_REFUSALS):
            return Failure(FailureKind.ERROR, f"{self._where}: {one_line(text)}")
        return Answer(text)

    async def aclose(self) -> None:
        """Nothing stays open between two commands."""
