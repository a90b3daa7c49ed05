"""The journal's file: many writers on one host, each append on disk before it returns."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import math
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from saitotui.engine.journal.entry import GENESIS, TORN, Entry, JournalError, decode, encode, make

CLOCK_TOLERANCE = 2.0
"""Seconds by which the clock may seem to go back (two writers, a slewed clock) before acting is refused."""

_TAIL = 1 << 20


class Head(NamedTuple):
    """The newest entry: its number and hash, its time (UTC seconds), and where the file ends (bytes)."""

    seq: int
    hash: str
    time: float
    size: int


def actor() -> str:
    """Who acts: the user and the machine of this console."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname().partition('.')[0]}"


class Journal:
    """An append-only file of chained entries. Several processes may append: each append holds a lock,
    joins the chain where it now ends, and is synced before it returns.

    `redact` is applied to every text of a body: a last net under the rule that secrets never get here.
    """

    def __init__(
        self,
        file: Path,
        *,
        who: str = "",
        clock: Callable[[], float] = time.time,
        redact: Callable[[str], str] = str,
    ) -> None:
        self.file = file
        self._who = who or actor()
        self._clock = clock
        self._redact = redact
        self._head: Head | None = None

    def append(self, kind: str, body: Mapping[str, Any], run: str = "") -> Entry:
        """Writes one entry and syncs it. Raises JournalError (nothing was written then): acting must stop."""
        return self.append_all([(kind, body)], run)[0]

    def append_all(self, items: list[tuple[str, Mapping[str, Any]]], run: str = "") -> list[Entry]:
        """Several entries with one sync: all of them are on disk, or none."""
        try:
            with self._locked() as handle:
                head = self._mend(handle)
                now = self._clock()
                if now < head.time - CLOCK_TOLERANCE:
                    back = head.time - now
                    raise JournalError(
                        f"the clock of this host is {back:.0f}s behind the journal's last entry: "
                        "set it right before acting"
                    )
                return self._write(handle, head, items, run, max(now, head.time))
        except OSError as error:
            raise JournalError(
                f"the journal {self.file} cannot be written: {error.strerror or error}; "
                "nothing is acted on without it"
            ) from None

    def _write(
        self,
        handle: int,
        head: Head,
        items: list[tuple[str, Mapping[str, Any]]],
        run: str,
        now: float,
    ) -> list[Entry]:
        entries: list[Entry] = []
        seq, prev = head.seq, head.hash
        for kind, body in items:
            seq += 1
            entries.append(make(seq, now, self._who, run, kind, _scrub(body, self._redact), prev))
            prev = entries[-1].hash
        content = b"".join(encode(entry) for entry in entries)
        try:
            written = os.write(handle, content)
            if written != len(content):
                raise OSError(28, os.strerror(28))
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, head.size)
            raise
        self._head = Head(seq, prev, now, head.size + len(content))
        self._note_head(self._head)
        return entries

    def _note_head(self, head: Head) -> None:
        """A second note of where the chain ends: a journal that was cut off at its end shows against it."""
        temporary = self.file.with_suffix(f".head.{os.getpid()}")
        temporary.write_text(f"{head.seq} {head.hash}\n", encoding="ascii")
        os.replace(temporary, head_file(self.file))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def _mend(self, handle: int) -> Head:
        """Where the chain ends now. A half-written last line stays, and an entry accounts for it."""
        size = os.fstat(handle).st_size
        if self._head is not None and self._head.size == size:
            return self._head
        head, torn = _find_head(handle, size)
        if torn:
            os.write(handle, b"" if torn.endswith(b"\n") else b"\n")
            size = os.fstat(handle).st_size
            head = Head(head.seq, head.hash, head.time, size)
            body = {"bytes": len(torn.rstrip(b"\n")), "sha256": _sha(torn.rstrip(b"\n"))}
            self._write(handle, head, [(TORN, body)], "", max(self._clock(), head.time))
            assert self._head is not None
            return self._head
        return head

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Every whole entry numbered above `after`, in order, unverified. JournalError when unreadable."""
        for _, entry in read(self.file):
            if isinstance(entry, Entry) and entry.seq > after:
                yield entry

    @property
    def head(self) -> Head:
        """Where the chain ends, as the file says now. JournalError when it cannot be read."""
        try:
            with self.file.open("rb") as handle:
                return _find_head(handle.fileno(), os.fstat(handle.fileno()).st_size)[0]
        except FileNotFoundError:
            return Head(0, GENESIS, 0.0, 0)
        except OSError as error:
            raise JournalError(f"the journal {self.file} cannot be read: {error.strerror}") from None


def head_file(file: Path) -> Path:
    """Where the local note of the journal's head is."""
    return file.with_suffix(".head")


def read(file: Path) -> Iterator[tuple[bytes, Entry | ValueError]]:
    """Every line of a journal with the entry in it, or why there is none. JournalError when unreadable."""
    try:
        with file.open("rb") as lines:
            for line in lines:
                try:
                    yield line, decode(line)
                except (ValueError, TypeError, RecursionError) as error:
                    yield line, ValueError(str(error))
    except OSError as error:
        raise JournalError(f"the journal {file} cannot be read: {error.strerror}") from None


def _find_head(handle: int, size: int) -> tuple[Head, bytes]:
    """The newest entry of a file, and the bytes of a torn line after it (empty: none)."""
    window = _TAIL
    while True:
        start = max(0, size - window)
        tail = os.pread(handle, size - start, start)
        lines = tail.splitlines(keepends=True)
        for index in range(len(lines) - 1, -1 if start == 0 else 0, -1):
            try:
                entry = decode(lines[index])
            except (ValueError, TypeError):
                continue
            return Head(entry.seq, entry.hash, entry.time, size), b"".join(lines[index + 1 :])
        if start == 0:
            return Head(0, GENESIS, 0.0, size), tail
        window *= 4


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _scrub(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value).encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(_scrub(str(key), redact)): _scrub(part, redact) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub(part, redact) for part in value]
    return value
