"""Times as the console shows them: UTC, and ages that change no more often than they matter."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def age(seconds: float) -> str:
    """`<1m`, `4m`, `3h05m`, `2d04h`: minutes are fine enough, and a ticking second costs bytes."""
    if seconds < 60:
        return "<1m"
    whole = int(min(seconds, 86_400 * 9_999))
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02d}h"


def reading_age(seconds: float) -> str:
    """The same for readings, where ten seconds matter: `<10s`, `20s`, `4m`."""
    if seconds < 10:
        return "<10s"
    if seconds < 60:
        return f"{int(seconds) // 10 * 10}s"
    return age(seconds)


def clock(at: float) -> str:
    """`03:12:40Z`."""
    return _moment(at).strftime("%H:%M:%SZ")


def stamp(at: float) -> str:
    """`2026-03-08 03:12:40Z`."""
    return _moment(at).strftime("%Y-%m-%d %H:%M:%SZ")


def header_clock(at: float, zone: tzinfo | None) -> str:
    """`03:12Z (04:12)`: UTC, and local time in brackets where it differs."""
    moment = _moment(at)
    local = moment.astimezone(zone)
    text = moment.strftime("%H:%MZ")
    return text if not local.utcoffset() else f"{text} ({local:%H:%M})"


def _moment(at: float) -> datetime:
    """Platforms say strange times; what no calendar holds is shown as the nearest that it does."""
    return datetime.fromtimestamp(min(max(at, 0.0), 253_402_300_799.0), UTC)
