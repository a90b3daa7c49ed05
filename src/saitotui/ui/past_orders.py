"""Commands that look back: the platform as it was at a moment of the recording."""

from __future__ import annotations

from typing import ClassVar

from saitotui.ui.order import Desk, Order
from saitotui.ui.past import MEANT

MINUTE = 60.0


class At(Order):
    name = "at"
    aliases = ("replay",)
    takes = "TIME"
    summary = f"the platform as it was ({MEANT}), on every screen; :live comes back"

    def available(self, desk: Desk) -> bool:
        return desk.past is not None

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.past is not None and argument:
            desk.past.to(argument)
        else:
            desk.say(f":at TIME: {MEANT} (UTC)", wrong=True)


class _Back(Order):
    """What there is only while somebody looks back."""

    def available(self, desk: Desk) -> bool:
        return desk.past is not None and desk.past.picture is not None


class Live(_Back):
    name = "live"
    summary = "back from the recording to what is now"
    footer = "now"
    shown = ":live"

    def available(self, desk: Desk) -> bool:
        return super().available(desk) and desk.past is not None and not desk.past.alone

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.past is not None:
            desk.past.live()


class _Step(_Back):
    count: ClassVar[int]

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.past is not None:
            desk.past.step(self.count)


class Earlier(_Step):
    keys, footer, count = ("[",), "earlier", -1
    summary = "in a recording: one look earlier"


class Later(_Step):
    keys, footer, count = ("]",), "later", 1
    summary = "in a recording: one look later"


class _Shift(_Back):
    seconds: ClassVar[float]

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.past is not None:
            desk.past.shift(self.seconds)


class MinuteEarlier(_Shift):
    keys, seconds = ("{",), -MINUTE
    summary = "in a recording: a minute earlier"


class MinuteLater(_Shift):
    keys, seconds = ("}",), MINUTE
    summary = "in a recording: a minute later"
