"""One line of the journal, and how it is chained to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64
"""The predecessor of the first entry."""

TORN = "torn"
"""The kind of entry that accounts for a line that a power cut left half-written."""

SEAL = "seal"
"""The kind of entry that carries a signature over its predecessor's hash."""

_FIELDS = ("seq", "at", "actor", "run", "kind", "body", "prev", "hash")


class JournalError(Exception):
    """The journal cannot be read or written; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is UTC in ISO 8601 with microseconds; `actor` says who (`anna@ops1`), `run` which run (or ``);
    `hash` is the SHA-256, in hex, of the canonical JSON of all other fields."""

    seq: int
    at: str
    actor: str
    run: str
    kind: str
    body: Mapping[str, Any]
    prev: str
    hash: str

    @property
    def time(self) -> float:
        """UTC seconds since the epoch."""
        return datetime.fromisoformat(self.at).timestamp()


def make(seq: int, at: float, actor: str, run: str, kind: str, body: Mapping[str, Any], prev: str) -> Entry:
    """The next entry of a chain. Raises TypeError or ValueError when `body` cannot be JSON."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    bare = Entry(seq, moment, actor, run, kind, json.loads(_canonical(body)), prev, "")
    return Entry(seq, moment, actor, run, kind, bare.body, prev, digest(bare))


def digest(entry: Entry) -> str:
    """The hash that `entry` must carry."""
    return hashlib.sha256(
        _canonical({name: getattr(entry, name) for name in _FIELDS if name != "hash"})
    ).hexdigest()


def encode(entry: Entry) -> bytes:
    """The entry as the line that is written, newline and all."""
    return _canonical({name: getattr(entry, name) for name in _FIELDS}) + b"\n"


def decode(line: bytes) -> Entry:
    """The entry in `line`; ValueError when it is not exactly what `encode` writes: a byte that the
    hash does not cover would be a byte that can be changed unseen."""
    value = json.loads(line)
    if not isinstance(value, dict) or tuple(sorted(value)) != tuple(sorted(_FIELDS)):
        raise ValueError("it is not an entry of a journal")
    entry = Entry(**value)
    if not isinstance(entry.seq, int) or not isinstance(entry.body, dict) or encode(entry) != line:
        raise ValueError("it is not written as a journal writes")
    return entry


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8", "strict")
