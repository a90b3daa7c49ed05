"""Recordings: every snapshot of the last hours on disk, so that the platform can be seen as it was.

A recording is a folder of segments; each begins with everything that is known and then has only what changed:
JSON lines, compressed as one gzip stream that is flushed after each line, so that a crash loses nothing that
was shown. Old segments go when the folder grows too large.
"""

from __future__ import annotations

import json
import logging
import os
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from saitotui.model.snapshot import Reading, Snapshot

VERSION = 1
SUFFIX = ".seen"
SEGMENT = 600.0
"""Seconds that one segment holds: whoever looks back reads one from its beginning."""
MOST_BYTES = 256 << 20
"""What all segments of a platform may take."""
MOST_AGE = 72 * 3600.0
"""Seconds for which they are kept."""
SHARE = 50
"""A frame that took a while to write is followed by that many times as long without one."""
GZIP = 31
"""zlib's window bits for the gzip format (RFC 1952)."""

_log = logging.getLogger(__name__)


class Recorder:
    """Writes what one console sees into `folder` (made 0700). `profile` is the text of the profile's file: it
    stands in every segment, so that one can be read where the profile is not. A disk that refuses stops the
    recording, never the looking."""

    def __init__(
        self,
        folder: Path,
        profile: str,
        *,
        most_bytes: int = MOST_BYTES,
        share: float = SHARE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._profile = folder, profile
        self._most_bytes, self._share, self._clock = most_bytes, share, clock
        self._file: IO[bytes] | None = None
        self._packer = zlib.compressobj(6, wbits=GZIP)
        self._since = 0.0
        self._known: dict[str, Reading[Any]] = {}
        self._earlier: dict[str, Reading[Any]] = {}
        self._good: dict[str, Reading[Any]] = {}
        self._not_before = 0.0
        self.failed = ""
        """Why nothing is recorded any more; '' while it is."""

    def write(self, snapshot: Snapshot, *, every: float) -> None:
        """One frame, at most one in `every` seconds."""
        began = time.perf_counter()
        if self.failed or began < self._not_before:
            return
        try:
            if self._file is None or snapshot.at - self._since >= SEGMENT:
                self._begin(snapshot.at)
            self._put(self._frame(snapshot))
        except (OSError, ValueError, TypeError) as error:
            self.failed = f"what is seen is not recorded any more: {error}"
            _log.warning("%s", self.failed)
            self.close()
            return
        cost = time.perf_counter() - began
        self._not_before = began + max(every * 0.9, self._share * cost)

    def _begin(self, at: float) -> None:
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room()
        name = f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}{SUFFIX}"
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._packer = zlib.compressobj(6, wbits=GZIP)
        self._since = at
        self._known, self._earlier = {}, {}

    def _make_room(self) -> None:
        """Removes the oldest segments until the rest is small and young enough."""
        files = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda file: file.name, reverse=True)
        room, oldest = self._most_bytes, self._clock() - MOST_AGE
        for file in files:
            facts = file.stat()
            room -= facts.st_size
            if room < 0 or facts.st_mtime < oldest:
                file.unlink(missing_ok=True)

    def _put(self, frame: Mapping[str, Any]) -> None:
        assert self._file is not None
        line = f"{_text(frame)}\n".encode()
        self._file.write(self._packer.compress(line) + self._packer.flush(zlib.Z_SYNC_FLUSH))
        self._file.flush()

    def _frame(self, snapshot: Snapshot) -> dict[str, Any]:
        """What is not known from the frames before, of this segment."""
        frame: dict[str, Any] = {"v": VERSION, "at": snapshot.at}
        new: dict[str, Any] = {}
        again: dict[str, Any] = {}
        first = not self._known
        for key, reading in snapshot.readings.items():
            old = self._known.get(key)
            if reading is old:
                continue
            if old is not None and old.ok and reading.ok and old.raw == reading.raw:
                again[key] = [reading.at, reading.cost]
            else:
                new[key] = stored(reading)
            if old is not None and old.ok and reading.ok:
                self._earlier[key] = old
            if reading.ok:
                self._good[key] = reading
            self._known[key] = reading
        earlier = {
            key: stored(reading)
            for key, reading in snapshot.earlier.items()
            if self._earlier.get(key) is not reading and key in self._known
        }
        self._earlier |= {key: snapshot.earlier[key] for key in earlier}
        good = {
            key: stored(self._good[key])
            for key, reading in (self._known.items() if first else ())
            if not reading.ok and key in self._good
        }
        if first:
            frame["profile"] = self._profile
        parts = {"new": new, "again": again, "earlier": earlier, "good": good}
        return frame | {name: part for name, part in parts.items() if part}

    def close(self) -> None:
        """Ends the segment that is written."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            with file:
                file.write(self._packer.flush())
        except OSError as error:
            _log.warning("the recording cannot be ended: %s", error)


def _text(value: Mapping[str, Any], depth: int = 2) -> str:
    """`value` as JSON, written in small pieces: a frame of thousands of answers in one would hold up whoever
    shares the interpreter."""
    pieces = (
        f"{json.dumps(key)}:{_text(part, depth - 1) if depth and isinstance(part, dict) else _json(part)}"
        for key, part in value.items()
    )
    return "{" + ",".join(pieces) + "}"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


def stored(reading: Reading[Any]) -> dict[str, Any]:
    """A reading as it is written: raw, to be parsed again."""
    row: dict[str, Any] = {"at": reading.at, "cost": reading.cost}
    if reading.raw is not None:
        # Not asdict: it copies all that is inside, and thousands of rows are only written down.
        row["raw"] = {part.name: getattr(reading.raw, part.name) for part in fields(reading.raw)}
    if reading.failure is not None:
        row["failure"] = asdict(reading.failure)
    return row
