"""The first and the last line of every screen."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.model.picture import Picture
from saitotui.ui.ages import age, header_clock
from saitotui.ui.draw.room import Room
from saitotui.ui.line import GLYPHS, HEALTH_LOOKS, Line, Look, Span, crop, wrap

NOTICE_LINES = 4
"""Lines that a notice may take: a reason why something is refused must be readable to its end."""

WIDE = 100
"""Columns from which the header names who, too."""
LATE_POLLS = 5
"""A picture older than this many polls (and five seconds) is said to be old."""


def header(picture: Picture | None, room: Room, *, filters: Sequence[str] = (), crumbs: str = "") -> Line:
    """Which platform and environment, what may be done to it, who acts, how fresh, where we are, when."""
    clock = Span(header_clock(room.now, room.zone) + " ", Look.DIM)
    if picture is None:
        return _spread([Span(" saitotui ", Look.STRONG), _armed(room)], [clock], room.width)
    profile = picture.profile
    left = [
        Span(f" {profile.environment.name.upper()} ", Look.ENVIRONMENT),
        Span(f" {crop(profile.name, 20)} ", Look.STRONG),
        Span(f" {GLYPHS[picture.health]} {picture.health.name} ", HEALTH_LOOKS[picture.health]),
        _armed(room),
        *_robots(picture, room),
        _runs(room),
    ]
    badges = [Span(f" {text} ", Look.BADGE) for text in (*_freshness(picture, room.now), *filters)]
    right = [*badges, Span(" "), clock]
    if sum(span.width for span in (*left, *right)) > room.width and (
        room.acts.disarmed or room.acts.unfinished
    ):
        # Robots that are off, and runs, outrank robots that act as always.
        left = [span for span in left if not span.text.startswith(" robots:")]
    free = room.width - sum(span.width for span in (*left, *right)) - 4
    if crumbs and free >= 8:
        left.append(Span(f"  {crop(crumbs, min(free, 50))}", Look.DIM))
    return _spread(left, right, room.width)


def _armed(room: Room) -> Span:
    """What may be done from here, as a word."""
    armed = room.acts.armed
    if armed is None:
        return Span(" READ-ONLY ", Look.STRONG)
    return Span(f" ARMED {armed.left(room.now)} ", Look.BADGE)


def _runs(room: Room) -> Span:
    """What acts now, by this engineer's runs."""
    runs = room.acts.unfinished
    if not runs:
        return Span(" run: none ", Look.DIM)
    parked = sum(run.parked for run in runs)
    look = Look.BADGE if parked else Look.STRONG
    if len(runs) == 1:
        return Span(f" run {runs[0].name}: {runs[0].word} ", look)
    return Span(f" {len(runs)} runs" + (f", {parked} waiting " if parked else " "), look)


def _robots(picture: Picture, room: Room) -> list[Span]:
    """How many act by themselves, and how many were taken off: until each is proven to act again."""
    armed = sum(robot.armed is True for robot in picture.robots)
    unknown = sum(robot.armed is None for robot in picture.robots)
    text = f" robots: {armed} armed" + (f", {unknown}?" if unknown else "")
    spans = [Span(text + " ", Look.PLAIN if armed else Look.DIM)]
    if room.acts.disarmed:
        by = f" by {crop(', '.join(room.acts.disarmers), 18)}" if room.width >= WIDE else ""
        spans.append(Span(f" {room.acts.disarmed} DISARMED{by} ", Look.BADGE))
    return spans


def _freshness(picture: Picture, now: float) -> Sequence[str]:
    old = now - picture.at
    if picture.restored:
        return [f"LAST KNOWN {age(old)} AGO"]
    if picture.paused:
        return [f"PAUSED {age(old)}"]
    if old > max(5.0, LATE_POLLS * picture.profile.poll):
        return [f"OLD {age(old)}"]
    return []


def _spread(left: list[Span], right: list[Span], width: int) -> Line:
    """`left` and `right` at the two edges; what has no room is left out from the end of `left`."""
    taken = sum(span.width for span in right)
    while len(left) > 1 and sum(span.width for span in left) + taken > width:
        left = left[:-1]
    gap = width - taken - sum(span.width for span in left)
    return Line((*left, Span(" " * max(0, gap)), *right))


def footer(hints: Sequence[tuple[str, str]], room: Room, rest: str = "") -> Line:
    """Keys and what they do, as many as there is room for; `rest` stands at the right."""
    spans: list[Span] = [Span(" ")]
    used = 1 + len(rest) + 2 if rest else 1
    for key, word in hints:
        need = len(key) + len(word) + 3
        if used + need > room.width:
            break
        spans += [Span(key, Look.KEY), Span(f" {word}  ", Look.DIM)]
        used += need
    return _spread(spans, [Span(rest + " ", Look.STRONG)] if rest else [], room.width)


def notice(sentence: str, room: Room, *, wrong: bool = False) -> list[Line]:
    """What the last command said, in the footer's place until the next key; a long sentence on some lines."""
    look = Look.WARN if wrong else Look.STRONG
    return [Line((Span(" " + part, look),)) for part in wrap(sentence, room.width - 2, limit=NOTICE_LINES)]
