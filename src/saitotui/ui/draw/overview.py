"""The overview: the five questions of the first sixty seconds, in the order in which they are asked.

Is it down for users? Which tier is the cause? What changed? Who acts already (the header)? What may I do?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.topology import TierPicture
from saitotui.ui.draw.catalogue import run_rows
from saitotui.ui.draw.room import Room, cause_name, finding_key, since, tier_key, tier_title
from saitotui.ui.draw.rows import (
    AGE,
    event_rows,
    finding_rows,
    help_rows,
    journey_rows,
    robot_rows,
)
from saitotui.ui.line import BLANK, Line, Look, Page, Span, crop, fit, heading, plain, tag, width_of, wrap

HOUR = 3600.0
EVENTS = 8
"""Lines that what changed is given before findings are said a second time."""
LEFT = 25
"""Cells of a tier's row before its sentence."""


def overview(picture: Picture, room: Room) -> Page:
    """Fills the height it has: users, tiers and what helps always, the rest as far as there is room."""
    users = _users(picture, room)
    helps = _helps(picture, room)
    spare = room.height - len(users) - len(helps) - len(picture.tiers) - 1
    strip = _tiers(picture, room, max(0, min(5, spare - 4)))
    spare = room.height - len(users) - len(helps) - len(strip)
    gaps = 5 if spare >= 9 else 0
    details = _findings(picture, room, spare - gaps - EVENTS)
    spare -= gaps + len(details)
    lately = _lately(picture, room, max(2, spare))
    robots = _robots(picture, room)
    if len(robots) > spare - len(lately):
        robots = []
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
    return [heading("Users", room.width), *rows[: max(3, room.height // 6)]]


def strip_order(picture: Picture) -> list[TierPicture]:
    """Worst first; what has a name before what has none, causes before consequences, and what explains most
    of the others before the rest."""
    explains = Counter(finding.cause for finding in picture.findings)

    def place(tier: TierPicture) -> tuple[int, bool, bool, int]:
        explained = sum(explains[finding.code] for finding in tier.findings)
        return -tier.health, _is_consequence(tier), not tier.findings, -explained

    return sorted(picture.tiers, key=place)


def _is_consequence(tier: TierPicture) -> bool:
    bad = [f for f in tier.findings if f.health is tier.health]
    return bool(bad) and all(f.cause for f in bad)


def _tiers(picture: Picture, room: Room, extra: int) -> list[Line]:
    """A row a tier; up to `extra` lines more, so that diagnoses can be read to their end."""
    lines = [heading("Tiers", room.width, note="" if picture.tiers else "none in the profile")]
    for tier in strip_order(picture):
        rows = tier_rows(picture, tier, room, fold=2 if extra > 0 else 1)
        extra -= len(rows) - 1
        lines += rows
    return lines


def tier_rows(picture: Picture, tier: TierPicture, room: Room, *, fold: int = 1) -> list[Line]:
    """One tier: key, state, name, the sentence of its worst finding and how long it has stood. What is well
    or a consequence is dimmed and takes one line."""
    worst = next((f for f in tier.findings if not f.cause), None) or next(iter(tier.findings), None)
    well, follows = tier.health <= Health.MAINT, _is_consequence(tier)
    width = room.width - LEFT - AGE - 1
    sentence, extra, standing = tier.headline, "", ""
    if worst is not None and not well:
        sentence, standing = worst.sentence, since(picture, worst, room.now)
        extra = _extra(picture, tier, worst)
    extra = crop(extra, width // 3)
    parts = wrap(sentence, width - width_of(extra), limit=1 if well or follows else fold)
    mark = tag(tier.health)
    quiet = well or follows
    first = Line(
        (
            Span(f" {tier_key(room.screens, tier.tier)} ", Look.DIM if well else Look.KEY),
            Span(mark.text + " ", Look.DIM if follows else mark.look),
            Span(fit(tier_title(tier.tier), 11) + " ", Look.DIM if follows else Look.STRONG),
            Span(fit(parts[0], width - width_of(extra)), Look.DIM if quiet else Look.PLAIN),
            Span(extra, Look.DIM),
            Span(fit(standing, AGE, right=True) + " ", Look.DIM),
        ),
        key=f"tier/{tier.tier}",
        health=tier.health,
    )
    more = [Line((Span(" " * LEFT), Span(part)), key=first.key, health=tier.health) for part in parts[1:]]
    return [first, *more]


def _extra(picture: Picture, tier: TierPicture, worst: Finding) -> str:
    """How many findings more the tier has, and what its worst one follows from."""
    more = f" +{len(tier.findings) - 1}" if len(tier.findings) > 1 else ""
    return f"{more} ‹ {cause_name(picture, worst)}" if worst.cause else more


def _findings(picture: Picture, room: Room, most: int) -> list[Line]:
    """All that is wrong, where the terminal is tall enough to say it twice."""
    wrong = [f for f in picture.findings if f.health > Health.MAINT]
    if most < 4 or len(wrong) < 2:
        return []
    rows = finding_rows(picture, wrong[:most], room, fold=2)
    if len(rows) > most - 1:
        rows = [*rows[: most - 2], plain(f"{len(wrong)} in all: press ! and look at the tiers")]
    return [heading("What is wrong", room.width), *rows]


def _lately(picture: Picture, room: Room, most: int) -> list[Line]:
    """The events of the last hour, else the newest there are."""
    fresh = [event for event in picture.events if room.now - event.at <= HOUR]
    shown = fresh or list(picture.events[:2])
    note = "" if fresh else "nothing in the last hour"
    rows = event_rows(shown[: max(1, most - 1)], room)
    return [heading("What changed", room.width, note=note or "l: all"), *rows]


def _robots(picture: Picture, room: Room) -> list[Line]:
    if not picture.robots:
        return []
    return [heading("Acts by itself", room.width), *robot_rows(picture.robots, room)]


def _helps(picture: Picture, room: Room) -> list[Line]:
    causes = [f for f in picture.findings if not f.cause and f.health > Health.MAINT]
    rows = help_rows(picture, causes, room)
    if not rows:
        well = picture.health <= Health.MAINT
        rows = [plain("all is well: nothing needs to be done" if well else "no runbook is named for this")]
    return [*_runs(room), heading("What helps", room.width), *rows]


def _runs(room: Room) -> list[Line]:
    """Runs that are under way or wait for somebody: before everything else that may be done."""
    rows = run_rows(room.acts.unfinished[:3], room)
    return [heading("Under way", room.width, note="Enter attaches"), *rows] if rows else []


def waiting(name: str, asked: Sequence[str], room: Room) -> Page:
    """Before the first picture: what is being asked, so that the screen is never blank."""
    lines = [
        heading("First look", room.width),
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
