"""The journal: who did what and why, newest first, and whether it is what was written."""

from __future__ import annotations

import json

from saitotui.engine.journal.entry import Entry
from saitotui.engine.journal.export import gist
from saitotui.ui.ages import clock, stamp
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.words import labelled
from saitotui.ui.line import Line, Look, Page, Span, fit, heading, plain, wrap

LOUD = {"run-begin", "run-end", "arm", "disarm", "control", "evidence", "approval", "run-resume"}
"""Kinds of entries that say what somebody did; the others are its details."""


def journal_page(room: Room) -> Page:
    """The newest entries, under the verdict on all of them."""
    seen = room.acts.journal
    if seen is None:
        words = "reading it" if room.acts.able else "a picture from a file has no journal"
        return Page((heading("Journal", room.width), plain(words)))
    lines = [heading("Journal", room.width, note="newest first; / filters, v verifies")]
    if seen.verdict is None:
        lines.append(plain("it is being verified"))
    else:
        mark = Span("✗ CRIT   ", Look.CRIT) if seen.broken else Span("● OK     ", Look.OK)
        parts = wrap(seen.verdict, room.width - 12, limit=4)
        lines += [
            Line((Span(" "), mark if n == 0 else Span(" " * 9), Span(" " + part)), fixed=True)
            for n, part in enumerate(parts)
        ]
    for entry in seen.entries:
        lines += _rows(entry, room)
    if seen.count > len(seen.entries):
        lines.append(plain(f"and {seen.count - len(seen.entries)} older: saitotui journal show"))
    return Page(tuple(lines))


def _rows(entry: Entry, room: Room) -> list[Line]:
    """One entry, what it says on up to two lines."""
    names = min(14, room.width // 6)
    lead = f" {entry.seq:>5} {clock(entry.time)} "
    left = len(lead) + names + 16
    key = f"entry {entry.seq}"
    parts = wrap(gist(entry), max(10, room.width - left - 1), limit=2)
    first = Line(
        (
            Span(lead, Look.DIM),
            Span(fit(entry.actor, names) + " "),
            Span(fit(entry.run or "-", 5), Look.DIM),
            Span(fit(entry.kind, 9) + " ", Look.STRONG if entry.kind in LOUD else Look.PLAIN),
            Span(parts[0]),
        ),
        key=key,
    )
    return [first, *(Line((Span(" " * left + part),), key=key) for part in parts[1:])]


def entry_page(number: str, room: Room) -> Page:
    """One entry, whole."""
    entries = room.acts.journal.entries if room.acts.journal else ()
    entry = next((one for one in entries if str(one.seq) == number), None)
    if entry is None:
        return Page((heading(f"Entry {number}", room.width), plain("it is not among those that were read")))
    lines = [heading(f"Entry {entry.seq}: {entry.kind}", room.width)]
    for label, text in (
        ("at", f"{entry.at} ({stamp(entry.time)})"),
        ("who", entry.actor),
        ("run", entry.run or "none"),
        ("says", gist(entry)),
        ("hash", entry.hash),
        ("follows", entry.prev),
    ):
        lines += labelled(label, text, room.width, most=8)
    lines.append(heading("Body", room.width))
    text = json.dumps(entry.body, ensure_ascii=False, indent=2)
    lines += [Line((Span(" " + part),)) for row in text.splitlines() for part in _folded(row, room.width - 2)]
    return Page(tuple(lines))


def _folded(row: str, width: int) -> list[str]:
    """A line of JSON on as many lines as it takes, its indentation kept."""
    gap = row[: len(row) - len(row.lstrip())]
    return [gap + part for part in wrap(row.strip(), max(10, width - len(gap)), limit=200)]
