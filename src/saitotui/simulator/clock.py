"""Virtual time: one queue of things to come, driven by the real clock or by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class Timer:
    """Something to come; `cancel` forgets it."""

    at: float
    number: int
    do: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """`now()` is UTC seconds since the epoch. Frozen, it moves by `advance` only; else it runs `speed` times
    as fast as the real clock, and what is due happens while `run` runs."""

    LONGEST_NAP = 0.25

    def __init__(self, start: float | None = None, *, speed: float = 1.0, frozen: bool = False) -> None:
        self._base = time.time() if start is None else start
        self._real = time.monotonic()
        self._speed = speed
        self._frozen = frozen
        self._inside: float | None = None
        self._queue: list[Timer] = []
        self._numbers = itertools.count()
        self._changed = asyncio.Event()

    def now(self) -> float:
        """Inside something that was due: its own moment, so that a late turn makes no other history."""
        if self._inside is not None:
            return self._inside
        if self._frozen:
            return self._base
        return self._base + (time.monotonic() - self._real) * self._speed

    @property
    def speed(self) -> float:
        return self._speed

    def call_at(self, at: float, do: Callable[[], None]) -> Timer:
        timer = Timer(max(at, self.now()), next(self._numbers), do)
        heapq.heappush(self._queue, timer)
        self._changed.set()
        return timer

    def call_later(self, delay: float, do: Callable[[], None]) -> Timer:
        return self.call_at(self.now() + delay, do)

    def every(self, period: float, do: Callable[[], None]) -> Timer:
        """Calls `do` again and again, first after one period; cancelling the result ends it."""
        first = self.call_later(period, lambda: None)

        def again() -> None:
            if not first.cancelled:
                do()
                self.call_later(period, again)

        first.do = again
        return first

    def advance(self, seconds: float) -> None:
        """Moves a frozen clock, and lets everything happen that is due on the way, in order."""
        if not self._frozen:
            raise RuntimeError("only a frozen clock is moved by hand")
        until = self._base + seconds
        self._happen(until)
        self._base = until

    def thaw(self) -> None:
        """A frozen clock begins to run."""
        self._real, self._frozen = time.monotonic(), False
        self._changed.set()

    def freeze(self) -> None:
        """A running clock stands still."""
        self._base, self._frozen = self.now(), True

    def _happen(self, until: float) -> None:
        while self._queue and self._queue[0].at <= until:
            timer = heapq.heappop(self._queue)
            if timer.cancelled:
                continue
            self._inside = timer.at
            if self._frozen:
                self._base = timer.at
            try:
                timer.do()
            finally:
                self._inside = None

    async def run(self) -> None:
        """Lets things happen in real time, for ever. While frozen it only waits."""
        while True:
            self._changed.clear()
            nap = self.LONGEST_NAP
            if not self._frozen:
                self._happen(self.now())
                if self._queue:
                    nap = min(nap, max(0.0, (self._queue[0].at - self.now()) / self._speed))
            try:
                # Not wait_for: before Python 3.12 it may swallow a cancellation (cpython #86296).
                async with asyncio.timeout(max(nap, 0.001)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def sleep(self, seconds: float) -> None:
        """Waits in virtual time. On a frozen clock it does not wait: nothing would ever end it."""
        if seconds <= 0 or self._frozen:
            return
        woken = asyncio.Event()
        self.call_later(seconds, woken.set)
        await woken.wait()
