"""A screen that sends the changed cells of a line, and not all the cells before them too.

Textual 8.2.8 begins each partial update of a line at the left edge of the widget
(`ChopsUpdate.render_segments`); over a slow line that is most of what a small change costs.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor
from textual.screen import Screen


class LeanUpdate(ChopsUpdate):
    """The same update, cut at both ends."""

    def render_segments(self, console: Console) -> str:
        parts: list[str] = []
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                first, last = max(x, left), min(end, right)
                if strip is None or first >= last:
                    continue
                parts.append(Control.move_to(first, y).segment.text)
                parts.append(strip.crop(first - x, last - x).render(console))
        return "".join(parts)


class LeanCompositor(Compositor):
    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        return update and LeanUpdate(update.chops, update.spans, update.chop_ends)


class LeanScreen(Screen[Any]):
    """A screen with the lean compositor."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._compositor = LeanCompositor()
