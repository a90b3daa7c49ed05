"""Whatever a machine says is drawn as text: no markup, no control characters, no broken layout."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.ui.pictures import NOW, PROFILE

from saitotui.model.command import Answer, Client, Command, Failure, FailureKind, Question
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import (
    Actor,
    Cell,
    Edge,
    Event,
    Fact,
    Journey,
    Node,
    Robot,
    Row,
    Sample,
    Table,
    TierPicture,
)
from saitotui.ui.diff import cells
from saitotui.ui.draw.room import Room
from saitotui.ui.line import Line, Span, crop, fit, width_of, wrap
from saitotui.ui.paint import Paint
from saitotui.ui.shot import photograph
from saitotui.ui.views import Kind, View, page_of

NASTY = (
    "[/x]",
    "drbd0[role:Primary]",
    "[bold red]x[/]",
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "\u202eevil\u2066\u200b",
    "漢字かな" * 30,
    "e\u0301\u0301\u0301 👩\u200d👩\u200d👧\ufe0f",
    "\U0001f3fb",
    "x" * 10_000,
    "a\r\nb\tc\x00\x7f",
    "שלום עולם مرحبا",
)

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=60))


def picture_of(text: str, number: float) -> Picture:
    """A picture that says `text` wherever a machine can put words."""
    fact = Fact(text, text, Health.WARN)
    node = Node(text, "database", text, Health.CRIT, text, text, (fact,), text)
    other = Node("db2", "database", text, Health.OK, text, text)
    finding = Finding("database.x", text, Health.CRIT, text, (text, text), (text,), cause="")
    tier = TierPicture(
        "database",
        text,
        (node, other),
        (Edge(text, "db2", text, Health.CRIT, text), Edge("db2", text, text, Health.OK, text)),
        (finding,),
        (Table("t", text, (text, "b"), (Row(text, (Cell(text), Cell(text, Health.CRIT)), Health.WARN),)),),
        (Sample("s", text, number, text),),
        (),
        (Journey(text, Health.CRIT, text, number),),
        (Robot(text, None, text),),
    )
    question = Question("database/q", text, Command(Client.SSH, text, text), lambda answer: answer.text)
    answer = Answer(text=text, rows=({text: text},), status=3)
    reading: Reading[str] = Reading(Failure(FailureKind.ERROR, text), NOW, 0.1, answer)
    return Picture(
        replace(PROFILE, name=text),
        Snapshot(NOW, {"database/q": reading}),
        (tier,),
        (finding,),
        (Event(number, Actor.PERSON, text, text, text),),
        {"database/s": (None, number, -number)},
        {("database.x", text): number},
        questions={"database/q": question},
    )


def drawn(text: str) -> bool:
    """Whether `text` may stand on a terminal."""
    return all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Mn", "Me") for c in text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts, st.floats(allow_nan=False, width=32), st.integers(20, 200), st.integers(1, 60), st.booleans())
def test_every_view_fills_its_lines_exactly(
    text: str, number: float, width: int, height: int, ascii_only: bool
) -> None:
    picture = picture_of(text, number)
    paint = Paint(ascii_only)
    room = Room(width, height, NOW)
    for kind in Kind:
        for subject in ("database", text, f"database.x {text}", "reading database/q"):
            page = page_of(View(kind, subject), picture, room)
            for line in (*page.main, *page.side):
                segments = paint.segments(line, width)
                row = "".join(segment.text for segment in segments)
                assert cell_len(row) == width
                assert len(cells(segments)) == width
                assert drawn(row)
                assert row.isascii() or not ascii_only


@settings(deadline=None)
@given(texts, st.integers(0, 60))
def test_crop_and_fit_keep_their_width(text: str, width: int) -> None:
    assert width_of(crop(text, width)) <= width
    assert width_of(fit(text, width)) == width


@settings(deadline=None)
@given(texts, st.integers(2, 60))
def test_wrap_keeps_its_width(text: str, width: int) -> None:
    assert all(width_of(part) <= width for part in wrap(text, width))


@pytest.mark.parametrize("text", NASTY)
async def test_the_whole_console_draws_it(text: str, screens: tuple[ScreenSpec, ...]) -> None:
    for screen in ("overview", "map", "database", "log"):
        _, shown = await photograph(picture_of(text, 1.0), screens, screen, (80, 24), keys=("enter",))
        assert all(cell_len(line) <= 80 and drawn(line) for line in shown.splitlines())


async def test_brackets_are_shown_as_they_are(screens: tuple[ScreenSpec, ...]) -> None:
    _, shown = await photograph(picture_of("drbd0[role:Primary]", 1.0), screens, "database", (80, 24))
    assert "drbd0[role:Primary]" in shown


def test_a_span_cleans_its_text() -> None:
    assert Span("a\x1bb\n").text == "a\ufffdb "
    assert Line((Span("x\u202e"),)).text == "x\ufffd"
