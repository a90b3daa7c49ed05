"""Tables that tiers declare, laid out in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from saitotui.model.health import Health
from saitotui.model.topology import Cell, Row, Table
from saitotui.ui.draw.room import Room
from saitotui.ui.line import (
    GLYPHS,
    HEALTH_LOOKS,
    Line,
    Look,
    Span,
    crop,
    fit,
    heading,
    is_number,
    plain,
    width_of,
)

GAPS = ("  ", " ")
"""Between columns: the second where the first leaves no room."""
LONG = 22
"""Cells to which longer texts are cut before a column is left out."""
EMPTY = Cell("")
REMEMBERED = 1024
"""Drawn rows that are kept: from one picture to the next few differ."""


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    index: int
    width: int
    right: bool
    bad: bool

    @property
    def full(self) -> int:
        """Cells for all its texts and its title."""
        return max(self.width, width_of(self.title))

    @property
    def least(self) -> int:
        """Cells below which it says nothing any more."""
        return max(min(self.width, LONG), min(width_of(self.title), 4))


def table_lines(
    table: Table, room: Room, *, title: str = "", columns: Sequence[str] = (), most: int = 0
) -> list[Line]:
    """Heading, column titles and rows. A mark stands in front of every row that is not well, and in every
    cell that is not, so that colour is never alone."""
    rows = table.rows[:most] if most else table.rows
    if not rows:
        return [heading(title or table.title, room.width), plain("none")]
    laid = layout(table, rows, columns, room.width - 3)
    note = f"Enter: {', '.join(laid.left_out)}" if laid.left_out else ""
    titles = laid.gap.join(fit(c.title, c.width, right=c.right) for c in laid.columns)
    lines = [heading(title or table.title, room.width, note=note)]
    lines.append(Line((Span("   " + titles, Look.DIM),), fixed=True))
    lines += [RowLine(row, laid) for row in rows]
    if len(rows) < len(table.rows):
        lines.append(plain(f"and {len(table.rows) - len(rows)} more", indent=3))
    return lines


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that there is room for, what stands between them, and the titles of the others."""

    columns: tuple[Column, ...]
    gap: str
    left_out: tuple[str, ...]


def layout(table: Table, rows: Sequence[Row], wanted: Sequence[str], width: int) -> Layout:
    """The wanted columns as wide as their widest text; empty ones are left out. Where that does not fit,
    first the space between columns is cut, then titles, then long texts, then whole columns are left out:
    the first one and those with a cell that is not well are the last to go."""
    indexes = [table.columns.index(name) for name in wanted if name in table.columns]
    every = [_column(table, rows, index) for index in indexes or range(len(table.columns))]
    every = [column for number, column in enumerate(every) if column.width or number == 0]
    full = sum(column.full for column in every) + len(GAPS[0]) * (len(every) - 1)
    gap = GAPS[0] if full <= width else GAPS[1]
    kept = _fitting(every, width, gap)
    room = width - len(gap) * (len(kept) - 1)
    widths = shrink([column.full for column in kept], room, [column.least for column in kept])
    columns = tuple(replace(column, width=given) for column, given in zip(kept, widths, strict=True))
    return Layout(columns, gap, tuple(column.title for column in every if column not in kept))


def _fitting(every: Sequence[Column], width: int, gap: str) -> list[Column]:
    order = sorted(every, key=lambda column: (column is not every[0], not column.bad))
    kept: list[Column] = []
    used = -len(gap)
    for column in order:
        if not kept or used + len(gap) + column.least <= width:
            kept.append(column)
            used += len(gap) + column.least
    return [column for column in every if column in kept]


def _column(table: Table, rows: Sequence[Row], index: int) -> Column:
    # Of a thousand cells many have the same text.
    texts = {row.cells[index].text for row in rows if index < len(row.cells)} - {""}
    ill = {
        row.cells[index]
        for row in rows
        if index < len(row.cells)
        and (health := row.cells[index].health) is not None
        and health > Health.MAINT
    }
    widest = max((_width(text) for text in (*texts, *map(_marked, ill))), default=0)
    numbers = any(map(is_number, texts)) and all(is_number(text) or text in ("-", "?", "–") for text in texts)
    return Column(table.columns[index], index, widest, numbers, bool(ill))


def _width(text: str) -> int:
    return width_of(crop(text, 400))


def shrink(widths: Sequence[int], room: int, least: Sequence[int]) -> list[int]:
    """`widths` cut down to `room` in all, the widest first, each to its `least` at most."""
    left = list(widths)
    while sum(left) > room:
        spare = [(width, n) for n, width in enumerate(left) if width > least[n]]
        if not spare:
            break
        left[max(spare)[1]] -= 1
    return left


def _cell(row: Row, index: int) -> Cell:
    return row.cells[index] if index < len(row.cells) else EMPTY


def _marked(cell: Cell) -> str:
    """The cell's text, with a glyph where it is not well."""
    if cell.health is None or cell.health <= Health.MAINT:
        return cell.text
    mark = GLYPHS[cell.health]
    return cell.text if cell.text.startswith(mark) else f"{mark} {cell.text}"


class RowLine(Line):
    """A row of a table. Its spans are made when somebody looks: of a thousand a screen shows thirty."""

    __slots__ = ("_laid", "_row")
    _row: Row
    _laid: Layout

    def __init__(self, row: Row, laid: Layout) -> None:
        put = object.__setattr__
        put(self, "key", row.key)
        put(self, "health", row.health)
        put(self, "head", False)
        put(self, "fixed", False)
        put(self, "_row", row)
        put(self, "_laid", laid)

    @property
    def spans(self) -> tuple[Span, ...]:
        return _spans(self._row, self._laid)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowLine):
            return NotImplemented
        return self._row == other._row and self._laid == other._laid

    def __hash__(self) -> int:
        return hash((self._row, self._laid))


@lru_cache(maxsize=REMEMBERED)
def _spans(row: Row, laid: Layout) -> tuple[Span, ...]:
    spans = [Span(f" {GLYPHS[row.health]} ", HEALTH_LOOKS[row.health])]
    for number, column in enumerate(laid.columns):
        cell = _cell(row, column.index)
        look = Look.PLAIN if cell.health is None else HEALTH_LOOKS[cell.health]
        if cell.health is Health.OK:
            look = Look.PLAIN
        if number == 0 and look is Look.PLAIN:
            look = Look.STRONG
        spans.append(Span(fit(_marked(cell), column.width, right=column.right), look))
        spans.append(Span(laid.gap))
    return tuple(spans[:-1])
