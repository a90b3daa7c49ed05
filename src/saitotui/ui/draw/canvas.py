"""Lines drawn between places, with corners and crossings that fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from saitotui.model.health import Health
from saitotui.ui.line import HEALTH_LOOKS, Line, Look, Span, width_of

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
STROKES = {
    UP: "│", DOWN: "│", LEFT: "─", RIGHT: "─", UP | DOWN: "│", LEFT | RIGHT: "─",
    DOWN | RIGHT: "┌", DOWN | LEFT: "┐", UP | RIGHT: "└", UP | LEFT: "┘",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", DOWN | LEFT | RIGHT: "┬", UP | LEFT | RIGHT: "┴",
    UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip


@dataclass(slots=True)
class Canvas:
    """A few rows of strokes. A stroke that carries trouble shows it over one that does not."""

    height: int
    strokes: dict[tuple[int, int], int] = field(default_factory=dict)
    health: dict[tuple[int, int], Health] = field(default_factory=dict)

    def add(self, x: int, y: int, stroke: int, health: Health) -> None:
        at = (x, y)
        self.strokes[at] = self.strokes.get(at, 0) | stroke
        self.health[at] = max(self.health.get(at, Health.OK), health)

    def vertical(self, x: int, top: int, bottom: int, health: Health) -> None:
        """From above row `top` to below row `bottom` (both included)."""
        for y in range(top, bottom + 1):
            self.add(x, y, UP | DOWN, health)

    def horizontal(self, y: int, left: int, right: int, health: Health) -> None:
        """Between two columns; the ends are half strokes, so that corners come out right."""
        for x in range(left, right):
            self.add(x, y, RIGHT, health)
            self.add(x + 1, y, LEFT, health)

    def row(self, y: int, arrows: Iterable[int] = ()) -> list[tuple[int, Span]]:
        """The strokes of a row with their columns; at `arrows` stands a head that points down."""
        heads = set(arrows)
        return [
            (x, Span("▼" if x in heads else STROKES[stroke], link_look(self.health[(x, y)])))
            for (x, at), stroke in sorted(self.strokes.items())
            if at == y
        ]


def link_look(health: Health) -> Look:
    return Look.DIM if health <= Health.MAINT else HEALTH_LOOKS[health]


def place(pieces: Iterable[tuple[int, Span]], *, health: Health | None = None) -> Line:
    """A line with each piece at its column; a piece that would stand inside another is left out."""
    spans: list[Span] = []
    at = 0
    for x, span in sorted(pieces, key=lambda piece: piece[0]):
        if x < at:
            continue
        if x > at:
            spans.append(Span(" " * (x - at)))
        spans.append(span)
        at = x + width_of(span.text)
    return Line(tuple(spans), health=health)
