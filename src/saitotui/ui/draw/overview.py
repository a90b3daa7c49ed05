"""The overview: the five questions of the first sixty seconds, in the order in which they are asked.

Is it down for users? Which tier is the cause? What changed? Who acts already (the header)? What may I do?
"""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.topology import TierPicture
from saitotui.ui.draw.room import Room, cause_name, finding_key, since, tier_key, tier_title
from saitotui.ui.draw.rows import (
    AGE,
    event_rows,
    finding_rows,
    help_rows,
    journey_rows,
    robot_rows,
)
from saitotui.ui.line import BLANK, Line, Look, Page, Span, crop, fit, heading, plain, tag, width_of

HOUR = 3600.0


def overview(picture: Picture, room: Room) -> Page:
    """Fills the height it has: the tiers always, events and robots as far as there is room."""
    users = _users(picture, room)
    strip = _tiers(picture, room)
    helps = _helps(picture, room)
    spare = room.height - len(users) - len(strip) - len(helps) - 1
    gaps = 3 if spare >= 9 else 0
    robots = _robots(picture, room) if spare - gaps > 8 + len(picture.robots) else []
    gaps += 1 if robots else 0
    details = _findings(picture, room, spare - gaps - len(robots) - 6)
    gaps += 1 if details else 0
    lately = _lately(picture, room, max(2, spare - gaps - len(robots) - len(details)))
    parts = [part for part in (users, strip, details, lately, robots, helps) if part]
    return Page(_stack(parts, gap=gaps > 0))


def _stack(parts: Sequence[Sequence[Line]], *, gap: bool) -> tuple[Line, ...]:
    lines: list[Line] = []
    for part in parts:
        if lines and gap:
            lines.append(BLANK)
        lines += part
    return tuple(lines)


def _users(picture: Picture, room: Room) -> list[Line]:
    journeys = sorted(picture.journeys, key=lambda journey: -journey.health)
    rows = journey_rows(journeys, room)
    if not rows:
        rows = [plain("nothing is tried from here: the profile names no journeys")]
    return [heading("users", room.width), *rows[: max(3, room.height // 6)]]


def strip_order(picture: Picture) -> list[TierPicture]:
    """Worst first; what is only a consequence after its cause."""
    return sorted(picture.tiers, key=lambda tier: (-tier.health, _is_consequence(tier)))


def _is_consequence(tier: TierPicture) -> bool:
    bad = [f for f in tier.findings if f.health is tier.health]
    return bool(bad) and all(f.cause for f in bad)


def _tiers(picture: Picture, room: Room) -> list[Line]:
    note = "" if picture.tiers else "none in the profile"
    return [
        heading("tiers", room.width, note=note),
        *(tier_row(picture, tier, room) for tier in strip_order(picture)),
    ]


def tier_row(picture: Picture, tier: TierPicture, room: Room) -> Line:
    """One tier: key, state, name, the sentence of its worst finding and how long it has stood."""
    worst = next((f for f in tier.findings if not f.cause), None) or next(iter(tier.findings), None)
    follows = _is_consequence(tier)
    well = tier.health <= Health.MAINT
    mark = tag(tier.health)
    width = room.width - 4 - 9 - 1 - 12 - AGE - 1
    sentence, extra, standing = tier.headline, "", ""
    if worst is not None and not well:
        sentence, standing = worst.sentence, since(picture, worst, room.now)
        more = len(tier.findings) - 1
        extra = f" +{more}" if more else ""
        if follows:
            extra += f" ‹ {cause_name(picture, worst)}"
    quiet = Look.DIM if well or follows else Look.PLAIN
    extra = crop(extra, width // 3)
    return Line(
        (
            Span(f" {tier_key(room.screens, tier.tier)}  ", Look.KEY if not well else Look.DIM),
            Span(mark.text, Look.DIM if follows else mark.look),
            Span(" "),
            Span(fit(tier_title(tier.tier), 11) + " ", Look.DIM if follows else Look.STRONG),
            Span(fit(sentence, width - width_of(extra)), quiet),
            Span(extra, Look.DIM),
            Span(fit(standing, AGE, right=True) + " ", Look.DIM),
        ),
        key=f"tier/{tier.tier}",
        health=tier.health,
    )


def _findings(picture: Picture, room: Room, most: int) -> list[Line]:
    """All that is wrong, where the terminal is tall enough to say it twice."""
    wrong = [f for f in picture.findings if f.health > Health.MAINT]
    if most < 4 or len(wrong) < 2:
        return []
    rows = finding_rows(picture, wrong, room, fold=2)
    if len(rows) > most - 1:
        rows = [*rows[: most - 2], plain(f"{len(wrong)} in all: press ! and look at the tiers")]
    return [heading("what is wrong", room.width), *rows]


def _lately(picture: Picture, room: Room, most: int) -> list[Line]:
    """The events of the last hour, else the newest there are."""
    fresh = [event for event in picture.events if room.now - event.at <= HOUR]
    shown = fresh or list(picture.events[:2])
    note = "" if fresh else "nothing in the last hour"
    rows = event_rows(shown[: max(1, most - 1)], room)
    return [heading("what changed", room.width, note=note or "l: all"), *rows]


def _robots(picture: Picture, room: Room) -> list[Line]:
    if not picture.robots:
        return []
    return [heading("acts by itself", room.width), *robot_rows(picture.robots, room)]


def _helps(picture: Picture, room: Room) -> list[Line]:
    causes = [f for f in picture.findings if not f.cause and f.health > Health.MAINT]
    rows = help_rows(picture, causes, room)
    if not rows:
        rows = [plain("nothing: all is well")] if not causes else []
    return [heading("what helps", room.width), *rows]


def waiting(name: str, asked: Sequence[str], room: Room) -> Page:
    """Before the first picture: what is being asked, so that the screen is never blank."""
    lines = [
        heading("first look", room.width),
        plain(f"asking {name}; nothing is known yet and nothing was kept from before", Look.STRONG),
        *(plain(line) for line in asked),
    ]
    return Page(tuple(lines))


def digest(picture: Picture, room: Room) -> Page:
    """One column for terminals smaller than 80x24: what is wrong first, each in full."""
    wrong: list[Finding] = [f for f in picture.findings if f.health > Health.MAINT]
    lines: list[Line] = []
    for journey in sorted(picture.journeys, key=lambda journey: -journey.health):
        lines.append(_digest_row(journey.health, journey.name, f"journey/{journey.name}", room))
    for finding in wrong:
        lines.append(_digest_row(finding.health, finding.sentence, finding_key(finding), room, finding.cause))
    for tier in strip_order(picture):
        lines.append(_digest_row(tier.health, tier_title(tier.tier), f"tier/{tier.tier}", room))
    return Page(tuple(lines))


def _digest_row(health: Health, text: str, key: str, room: Room, cause: str = "") -> Line:
    mark = tag(health)
    look = Look.DIM if cause else mark.look
    word = mark.text.rstrip()
    return Line(
        (
            Span(word + " ", look),
            Span(crop(text, room.width - len(word) - 1), Look.DIM if cause else Look.PLAIN),
        ),
        key=key,
        health=health,
    )
