"""What chronyd says of the clock: `chronyc -n -c tracking` (chronyc(1) 4.3, "tracking")."""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.model.command import Unparsable

_FIELDS = 14


@dataclass(frozen=True, slots=True)
class Tracking:
    """`offset` is how far the system's clock is from the time that is known (seconds, positive: behind)."""

    source: str
    """The server that is followed; empty when there is none."""
    stratum: int
    offset: float
    synchronised: bool


def read_tracking(text: str) -> Tracking:
    """Reads one line of comma-separated values; Unparsable when it is none."""
    words = text.strip().split(",")
    if len(words) != _FIELDS:
        raise Unparsable(f"chronyc gave {len(words)} values, not {_FIELDS}")
    try:
        stratum, offset = int(words[2]), float(words[4])
    except ValueError as error:
        raise Unparsable(f"chronyc: {error}") from None
    synchronised = words[-1] != "Not synchronised" and stratum > 0
    return Tracking(words[1] if synchronised else "", stratum, offset, synchronised)
