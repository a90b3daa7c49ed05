"""Looking back: the console on a moment of a recording."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from saitotui.engine.replay import Replay
from saitotui.model.picture import Picture
from saitotui.ui.ages import stamp
from saitotui.ui.front import Front

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?Z?")
_AGO = re.compile(r"-\s?(\d{1,5})\s?([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
MEANT = "03:12, 03:12:40, -10m or 2026-11-29T03:12"


def moment(text: str, now: float) -> float:
    """The moment (UTC seconds) that `text` means at `now`: a time of day is the last one that has been.
    ValueError with a sentence when it means none."""
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _SECONDS[ago[2]]
    if clock := _CLOCK.fullmatch(text):
        today = datetime.fromtimestamp(now, UTC)
        meant = today.replace(
            hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=0
        )
        return (meant if meant <= today else meant - timedelta(days=1)).timestamp()
    try:
        meant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"{text[:30]!r} is no moment: {MEANT} (UTC)") from None
    return meant.replace(tzinfo=meant.tzinfo or UTC).timestamp()


class Past:
    """What is recorded, for one console. `open_replay` finds it (ValueError: there is none); `alone`: there
    is nothing else to show."""

    def __init__(
        self,
        open_replay: Callable[[], Replay],
        front: Front,
        clock: Callable[[], float],
        *,
        alone: bool = False,
    ) -> None:
        self._open_replay, self._front, self._clock = open_replay, front, clock
        self._replay: Replay | None = open_replay() if alone else None
        self.alone = alone

    @property
    def picture(self) -> Picture | None:
        """What is shown instead of what is now; None while that is shown."""
        return self._replay.picture if self._replay is not None else None

    @property
    def badge(self) -> str:
        picture = self.picture
        return f"AS IT WAS {stamp(picture.at)}" if picture is not None else ""

    def to(self, text: str) -> None:
        """Shows the platform as it was at the moment that `text` means."""
        try:
            at = moment(text, self._now(text))
        except ValueError as error:
            self._front.say(str(error), wrong=True)
        else:
            self._front.spawn(self._seek(at), "past")

    def _now(self, text: str) -> float:
        """What a moment is counted from: what is shown, the end of a recording, now."""
        picture = self.picture
        if picture is not None and text.startswith("-"):
            return picture.at
        return self._replay.ends if self.alone and self._replay is not None else self._clock()

    def live(self) -> None:
        """Shows what is now."""
        if self.picture is None:
            self._front.say("this is what is now")
        elif self.alone:
            self._front.say("this is a recording: there is nothing newer here", wrong=True)
        else:
            self._replay = None
            self._front.redraw()

    def step(self, count: int) -> None:
        """So many frames on, or back."""
        if self.picture is not None:
            self._front.spawn(self._step(count), "past")

    def shift(self, seconds: float) -> None:
        picture = self.picture
        if picture is not None:
            self._front.spawn(self._seek(picture.at + seconds), "past")

    async def _seek(self, at: float) -> None:
        try:
            replay = self._replay if self._replay is not None else await asyncio.to_thread(self._open_replay)
            await asyncio.to_thread(replay.seek, at)
        except ValueError as error:
            self._front.say(f"nothing to look back at: {error}", wrong=True)
            return
        self._replay = replay
        if at < replay.begins:
            self._front.say(f"the recording begins at {stamp(replay.begins)}")
        self._front.redraw()

    async def _step(self, count: int) -> None:
        replay = self._replay
        if replay is None:
            return
        try:
            moved = await asyncio.to_thread(replay.step, count)
        except ValueError as error:
            self._front.say(str(error), wrong=True)
            return
        if not moved:
            self._front.say("the recording begins here" if count < 0 else "the recording ends here")
        self._front.redraw()
