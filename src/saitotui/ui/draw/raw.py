"""Raw answers: what was asked, and what came back, character by character as far as that is safe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from saitotui.model.command import Answer, Command, Question
from saitotui.model.picture import Picture
from saitotui.model.snapshot import PENDING, Reading
from saitotui.model.text import clean
from saitotui.ui.ages import reading_age, stamp
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.rows import duration_ms
from saitotui.ui.line import Line, Look, Page, Span, crop, heading, paragraph, plain

MOST_LINES = 5_000
"""Lines of a raw answer that are shown."""


def reading_key(key: str) -> str:
    return f"reading {key}"


def raw_page(picture: Picture, keys: list[str], room: Room) -> Page:
    """The readings `keys` with their whole answers."""
    lines: list[Line] = []
    for key in keys:
        reading = picture.snapshot.readings.get(key, PENDING)
        lines.append(heading(key, room.width))
        lines += _asked(picture.questions.get(key), reading, room)
        lines += [Line((Span(text),)) for text in answer_lines(reading.raw)]
    return Page(tuple(lines or [plain("no reading is about this")]))


def _asked(question: Question[Any] | None, reading: Reading[Any], room: Room) -> list[Line]:
    lines = []
    if question is not None:
        lines += paragraph(f"asked: {command_text(question.command)}", room.width, Look.DIM)
    if reading.at:
        when = f"answered {stamp(reading.at)}, {reading_age(room.now - reading.at)} ago"
        lines.append(plain(f"{when}, in {duration_ms(reading.cost)}"))
    if reading.failure is not None:
        lines += paragraph(f"{reading.failure.kind}: {reading.failure.sentence}", room.width, Look.WARN)
    return lines


def command_text(command: Command) -> str:
    """Where a command goes and what it says: `ssh db1: uptime`."""
    body = f" {command.body}" if command.body else ""
    return f"{command.client.value} {command.target}: {command.text}{body}"


def answer_lines(answer: Answer | None, most: int = MOST_LINES) -> list[str]:
    """An answer as lines of text; the last says how many more there are."""
    if answer is None:
        return []
    lines: list[str] = []
    count = 0
    for line in _lines(answer):
        count += 1
        if len(lines) < most:
            lines.append(line)
    if count > most:
        lines.append(f"… {count - most} more lines")
    return lines


def _lines(answer: Answer) -> Iterator[str]:
    if answer.status:
        yield f"status {answer.status}"
    for number, row in enumerate(answer.rows, 1):
        if len(answer.rows) > 1:
            yield f"row {number}"
        width = max((len(name) for name in row), default=0)
        for name, value in row.items():
            yield from _value(f"{name:>{min(width, 40)}}: ", value)
    if answer.data is not None:
        yield from clean(json.dumps(answer.data, indent=2, ensure_ascii=False)).splitlines()
    elif answer.text:
        yield from clean(answer.text, limit=400_000).splitlines()


def _value(label: str, value: object) -> Iterator[str]:
    first, *rest = clean(str(value)).splitlines() or [""]
    yield label + first
    yield from (" " * len(label) + line for line in rest)


def reading_rows(picture: Picture, keys: list[str], room: Room, *, most: int = 6) -> list[Line]:
    """Each reading: state, age, cost, what was asked; then why it failed, and the start of what came back."""
    lines: list[Line] = []
    for key in keys:
        lines += _reading(picture, key, room, most)
    return lines


def _reading(picture: Picture, key: str, room: Room, most: int) -> list[Line]:
    reading = picture.snapshot.readings.get(key, PENDING)
    question = picture.questions.get(key)
    stale = question is not None and reading.at > 0 and picture.snapshot.is_stale(question)
    word, look = _state(reading, stale)
    when = reading_age(room.now - reading.at) if reading.at else "never"
    cost = duration_ms(reading.cost) if reading.at else ""
    lead = f" {word:<12}{when:>7} {cost:>8}  "
    name = crop(key, max(10, room.width - len(lead) - 1))
    lines = [Line((Span(lead, look), Span(name, Look.STRONG)), key=reading_key(key))]
    if question is not None:
        lines += [Line((Span("   " + crop(command_text(question.command), room.width - 4), Look.DIM),))]
    if reading.failure is not None and reading.failure.sentence:
        lines += paragraph(reading.failure.sentence, room.width, Look.WARN, indent=3)
    raw = answer_lines(reading.raw)
    shown = raw if len(raw) <= most + 1 else raw[:most]
    lines += [Line((Span("   │ ", Look.DIM), Span(crop_keep(text, room.width - 6)))) for text in shown]
    if len(shown) < len(raw):
        lines.append(plain(f"│ … {len(raw) - len(shown)} more lines: Enter", indent=3))
    return lines


def crop_keep(text: str, width: int) -> str:
    """Cuts at the right, leaves the spaces inside alone: raw answers have columns."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def _state(reading: Reading[Any], stale: bool) -> tuple[str, Look]:
    if reading.failure is not None:
        return reading.failure.kind.value, Look.UNKNOWN if reading.at else Look.DIM
    return ("stale", Look.UNKNOWN) if stale else ("ok", Look.OK)
