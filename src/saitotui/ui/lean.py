"""A screen that sends a terminal only the cells that differ from what it shows already.

Textual 8.2.8 begins each partial update of a line at the left edge of the widget
(`ChopsUpdate.render_segments`), and draws everything anew whenever the layout changed. Over a slow line that
is most of what a small change costs, so what was sent is remembered, as curses does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip

from saitotui.ui.diff import Cells, cells, changed_cells


class Sent:
    """What the terminal shows, by line. Forgotten when it cannot be known: another size, another program."""

    def __init__(self) -> None:
        self._lines: dict[int, Cells] = {}
        self._size = Size(0, 0)

    def forget(self) -> None:
        self._lines.clear()

    def fit(self, size: Size) -> None:
        """The screen is of this size; at another one terminals move what they show."""
        if size != self._size:
            self._size = size
            self.forget()

    def update(self, x: int, y: int, strip: Strip, console: Console) -> Iterator[str]:
        """What must be written so that `strip` stands at column `x` of line `y`."""
        new = cells(list(strip))
        row = self._lines.setdefault(y, [])
        row += [("\0", None)] * (x + len(new) - len(row))
        for start, end in changed_cells(row[x : x + len(new)], new):
            yield Control.move_to(x + start, y).segment.text
            yield strip.crop(start, end).render(console)
        row[x : x + len(new)] = new


class LeanUpdate(ChopsUpdate):
    """Parts of some lines."""

    def __init__(self, update: ChopsUpdate, sent: Sent) -> None:
        super().__init__(update.chops, update.spans, update.chop_ends)
        self._sent = sent

    def render_segments(self, console: Console) -> str:
        parts: list[str] = []
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                first, last = max(x, left), min(end, right)
                if strip is not None and first < last:
                    parts += self._sent.update(first, y, strip.crop(first - x, last - x), console)
        return "".join(parts)


class LeanLayout(LayoutUpdate):
    """All lines."""

    def __init__(self, update: LayoutUpdate, sent: Sent) -> None:
        super().__init__(update.strips, update.region)
        self._sent = sent

    def render_segments(self, console: Console) -> str:
        self._sent.fit(self.region.size)
        parts: list[str] = []
        for y, strips in enumerate(self.strips, self.region.y):
            parts += self._sent.update(self.region.x, y, Strip.join(list(strips)), console)
        return "".join(parts)


class LeanCompositor(Compositor):
    def __init__(self) -> None:
        super().__init__()
        self.sent = Sent()

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        return LeanLayout(super().render_full_update(simplify), self.sent)

    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        return update and LeanUpdate(update, self.sent)


class LeanScreen(Screen[Any]):
    """A screen with the lean compositor."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._lean = LeanCompositor()
        self._compositor = self._lean

    def draw_anew(self) -> None:
        """Sends everything, whatever was sent before."""
        self._lean.sent.forget()
        self.refresh(layout=True)
