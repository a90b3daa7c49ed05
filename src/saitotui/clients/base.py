"""What every client is to the rest of the program."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from saitotui.model.command import Answer, Command, Failure

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of one answer; more than that is a Failure, not a full memory."""


class Connection(Protocol):
    """A way to one target over one protocol, opened when first needed and reopened after it broke."""

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        """One outcome for each command, in order. `deadline` (seconds) holds for each command; a command
        that runs into it does not keep the others from being asked. Raises nothing but CancelledError."""
        ...

    async def aclose(self) -> None: ...


class Streams(Protocol):
    """A connection that can also follow a command that does not end by itself."""

    def stream(self, command: Command) -> AsyncGenerator[str | Failure, None]:
        """Its output by lines as they come; ends with a Failure when it breaks, or silently at its end."""
        ...
