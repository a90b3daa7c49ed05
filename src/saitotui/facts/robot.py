"""Hetzner's Robot webservice: servers, resets, failover addresses.

Shapes from Hetzner's public reference (https://robot.your-server.de/doc/webservice/en.html): every list entry
is wrapped in an object with one member (`{"server": {...}}`). Limits an hour and address: `GET /server` 200,
`GET /reset` 500, `GET /failover` 100; three wrong logins block the caller's address for ten minutes; above
the limit it answers 403 `RATE_LIMIT_EXCEEDED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from saitotui.model.command import Answer, Json, Unparsable
from saitotui.model.text import one_line

_MAX_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Server:
    """A rented machine. `status` is `ready` or `in process`; `paid_until` a date (`2026-12-02`)."""

    number: str
    name: str
    address: str
    net6: str
    product: str
    datacenter: str
    status: str
    cancelled: bool
    paid_until: str


@dataclass(frozen=True, slots=True)
class ResetOptions:
    """Ways to reset a server: `sw` (Ctrl+Alt+Del), `hw` (reset button), `power`, `power_long`, `man` (by
    hand, by a technician)."""

    number: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """One server as its reset module sees it: `state` is `running`, `shut off` or `not supported`."""

    number: str
    types: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Failover:
    """A failover address: the server it was ordered for, and the address of the one it is routed to (``:
    routed nowhere)."""

    address: str
    number: str
    home: str
    active: str


@dataclass(frozen=True, slots=True)
class Rescue:
    """Whether a server boots into the rescue system next; `host_keys` are the fingerprints that it will show,
    as far as Robot knows them."""

    number: str
    active: bool
    host_keys: tuple[str, ...] = ()


def servers(answer: Answer) -> tuple[Server, ...]:
    """Reads `GET /server`."""
    found = [_server(entry) for entry in _entries(answer, "server")]
    return tuple(sorted(found, key=lambda server: (len(server.number), server.number)))


def resets(answer: Answer) -> tuple[ResetOptions, ...]:
    """Reads `GET /reset`."""
    found = []
    for entry in _entries(answer, "reset"):
        found.append(ResetOptions(_needed(entry, "server_number", "a reset option"), _types(entry)))
    return tuple(sorted(found, key=lambda options: (len(options.number), options.number)))


def server(answer: Answer) -> Server:
    """Reads `GET /server/NUMBER`."""
    return _server(_entry(answer.data, "server"))


def power(answer: Answer) -> Power:
    """Reads `GET /reset/NUMBER`."""
    entry = _entry(answer.data, "reset")
    number = _needed(entry, "server_number", "a reset option")
    return Power(number, _types(entry), _text(entry, "operating_status"))


def rescue(answer: Answer) -> Rescue:
    """Reads `GET /boot/NUMBER/rescue`."""
    entry = _entry(answer.data, "rescue")
    found = entry.get("host_key")
    keys = [one.get("key") for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    prints = tuple(_text(key, "fingerprint") for key in keys if isinstance(key, dict))
    return Rescue(_needed(entry, "server_number", "a rescue system"), entry.get("active") is True, prints)


def failovers(answer: Answer) -> tuple[Failover, ...]:
    """Reads `GET /failover`."""
    found = [_failover(entry) for entry in _entries(answer, "failover")]
    return tuple(sorted(found, key=lambda failover: failover.address))


def failover(answer: Answer) -> Failover:
    """Reads `GET /failover/IP`."""
    return _failover(_entry(answer.data, "failover"))


def _entries(answer: Answer, member: str) -> Sequence[Mapping[str, Json]]:
    data = answer.data
    if not isinstance(data, list):
        raise Unparsable(f"Robot's list of {member} entries is {type(data).__name__}, not a list")
    if len(data) > _MAX_ENTRIES:
        raise Unparsable(f"Robot lists {len(data)} {member} entries; this console reads {_MAX_ENTRIES}")
    return [_entry(item, member) for item in data]


def _entry(data: Json, member: str) -> Mapping[str, Json]:
    inner = data.get(member) if isinstance(data, dict) else None
    if not isinstance(inner, dict):
        raise Unparsable(f"an entry of Robot has no {member!r}")
    return inner


def _server(entry: Mapping[str, Json]) -> Server:
    return Server(
        number=_needed(entry, "server_number", "a server"),
        name=_text(entry, "server_name"),
        address=_text(entry, "server_ip"),
        net6=_text(entry, "server_ipv6_net"),
        product=_text(entry, "product"),
        datacenter=_text(entry, "dc"),
        status=_text(entry, "status"),
        cancelled=entry.get("cancelled") is True,
        paid_until=_text(entry, "paid_until"),
    )


def _failover(entry: Mapping[str, Json]) -> Failover:
    return Failover(
        address=_needed(entry, "ip", "a failover address"),
        number=_text(entry, "server_number"),
        home=_text(entry, "server_ip"),
        active=_text(entry, "active_server_ip"),
    )


def _types(entry: Mapping[str, Json]) -> tuple[str, ...]:
    types = entry.get("type")
    return tuple(_word(word) for word in types) if isinstance(types, list) else ()


def _word(value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return one_line(str(value))


def _text(entry: Mapping[str, Json], key: str) -> str:
    return _word(entry.get(key))


def _needed(entry: Mapping[str, Json], key: str, what: str) -> str:
    value = _text(entry, key)
    if not value:
        raise Unparsable(f"{what} has no {key!r}")
    return value
