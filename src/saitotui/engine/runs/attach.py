"""Attaching to a run: its events so far, then each as it happens; and the controls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from saitotui.engine.runs.folder import RunFolder, decode, reachable
from saitotui.model.run import RunEvent

CONNECT = 60.0
"""Seconds that a runner may take until its socket listens: on a computer that is busy it is slow to start."""
LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ToYou:
    """A message of the runner to this client only: `refused`, `note` or `holding`."""

    what: Mapping[str, Any]


class Attachment:
    """One connection to a run."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def events(self) -> AsyncIterator[RunEvent | ToYou]:
        """Until the runner ends or the connection breaks."""
        try:
            while line := await self._reader.readline():
                value = json.loads(line)
                yield ToYou(value["to_you"]) if "to_you" in value else decode(value)
        except (ConnectionError, ValueError, KeyError, TypeError):
            return

    async def say(self, do: str, **what: str) -> None:
        """Asks something of the runner; ConnectionError when it has gone."""
        self._writer.write(json.dumps({"do": do, **what}).encode() + b"\n")
        await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.close()


async def attach(run: RunFolder, who: str, *, starting: bool = False) -> Attachment | None:
    """A connection to a run's process; None when nothing carries it (it has ended, or was left behind).
    `starting`: its process was started just now, and may take a moment."""
    try:
        async with asyncio.timeout(CONNECT):
            while True:
                try:
                    with reachable(run.socket) as address:
                        reader, writer = await asyncio.open_unix_connection(address, limit=LIMIT)
                    break
                except OSError:
                    left = not starting and not run.pid and bool(list(run.events()))
                    if run.result is not None or left:
                        return None
                    await asyncio.sleep(0.05)
    except TimeoutError:
        return None
    attachment = Attachment(reader, writer)
    await attachment.say("hello", who=who)
    return attachment
