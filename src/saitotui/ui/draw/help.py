"""Help: about what the cursor stands on, then every key and command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.ui.draw.room import Room, find
from saitotui.ui.line import (
    GLYPHS,
    HEALTH_LOOKS,
    Line,
    Look,
    Page,
    Span,
    crop,
    fit,
    heading,
    paragraph,
    plain,
    wrap,
)

WORDS = {
    Health.OK: "well, by a fresh answer",
    Health.MAINT: "taken out on purpose",
    Health.WARN: "works, but needs a look",
    Health.UNKNOWN: "nobody can tell: no answer, or an old one. Never taken for well",
    Health.CRIT: "does not do its work, or soon will not",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, as help writes it."""

    keys: str
    name: str
    summary: str


def help_page(picture: Picture | None, subject: str, entries: Sequence[Entry], room: Room) -> Page:
    lines = _about(picture, subject, room) if picture else []
    lines.append(heading("Keys and commands", room.width, note="q or Esc: back"))
    for entry in entries:
        name = f":{entry.name}" if entry.name else ""
        lead = (Span(f" {fit(entry.keys, 9)}", Look.KEY), Span(fit(name, 20), Look.DIM))
        parts = wrap(entry.summary, max(20, room.width - 31))
        lines.append(Line((*lead, Span(parts[0]))))
        lines += [Line((Span(" " * 30), Span(part))) for part in parts[1:]]
    lines.append(heading("Signs", room.width))
    for health, words in WORDS.items():
        sign = Span(f" {GLYPHS[health]} {health.name:<8}", HEALTH_LOOKS[health])
        lines.append(Line((sign, Span(crop(words, room.width - 12)))))
    lines.append(plain("» acts or helps   ‹ follows from   +2: two more findings   ╌ not known then"))
    lines.append(plain("times are UTC (Z); ages stand beside them"))
    return Page(tuple(lines))


def _about(picture: Picture, subject: str, room: Room) -> list[Line]:
    """What is under the cursor, in words."""
    finding = find(picture, subject)
    situation = picture.situations.get(finding.code) if finding else None
    if finding is not None:
        lines = [heading(finding.code, room.width), *paragraph(finding.sentence, room.width, Look.STRONG)]
        if situation is not None:
            lines += paragraph(situation.meaning, room.width)
            lines += paragraph(f"What to do: {situation.advice}", room.width)
        return lines
    node = picture.node(subject)
    if node is not None:
        words = f"{node.kind} {node.role}".strip()
        return [
            heading(node.id, room.width),
            *paragraph(f"{words}, {node.health.name}. {node.summary}", room.width),
            plain("Enter shows its facts and readings, y its raw answers, s opens a shell on its host"),
        ]
    if subject.startswith("tier/"):
        return [
            heading(subject.removeprefix("tier/"), room.width),
            plain("a tier, worst first, with the sentence of its worst finding; Enter opens its screen"),
        ]
    return []
