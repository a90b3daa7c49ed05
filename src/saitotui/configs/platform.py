"""Every file that the profile says of its hosts: what `bootstrap-...` writes, and drift is measured by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from saitotui.configs import ConfigFile, application, database, seen_at, storage
from saitotui.model.profile import Application, Database, Profile, Storage


def files(profile: Profile) -> Mapping[str, tuple[ConfigFile, ...]]:
    """The files by host; a tier whose profile says nothing of its making has none."""
    found: dict[str, list[ConfigFile]] = defaultdict(list)
    for host, file in _all(profile):
        found[host].append(file)
    return {host: tuple(several) for host, several in found.items()}


def _all(profile: Profile) -> Iterator[tuple[str, ConfigFile]]:
    if profile.storage is not None:
        yield from _storage(profile.storage)
    if profile.database is not None:
        yield from _database(profile, profile.database)
    if profile.application is not None:
        yield from _application(profile, profile.application)


def _storage(pair: Storage) -> Iterator[tuple[str, ConfigFile]]:
    build = pair.build
    if build is None or pair.manager != "heartbeat":
        return
    named = (build.addresses, *(link.addresses for link in build.links))
    if all(name in addresses for addresses in named for name in pair.nodes):
        for host in pair.nodes.values():
            for file in storage.files(pair, build):
                yield host, file


def _database(profile: Profile, pair: Database) -> Iterator[tuple[str, ConfigFile]]:
    build = pair.build
    if build is None:
        return
    servers = database.sites(profile, pair, build)
    for site in servers:
        yield site.host, database.server_file(pair, build, site)
    for node in pair.haproxy.values():
        address = seen_at(profile, node.host, node.write_address)
        yield node.host, database.balancer_file(pair, build, node, address, servers)


def _application(profile: Profile, shop: Application) -> Iterator[tuple[str, ConfigFile]]:
    build = shop.build
    if build is None:
        return
    tomcats = application.sites(profile, shop)
    for site in tomcats:
        for file in application.tomcat_files(shop, build, site, tomcats):
            yield site.host, file
    for node in shop.nginx.values():
        listens = application.front(profile, node)
        yield node.host, application.nginx_file(shop, build, node, listens, tomcats)
