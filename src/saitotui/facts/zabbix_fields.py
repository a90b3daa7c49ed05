"""The one place that knows how Zabbix's API writes values: numbers as strings, absent rows as `[]`.

Answers of 6.0 to 7.4 are read alike; what a version does not have is left out of its rows and comes back as
the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import one_line

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HostRef:
    """A host as other rows name it: `name` is its technical name."""

    id: str
    name: str
    enabled: bool = True
    maintenance: bool = False


def rows(answer: Answer) -> list[Row]:
    """The rows of a `get` method."""
    if not isinstance(answer.data, list) or not all(isinstance(row, dict) for row in answer.data):
        raise Unparsable("Zabbix gives no list of objects")
    return [row for row in answer.data if isinstance(row, dict)]


def inner(row: Row, name: str) -> list[Row]:
    """The rows inside a row; none when it has none (an older version, no right to see them)."""
    found = row.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(row: Row, name: str, limit: int = 200) -> str:
    value = row.get(name)
    return one_line(str(value), limit=limit) if isinstance(value, str | int | float) else ""


def identity(row: Row, name: str) -> str:
    """An id; a row without one is not what was asked for."""
    found = text(row, name, limit=40)
    if not found:
        raise Unparsable(f"a row of Zabbix's answer has no {name}")
    return found


def whole(row: Row, name: str, default: int = 0) -> int:
    found = text(row, name, limit=20)
    digits = found.removeprefix("-")
    return int(found) if digits.isascii() and digits.isdigit() else default


def flag(row: Row, name: str) -> bool:
    return text(row, name, limit=10) in ("1", "True", "true")


def refs(row: Row) -> tuple[HostRef, ...]:
    """The `hosts` of a row (`selectHosts`)."""
    return tuple(
        HostRef(
            text(host, "hostid"),
            text(host, "host") or text(host, "name") or text(host, "hostid"),
            whole(host, "status") == 0,
            whole(host, "maintenance_status") == 1,
        )
        for host in inner(row, "hosts")
    )


def tags(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple((text(tag, "tag"), text(tag, "value")) for tag in inner(row, "tags"))
