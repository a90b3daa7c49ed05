"""Arithmetic of global transaction ids: how many transactions a server lacks, and which it has of its own.

MariaDB writes `domain-server-sequence`; a *position* names the last of each domain, a *binlog state* the last
of each (domain, server). MySQL writes sets, `uuid:1-5:8,uuid:tag:1-3` (tags since 8.3); all whitespace is
without meaning. Sources: MariaDB Knowledge Base "Global Transaction ID"; MySQL manual "GTID Format and
Storage".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from saitotui.model.command import Unparsable
from saitotui.model.text import one_line

_MARIADB = re.compile(r"^(\d{1,10})-(\d{1,10})-(\d{1,20})$")
_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
_TAG = re.compile(r"^[a-z_][a-z0-9_]{0,31}$")
_INTERVAL = re.compile(r"^(\d{1,19})(?:-(\d{1,19}))?$")

MOST = 100_000
"""Ids or intervals of one text; more is not a position but an attack."""


@dataclass(frozen=True, slots=True, order=True)
class Gtid:
    """One MariaDB transaction."""

    domain: int
    server: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.domain}-{self.server}-{self.sequence}"


def mariadb(text: str) -> tuple[Gtid, ...]:
    """Reads `0-1-100,1-2-50`; empty text is no id."""
    found = []
    for word in _words(text):
        match = _MARIADB.match(word)
        if match is None:
            raise Unparsable(f"{one_line(word, limit=60)!r} is no MariaDB GTID")
        found.append(Gtid(int(match[1]), int(match[2]), int(match[3])))
    return tuple(found)


def last_of_domain(ids: Iterable[Gtid]) -> Mapping[int, int]:
    """The highest sequence number of each domain."""
    last: dict[int, int] = {}
    for gtid in ids:
        last[gtid.domain] = max(gtid.sequence, last.get(gtid.domain, 0))
    return last


def mariadb_behind(ahead: Iterable[Gtid], behind: Iterable[Gtid]) -> int:
    """How many sequence numbers `behind` lacks of what `ahead` has. Transactions, as long as a domain has no
    holes (in strict mode it has none)."""
    reached = last_of_domain(behind)
    return sum(
        max(0, sequence - reached.get(domain, 0)) for domain, sequence in last_of_domain(ahead).items()
    )


def mariadb_foreign(own: Iterable[Gtid], known: Iterable[Gtid], writer: int) -> tuple[Gtid, ...]:
    """The newest ids in the binlog state `own` that the holder of `known` never saw, except those that the
    server `writer` wrote: its newest are merely newer than the reading of it."""
    seen: dict[tuple[int, int], int] = {}
    for gtid in known:
        key = (gtid.domain, gtid.server)
        seen[key] = max(gtid.sequence, seen.get(key, 0))
    return tuple(
        sorted(g for g in own if g.server != writer and g.sequence > seen.get((g.domain, g.server), 0))
    )


Interval: TypeAlias = tuple[int, int]
"""First and last, both included."""


@dataclass(frozen=True, slots=True)
class GtidSet:
    """A MySQL set: for each source (`uuid` or `uuid:tag`) sorted intervals that neither touch nor overlap."""

    sources: Mapping[str, tuple[Interval, ...]]

    @property
    def count(self) -> int:
        """Transactions in the set (it may be more than `len` could say)."""
        return sum(last - first + 1 for intervals in self.sources.values() for first, last in intervals)

    def __bool__(self) -> bool:
        return bool(self.sources)

    def __sub__(self, other: GtidSet) -> GtidSet:
        """GTID_SUBTRACT."""
        left = {
            source: tuple(_subtract(intervals, other.sources.get(source, ())))
            for source, intervals in self.sources.items()
        }
        return GtidSet({source: intervals for source, intervals in left.items() if intervals})

    def without(self, uuid: str) -> GtidSet:
        """All that other servers than `uuid` wrote."""
        return GtidSet({s: intervals for s, intervals in self.sources.items() if s.split(":")[0] != uuid})

    def __str__(self) -> str:
        parts = []
        for source, intervals in sorted(self.sources.items()):
            spans = (f"{first}" if first == last else f"{first}-{last}" for first, last in intervals)
            parts.append(f"{source}:{':'.join(spans)}")
        return ",".join(parts)


def mysql(text: str) -> GtidSet:
    """Reads a GTID set; empty text is the empty set."""
    found: dict[str, list[Interval]] = {}
    for word in _words(text.lower()):
        uuid, *parts = word.split(":")
        if not _UUID.match(uuid) or not parts:
            raise Unparsable(f"{one_line(word, limit=60)!r} is no GTID set")
        _read(uuid, parts, found)
    if sum(len(spans) for spans in found.values()) > MOST:
        raise Unparsable(f"a GTID set of more than {MOST} intervals")
    return GtidSet({source: tuple(_merge(spans)) for source, spans in found.items() if spans})


def _read(uuid: str, parts: Iterable[str], found: dict[str, list[Interval]]) -> None:
    source = uuid
    for part in parts:
        interval = _INTERVAL.match(part)
        if interval is not None:
            first, last = int(interval[1]), int(interval[2] or interval[1])
            if first < 1 or last < first:
                raise Unparsable(f"{one_line(part, limit=60)!r} is no interval of a GTID set")
            found.setdefault(source, []).append((first, last))
        elif _TAG.match(part):
            source = f"{uuid}:{part}"
        else:
            raise Unparsable(f"{one_line(part, limit=60)!r} is no interval of a GTID set")


def _words(text: str) -> list[str]:
    words = [word for word in "".join(text.split()).split(",") if word]
    if len(words) > MOST:
        raise Unparsable(f"a list of more than {MOST} GTIDs")
    return words


def _merge(intervals: Iterable[Interval]) -> Iterator[Interval]:
    current: Interval | None = None
    for first, last in sorted(intervals):
        if current is None:
            current = (first, last)
        elif first <= current[1] + 1:
            current = (current[0], max(current[1], last))
        else:
            yield current
            current = (first, last)
    if current is not None:
        yield current


def _subtract(intervals: Iterable[Interval], taken: tuple[Interval, ...]) -> Iterator[Interval]:
    """What of `intervals` lies outside of `taken`; both sorted and merged."""
    start = 0
    for first, last in intervals:
        while start < len(taken) and taken[start][1] < first:
            start += 1
        place = start
        while place < len(taken) and taken[place][0] <= last:
            if first < taken[place][0]:
                yield first, taken[place][0] - 1
            first = taken[place][1] + 1
            place += 1
        if first <= last:
            yield first, last
