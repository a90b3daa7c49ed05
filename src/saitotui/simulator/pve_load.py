"""Figures that move: load of nodes and guests as smooth, repeatable functions of time."""

from __future__ import annotations

import math
import zlib


def wave(name: str, now: float, low: float, high: float, period: float = 97.0) -> float:
    """A value between `low` and `high` that wanders; the same for the same name and time."""
    seed = zlib.crc32(name.encode())
    phase = seed % 1000 / 1000 * math.tau
    slow = math.sin(now / period * math.tau + phase)
    fast = math.sin(now / (period / 7.3) * math.tau + 3 * phase)
    return low + (high - low) * (0.5 + 0.35 * slow + 0.15 * fast)


def grown(name: str, seconds: float, rate: float) -> int:
    """A counter after `seconds` at about `rate` a second; it never falls."""
    seed = zlib.crc32(name.encode()) % 360
    return int(
        max(0.0, seconds) * rate + rate * 5 * (1 + math.sin(seconds / 60 + seed)) * min(seconds, 60) / 120
    )
