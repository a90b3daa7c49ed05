"""How far each host's clock is off, against most of the others.

A host's time is compared with the middle of the round trip that brought it, so it is known to half the round
trip's cost; the console's own clock drops out, because hosts are compared with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from saitotui.facts.host import HostFacts
from saitotui.model.snapshot import Reading


@dataclass(frozen=True, slots=True)
class Offset:
    """Seconds by which a clock is ahead of the others (negative: behind), known to `margin` seconds."""

    seconds: float
    margin: float

    def beyond(self, limit: float) -> bool:
        """It is surely off by more than `limit`."""
        return abs(self.seconds) - self.margin > limit


def offsets(readings: Mapping[str, Reading[HostFacts]]) -> Mapping[str, Offset]:
    """The offset of each host that answered; empty when fewer than two did. Of two that differ nobody can
    tell which is right: both are off by half."""
    raw = {
        host: (facts.now - (reading.at - reading.cost / 2), reading.cost / 2)
        for host, reading in readings.items()
        if (facts := reading.get()) is not None
    }
    if len(raw) < 2:
        return {}
    middle = median(ahead for ahead, _ in raw.values())
    return {host: Offset(ahead - middle, margin) for host, (ahead, margin) in raw.items()}
