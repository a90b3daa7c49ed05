"""Whether this console may act. It may not, until somebody arms it: for a time, and for a reason.

Being armed lives in the console's process alone: when that ends, however it ends, nothing is armed any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

LONGEST = 4 * 3600
"""Seconds that a console may be armed for: a shift's work, not a habit."""

_TIME = re.compile(r"^(\d{1,4})([smh]?)$")
_UNITS = {"s": 1, "m": 60, "": 60, "h": 3600}


class Appender(Protocol):
    """What arming needs of the journal: raises JournalError when nothing could be written."""

    def append(self, kind: str, body: Mapping[str, Any], run: str = "") -> object: ...


@dataclass(frozen=True, slots=True)
class Armed:
    """Armed until `until` (UTC seconds), because of `why`."""

    until: float
    why: str

    def left(self, now: float) -> str:
        """What is left, as it is shown: minutes (rounded up) above one, then steps of ten seconds."""
        seconds = max(0.0, self.until - now)
        if seconds > 60:
            return f"{-int(-seconds // 60)}m"
        return f"{-int(-seconds // 10) * 10}s"


def wanted(text: str) -> tuple[float, str]:
    """Seconds and reason in `15m INC-123 the reason`. ValueError with a sentence when it is not that."""
    word, _, why = text.strip().partition(" ")
    match = _TIME.match(word)
    if match is None:
        raise ValueError(":arm 15m and why: a time (90s, 15m, 1h), then the reason, which the journal keeps")
    seconds = int(match[1]) * _UNITS[match[2]]
    if not 10 <= seconds <= LONGEST:
        raise ValueError(f"a console is armed for 10s to {LONGEST // 3600}h, not for {word}")
    if not why.strip():
        raise ValueError(f":arm {word} and why: the journal keeps the reason")
    return float(seconds), why.strip()


class Arming:
    """The arming of one console. `journal` must take each change before it holds; only disarming holds
    whether it could be written or not."""

    def __init__(self, journal: Appender, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._clock = clock
        self._armed: Armed | None = None

    @property
    def now(self) -> Armed | None:
        """What holds at this moment; None: read-only."""
        armed = self._armed
        return armed if armed is not None and self._clock() < armed.until else None

    def arm(self, text: str) -> Armed:
        """Arms, or arms anew. ValueError for what is not understood, JournalError for a failing journal."""
        seconds, why = wanted(text)
        self._journal.append("arm", {"seconds": int(seconds), "why": why})
        self._armed = Armed(self._clock() + seconds, why)
        return self._armed

    def disarm(self, why: str) -> bool:
        """Disarms; False when it was not armed. JournalError when that could not be written: it holds."""
        was, self._armed = self._armed, None
        if was is None:
            return False
        self._journal.append("disarm", {"why": why})
        return True

    @property
    def expired(self) -> bool:
        """Whether the time is over and nobody has said so yet (`disarm`)."""
        return self._armed is not None and self.now is None
