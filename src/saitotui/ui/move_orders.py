"""Commands that move the cursor."""

from __future__ import annotations

from typing import ClassVar

from saitotui.ui.order import Desk, Order


class Move(Order):
    """Moves the cursor; `how` is understood by the desk."""

    how: ClassVar[str]

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.move(self.how)


class Down(Move):
    keys, shown, how, summary = ("j", "down"), "j ↓", "down", "down"


class Up(Move):
    keys, shown, how, summary = ("k", "up"), "k ↑", "up", "up"


class Left(Move):
    keys, shown, how, summary = ("h", "left"), "h ←", "left", "left, on a map"


class Right(Move):
    keys, shown, how, summary = ("right",), "l →", "right", "right, on a map (elsewhere l is the log)"

    def wants(self, desk: Desk, key: str) -> bool:
        return key in self.keys or (key == "l" and desk.sideways)


class HalfDown(Move):
    keys, shown, how, summary = ("ctrl+d", "pagedown"), "Ctrl+D", "page-down", "half a page down"


class HalfUp(Move):
    keys, shown, how, summary = ("ctrl+u", "pageup"), "Ctrl+U", "page-up", "half a page up"


class Top(Move):
    keys, how, summary = ("g", "home"), "top", "to the first line"


class Bottom(Move):
    keys, how, summary = ("G", "end"), "bottom", "to the last line"


class Other(Move):
    keys, shown, how, summary = ("tab", "shift+tab"), "Tab", "other", "to the other column"
