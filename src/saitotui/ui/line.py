"""Lines of spans: what every part of the console draws with. Text in them is text, never markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rich.cells import cell_len

from saitotui.model.health import Health
from saitotui.model.text import clean, one_line

LONGEST = 4_096
"""Characters of a text that are looked at for one line: no terminal is wider."""


class Look(StrEnum):
    """What a piece of text means; `paint` knows how that looks on the terminal at hand."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    HEAD = "head"
    OK = "ok"
    MAINT = "maint"
    WARN = "warn"
    UNKNOWN = "unknown"
    CRIT = "crit"
    KEY = "key"
    LINK = "link"
    ENVIRONMENT = "environment"
    BADGE = "badge"


HEALTH_LOOKS = {
    Health.OK: Look.OK,
    Health.MAINT: Look.MAINT,
    Health.WARN: Look.WARN,
    Health.UNKNOWN: Look.UNKNOWN,
    Health.CRIT: Look.CRIT,
}

GLYPHS = {
    Health.OK: "●",
    Health.MAINT: "◐",
    Health.WARN: "▲",
    Health.UNKNOWN: "?",
    Health.CRIT: "✗",
}
"""Shapes that differ in outline, so that colour never carries meaning alone."""


@lru_cache(8_192)
def safe(text: str) -> str:
    """`text` as it may be drawn: no control or format characters, and nothing whose width terminals disagree
    about: what takes no cell of its own (variation selectors, skin tones, marks without a base)."""
    flat = clean(text[:LONGEST]).replace("\n", " ").replace("\t", " ")
    if flat.isascii():
        return flat
    return "".join(
        "\ufffd" if not cell_len(character) or unicodedata.category(character) in ("Mn", "Me") else character
        for character in unicodedata.normalize("NFC", flat)
    )


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. `key` names the node or finding that Enter opens there."""

    text: str
    look: Look = Look.PLAIN
    key: str = ""

    def __post_init__(self) -> None:
        if not (self.text.isascii() and self.text.isprintable()):
            object.__setattr__(self, "text", safe(self.text))

    @property
    def width(self) -> int:
        return width_of(self.text)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. A line with a `key` is selected as a whole; one whose spans have keys is selected
    span by span. `health` is set on what is well or not (`!` hides what is well). A `head` is drawn only
    while something below it is; a `fixed` line is never filtered away."""

    spans: tuple[Span, ...] = ()
    key: str = ""
    health: Health | None = None
    head: bool = False
    fixed: bool = False

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    @property
    def width(self) -> int:
        return sum(span.width for span in self.spans)


BLANK = Line()


@dataclass(frozen=True, slots=True)
class Page:
    """What a view draws: `side` stands at the right of `main` when there is any."""

    main: tuple[Line, ...]
    side: tuple[Line, ...] = ()


def width_of(text: str) -> int:
    """Terminal cells that `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def crop(text: str, width: int) -> str:
    """`text` in at most `width` cells; an ellipsis says that something is missing."""
    text = one_line(text, limit=LONGEST)
    if not text.isascii():
        text = safe(text)
    if width_of(text) <= width:
        return text
    if width <= 0:
        return ""
    if text.isascii():
        return text[: width - 1] + "…"
    room, kept = width - 1, []
    for character in text:
        room -= cell_len(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "…"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells."""
    cut = crop(text, width)
    gap = " " * (width - width_of(cut))
    return gap + cut if right else cut + gap


def wrap(text: str, width: int, *, limit: int = 8) -> list[str]:
    """`text` on lines of at most `width` cells, broken at spaces where that is possible; at most `limit`
    lines."""
    words = one_line(text, limit=min(LONGEST, limit * max(1, width) + 2)).split(" ")
    lines: list[str] = [""]
    for word in words:
        for piece in _pieces(safe(word), max(1, width)):
            joined = f"{lines[-1]} {piece}" if lines[-1] else piece
            if width_of(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    if len(lines) > limit:
        lines = [*lines[: limit - 1], crop(" ".join(lines[limit - 1 :]), width)]
    return lines


def _pieces(word: str, width: int) -> Iterator[str]:
    while width_of(word) > width:
        count = len(word) if word.isascii() else 0
        room = width
        if count:
            count = width
        else:
            while room >= cell_len(word[count]):
                room -= cell_len(word[count])
                count += 1
        yield word[: max(1, count)]
        word = word[max(1, count) :]
    yield word


def tag(health: Health) -> Span:
    """Glyph and word, 9 cells: `✗ CRIT   `."""
    return Span(f"{GLYPHS[health]} {health.name:<7}", HEALTH_LOOKS[health])


def glyph(health: Health) -> Span:
    return Span(GLYPHS[health], HEALTH_LOOKS[health])


def heading(title: str, width: int, *, note: str = "") -> Line:
    """`── title ─────────── note ──`: the same for every part of every screen."""
    title = crop(title, width - 6)
    note = crop(note, max(0, width - width_of(title) - 10))
    tail = f" {note} ──" if note else ""
    rule = "─" * max(0, width - width_of(title) - 4 - width_of(tail))
    return Line((Span("── ", Look.DIM), Span(title, Look.HEAD), Span(f" {rule}{tail}", Look.DIM)), head=True)


def plain(text: str, look: Look = Look.DIM, *, indent: int = 1) -> Line:
    return Line((Span(" " * indent + text, look),))


def paragraph(text: str, width: int, look: Look = Look.PLAIN, *, indent: int = 1) -> list[Line]:
    return [Line((Span(" " * indent + part, look),)) for part in wrap(text, width - indent)]


def only(lines: Iterable[Line], *, wrong: bool, words: str) -> tuple[Line, ...]:
    """The lines that are not well (`wrong`) and contain `words`, under the headings that still have any."""
    kept: list[Line] = []
    needle = words.casefold()
    for line in lines:
        if line.head:
            if kept and kept[-1].head:
                kept.pop()
            kept.append(line)
        elif line.fixed or _stays(line, wrong, needle):
            kept.append(line)
    if kept and kept[-1].head:
        kept.pop()
    return tuple(kept)


def _stays(line: Line, wrong: bool, needle: str) -> bool:
    if wrong and (line.health is None or line.health <= Health.MAINT):
        return False
    return not needle or needle in line.text.casefold()


NUMBER = re.compile(r"^[-+~]?[\d.,]+ ?([A-Za-z%/]{1,7})?$")


def is_number(text: str) -> bool:
    return bool(NUMBER.match(text))
