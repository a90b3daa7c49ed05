"""Waits that whoever holds the controls may stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Waits:
    """The wait that a run is in, if any: of one act, or of several at the same time. `stopped` names who
    stopped it."""

    def __init__(self) -> None:
        self._stop: asyncio.Event | None = None
        self._waiting = 0
        self.stopped = ""

    @property
    def waiting(self) -> bool:
        return self._stop is not None and not self.stopped

    @contextmanager
    def wait(self) -> Iterator[None]:
        """What happens in the block can be stopped."""
        if not self._waiting:
            self._stop, self.stopped = asyncio.Event(), ""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._stop, self.stopped = None, ""

    def stop(self, who: str) -> None:
        if self._stop is not None:
            self.stopped = who
            self._stop.set()

    async def pause(self, seconds: float) -> None:
        """Sleeps, but not on when the wait is stopped."""
        if self._stop is None:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return
