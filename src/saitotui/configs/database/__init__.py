"""The files of a database pair: MariaDB's options, HAProxy's configuration.

MariaDB Knowledge Base ("Server System Variables", "Semisynchronous Replication"); HAProxy 2.6 configuration
manual ("server-state-file", "tcp-check"); MySQL client/server protocol ("HandshakeResponse41", "COM_QUERY").
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.configs import ConfigFile, rendered, seen_at
from saitotui.model.profile import Database, Haproxy, Profile
from saitotui.model.profile_build import DatabaseBuild

STATE_FILE = "/var/lib/haproxy/server-state"
_CLIENT = 0x8205
"""CLIENT_LONG_PASSWORD, CLIENT_LONG_FLAG, CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION."""
_PACKET, _LATIN1 = 1 << 24, 33
_KNOWN = (
    "( mariadbd --defaults-file={} --user=mysql --verbose --help 2>&1 >/dev/null | "
    "grep -E 'ERROR|adjusted to' && exit 1; exit 0 )"
)
"""A value that it cannot read MariaDB only warns of, and takes another."""
_ASKED = "SHOW GLOBAL VARIABLES LIKE 'read_only'"


@dataclass(frozen=True, slots=True)
class Site:
    """A database server as the others see it; `number` is its server_id."""

    name: str
    host: str
    address: str
    port: int
    number: int


def sites(profile: Profile, database: Database, build: DatabaseBuild) -> tuple[Site, ...]:
    return tuple(
        Site(
            name,
            server.host,
            seen_at(profile, server.host, server.address),
            build.port or server.port,
            number,
        )
        for number, (name, server) in enumerate(database.servers.items(), 1)
    )


def server_file(database: Database, build: DatabaseBuild, site: Site) -> ConfigFile:
    """The options of one server; MariaDB itself must know each of them."""
    values = {"database": database, "build": build, "site": site}
    return ConfigFile(build.config, rendered("database/mariadb.cnf.j2", values), check=_KNOWN)


def balancer_file(
    database: Database, build: DatabaseBuild, node: Haproxy, address: str, servers: Sequence[Site]
) -> ConfigFile:
    """The configuration of one HAProxy node, which listens at `address`."""
    values = {
        "database": database,
        "build": build,
        "node": node,
        "address": address,
        "port": build.write_port or node.write_port,
        "sites": servers,
        "state_file": node.state_file or STATE_FILE,
        "login": _login(build.check_user).hex(),
        "asked": _packet(0, b"\3" + _ASKED.encode()).hex(),
        "wanted": b"\x09read_only\x03OFF".hex(),
        "quit": _packet(0, b"\1").hex(),
    }
    return ConfigFile(node.config, rendered("database/haproxy.cfg.j2", values), check="haproxy -c -q -f {}")


def reload() -> str:
    """The shell command that has HAProxy read its configuration, now and at every boot."""
    return "systemctl -q enable haproxy && systemctl reload-or-restart haproxy"


def _login(user: str) -> bytes:
    """The answer of a client without password to the server's greeting."""
    head = struct.pack("<IIB23x", _CLIENT, _PACKET, _LATIN1)
    return _packet(1, head + user.encode() + b"\0\0")


def _packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload
