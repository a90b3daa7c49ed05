"""Fields of Proxmox VE answers.

PVE's Perl services send numbers as strings in places (`"quorate": "1"`), booleans as 0 and 1, and leave out
what they do not know; so every field is read by what it should be, and a wrong one is Unparsable or None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from saitotui.model.command import Answer, Json, Unparsable
from saitotui.model.text import one_line

Entry = Mapping[str, Json]

_MAX_RECORDS = 20_000
"""More entries than any cluster has."""


def records(answer: Answer, what: str) -> Sequence[Entry]:
    """The answer's data as a list of objects; Unparsable when it is something else."""
    data = answer.data
    if not isinstance(data, list):
        raise Unparsable(f"{what} should be a list, got {_kind(data)}")
    if len(data) > _MAX_RECORDS:
        raise Unparsable(f"{what} has {len(data)} entries; this console reads at most {_MAX_RECORDS}")
    return [entry(item, what) for item in data]


def entry(data: Json, what: str) -> Entry:
    """`data` as an object; Unparsable when it is something else."""
    if not isinstance(data, dict):
        raise Unparsable(f"{what} should be an object, got {_kind(data)}")
    return data


def children(data: Json) -> Mapping[str, Entry]:
    """The object members of an object by name; what is not an object is left out."""
    if not isinstance(data, dict):
        return {}
    return {name(key): value for key, value in data.items() if isinstance(value, dict)}


def name(value: Json) -> str:
    """A name as one clean line; `` for what is no text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return one_line(str(value))


def text(record: Entry, key: str) -> str:
    """A text field as one clean line; `` when absent."""
    return name(record.get(key))


def needed(record: Entry, key: str, what: str) -> str:
    """A text field that must be there."""
    value = text(record, key)
    if not value:
        raise Unparsable(f"{what} has no {key!r}")
    return value


def number(record: Entry, key: str) -> float | None:
    """A finite number, also where it was sent as text; None when absent or not a number."""
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(record: Entry, key: str) -> int | None:
    """A whole number; None when absent or not a number."""
    found = number(record, key)
    return None if found is None else int(found)


def flag(record: Entry, key: str) -> bool | None:
    """PVE's 0 and 1 (also as text or JSON booleans); None when absent."""
    value = record.get(key)
    if isinstance(value, bool):
        return value
    found = number(record, key)
    return None if found is None else found != 0


def _kind(data: Json) -> str:
    return "nothing" if data is None else type(data).__name__
