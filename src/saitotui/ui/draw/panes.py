"""The screen of a tier: the panes that its file names, or the derived ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from saitotui.engine.journal.entry import Entry
from saitotui.engine.journal.export import gist
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.screen import PaneSpec, ScreenSpec
from saitotui.model.topology import Actor, Event
from saitotui.ui.draw.journal import LOUD
from saitotui.ui.draw.map import tier_map
from saitotui.ui.draw.room import Room, own_findings, side_width, tier_title
from saitotui.ui.draw.rows import event_rows, finding_rows, help_rows, robot_rows
from saitotui.ui.draw.spark import spark_rows
from saitotui.ui.draw.table import table_lines
from saitotui.ui.line import BLANK, Line, Look, Page, Span, crop, heading, plain, tag

DERIVED: tuple[PaneSpec, ...] = (
    PaneSpec("findings"),
    PaneSpec("runbooks"),
    PaneSpec("map"),
    PaneSpec("table"),
    PaneSpec("spark"),
    PaneSpec("log", lines=8),
)

GUTTER = 2
"""Cells between the two columns."""
TALL = 30
"""Lines from which parts stand apart."""


def derived(tier: str) -> ScreenSpec:
    """The screen of a tier that has no file."""
    return ScreenSpec(tier, tier_title(tier), tier, panes=DERIVED)


def tier_page(picture: Picture, screen: ScreenSpec, room: Room) -> Page:
    """Title with the tier's state, then its panes; those at the side stand there when there is room."""
    aside = side_width(room.width) if any(pane.side for pane in screen.panes) else 0
    right = [pane for pane in screen.panes if aside and pane.side]
    side = tuple(_stack(picture, screen, right, room.narrowed(aside)))
    left = [pane for pane in screen.panes if not (side and pane.side)]
    main = room.narrowed(room.width - aside - GUTTER) if side else room
    head = _title(picture, screen, room)
    return Page(
        (*head, *_stack(picture, screen, left, main)), (*[BLANK for _ in head], *side) if side else ()
    )


def _title(picture: Picture, screen: ScreenSpec, room: Room) -> list[Line]:
    tier = picture.tier(screen.tier)
    if tier is None:
        return [plain(f"{screen.title}: the profile has no such tier", Look.STRONG)] if screen.tier else []
    words = screen.title
    line = Line(
        (
            Span(" "),
            tag(tier.health),
            Span(" " + words + "  ", Look.STRONG),
            Span(crop(tier.headline, room.width - len(words) - 15)),
        ),
        fixed=True,
    )
    return [line]


def _stack(picture: Picture, screen: ScreenSpec, panes: Sequence[PaneSpec], room: Room) -> Iterable[Line]:
    first = True
    for pane in panes:
        lines = PANES[pane.kind](picture, pane, pane.tier or screen.tier, room)
        if not lines:
            continue
        if not first and room.height >= TALL:
            yield BLANK
        first = False
        yield from lines


def _map(picture: Picture, pane: PaneSpec, tier: str, room: Room) -> list[Line]:
    body = tier_map(picture, tier, room)
    return [heading(pane.title or "Map", room.width), *body] if body else []


def _table(picture: Picture, pane: PaneSpec, tier: str, room: Room) -> list[Line]:
    found = picture.tier(tier)
    if found is None:
        return []
    tables = [table for table in found.tables if pane.name in ("", table.name)]
    lines: list[Line] = []
    for table in tables:
        if lines and room.height >= TALL:
            lines.append(BLANK)
        lines += table_lines(table, room, title=pane.title, columns=pane.columns, most=pane.lines)
    return lines


def _findings(picture: Picture, pane: PaneSpec, tier: str, room: Room) -> list[Line]:
    found = own_findings(picture, tier) if tier else picture.findings
    wrong = [finding for finding in found if finding.health > Health.OK]
    if not wrong:
        return []
    rows = finding_rows(picture, wrong[: pane.lines or None], room)
    if pane.lines and len(wrong) > pane.lines:
        rows.append(plain(f"and {len(wrong) - pane.lines} more"))
    return [heading(pane.title or "What is wrong", room.width), *rows]


def _runbooks(picture: Picture, pane: PaneSpec, tier: str, room: Room) -> list[Line]:
    found = own_findings(picture, tier) if tier else picture.findings
    wrong = [finding for finding in found if finding.health > Health.MAINT]
    causes = [finding for finding in wrong if not finding.cause] or wrong
    rows = help_rows(picture, causes, room, most=pane.lines or 3)
    return [heading(pane.title or "What helps", room.width), *rows] if rows else []


def _spark(picture: Picture, pane: PaneSpec, tier: str, room: Room) -> list[Line]:
    rows = spark_rows(picture, tier, pane.samples, room)
    rows = rows[: pane.lines or None]
    return [heading(pane.title or "Lately measured", room.width), *rows] if rows else []


def _log(picture: Picture, pane: PaneSpec, tier: str, room: Room) -> list[Line]:
    events = events_of(picture, tier) if tier else picture.events
    return _events(events, pane, pane.title or "What changed", room)


def _journal(picture: Picture, pane: PaneSpec, tier: str, room: Room) -> list[Line]:
    """Who acted: people and robots, of the tier or of the whole platform."""
    events = events_of(picture, tier) if tier else picture.events
    acts = [event for event in events if event.actor is not Actor.PLATFORM]
    return _events(acts, pane, pane.title or "Who acted", room)


def _events(events: Sequence[Event], pane: PaneSpec, title: str, room: Room) -> list[Line]:
    rows = event_rows(events[: pane.lines or 200], room)
    return [heading(title, room.width), *(rows or [plain("nothing known")])]


def events_of(picture: Picture, tier: str) -> tuple[Event, ...]:
    """Events about a tier: those it reports itself, and those about its nodes."""
    found = picture.tier(tier)
    if found is None:
        return ()
    subjects = {node.id for node in found.nodes} | {tier}
    own = set(found.events)
    return tuple(event for event in picture.events if event in own or event.subject in subjects)


PANES: Mapping[str, Callable[[Picture, PaneSpec, str, Room], list[Line]]] = {
    "map": _map,
    "table": _table,
    "findings": _findings,
    "runbooks": _runbooks,
    "spark": _spark,
    "log": _log,
    "journal": _journal,
}


def timeline(picture: Picture, room: Room) -> tuple[Event, ...]:
    """What happened, newest first, and who did it: the platform, robots, and people by the journal."""
    journal = room.acts.journal.entries if room.acts.journal is not None else ()
    people = [
        Event(entry.time, Actor.PERSON, entry.actor, f"entry {entry.seq}", _acted(entry))
        for entry in journal
        if entry.kind in LOUD and entry.time <= room.now
    ]
    return tuple(sorted((*picture.events, *people), key=lambda event: -event.at))


def _acted(entry: Entry) -> str:
    return f"run {entry.run}: {gist(entry)}" if entry.run else gist(entry)


def log_page(picture: Picture, room: Room) -> Page:
    """Everything that changed, and everything that acts by itself."""
    robots = robot_rows(picture.robots, room)
    events = event_rows(timeline(picture, room), room)
    return Page(
        (
            heading("Acts by itself", room.width),
            *(robots or [plain("nothing that the tiers know of")]),
            heading("What changed: people, robots, the platform", room.width, note=str(len(events))),
            *(events or [plain("nothing since this console began to look")]),
        )
    )
