"""Collecting garbage while nobody types.

A full collection stops every thread for as long as it takes (CPython's documentation of `gc`): 0.2 s with a
thousand hosts, again and again, for each picture is many objects. Nearly all of them are freed by reference
count; what is left in cycles can wait until no key was pressed for a while.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

EVERY = 30.0
"""Seconds between two full collections at least."""
CALM = 3.0
"""Seconds without a key after which a pause is not felt."""
LATEST = 600.0
"""Seconds after which it is done even while somebody types."""
_YOUNG = (2_000, 20, 1_000_000)
"""The third generation is collected here and not by the interpreter (`gc.set_threshold`)."""


class Tidy:
    """Takes full collections over from the interpreter, from `begin` on."""

    def __init__(
        self, collect: Callable[[], object] = gc.collect, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._collect = collect
        self._clock = clock
        self._done = self._typed = clock()

    def begin(self) -> None:
        """What was imported is there to stay, and need not be looked at again."""
        gc.freeze()
        gc.set_threshold(*_YOUNG)

    def typed(self) -> None:
        self._typed = self._clock()

    def rest(self) -> None:
        """To be called every few seconds: collects when it is time and nobody would feel it."""
        now = self._clock()
        since = now - self._done
        if since >= LATEST or (since >= EVERY and now - self._typed >= CALM):
            self._collect()
            self._done = now
