"""Rows that several views share: findings, events, journeys, robots, runbooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saitotui.engine.runs.catalogue import catalogue
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.plan import Refusal
from saitotui.model.text import duration
from saitotui.model.topology import Actor, Event, Journey, Robot
from saitotui.ui.ages import age, clock
from saitotui.ui.draw.room import Room, cause_name, finding_key, since
from saitotui.ui.line import Line, Look, Span, crop, fit, glyph, plain, tag, width_of, wrap

AGE = 6
"""Cells of an age column."""


def finding_rows(picture: Picture, findings: Iterable[Finding], room: Room, *, fold: int = 3) -> list[Line]:
    """Each finding with its whole sentence on up to `fold` lines; consequences dimmed and marked."""
    lines: list[Line] = []
    for finding in findings:
        lines += _finding(picture, finding, room, fold)
    return lines


def _finding(picture: Picture, finding: Finding, room: Room, fold: int) -> list[Line]:
    dimmed = bool(finding.cause)
    key, standing = finding_key(finding), since(picture, finding, room.now)
    left = 11
    text = finding.sentence
    if dimmed:
        text += f" (follows from {cause_name(picture, finding)})"
    parts = wrap(text, max(10, room.width - left - AGE - 1), limit=fold)
    look = Look.DIM if dimmed else Look.PLAIN
    mark = tag(finding.health)
    rows = [
        Line(
            (
                Span(" "),
                Span(mark.text, Look.DIM if dimmed else mark.look),
                Span(" "),
                Span(fit(parts[0], room.width - left - AGE - 1), look),
                Span(fit(standing, AGE, right=True) + " ", Look.DIM),
            ),
            key=key,
            health=finding.health,
        )
    ]
    rows += [Line((Span(" " * left), Span(part, look)), health=finding.health, key=key) for part in parts[1:]]
    return rows


ACTORS = {Actor.PERSON: "person", Actor.ROBOT: "robot", Actor.PLATFORM: ""}


def event_rows(events: Sequence[Event], room: Room) -> list[Line]:
    """Who did what when: UTC time, age, people and robots in one list."""
    names = min(20, max((width_of(_who(event)) for event in events), default=0))
    return [_event(event, room, min(names, room.width // 4)) for event in events]


def _who(event: Event) -> str:
    return f"{ACTORS[event.actor]} {event.who}".strip()


def _event(event: Event, room: Room, names: int) -> Line:
    lead = f" {clock(event.at)} {fit(age(room.now - event.at), AGE, right=True)}  "
    return Line(
        (
            Span(lead, Look.DIM),
            Span(fit(_who(event), names), Look.STRONG if ACTORS[event.actor] else Look.DIM),
            Span("  " + crop(event.sentence, room.width - len(lead) - names - 3)),
        ),
        key=event.subject,
    )


def journey_rows(journeys: Sequence[Journey], room: Room) -> list[Line]:
    """What users do, tried end to end: one line each."""
    name_width = min(18, max((width_of(journey.name) for journey in journeys), default=0))
    lines = []
    for journey in journeys:
        latency = "" if journey.latency is None else duration_ms(journey.latency)
        rest = room.width - 13 - name_width - 10
        lines.append(
            Line(
                (
                    Span(" "),
                    tag(journey.health),
                    Span(" " + fit(journey.name, name_width) + "  ", Look.STRONG),
                    Span(fit(journey.sentence, rest)),
                    Span(fit(latency, 9, right=True) + " "),
                ),
                key=f"journey/{journey.name}",
                health=journey.health,
            )
        )
    return lines


def duration_ms(seconds: float) -> str:
    """Latencies in milliseconds below ten seconds, rounded so that they stand still: `84 ms`."""
    if not 0 <= seconds < 86_400:
        return "?"
    if seconds >= 10:
        return duration(seconds)
    return f"{seconds * 1000:.0f} ms"


def robot_rows(robots: Iterable[Robot], room: Room) -> list[Line]:
    """What acts by itself, armed or not. An armed robot is no fault; one nobody can tell about is."""
    lines = []
    for robot in robots:
        word = {True: "armed", False: "disarmed", None: "unknown"}[robot.armed]
        health = Health.UNKNOWN if robot.armed is None else Health.OK
        look = {True: Look.STRONG, False: Look.DIM, None: Look.UNKNOWN}[robot.armed]
        mark = {True: "»", False: "·", None: "?"}[robot.armed]
        lines.append(
            Line(
                (
                    Span(f" {mark} {word:<9}", look),
                    Span(fit(robot.name, 20) + " "),
                    Span(crop(robot.sentence, room.width - 34), Look.DIM),
                ),
                health=health,
            )
        )
    return lines


def help_rows(picture: Picture, findings: Sequence[Finding], room: Room, *, most: int = 3) -> list[Line]:
    """What may be done: the runbooks that help with `findings`, else the advice for the worst of them."""
    seen: dict[str, Finding] = {}
    for finding in findings:
        for runbook in finding.runbooks:
            seen.setdefault(runbook, finding)
    lines = []
    for runbook, finding in list(seen.items())[:most]:
        situation = picture.situations.get(finding.code)
        about = situation.advice if situation else f"for {finding.subject}: {finding.sentence}"
        said = _preflight(runbook, room)
        lines.append(
            Line(
                (
                    Span(" » ", Look.STRONG),
                    Span(fit(runbook, 22), Look.STRONG),
                    Span(f"  {said}", Look.WARN),
                    Span(crop(about, room.width - 28 - len(said))),
                ),
                key=f"runbook {runbook}" if runbook in catalogue() else finding_key(finding),
            )
        )
    if lines or not findings:
        return lines
    return advice_rows(picture, findings[0], room)


def _preflight(runbook: str, room: Room) -> str:
    """What forbids a runbook now: `2 red, 1 amber: `; nothing when it may be begun, or nobody asked."""
    prepared = room.acts.prepared.get(runbook)
    if prepared is None:
        return ""
    if isinstance(prepared.plan, Refusal):
        return "no plan now: "
    said = [f"{count} {word}" for word in ("red", "amber") if (count := prepared.count(word))]
    return ", ".join(said) + ": " if said else "all green: "


def advice_rows(picture: Picture, finding: Finding, room: Room) -> list[Line]:
    situation = picture.situations.get(finding.code)
    if situation is None or not situation.advice:
        return [plain("no runbook for this; Enter on the finding shows what is known")]
    parts = wrap(situation.advice, room.width - 4, limit=3)
    key = finding_key(finding)
    return [
        Line((Span(" » " if n == 0 else "   ", Look.STRONG), Span(p)), key=key) for n, p in enumerate(parts)
    ]


def pointer(health: Health | None) -> Span:
    """A cell's state where there is no room for the word: a glyph for what is not well, else nothing."""
    return Span("") if health is None or health is Health.OK else glyph(health)
