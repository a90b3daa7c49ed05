"""From lines to what a terminal shows: colours, ASCII fallback, selection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from rich.cells import cell_len
from rich.color import ColorParseError
from rich.segment import Segment
from rich.style import Style

from saitotui.model.profile import Environment
from saitotui.ui.line import Line, Look, width_of

STYLES = {
    Look.PLAIN: "",
    Look.DIM: "dim",
    Look.STRONG: "bold",
    Look.HEAD: "bold cyan",
    Look.OK: "bright_blue",
    Look.MAINT: "cyan",
    Look.WARN: "bold yellow",
    Look.UNKNOWN: "bold magenta",
    Look.CRIT: "bold red",
    Look.KEY: "bold",
    Look.LINK: "bright_blue",
    Look.ENVIRONMENT: "bold reverse",
    Look.BADGE: "bold reverse yellow",
}
"""The sixteen colours of the user's own terminal theme. Blue, yellow, magenta and red with bold stay apart
for the common kinds of colour blindness, and a glyph and a word always stand beside them."""

ENVIRONMENT_COLORS = {"prod": "red", "staging": "yellow", "lab": "green"}

ASCII = str.maketrans(
    {
        "●": "+", "◐": "m", "▲": "!", "✗": "X", "»": ">", "◉": "#", "○": "o", "…": "~", "·": ".",
        "─": "-", "│": "|", "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+",
        "┴": "+", "┼": "+", "═": "=", "▶": ">", "◀": "<", "▼": "v", "↔": "=", "→": ">", "←": "<",
        "↑": "^", "↓": "v", "▌": ">", "›": ">", "‹": "<", "✓": "+", "╌": ".", "╎": ":", "×": "x",
        "▁": "_", "▂": ".", "▃": "-", "▄": "~", "▅": "=", "▆": "+", "▇": "*", "█": "#", "—": "-", "–": "-",
        "’": "'", "“": '"', "”": '"', "µ": "u", "±": "~", "≤": "<", "≥": ">", "\ufffd": "?",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paint:
    """How spans look on the terminal at hand."""

    ascii_only: bool = False
    color: bool = True
    environment: Environment = field(default_factory=Environment)

    def style(self, look: Look, selected: bool = False) -> Style:
        return _style(look, self.color, selected, self.environment)

    def segments(self, line: Line, width: int, selected: str | None = None) -> list[Segment]:
        """`line` in exactly `width` cells, same styles joined. `selected` is the key under the cursor."""
        whole = selected is not None and selected == line.key
        pieces: list[tuple[str, Style]] = []
        room = width
        for span in line.spans:
            if room <= 0:
                break
            text = self.text(span.text)
            if width_of(text) > room:
                text = self.text(_cut(text, room))
            room -= width_of(text)
            marked = whole or (selected is not None and span.key != "" and span.key == selected)
            pieces.append((text, self.style(span.look, marked)))
        if room > 0:
            pieces.append((" " * room, self.style(Look.PLAIN, whole)))
        return list(_joined(pieces))

    def text(self, text: str) -> str:
        """`text` in what the terminal can draw; every cell keeps its place."""
        if not self.ascii_only or text.isascii():
            return text
        mapped = text.translate(ASCII)
        return mapped if mapped.isascii() else "".join(_ascii(character) for character in mapped)


def _cut(text: str, room: int) -> str:
    """Like `crop`, but keeps the spaces of an already laid out span."""
    if text.isascii():
        return text[: room - 1] + "…"
    kept, left = [], room - 1
    for character in text:
        left -= cell_len(character)
        if left < 0:
            break
        kept.append(character)
    cut = "".join(kept) + "…"
    return cut + " " * (room - width_of(cut))


def _ascii(character: str) -> str:
    return character if character.isascii() else "?" * cell_len(character)


def _joined(pieces: Iterable[tuple[str, Style]]) -> Iterable[Segment]:
    text, style = "", Style.null()
    for piece, look in pieces:
        if look == style or not text:
            text, style = text + piece, look
        else:
            yield Segment(text, style)
            text, style = piece, look
    if text:
        yield Segment(text, style)


@lru_cache(256)
def _style(look: Look, color: bool, selected: bool, environment: Environment) -> Style:
    style = Style.parse(STYLES[look])
    if look is Look.ENVIRONMENT:
        style += _environment_color(environment)
    if not color:
        style = style.without_color
        if look is Look.CRIT:
            style += Style(reverse=True)
    if selected:
        style += Style(reverse=not style.reverse, dim=False)
    return style


def _environment_color(environment: Environment) -> Style:
    """The environment's colour; one that does not exist must not stop the console."""
    name = environment.color or ENVIRONMENT_COLORS[environment.name]
    try:
        return Style(color=name)
    except ColorParseError:
        return Style(color=ENVIRONMENT_COLORS[environment.name])


def as_text(lines: Iterable[Line]) -> str:
    """Lines without looks: for tests and for people."""
    return "\n".join(line.text.rstrip() for line in lines)
