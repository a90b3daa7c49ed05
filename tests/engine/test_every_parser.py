"""Whatever a machine answers to any question, it is a value or a failure, and becomes a picture."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import Platform, platform
from saitotui.model.command import Answer, Json, Scalar
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.text import clean
from saitotui.simulator.simulation import Simulation

JUNK = st.sampled_from(
    [
        *(
            "",
            "\x1b[2J\x1b]0;owned\x07",
            "[/x]",
            "[@click=app.quit]x",
            "\x00",
            "\r\n",
            "\u202e",
            "\ufffd\ud800",
        ),
        *("-1", "9" * 400, "1e999", "NaN", "Yes", "ON", "null", "{}", "[]", "::", ",", "\t", "%s", "'", '"'),
    ]
)
LINE = "x" * 10_000_000
"""A line of ten megabytes."""


@cache
def answered() -> tuple[Platform, Snapshot]:
    """The simulated platform and everything that it answers."""

    async def ask() -> tuple[Platform, Snapshot]:
        with tempfile.TemporaryDirectory(prefix="saitotui-parsers-") as folder:
            async with Simulation(Path(folder) / "fsn1", frozen=True) as simulation:
                seen = platform(load_profile(simulation.profile_path))
                hub = Hub(seen.profile)
                try:
                    return seen, await look(
                        hub, seen.questions.values(), Memory(), simulation.world.clock.now
                    )
                finally:
                    await hub.aclose()

    return asyncio.run(ask())


def test_every_question_is_answered_and_read() -> None:
    seen, snapshot = answered()
    assert set(snapshot.readings) == set(seen.questions)
    assert not [key for key, reading in snapshot.readings.items() if not reading.ok]


def _text(draw: st.DrawFn, text: str) -> str:
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 200)))
    how = draw(st.sampled_from(["cut", "replace", "double", "encoding"]))
    if how == "cut":
        return text[:start]
    if how == "double":
        return text + text[start:]
    if how == "encoding":
        return text.encode().decode("utf-16-le", "replace")
    return text[:start] + draw(JUNK) + text[end:]


def _json(draw: st.DrawFn, value: Json) -> Json:
    """`value` with one part of it replaced by something of another kind, or left out."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 5)) == 0:
            return {name: part for name, part in value.items() if name != key}
        return {**value, key: _json(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        index = draw(st.integers(0, min(len(value), 20) - 1))
        return [*value[:index], _json(draw, value[index]), *value[index + 1 :]]
    other: Json = draw(st.one_of(JUNK, st.none(), st.integers(-5, 5), st.floats(), st.just([]), st.just({})))
    return other


def _rows(draw: st.DrawFn, rows: tuple[Mapping[str, Scalar], ...]) -> tuple[Mapping[str, Scalar], ...]:
    if not rows or draw(st.integers(0, 5)) == 0:
        return ()
    index = draw(st.integers(0, len(rows) - 1))
    name = draw(st.sampled_from(sorted(rows[index])))
    value: Scalar = draw(st.one_of(JUNK, st.none(), st.integers(-5, 10**30), st.floats()))
    row = {key: part for key, part in rows[index].items() if key != name}
    if draw(st.integers(0, 3)):
        row[name] = value
    return (*rows[:index], row, *rows[index + 1 :])


@st.composite
def mutated(draw: st.DrawFn, answer: Answer) -> Answer:
    """`answer` as a broken, old, new or hostile program would give it."""
    data = _json(draw, answer.data) if answer.data is not None else None
    status = draw(st.sampled_from([answer.status, 0, 1, 255, 500]))
    return replace(
        answer, text=_text(draw, answer.text), rows=_rows(draw, answer.rows), data=data, status=status
    )


def test_a_long_line_is_read_or_refused() -> None:
    seen, snapshot = answered()
    for key, reading in snapshot.readings.items():
        assert reading.raw is not None
        for text in (LINE, reading.raw.text + LINE):
            seen.questions[key].read(replace(reading.raw, text=text))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_answered_becomes_a_picture(data: st.DataObject) -> None:
    seen, snapshot = answered()
    readings: dict[str, Reading[Any]] = dict(snapshot.readings)
    for key in data.draw(st.lists(st.sampled_from(sorted(readings)), min_size=1, max_size=8, unique=True)):
        raw = readings[key].raw
        assert raw is not None
        answer = data.draw(mutated(raw))
        readings[key] = replace(readings[key], value=seen.questions[key].read(answer), raw=answer)
    picture = judge(seen, replace(snapshot, readings=readings))
    defects = [finding for finding in picture.findings if finding.code.startswith("console.")]
    assert not defects, defects
    drawn = texts((picture.findings, picture.tiers, picture.events))
    assert not [text for text in drawn if clean(text, limit=len(text) + 1) != text]


def texts(value: object) -> Iterator[str]:
    """Every text in `value`, however deep."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for part in fields(value):
            yield from texts(getattr(value, part.name))
    elif isinstance(value, Mapping):
        yield from texts((*value.keys(), *value.values()))
    elif isinstance(value, Sequence | frozenset):
        for item in value:
            yield from texts(item)
