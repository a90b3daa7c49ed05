"""Remote text is data: nothing that a machine printed may steer a terminal."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

COVERED = "(covered)"
"""Stands where a secret stood."""
_DOUBTFUL = re.compile(r"[^\n\t\x20-\x7e]")
"""What is not plain ASCII is looked up, one character at a time; the rest is most of what machines say."""
_BAD_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str, *, limit: int = 65_536) -> str:
    """`text` without control, format and unassigned characters (newline and tab stay), at most `limit` long.

    Each removed character becomes U+FFFD, so that a reader sees that something stood there.
    """
    cut = text[:limit].replace("\r\n", "\n")
    return _DOUBTFUL.sub(_safe, cut)


def _safe(found: re.Match[str]) -> str:
    return "\ufffd" if unicodedata.category(found[0]) in _BAD_CATEGORIES else found[0]


def one_line(text: str, *, limit: int = 200) -> str:
    """`text` cleaned and folded to one line of at most `limit` characters."""
    folded = " ".join(clean(text, limit=limit * 4).split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def duration(seconds: float) -> str:
    """Seconds as people write them: `0.4s`, `12s`, `4m12s`, `3h05m`, `2d04h`."""
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds < 10:
        return f"{seconds:.1f}s" if seconds % 1 else f"{int(seconds)}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02d}h"


def coarse(seconds: float) -> str:
    """Seconds in minutes and more: `<1m`, `4m`, `3h05m`, `2d04h`. What ticks costs a redraw each second."""
    if seconds < 60:
        return "<1m"
    minutes = int(seconds) // 60
    return f"{minutes}m" if minutes < 60 else duration(minutes * 60)


def moment(at: float, now: float) -> str:
    """A time (UTC seconds) as people say it at `now`: `03:12 UTC`, with its date when it was another day."""
    try:
        then, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    except (ValueError, OverflowError, OSError):
        return "an unknown time"
    return f"{then:%H:%M} UTC" if then.date() == today.date() else f"{then:%Y-%m-%d %H:%M} UTC"


def size(octets: float) -> str:
    """Bytes with a binary unit: `512 B`, `1.5 KiB`, `20 GiB`."""
    value = float(octets)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024 or unit == "TiB":
            return f"{value:.0f} {unit}" if value >= 10 or value == int(value) else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")
