"""Which server a name or address means: HAProxy, replicas and process lists speak of them differently."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from saitotui.model.profile import Database, Profile

LOCAL = frozenset({"localhost", "127.0.0.1", "::1", ""})


def is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def split(address: str) -> tuple[str, int]:
    """`10.0.0.1:3306`, `[::1]:3306` or `::1:3306`: address and port (0 when there is none)."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and len(port) <= 5:
        return host.strip("[]"), int(port)
    return address.strip("[]"), 0


def _within(address: str, direct: str) -> bool:
    """Whether `address` is `direct`, or lies in it when that is a network (`10.0.0.0/24`)."""
    if address == direct:
        return True
    try:
        return "/" in direct and ipaddress.ip_address(address) in ipaddress.ip_network(direct, strict=False)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Addresses:
    """`servers` and `balancers`: the addresses that the others of the platform may see each by; `ports` where
    each server listens; `direct` addresses or networks that may connect past HAProxy."""

    servers: Mapping[str, frozenset[str]]
    balancers: Mapping[str, frozenset[str]]
    ports: Mapping[str, int] = field(default_factory=dict)
    direct: frozenset[str] = frozenset()

    def server_at(self, host: str, port: int = 0) -> str:
        """The one server that has this address; empty when none or more than one has."""
        found = [name for name, known in self.servers.items() if host in known or host == name]
        if len(found) > 1 and port:
            found = [name for name in found if self.ports.get(name) == port]
        return found[0] if len(found) == 1 else ""

    def of_haproxy(self, name: str, address: str) -> tuple[str, str]:
        """The server that a HAProxy server is, by address before name; and what its name alone says."""
        named = name if name in self.servers else ""
        host, port = split(address)
        return (self.server_at(host, port) if host else "") or named, named

    def may_connect(self, address: str) -> bool:
        """Whether a client at `address` is one of the platform's own: the host itself, a HAProxy node,
        another database server, one of `direct_clients`. A name also counts by its first label."""
        if address in LOCAL or address.startswith("127.") or any(_within(address, d) for d in self.direct):
            return True
        first = address if is_ip(address) else address.split(".")[0]
        known = (*self.servers.values(), *self.balancers.values())
        names = {*self.servers, *self.balancers}
        return any(address in addresses for addresses in known) or first in names

    def can_judge(self, address: str) -> bool:
        """Whether a client's address can be compared at all: an IP address only with HAProxy nodes whose IP
        addresses the profile gives."""
        if not self.balancers or not is_ip(address):
            return bool(self.balancers)
        return all(any(is_ip(one) for one in known) for known in self.balancers.values())


def addresses(profile: Profile, database: Database) -> Addresses:
    """The addresses that `profile` gives."""
    servers = {
        name: _known(profile, server.host, server.address) for name, server in database.servers.items()
    }
    balancers = {
        name: _known(profile, node.host, node.write_address) for name, node in database.haproxy.items()
    }
    ports = {name: server.port for name, server in database.servers.items()}
    return Addresses(servers, balancers, ports, frozenset(database.direct_clients))


def _known(profile: Profile, host: str, *more: str) -> frozenset[str]:
    machine = profile.hosts.get(host)
    own: Iterable[str] = (machine.service_address or machine.address, host) if machine else (host,)
    return frozenset(address for address in (*own, *more) if address)
