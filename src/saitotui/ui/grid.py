"""The one widget that draws: lines, a cursor, and a repaint of nothing but the cells that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from saitotui.ui.diff import changed
from saitotui.ui.line import BLANK, Line
from saitotui.ui.paint import Paint


@dataclass(frozen=True, slots=True)
class Target:
    """Something that the cursor can stand on: a key, the lines it takes, the column where it begins."""

    key: str
    first: int
    last: int
    x: int


def targets_of(lines: Sequence[Line]) -> list[Target]:
    """In reading order. Neighbouring lines with the same key are one target."""
    found: list[Target] = []
    for key, group in groupby(enumerate(lines), key=lambda pair: pair[1].key):
        numbered = list(group)
        if key:
            found.append(Target(key, numbered[0][0], numbered[-1][0], 0))
            continue
        for number, line in numbered:
            found += _within(line, number)
    return found


def _within(line: Line, number: int) -> list[Target]:
    found: list[Target] = []
    x = 0
    for span in line.spans:
        if span.key and not (found and found[-1].key == span.key):
            found.append(Target(span.key, number, number, x))
        x += span.width
    return found


class Grid(Widget, can_focus=True):
    """Shows lines. `show` may be called as often as there is news: what did not change costs nothing."""

    DEFAULT_CSS = """
    Grid { width: 1fr; height: 1fr; }
    """
    ALLOW_SELECT = False

    class Opened(Message):
        """A target was chosen with the mouse."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The cursor or the visible part moved."""

    def __init__(self, paint: Paint, *, id: str, active: bool = False) -> None:
        super().__init__(id=id)
        self._paint = paint
        self._lines: tuple[Line, ...] = ()
        self._targets: list[Target] = []
        self._at = 0
        self._top = 0
        self._frame: list[list[Segment]] = []
        self._drawn = 0
        self._active = active

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines

    @property
    def key(self) -> str:
        """The key under the cursor, or ``."""
        return self._targets[self._at].key if self._targets else ""

    @property
    def row(self) -> int:
        """How many targets stand on the cursor's line."""
        here = self._targets[self._at].first if self._targets else -1
        return sum(target.first == here for target in self._targets)

    @property
    def below(self) -> int:
        """Lines that stand below what is visible."""
        return max(0, len(self._lines) - self._top - self.size.height)

    @property
    def above(self) -> int:
        return self._top

    def activate(self, active: bool) -> None:
        """Whether the cursor is drawn here."""
        self._active = active
        self._redraw()

    def repaint(self, paint: Paint) -> None:
        self._paint = paint
        self._redraw()

    def show(self, lines: Sequence[Line], *, key: str | None = None, top: bool = False) -> None:
        """Shows `lines`. The cursor stays on what it stood on, or goes to `key`; `top` begins at the top."""
        before = self._targets[self._at] if self._targets else None
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._targets = targets_of(self._lines)
        wanted = key if key is not None else before.key if before and not top else ""
        if top or not self._targets:
            self._at = 0
        if top:
            self._top = 0
        self._at = self._nearest(wanted, before if not top else None)
        self._clamp()
        if top and key:
            self._reveal()
        self._redraw()

    def _nearest(self, key: str, before: Target | None) -> int:
        line = before.first if before else 0
        same = [n for n, target in enumerate(self._targets) if target.key == key]
        pool = same or range(len(self._targets))
        return min(pool, key=lambda n: abs(self._targets[n].first - line), default=0)

    def move(self, lines: int) -> None:
        """Down (or up) by `lines` targets of different lines; where there is none, by scrolling."""
        here = self._targets[self._at] if self._targets else None
        step = 1 if lines > 0 else -1
        for _ in range(abs(lines)):
            if here is None or not self._visible(here):
                self._scroll(step)
                here = self._recover()
                continue
            found = self._next(here, step)
            if found is None:
                self._scroll(step)
                continue
            here = found
            self._at = self._targets.index(here)
            self._reveal()
        self._moved()

    def _next(self, here: Target, step: int) -> Target | None:
        """The target of the next line that has one, nearest in its column."""
        rows = [target for target in self._targets if (target.first - here.first) * step > 0]
        row = min((target.first for target in rows), key=lambda line: abs(line - here.first), default=None)
        same = (target for target in rows if target.first == row)
        return min(same, key=lambda target: abs(target.x - here.x), default=None)

    def _recover(self) -> Target | None:
        """The target under the cursor, moved onto the screen when one is there."""
        if not self._targets:
            return None
        seen = [n for n, target in enumerate(self._targets) if self._visible(target)]
        if seen and self._at not in seen:
            self._at = min(seen, key=lambda n: abs(n - self._at))
        return self._targets[self._at]

    def _visible(self, target: Target) -> bool:
        return target.last >= self._top and target.first < self._top + max(1, self.size.height)

    def sideways(self, step: int) -> bool:
        """To the next target of the same line; False when there is none."""
        if not self._targets:
            return False
        other = self._at + step
        if 0 <= other < len(self._targets) and self._targets[other].first == self._targets[self._at].first:
            self._at = other
            self._moved()
            return True
        return False

    def page(self, share: float) -> None:
        """Down by a share of the visible height (negative: up)."""
        rows = int(self.size.height * share) or (1 if share > 0 else -1)
        self._scroll(rows)
        if self._targets:
            self._at = self._nearest_visible(rows > 0)
        self._moved()

    def _nearest_visible(self, down: bool) -> int:
        seen = [n for n, target in enumerate(self._targets) if self._visible(target)]
        if not seen:
            return self._at
        if self.below == 0 and down:
            return seen[-1]
        if self._top == 0 and not down:
            return seen[0]
        return seen[0] if down else seen[-1]

    def edge(self, *, last: bool) -> None:
        """To the first or the last line."""
        self._at = len(self._targets) - 1 if last and self._targets else 0
        self._top = len(self._lines) if last else 0
        self._moved()

    def find(self, words: str, step: int) -> bool:
        """To the next (previous) line that contains `words`, round the end; False when there is none."""
        needle = words.casefold()
        here = self._targets[self._at].first if self._targets else self._top
        hits = [n for n, line in enumerate(self._lines) if needle and needle in line.text.casefold()]
        if not hits:
            return False
        after = [n for n in hits if (n > here if step > 0 else n < here)]
        line = (after[0] if step > 0 else after[-1]) if after else (hits[0] if step > 0 else hits[-1])
        on = [n for n, target in enumerate(self._targets) if target.first <= line <= target.last]
        if on:
            self._at = on[0]
            self._reveal()
        else:
            self._top = line
        self._moved()
        return True

    def _scroll(self, rows: int) -> None:
        self._top += rows
        self._clamp()

    def _reveal(self) -> None:
        """Scrolls so that the cursor's lines are seen, and the headings right above them."""
        if not self._targets:
            return
        target, height = self._targets[self._at], max(1, self.size.height)
        start = target.first
        while start > 0 and target.first - start < 3 and not self._lines[start - 1].key:
            if any(span.key for span in self._lines[start - 1].spans):
                break
            start -= 1
        if start < self._top:
            self._top = start
        if target.last >= self._top + height:
            self._top = target.last - height + 1
        if self._at == len(self._targets) - 1 and len(self._lines) - self._top - height <= 2:
            self._top = len(self._lines) - height
        self._clamp()

    def _clamp(self) -> None:
        self._top = max(0, min(self._top, len(self._lines) - self.size.height))

    def _moved(self) -> None:
        self._clamp()
        self._redraw()
        self.post_message(self.Moved())

    def _redraw(self) -> None:
        """Paints anew what differs from what is on the screen, cell by cell."""
        width, height = self.size
        if not width or not height:
            return
        old, self._frame = self._frame, [self._row(y, width) for y in range(height)]
        self._drawn = width
        regions = [
            Region(start, y, end - start, 1)
            for y, row in enumerate(self._frame)
            for start, end in changed(old[y] if y < len(old) else [], row)
        ]
        if regions:
            self.refresh(*regions)

    def _row(self, y: int, width: int) -> list[Segment]:
        number = self._top + y
        line = self._lines[number] if number < len(self._lines) else BLANK
        selected = None
        if self._active and self._targets:
            target = self._targets[self._at]
            selected = target.key if target.first <= number <= target.last else None
        return self._paint.segments(line, width, selected)

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if len(self._frame) != height or self._drawn != width:
            self._clamp()
            self._drawn, self._frame = width, [self._row(number, width) for number in range(height)]
        return Strip(self._frame[y], width) if y < height else Strip.blank(width)

    def on_resize(self, event: events.Resize) -> None:
        self._moved()

    def on_click(self, event: events.Click) -> None:
        """The mouse may do what keys do: the first click selects, one on the selected opens."""
        number = self._top + event.y
        hits = [n for n, t in enumerate(self._targets) if t.first <= number <= t.last and t.x <= event.x]
        if not hits:
            return
        again = self._active and hits[-1] == self._at
        self._at = hits[-1]
        self._moved()
        if again:
            self.post_message(self.Opened(self.key))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(3)
        self._moved()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(-3)
        self._moved()


class Bar(Grid, can_focus=False):
    """One line that nothing can be selected on."""

    DEFAULT_CSS = """
    Bar { width: 1fr; height: 1; }
    """
