"""Global transaction identifiers: positions of MariaDB, sets of MySQL, and what one has that another lacks.

MariaDB: `domain-server-sequence` lists (Knowledge Base, "Global Transaction ID"). MySQL: sets `uuid:1-5:7`,
with tags `uuid:tag:1-5` from 8.3 on (Reference Manual, "GTID Sets").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from saitotui.model.command import Unparsable

Position: TypeAlias = Mapping[tuple[int, int], int]
"""MariaDB: the highest sequence number by domain and server."""

Intervals: TypeAlias = tuple[tuple[int, int], ...]
Set: TypeAlias = Mapping[str, Intervals]
"""MySQL: disjoint, ordered intervals (both ends included) by source (`uuid` or `uuid:tag`)."""


def position(text: str) -> Position:
    """A MariaDB position or state; Unparsable when it is none. Empty text is the empty position."""
    found: dict[tuple[int, int], int] = {}
    for part in text.replace("\n", "").split(","):
        if not part.strip():
            continue
        numbers = part.strip().split("-")
        if len(numbers) != 3 or not all(n.isascii() and n.isdigit() and len(n) <= 20 for n in numbers):
            raise Unparsable(f"{part[:60]!r} is not a MariaDB GTID")
        domain, server, sequence = (int(number) for number in numbers)
        found[domain, server] = max(sequence, found.get((domain, server), 0))
    return found


def behind(ahead: Position, here: Position) -> int:
    """How many transactions `here` lacks of `ahead`: in each domain sequence numbers count up by one."""
    tips, own = _tips(ahead), _tips(here)
    return sum(max(0, sequence - own.get(domain, 0)) for domain, sequence in tips.items())


def _tips(given: Position) -> dict[int, int]:
    tips: dict[int, int] = {}
    for (domain, _), sequence in given.items():
        tips[domain] = max(sequence, tips.get(domain, 0))
    return tips


def own_writes(replica: Position, server: int, master: Position) -> tuple[str, ...]:
    """GTIDs that `server` wrote itself and `master` does not have: errant transactions. Each is the last of
    its domain."""
    return tuple(
        f"{domain}-{origin}-{sequence}"
        for (domain, origin), sequence in sorted(replica.items())
        if origin == server and sequence > master.get((domain, origin), 0)
    )


def gtid_set(text: str) -> Set:
    """A MySQL GTID set; Unparsable when it is none."""
    found: dict[str, list[tuple[int, int]]] = {}
    for part in text.replace("\n", "").split(","):
        if not part.strip():
            continue
        uuid, *rest = part.strip().lower().split(":")
        if len(uuid) != 36 or uuid.count("-") != 4 or not rest:
            raise Unparsable(f"{part[:60]!r} is not a MySQL GTID set")
        source = uuid
        for piece in rest:
            if piece[:1].isalpha() or piece[:1] == "_":
                source = f"{uuid}:{piece}"
            else:
                found.setdefault(source, []).append(_interval(piece))
    return {source: _merged(intervals) for source, intervals in found.items()}


def _interval(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isascii() and first.isdigit() and len(first) <= 20) or (
        last and not (last.isascii() and last.isdigit() and len(last) <= 20)
    ):
        raise Unparsable(f"{text[:60]!r} is not an interval of a GTID set")
    return int(first), int(last or first)


def _merged(intervals: Iterable[tuple[int, int]]) -> Intervals:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(interval for interval in intervals if interval[0] <= interval[1]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def subtract(left: Set, right: Set) -> Set:
    """What `left` has and `right` has not."""
    rest: dict[str, Intervals] = {}
    for source, intervals in left.items():
        remaining = _without(intervals, right.get(source, ()))
        if remaining:
            rest[source] = remaining
    return rest


def _without(intervals: Intervals, holes: Intervals) -> Intervals:
    rest: list[tuple[int, int]] = []
    for first, last in intervals:
        start = first
        for hole_first, hole_last in holes:
            if hole_last < start or hole_first > last:
                continue
            if hole_first > start:
                rest.append((start, hole_first - 1))
            start = hole_last + 1
        if start <= last:
            rest.append((start, last))
    return tuple(rest)


def count(given: Set) -> int:
    """How many transactions a set holds."""
    return sum(last - first + 1 for intervals in given.values() for first, last in intervals)


def show(given: Set) -> str:
    """A set as MySQL writes it."""
    return ",".join(
        ":".join([source, *(f"{a}-{b}" if b > a else str(a) for a, b in intervals)])
        for source, intervals in sorted(given.items())
    )
