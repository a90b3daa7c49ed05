"""The journal: who did what and why, newest first, and whether it is what was written."""

from __future__ import annotations

import json

from saitotui.engine.journal.entry import Entry
from saitotui.engine.journal.export import gist
from saitotui.model.health import Health
from saitotui.ui.ages import clock, stamp
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.words import labelled
from saitotui.ui.line import Line, Look, Page, Span, crop, fit, heading, plain, wrap

_LOUD = {"run-begin", "run-end", "arm", "disarm", "control", "evidence", "approval", "run-resume"}


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
    lines += [_row(entry, room) for entry in seen.entries]
    if seen.count > len(seen.entries):
        lines.append(plain(f"and {seen.count - len(seen.entries)} older: saitotui journal show"))
    return Page(tuple(lines))


def _row(entry: Entry, room: Room) -> Line:
    names = min(16, room.width // 5)
    lead = f" {entry.seq:>5} {clock(entry.time)} "
    rest = room.width - len(lead) - names - 19
    return Line(
        (
            Span(lead, Look.DIM),
            Span(fit(entry.actor, names) + " "),
            Span(fit(entry.run or "-", 5), Look.DIM),
            Span(fit(entry.kind, 10) + " ", Look.STRONG if entry.kind in _LOUD else Look.PLAIN),
            Span(crop(gist(entry), rest)),
        ),
        key=f"entry {entry.seq}",
        health=Health.OK,
    )


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
