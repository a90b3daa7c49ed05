"""One persistent remote `sh`: many commands in one round trip, each answer framed.

Each command is sent as one logical line (`CMD` quoted as one shell word, NONCE random hexadecimal, N the
number of the command in this round, from 0):

    (eval CMD)</dev/null 2>&1;printf '\\n%s\\n' "NONCE N $?"

so that what a command prints, however it ends, stands before a line `NONCE N STATUS`. The subshell keeps a
command from changing or ending the shell; `eval` keeps one that is not valid from eating the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from saitotui.clients.base import MAX_ANSWER
from saitotui.clients.failures import late, of_error, too_large
from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Command, Danger, Failure, FailureKind

if TYPE_CHECKING:
    import asyncssh

_CHUNK = 65_536


def frame(command: str, nonce: str, number: int) -> str:
    """What is written for one command."""
    return f"(eval {shell(command)})</dev/null 2>&1;printf '\\n%s\\n' \"{nonce} {number} $?\"\n"


class RemoteShell:
    """A remote `sh` that lives as long as nothing hangs in it."""

    def __init__(self, where: str, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self._where = where
        self._process = process
        self._buffer = bytearray()
        self.alive = True

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        """Answers in order, at least one (unless there are no commands). Fewer than asked when one hung or
        the shell ended: it is dead then, and the rest is to be asked of another."""
        nonce = secrets.token_hex(8)
        text = "".join(frame(command.text, nonce, number) for number, command in enumerate(commands))
        try:
            self._process.stdin.write(text.encode("utf-8", "surrogateescape"))
        except OSError:
            self.close()
            return [Failure(FailureKind.UNREACHABLE, f"{self._where}: the remote shell ended")]
        answers: list[Answer | Failure] = []
        for number, command in enumerate(commands):
            try:
                async with asyncio.timeout(deadline):
                    answers.append(await self._answer(f"\n{nonce} {number} ".encode()))
            except TimeoutError:
                answers.append(late(self._where, command.text, deadline))
                # What hangs must not run on, to take effect when nobody waits for it any more.
                with contextlib.suppress(OSError):
                    self._process.kill()
                self.alive = False
            if not self.alive:
                self.close()
                break
        return answers

    async def _answer(self, mark: bytes) -> Answer | Failure:
        """Reads up to the line that begins with `mark` (which begins with a newline)."""
        searched = size = 0
        while True:
            found = self._buffer.find(mark, searched)
            end = self._buffer.find(b"\n", found + len(mark)) if found >= 0 else -1
            if end >= 0:
                return self._cut(found, found + len(mark), end, size)
            if len(self._buffer) > MAX_ANSWER:
                # Kept short enough to find the mark, so that the next answer is not lost with this one.
                size += len(self._buffer)
                del self._buffer[: -len(mark) - 16]
            searched = max(0, len(self._buffer) - len(mark) - 16)
            chunk = await self._read()
            if not chunk:
                self.alive = False
                return Failure(FailureKind.UNREACHABLE, f"{self._where}: the remote shell ended")
            self._buffer += chunk

    def _cut(self, found: int, after: int, end: int, dropped: int) -> Answer | Failure:
        text, status = bytes(self._buffer[:found]), bytes(self._buffer[after:end])
        del self._buffer[: end + 1]
        if dropped:
            return too_large(self._where, MAX_ANSWER)
        if not status.isdigit():
            self.alive = False
            return Failure(FailureKind.UNPARSABLE, f"{self._where}: the remote shell answers out of order")
        return Answer(text.decode("utf-8", "replace"), int(status))

    async def _read(self) -> bytes:
        """What comes; nothing when the shell ended, or its connection with it."""
        import asyncssh

        try:
            return await self._process.stdout.read(_CHUNK)
        except (OSError, EOFError, asyncssh.Error):
            return b""

    def close(self) -> None:
        self.alive = False
        self._process.close()


def _ended(answer: Answer | Failure) -> bool:
    return isinstance(answer, Failure) and answer.kind is FailureKind.UNREACHABLE


class Shells:
    """A few remote shells of one host: more than one only while one is busy."""

    MOST = 4

    def __init__(self, where: str) -> None:
        self._where = where
        self._idle: list[RemoteShell] = []
        self._places = asyncio.Semaphore(self.MOST)

    async def ask(
        self, connection: asyncssh.SSHClientConnection, commands: Sequence[Command], deadline: float
    ) -> list[Answer | Failure]:
        """One outcome for each command; a shell that hangs is replaced, and the rest asked of the new one."""
        answers: list[Answer | Failure] = []
        began, again = time.monotonic(), True
        async with self._places:
            while len(answers) < len(commands):
                rest = commands[len(answers) :]
                reused = bool(self._idle)
                remote = await self._shell(connection, deadline)
                if isinstance(remote, Failure):
                    return [*answers, *(remote for _ in rest)]
                found = await remote.ask(rest, deadline)
                if reused and again and _ended(found[-1]) and rest[len(found) - 1].danger is Danger.READ:
                    # The shell had ended while nobody used it; an act is never sent twice.
                    found, again = found[:-1], False
                answers += found
                if remote.alive:
                    self._idle.append(remote)
                elif time.monotonic() - began > deadline * 3:
                    return [
                        *answers,
                        *(late(self._where, c.text, deadline) for c in commands[len(answers) :]),
                    ]
        return answers

    async def _shell(
        self, connection: asyncssh.SSHClientConnection, deadline: float
    ) -> RemoteShell | Failure:
        import asyncssh

        while self._idle:
            remote = self._idle.pop()
            if remote.alive:
                return remote
        try:
            async with asyncio.timeout(deadline):
                process: asyncssh.SSHClientProcess[bytes] = await connection.create_process(
                    "exec sh", encoding=None, stderr=asyncssh.STDOUT
                )
        except TimeoutError:
            return late(self._where, "sh", deadline)
        except (asyncssh.Error, OSError) as error:
            return of_error(self._where, error)
        return RemoteShell(self._where, process)

    def close(self) -> None:
        for remote in self._idle:
            remote.close()
        self._idle = []
