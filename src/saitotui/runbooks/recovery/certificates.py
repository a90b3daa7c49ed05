"""Which certificates each host of the platform shows, and how its agent finds out for how long they last.

openssl-s_client(1) fetches what a port shows; MySQL's protocol begins without TLS (`-starttls mysql`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from saitotui.clients.quoting import shell
from saitotui.model.profile import HttpService, Profile

KEY = "saitotui.certificate"
_PVE = "127.0.0.1:8006"
_DAYS = (
    "for a in {places}; do "
    "end=$(timeout 1 openssl s_client -connect $a </dev/null 2>/dev/null "
    "| openssl x509 -noout -enddate 2>/dev/null | cut -d= -f2); "
    '[ -z "$end" ] || echo $((($(date -d "$end" +%s) - $(date +%s)) / 86400)); '
    "done | sort -n | head -n 1"
)
"""The days of the one that ends first; nothing where no port shows any."""


def parameters(profile: Profile) -> Mapping[str, str]:
    """By host that shows any: the line for its agent."""
    places: dict[str, list[str]] = {}
    for host, place in _places(profile):
        known = places.setdefault(host, [])
        if place not in known:
            known.append(place)
    return {
        host: f"UserParameter={KEY},{_DAYS.format(places=' '.join(shell(place) for place in known))}"
        for host, known in places.items()
    }


def _places(profile: Profile) -> Iterator[tuple[str, str]]:
    """A host, and `address:port` of what shows a certificate, as reached from there."""
    for host in profile.cluster.nodes.values() if profile.cluster else ():
        yield host, _PVE
    database = profile.database
    for server in database.servers.values() if database else ():
        if server.tls is not None or (database and database.replication_ca):
            machine = profile.hosts[server.host]
            address = server.address or machine.service_address or machine.address
            yield server.host, f"{_joined(address, server.port)} -starttls mysql"
    application = profile.application
    if application is None:
        return
    for tomcat in application.tomcats.values():
        yield from _page(tomcat.host, tomcat.manager)
    for front in application.nginx.values():
        yield from _page(front.host, front.status)
    # What users see: one host is enough to look at it from.
    for front in tuple(application.nginx.values())[:1]:
        for journey in application.journeys:
            yield from _page(front.host, journey.service)


def _page(host: str, service: HttpService) -> Iterator[tuple[str, str]]:
    parts = urlsplit(service.url)
    if parts.scheme == "https" and parts.hostname:
        yield host, _joined(parts.hostname, parts.port or 443)


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
