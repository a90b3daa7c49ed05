"""Logs as they are followed: entries of all machines in one order, newest first."""

from __future__ import annotations

from functools import lru_cache

from saitotui.engine.tail import Entry, Tailed
from saitotui.model.health import Health
from saitotui.model.log import Log
from saitotui.ui.ages import clock
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.words import labelled
from saitotui.ui.line import GLYPHS, HEALTH_LOOKS, Line, Look, Page, Span, fit, heading, plain, wrap

MOST = 3
"""Rows of one entry in the list; Enter shows it whole."""


def tail_page(subject: str, room: Room) -> Page:
    """The logs of `subject` ('' for all)."""
    title = f"Logs of {subject}" if subject else "Logs"
    following = room.acts.following
    if following is None:
        words = "begins to follow them" if room.acts.able else "a picture from a file has no logs"
        return Page((heading(title, room.width), plain(words)))
    logs, seen = following
    lines = [heading(title, room.width, note="newest first; / filters, ! only wrong, Enter whole")]
    lines += _sources(logs, seen, room)
    names = max((len(log.label) for log in logs), default=6)
    for entry in seen.entries:
        lines += _rows(entry, names, room.width)
    if not seen.entries:
        lines.append(plain("nothing yet"))
    return Page(tuple(lines))


def _sources(logs: tuple[Log, ...], seen: Tailed, room: Room) -> list[Line]:
    """Which logs are heard, and why others are not."""
    heard = sum(log.label in seen.heard for log in logs)
    lines = [] if heard == len(logs) else [plain(f"{heard} of {len(logs)} logs are heard")]
    for label, why in sorted(seen.wrong.items()):
        parts = wrap(f"{label}: {why}", room.width - 4, limit=2)
        lines += [
            Line((Span(" ? " if n == 0 else "   ", Look.UNKNOWN), Span(part)), fixed=True)
            for n, part in enumerate(parts)
        ]
    return lines


@lru_cache(4_096)
def _rows(entry: Entry, names: int, width: int) -> tuple[Line, ...]:
    second = clock(entry.at)
    zone = "Z" if second.endswith("Z") else ""
    lead = f" {second.removesuffix('Z')}.{int(entry.at * 1000) % 1000:03d}{zone} "
    look = HEALTH_LOOKS[entry.health] if entry.health > Health.OK else Look.PLAIN
    mark = GLYPHS[entry.health] if entry.health > Health.OK else " "
    key = f"line {entry.number}"
    left = len(lead) + names + 3
    wide = max(20, width - left - 1)
    text, *others = entry.lines
    parts = wrap(text, wide, limit=2 if others else MOST)
    # What was thrown stands in the second line.
    parts += wrap(others[0], wide, limit=1) if others else ()
    first = Line(
        (
            Span(lead, Look.DIM),
            Span(fit(entry.log.label, names) + " "),
            Span(f"{mark} ", look),
            Span(parts[0] if parts else "", look),
        ),
        key=key,
        health=entry.health,
    )
    rest = [Line((Span(" " * left + part),), key=key, health=entry.health) for part in parts[1:]]
    hidden = len(others) - 1 + entry.more
    if others and hidden > 0:
        words = f"... {hidden} more lines"
        rest.append(Line((Span(" " * left + words, Look.DIM),), key=key, health=entry.health))
    return (first, *rest)


def line_page(number: str, room: Room) -> Page:
    """One entry, whole."""
    entry = room.acts.following[1].entry(number) if room.acts.following else None
    if entry is None:
        return Page((heading("Log entry", room.width), plain("it is not kept any more")))
    lines = [heading(f"{entry.log.label}, {clock(entry.at)}", room.width)]
    lines += labelled("file", f"{entry.log.file} on {entry.log.host}", room.width)
    for text in entry.lines:
        lines += [Line((Span(" " + part),)) for part in wrap(text, room.width - 2, limit=60)]
    if entry.more:
        lines.append(plain(f"and {entry.more} lines more", Look.DIM))
    return Page(tuple(lines))
