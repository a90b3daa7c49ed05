"""Everything known about one node, finding, tier or journey."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saitotui.engine.runs.catalogue import catalogue
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.topology import Edge, Fact, Journey, Node
from saitotui.ui.ages import age, stamp
from saitotui.ui.draw.catalogue import book_rows
from saitotui.ui.draw.event import event_of, event_page
from saitotui.ui.draw.raw import reading_rows
from saitotui.ui.draw.room import Room, cause_name, find
from saitotui.ui.draw.rows import event_rows, finding_rows, journey_rows
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
    tag,
    width_of,
    wrap,
)


def detail_page(picture: Picture, subject: str, room: Room) -> Page:
    """What Enter opens on `subject`: a finding's key or code, the id of a node, or `event ID`."""
    finding = find(picture, subject)
    if finding is not None:
        return _finding_page(picture, finding, room)
    if number := event_of(subject):
        return event_page(number, picture, room, lambda key: _subject_page(picture, key, room))
    return _subject_page(picture, subject, room)


def readings_about(picture: Picture, subject: str) -> list[str]:
    """Keys of the readings about `subject`, and about the host that it runs on."""
    wanted = {subject}
    node = picture.node(subject)
    if node is not None and node.host:
        wanted |= {node.host, f"host/{node.host}"}
    order = {subject: 0}
    asked = [(order.get(q.subject, 1), key) for key, q in picture.questions.items() if q.subject in wanted]
    return [key for _, key in sorted(asked)]


def _finding_page(picture: Picture, finding: Finding, room: Room) -> Page:
    mark = tag(finding.health)
    situation = picture.situations.get(finding.code)
    first = picture.since.get((finding.code, finding.subject))
    lines: list[Line] = []
    for number, part in enumerate(wrap(finding.sentence, room.width - 12)):
        lead = (Span(" "), mark, Span(" ")) if number == 0 else (Span(" " * 11),)
        lines.append(Line((*lead, Span(part, Look.STRONG))))
    lines.append(_labelled("about", finding.subject, key=finding.subject))
    lines.append(_labelled("code", finding.code + (f"  {situation.title}" if situation else "")))
    if first is not None:
        lines.append(_labelled("since", f"{stamp(first)}, {age(room.now - first)} ago"))
    if finding.cause:
        cause = next((f for f in picture.findings if f.code == finding.cause), None)
        key = f"{cause.code} {cause.subject}" if cause else ""
        words = cause.sentence if cause else cause_name(picture, finding)
        lines.append(_labelled("follows from", crop(words, room.width - 18), key=key))
    if situation is not None:
        lines.append(heading("Why it matters", room.width))
        lines += paragraph(situation.meaning, room.width)
        lines.append(heading("What to do", room.width))
        lines += paragraph(situation.advice, room.width)
    lines += _runbooks(finding, room)
    if finding.evidence:
        lines.append(heading("Evidence", room.width))
        for fact in finding.evidence:
            parts = wrap(fact, room.width - 4)
            lines += [
                Line((Span(" · " if n == 0 else "   ", Look.DIM), Span(p))) for n, p in enumerate(parts)
            ]
    others = [f for f in picture.findings if f.subject == finding.subject and f != finding]
    lines += _section("Also about it", finding_rows(picture, others, room), room)
    lines += _readings(picture, finding.subject, room)
    return Page(tuple(lines))


def _runbooks(finding: Finding, room: Room) -> list[Line]:
    if not finding.runbooks:
        return []
    rows: list[Line] = []
    for name in finding.runbooks:
        book = catalogue().get(name)
        rows += book_rows(book, room) if book else [Line((Span(" » ", Look.STRONG), Span(name, Look.STRONG)))]
    return [heading("Runbooks that help", room.width), *rows]


def _subject_page(picture: Picture, subject: str, room: Room) -> Page:
    node = picture.node(subject)
    lines: list[Line] = []
    if node is not None:
        lines += _node(node, room)
    journey = _journey(picture, subject)
    if journey is not None:
        lines += journey_rows([journey], room)
    if not lines:
        lines.append(plain(f"{crop(subject, 60)}: nothing of that name is in the picture", Look.STRONG))
    findings = [f for f in picture.findings if f.subject == subject]
    lines += _section("What is wrong", finding_rows(picture, findings, room), room)
    if node is not None:
        lines += _section("Facts", fact_rows(node.facts, room), room)
    lines += _section("Links", _links(picture, subject, room), room)
    events = [event for event in picture.events if event.subject == subject][:8]
    lines += _section("What changed", event_rows(events, room), room)
    lines += _readings(picture, subject, room)
    return Page(tuple(lines))


def _journey(picture: Picture, subject: str) -> Journey | None:
    return next((j for j in picture.journeys if f"journey/{j.name}" == subject), None)


def _node(node: Node, room: Room) -> list[Line]:
    words = " ".join(part for part in (node.kind, node.role) if part)
    host = f"on {node.host}" if node.host and node.host != node.id else ""
    lines = [
        Line(
            (
                Span(" "),
                tag(node.health),
                Span(f" {crop(node.id, 30)}", Look.STRONG),
                Span(f"  {words}  {host}".rstrip(), Look.DIM),
            )
        )
    ]
    if node.summary:
        lines += paragraph(node.summary, room.width, indent=11)
    return lines


def fact_rows(facts: Sequence[Fact], room: Room) -> list[Line]:
    width = min(26, max((width_of(fact.label) for fact in facts), default=0))
    lines = []
    for fact in facts:
        look = Look.PLAIN if fact.health in (None, Health.OK) else HEALTH_LOOKS[fact.health or Health.OK]
        bad = fact.health is not None and fact.health > Health.MAINT
        mark = GLYPHS[fact.health] if bad and fact.health is not None else " "
        parts = wrap(fact.text, max(10, room.width - width - 6), limit=4)
        label = Span(f" {fit(fact.label, width)} ", Look.DIM)
        for number, part in enumerate(parts):
            lead = label if number == 0 else Span(" " * (width + 2))
            sign = Span(f"{mark if number == 0 else ' '} ", look)
            lines.append(Line((lead, sign, Span(part, look)), health=fact.health or Health.OK))
    return lines


def _links(picture: Picture, subject: str, room: Room) -> list[Line]:
    edges = [e for tier in picture.tiers for e in tier.edges if subject in (e.source, e.target)]
    return [_link(edge, subject, room) for edge in edges]


def _link(edge: Edge, subject: str, room: Room) -> Line:
    other = edge.target if edge.source == subject else edge.source
    arrow = "→" if edge.source == subject else "←"
    return Line(
        (
            Span(" "),
            tag(edge.health),
            Span(f" {arrow} "),
            Span(fit(other, 18), Look.STRONG),
            Span(" " + crop(f"{edge.kind} {edge.label}", room.width - 34)),
        ),
        key=other,
        health=edge.health,
    )


def _readings(picture: Picture, subject: str, room: Room) -> list[Line]:
    keys = readings_about(picture, subject)
    note = "y: whole answers" if keys else ""
    rows = reading_rows(picture, keys, room)
    return [heading("Readings", room.width, note=note), *rows] if rows else []


def _section(title: str, rows: Iterable[Line], room: Room) -> list[Line]:
    lines = list(rows)
    return [heading(title, room.width), *lines] if lines else []


def _labelled(label: str, text: str, *, key: str = "") -> Line:
    return Line((Span(f" {label:<13}", Look.DIM), Span(text, Look.LINK if key else Look.PLAIN)), key=key)
