"""Tables that tiers declare, laid out in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
NARROWEST = 6
EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    index: int
    width: int
    right: bool


def table_lines(
    table: Table, room: Room, *, title: str = "", columns: Sequence[str] = (), most: int = 0
) -> list[Line]:
    """Heading, column titles and rows. A mark stands in front of every row that is not well, and in every
    cell that is not, so that colour is never alone."""
    rows = table.rows[:most] if most else table.rows
    head = heading(title or table.title, room.width)
    if not rows:
        return [head, plain("none")]
    laid, gap = layout(table, rows, columns, room.width - 3)
    titles = gap.join(fit(column.title, column.width, right=column.right) for column in laid)
    lines = [head, Line((Span("   " + titles, Look.DIM),), fixed=True)]
    lines += [_row(row, laid, gap) for row in rows]
    if len(rows) < len(table.rows):
        lines.append(plain(f"and {len(table.rows) - len(rows)} more", indent=3))
    return lines


def layout(table: Table, rows: Sequence[Row], wanted: Sequence[str], width: int) -> tuple[list[Column], str]:
    """The wanted columns as wide as their widest text, and what stands between them. Where that does not
    fit, first the space between columns is cut, then titles, then the widest columns."""
    indexes = [table.columns.index(name) for name in wanted if name in table.columns]
    laid = [_column(table, rows, index) for index in indexes or range(len(table.columns))]
    full = [max(column.width, width_of(column.title)) for column in laid]
    least = [max(column.width, min(width_of(column.title), 4)) for column in laid]
    gap = GAPS[0] if sum(full) + len(GAPS[0]) * (len(laid) - 1) <= width else GAPS[1]
    room = width - len(gap) * (len(laid) - 1)
    widths = shrink(shrink(full, room, least), room, [NARROWEST] * len(laid))
    columns = [Column(c.title, c.index, w, c.right) for c, w in zip(laid, widths, strict=True)]
    return columns, gap


def _column(table: Table, rows: Sequence[Row], index: int) -> Column:
    cells = [_cell(row, index) for row in rows]
    texts = [cell.text for cell in cells if cell.text]
    widest = max((width_of(crop(_marked(cell), 400)) for cell in cells), default=0)
    numbers = bool(texts) and all(is_number(text) or text in ("-", "?", "–") for text in texts)
    return Column(table.columns[index], index, widest, numbers and any(map(is_number, texts)))


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


def _row(row: Row, columns: Sequence[Column], gap: str) -> Line:
    spans = [Span(f" {GLYPHS[row.health]} ", HEALTH_LOOKS[row.health])]
    for number, column in enumerate(columns):
        cell = _cell(row, column.index)
        look = Look.PLAIN if cell.health is None else HEALTH_LOOKS[cell.health]
        if cell.health is Health.OK:
            look = Look.PLAIN
        if number == 0 and look is Look.PLAIN:
            look = Look.STRONG
        spans.append(Span(fit(_marked(cell), column.width, right=column.right), look))
        spans.append(Span(gap))
    return Line(tuple(spans[:-1]), key=row.key, health=row.health)
