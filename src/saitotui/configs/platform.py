"""Every file that the profile says of its hosts: what `bootstrap-...` writes, and drift is measured by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from saitotui.configs import ConfigFile, application, database, hosts, seen_at, storage
from saitotui.model.profile import Application, Database, Profile, Storage
from saitotui.model.profile_build import HostsBuild

Made = Mapping[str, Sequence[ConfigFile]]
"""Files by host."""


def files(profile: Profile) -> Mapping[str, Sequence[Sequence[ConfigFile]]]:
    """The files by host, those of one runbook together; a tier whose profile says nothing of its making has
    none."""
    found: dict[str, list[Sequence[ConfigFile]]] = defaultdict(list)
    for made in (
        _by_host(_hosts(profile, profile.build)),
        _by_host(_storage(profile.storage)),
        _by_host(_database(profile, profile.database)),
        _by_host(_application(profile, profile.application)),
    ):
        for host, several in made.items():
            found[host].append(several)
    return found


def _by_host(every: Iterator[tuple[str, ConfigFile]]) -> Made:
    found: dict[str, list[ConfigFile]] = defaultdict(list)
    for host, file in every:
        found[host].append(file)
    return found


def _hosts(profile: Profile, build: HostsBuild | None) -> Iterator[tuple[str, ConfigFile]]:
    if build is not None:
        for host in profile.hosts:
            for file in hosts.files(profile, build, host):
                yield host, file


def _storage(pair: Storage | None) -> Iterator[tuple[str, ConfigFile]]:
    build = pair.build if pair is not None else None
    if pair is None or build is None or pair.manager != "heartbeat":
        return
    named = (build.addresses, *(link.addresses for link in build.links))
    if all(name in addresses for addresses in named for name in pair.nodes):
        for host in pair.nodes.values():
            for file in storage.files(pair, build):
                yield host, file


def _database(profile: Profile, pair: Database | None) -> Iterator[tuple[str, ConfigFile]]:
    build = pair.build if pair is not None else None
    if pair is None or build is None:
        return
    servers = database.sites(profile, pair, build)
    for site in servers:
        yield site.host, database.server_file(pair, build, site)
    for node in pair.haproxy.values():
        address = seen_at(profile, node.host, node.write_address)
        yield node.host, database.balancer_file(pair, build, node, address, servers)


def _application(profile: Profile, shop: Application | None) -> Iterator[tuple[str, ConfigFile]]:
    build = shop.build if shop is not None else None
    if shop is None or build is None:
        return
    tomcats = application.sites(profile, shop)
    for site in tomcats:
        for file in application.tomcat_files(shop, build, site, tomcats):
            yield site.host, file
    for node in shop.nginx.values():
        listens = application.front(profile, node)
        yield node.host, application.nginx_file(shop, build, node, listens, tomcats)
