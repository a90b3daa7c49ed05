"""What if a node is lost, cut off or drained, or a link breaks: computed from what is known."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.model.picture import Picture
from saitotui.tiers.cluster.forecast import Event
from saitotui.tiers.redundancy.whatif import Forecast, Row, what_if
from saitotui.ui.ages import clock
from saitotui.ui.draw.room import Room
from saitotui.ui.line import (
    BLANK,
    Line,
    Look,
    Page,
    Span,
    crop,
    fit,
    glyph,
    heading,
    paragraph,
    plain,
    tag,
    wrap,
)

LABEL = 20
"""Cells of what a row is about."""


def whatif_page(subject: str, picture: Picture, room: Room) -> Page:
    """`subject` is the id of a node or a link, and maybe an event: `pve2 partition`."""
    name, _, event = subject.partition(" ")
    found = what_if(picture.profile, picture.snapshot, picture.tiers, name, event.strip())
    if isinstance(found, str):
        return Page((heading(f"What if: {subject}", room.width), *paragraph(found, room.width)))
    note = f"computed, as of {clock(picture.at)}; nothing is asked or done"
    lines = [heading(f"What if {found.question}", room.width, note=note), *_verdict(found, room)]
    for title, rows in (
        ("What happens, in seconds from then", found.course),
        ("Its guests", found.guests),
        ("Links" if found.links else "Services", found.services),
        ("Users", found.journeys),
    ):
        lines += _part(title, rows, room)
    lines += [plain(f"? not known: {what}", Look.UNKNOWN) for what in found.unknown]
    if found.course and picture.node(name) is not None:
        others = " · ".join(f":what-if {name} {one}" for one in Event if one != (event or Event.LOSS))
        lines += [BLANK, plain(crop(f"also {others}", room.width - 2))]
    return Page(tuple(lines))


def _verdict(found: Forecast, room: Room) -> list[Line]:
    text = found.loss.why or "nobody notices"
    parts = wrap(f"{found.loss.impact.word}: {text}", room.width - 12, limit=3)
    return [
        Line(
            (
                Span(" "),
                tag(found.loss.impact.health) if n == 0 else Span(" " * 9),
                Span(f" {part}", Look.STRONG),
            )
        )
        for n, part in enumerate(parts)
    ]


def _part(title: str, rows: Sequence[Row], room: Room) -> list[Line]:
    if not rows:
        return []
    lines = [] if room.small else [BLANK]
    lines.append(heading(title, room.width))
    for row in rows:
        parts = wrap(row.text, room.width - LABEL - 4, limit=3)
        for number, part in enumerate(parts):
            lead = (Span(" "), glyph(row.health), Span(f" {fit(row.label, LABEL)}", Look.DIM))
            spans = (*lead, Span(part)) if number == 0 else (Span(" " * (LABEL + 3)), Span(part))
            lines.append(Line(spans, health=row.health))
    return lines
