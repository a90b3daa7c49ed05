"""Which cells of a row changed: a terminal pays for every cell that is painted again."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

JOIN = 8
"""Unchanged cells between two changes that cost less than moving the cursor over them."""

Cells = list[tuple[str, Style | None]]


def changed(old: Sequence[Segment], new: Sequence[Segment]) -> list[tuple[int, int]]:
    """Ranges (start, end) of cells in which `new` differs from `old`. A wide character is never cut."""
    return [] if old == new else changed_cells(cells(old), cells(new))


def changed_cells(before: Cells, after: Cells) -> list[tuple[int, int]]:
    """The same for rows of cells."""
    ranges: list[tuple[int, int]] = []
    for x, cell in enumerate(after):
        if x < len(before) and before[x] == cell:
            continue
        if ranges and x - ranges[-1][1] <= JOIN:
            ranges[-1] = (ranges[-1][0], x + 1)
        else:
            ranges.append((x, x + 1))
    return [_whole(after, start, end) for start, end in ranges]


def cells(segments: Sequence[Segment]) -> Cells:
    """One entry a cell; the second half of a wide character is an empty text."""
    row: Cells = []
    for text, style, _ in segments:
        if text.isascii():
            row += [(character, style) for character in text]
            continue
        for character in text:
            row.append((character, style))
            row += [("", style)] * (cell_len(character) - 1)
    return row


def _whole(row: Cells, start: int, end: int) -> tuple[int, int]:
    while start > 0 and row[start][0] == "":
        start -= 1
    while end < len(row) and row[end][0] == "":
        end += 1
    return start, end
