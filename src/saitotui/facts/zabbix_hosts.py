"""Zabbix's hosts, interfaces, maintenance, unsupported items, and signs of life of the server itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from saitotui.facts.zabbix_fields import HostRef, Row, identity, inner, refs, rows, text, whole
from saitotui.model.command import Answer

_KINDS = {1: "agent", 2: "SNMP", 3: "IPMI", 4: "JMX"}


class Availability(Enum):
    UNKNOWN = 0
    YES = 1
    NO = 2


@dataclass(frozen=True, slots=True)
class Interface:
    """How Zabbix reaches a host. `since` is when errors began (UTC seconds; 0: unknown)."""

    host: str
    kind: str
    availability: Availability
    address: str = ""
    error: str = ""
    since: float = 0.0
    hosts: tuple[HostRef, ...] = ()


@dataclass(frozen=True, slots=True)
class ZabbixHost:
    """`active`: whether an active agent reports (6.2 and newer; UNKNOWN before)."""

    id: str
    name: str
    title: str
    maintenance: bool
    interfaces: tuple[Interface, ...] = ()
    active: Availability = Availability.UNKNOWN

    @property
    def availability(self) -> Availability:
        """The worst of all ways that are known."""
        known = [one.availability for one in self.interfaces] + [self.active]
        return max(known, key=lambda one: one.value)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Planned work: `since` to `till` (UTC seconds) is when it may apply."""

    id: str
    name: str
    description: str
    since: float
    till: float
    hosts: tuple[HostRef, ...]


@dataclass(frozen=True, slots=True)
class UnsupportedItem:
    key: str
    error: str
    hosts: tuple[HostRef, ...]


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """`newest` is the time (UTC seconds) of the newest value of any item asked for; None when there is none.
    `values` by key."""

    newest: float | None
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return self.values.get("zabbix[version]", "")


def hosts(answer: Answer) -> tuple[ZabbixHost, ...]:
    """Reads `host.get`: those that are monitored."""
    return tuple(
        ZabbixHost(
            identity(row, "hostid"),
            text(row, "host") or identity(row, "hostid"),
            text(row, "name"),
            whole(row, "maintenance_status") == 1,
            tuple(_interface(one) for one in inner(row, "interfaces")),
            _availability(row, "active_available"),
        )
        for row in rows(answer)
        if whole(row, "status") == 0
    )


def interfaces(answer: Answer) -> tuple[Interface, ...]:
    """Reads `hostinterface.get`."""
    return tuple(_interface(row) for row in rows(answer) if identity(row, "interfaceid"))


def _interface(row: Row) -> Interface:
    where = text(row, "ip") or text(row, "dns")
    port = text(row, "port")
    return Interface(
        text(row, "hostid"),
        _KINDS.get(whole(row, "type"), "interface"),
        _availability(row, "available"),
        f"{where}:{port}" if where and port else where,
        text(row, "error"),
        float(whole(row, "errors_from")),
        refs(row),
    )


def _availability(row: Row, name: str) -> Availability:
    return {1: Availability.YES, 2: Availability.NO}.get(whole(row, name), Availability.UNKNOWN)


def maintenances(answer: Answer) -> tuple[Maintenance, ...]:
    """Reads `maintenance.get`."""
    return tuple(
        Maintenance(
            identity(row, "maintenanceid"),
            text(row, "name"),
            text(row, "description"),
            float(whole(row, "active_since")),
            float(whole(row, "active_till")),
            refs(row),
        )
        for row in rows(answer)
    )


def unsupported(answer: Answer) -> tuple[UnsupportedItem, ...]:
    """Reads `item.get` of items that are not supported."""
    return tuple(
        UnsupportedItem(text(row, "key_"), text(row, "error"), refs(row))
        for row in rows(answer)
        if whole(row, "state", 1) == 1
    )


def health(answer: Answer) -> ServerHealth:
    """Reads `item.get` of the server's signs of life."""
    found = [(text(row, "key_"), text(row, "lastvalue"), whole(row, "lastclock")) for row in rows(answer)]
    newest = max((clock for _, _, clock in found), default=0)
    return ServerHealth(
        float(newest) if newest else None, {key: value for key, value, clock in found if clock}
    )
