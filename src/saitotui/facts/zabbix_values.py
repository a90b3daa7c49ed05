"""Values that Zabbix has of many hosts: one kind of item of all hosts of a group at once (API reference,
hostgroup, hostinterface, item objects)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.facts.zabbix_fields import identity, inner, rows, text, whole
from saitotui.model.command import Answer, Unparsable


@dataclass(frozen=True, slots=True)
class Member:
    """A monitored host of a group."""

    id: str
    name: str
    maintenance: bool


@dataclass(frozen=True, slots=True)
class Value:
    """The newest value of an item, at `at` (UTC seconds by the server's clock)."""

    value: float
    at: float


def members(answer: Answer) -> tuple[Member, ...]:
    """Reads `hostgroup.get` with its hosts, of one group. Unparsable when there is no such group."""
    groups = rows(answer)
    if not groups:
        raise Unparsable("Zabbix has no such host group, or this account may not see it")
    found = [
        Member(
            identity(host, "hostid"),
            text(host, "host") or identity(host, "hostid"),
            whole(host, "maintenance_status") == 1,
        )
        for group in groups
        for host in inner(group, "hosts")
        if whole(host, "status") == 0
    ]
    return tuple(sorted(found, key=lambda member: member.name))


def values(answer: Answer) -> Mapping[str, Value]:
    """Reads `item.get`: the newest value by host id. An item that never had one is left out."""
    found: dict[str, Value] = {}
    for row in rows(answer):
        clock, host = whole(row, "lastclock"), text(row, "hostid")
        try:
            value = float(text(row, "lastvalue", limit=40))
        except ValueError:
            continue
        known = found.get(host)
        if clock and math.isfinite(value) and (known is None or known.at < clock):
            found[host] = Value(value, float(clock))
    return found


def silent(answer: Answer) -> Mapping[str, str]:
    """Reads `hostinterface.get` of those that do not answer: why, by host id."""
    return {text(row, "hostid"): text(row, "error") for row in rows(answer) if whole(row, "available") == 2}
