"""How well something is, as an ordered word."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Health(IntEnum):
    """Ordered from best to worst: what is unknown ranks worse than a warning, since it may hide anything."""

    OK = 0
    MAINT = 1
    WARN = 2
    UNKNOWN = 3
    CRIT = 4

    @property
    def exit_code(self) -> int:
        """The monitoring plug-in convention: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."""
        return {Health.OK: 0, Health.MAINT: 0, Health.WARN: 1, Health.CRIT: 2, Health.UNKNOWN: 3}[self]


def worst(parts: Iterable[Health]) -> Health:
    """A whole is as bad as its worst part; a whole of nothing is UNKNOWN."""
    return max(parts, default=Health.UNKNOWN)
