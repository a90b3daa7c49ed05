"""Listening to what tells by itself that something has changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing

from saitotui.clients.base import Streams
from saitotui.model.command import Failure
from saitotui.model.nudge import Nudge

LEAST = 0.2
"""Seconds between two calls: many changes at once are looked at together."""
SHORT = 30.0
"""Seconds that a stream lasts at least where it works."""
PAUSES = (1.0, 5.0, 30.0, 120.0)
"""Seconds between attempts: a host may have no such program."""


async def listen(hosts: Streams, nudge: Nudge, hurry: Callable[[], None]) -> None:
    """Calls `hurry` whenever there is news, until it is cancelled. That nobody tells is no failure: all is
    polled all the same."""
    failed = 0
    while True:
        began = time.monotonic()
        await _once(hosts, nudge, hurry)
        failed = 0 if time.monotonic() - began > SHORT else failed + 1
        await asyncio.sleep(PAUSES[min(failed, len(PAUSES) - 1)])


async def _once(hosts: Streams, nudge: Nudge, hurry: Callable[[], None]) -> None:
    loop, begun = asyncio.get_running_loop(), not nudge.begins
    pending: asyncio.TimerHandle | None = None
    last = 0.0
    async with aclosing(hosts.stream(nudge.command)) as lines:
        async for line in lines:
            if isinstance(line, Failure):
                break
            if not begun:
                begun = line.startswith(nudge.begins)
                continue
            if pending is None or pending.when() <= loop.time():
                wait = max(0.0, last + LEAST - loop.time())
                last = loop.time() + wait
                pending = loop.call_later(wait, hurry)
