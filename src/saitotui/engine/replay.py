"""Recordings, read: the platform as it was at any moment of them.

What a segment holds is read by the same parsers as what is live, and judged by the same rules.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saitotui.engine.judge import judge
from saitotui.engine.recording import GZIP, SUFFIX, VERSION
from saitotui.engine.registry import Platform
from saitotui.engine.still import Still
from saitotui.model.command import Answer, Failure, FailureKind, Question
from saitotui.model.picture import Picture
from saitotui.model.snapshot import Reading, Snapshot

BEFORE = 60
"""Frames before the moment that are judged, too: what changed lately, and lately measured values."""
MOST_LINE = 64 << 20
"""Characters of one frame; a file with a longer one is none of ours."""
_CHUNK = 1 << 18


@dataclass(slots=True)
class _Body:
    """An answer as it came; its value is read once, when it is needed."""

    raw: Answer | None
    failure: Failure | None
    value: Any = None
    read: bool = False

    def of(self, question: Question[Any]) -> Any:
        if not self.read:
            self.value = self.failure or question.read(self.raw if self.raw is not None else Answer())
            self.read = True
        return self.value


@dataclass(frozen=True, slots=True)
class _Kept:
    body: _Body
    at: float
    cost: float

    @property
    def ok(self) -> bool:
        return self.body.failure is None


@dataclass(slots=True)
class _State:
    """All readings at one moment of a segment."""

    at: float = 0.0
    now: dict[str, _Kept] = field(default_factory=dict)
    earlier: dict[str, _Kept] = field(default_factory=dict)
    good: dict[str, _Kept] = field(default_factory=dict)

    def take(self, frame: Mapping[str, Any]) -> None:
        """One frame more. Raises LookupError, TypeError or ValueError when it is none."""
        if frame["v"] != VERSION:
            raise ValueError(f"it is of version {frame['v']}, this console reads version {VERSION}")
        self.at = float(frame["at"])
        for key, (at, cost) in frame.get("again", {}).items():
            self._put(key, _Kept(self.now[key].body, float(at), float(cost)))
        for key, row in frame.get("new", {}).items():
            self._put(key, _kept(row))
        self.earlier |= {key: _kept(row) for key, row in frame.get("earlier", {}).items()}
        self.good |= {key: _kept(row) for key, row in frame.get("good", {}).items()}

    def _put(self, key: str, new: _Kept) -> None:
        """As `poll.Memory` keeps them."""
        old = self.now.get(key)
        if old is not None and old.ok:
            (self.earlier if new.ok else self.good)[key] = old
        if new.ok:
            self.good.pop(key, None)
        self.now[key] = new

    def snapshot(self, questions: Mapping[str, Question[Any]]) -> Snapshot:
        readings = {
            key: self._reading(questions[key], kept, self.good.get(key))
            for key, kept in self.now.items()
            if key in questions
        }
        earlier = {
            key: self._reading(questions[key], kept, None)
            for key, kept in self.earlier.items()
            if key in questions
        }
        return Snapshot(self.at, readings, earlier)

    @staticmethod
    def _reading(question: Question[Any], kept: _Kept, good: _Kept | None) -> Reading[Any]:
        value = kept.body.of(question)
        if good is None or not isinstance(value, Failure):
            return Reading(value, kept.at, kept.cost, kept.body.raw, every=question.every)
        last = good.body.of(question)
        return Reading(value, kept.at, kept.cost, kept.body.raw, last, good.at, question.every)


def _kept(row: object) -> _Kept:
    if not isinstance(row, dict):
        raise ValueError("a reading is none")
    raw, failure = row.get("raw"), row.get("failure")
    body = _Body(
        Answer(**{**raw, "rows": tuple(raw["rows"])}) if raw else None,
        Failure(FailureKind(failure["kind"]), failure["sentence"]) if failure else None,
    )
    return _Kept(body, float(row["at"]), float(row["cost"]))


def frames(file: Path) -> Iterator[Mapping[str, Any]]:
    """The frames of a segment; what was cut off at its end is left out. Raises OSError, and ValueError when
    it is no recording."""
    unpacker, rest = zlib.decompressobj(wbits=GZIP), b""
    with file.open("rb") as packed:
        while chunk := packed.read(_CHUNK):
            try:
                rest += unpacker.decompress(chunk)
            except zlib.error as error:
                raise ValueError(f"{file.name} is no recording: {error}") from None
            *lines, rest = rest.split(b"\n")
            if len(rest) > MOST_LINE:
                raise ValueError(f"{file.name} is no recording: a frame has no end")
            for line in lines:
                frame = json.loads(line)
                if not isinstance(frame, dict):
                    raise ValueError(f"{file.name} is no recording: a line is no frame")
                yield frame


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a recording, and the moment at which it begins (UTC seconds)."""

    file: Path
    begins: float


def segments(place: Path) -> tuple[Segment, ...]:
    """The segments of a folder, or the one that is a file, oldest first. ValueError with a sentence when
    there is none."""
    files = sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place] if place.exists() else []
    found: list[Segment] = []
    wrong = ""
    for file in files:
        try:
            first = next(frames(file), None)
            if first is not None:
                found.append(Segment(file, float(first["at"])))
        except (OSError, ValueError, LookupError, TypeError) as error:
            wrong = f"{file}: {error}"
    if not found:
        raise ValueError(wrong or f"{place}: there is no recording here")
    return tuple(sorted(found, key=lambda one: one.begins))


def profile_in(place: Path) -> str:
    """The text of the profile that a recording was made with. ValueError when there is none."""
    segment = segments(place)[-1]
    text = next(frames(segment.file)).get("profile")
    if not isinstance(text, str):
        raise ValueError(f"{segment.file} does not say of which platform it is")
    return text


class Replay(Still):
    """A `Source` whose picture is of a moment of a recording. `place` is a folder or one file. Whoever moves
    it waits until it has moved: it is for one thread at a time."""

    def __init__(self, platform: Platform, place: Path) -> None:
        super().__init__(None)
        self._platform = platform
        self._segments = segments(place)
        self._moments: tuple[float, ...] = ()
        self._segment: Segment | None = None

    @property
    def begins(self) -> float:
        return self._segments[0].begins

    @property
    def ends(self) -> float:
        """The moment of the last frame that is there now."""
        return max(float(frame["at"]) for frame in frames(self._segments[-1].file))

    def start(self) -> None:
        if self._picture is None:
            self.seek(self.begins)

    def seek(self, at: float) -> None:
        """Shows the last frame that is not after `at`, else the first of all. ValueError when the recording
        cannot be read."""
        before = [one for one in self._segments if one.begins <= at]
        segment = before[-1] if before else self._segments[0]
        try:
            moments = tuple(float(frame["at"]) for frame in frames(segment.file))
            if not moments:
                raise ValueError("it is empty")
            last = max((n for n, moment in enumerate(moments) if moment <= at), default=0)
            self._show(segment, moments, last)
        except (OSError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{segment.file.name} cannot be read: {error}") from None

    def _show(self, segment: Segment, moments: tuple[float, ...], number: int) -> None:
        state = _State()
        picture: Picture | None = None
        for at, frame in enumerate(frames(segment.file)):
            state.take(frame)
            if at > number - BEFORE:
                picture = judge(self._platform, state.snapshot(self._platform.questions), picture)
            if at == number:
                break
        self._segment, self._moments = segment, moments
        self.show(picture)

    def step(self, count: int) -> bool:
        """The frame `count` after the one that is shown (before, when negative); False when there is none."""
        if self._segment is None or self._picture is None:
            return False
        number = self._moments.index(self._picture.at) + count
        if 0 <= number < len(self._moments):
            self._show(self._segment, self._moments, number)
            return True
        here = self._segments.index(self._segment)
        beside = here + (1 if count > 0 else -1)
        if not 0 <= beside < len(self._segments):
            return False
        self.seek(self._segments[beside].begins if count > 0 else self._segment.begins - 0.001)
        return True
