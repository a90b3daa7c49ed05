"""The files of every host: its name, the others' names, its time servers, its firewall.

hostname(5), hosts(5); chrony.conf(5) 4.3; nftables: nft(8) 1.0.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network

from saitotui.configs import ConfigFile, rendered, seen_at
from saitotui.model.profile import Profile
from saitotui.model.profile_build import HostsBuild

TABLE = "inet saitotui"
"""nftables' table of rules."""
_MARK = re.compile(r"saitotui-[0-9a-f]{12}")
SSH = 22
HTTPS = 443
OWN_NAME = r"^127\.0\.1\.1[[:space:]]"
"""The line by which Debian leads a host's own name to itself: others' software would listen there."""


def called(profile: Profile, host: str) -> str:
    """The name that a host has: the one by which a tier's own software knows it."""
    tiers = (profile.storage, profile.cluster)
    known = [(name, one) for tier in tiers if tier is not None for name, one in tier.nodes.items()]
    return next((name for name, one in known if one == host), host)


def files(profile: Profile, build: HostsBuild, host: str) -> Iterator[ConfigFile]:
    """Everything that a host has of this."""
    if not of_proxmox(profile, host):
        yield name_file(profile, host)
    yield names_file(profile)
    if build.time_servers:
        yield time_file(build)
    if walled(profile, build, host):
        yield firewall_file(profile, build, host)


def of_proxmox(profile: Profile, host: str) -> bool:
    """Whether it is a node of the cluster: those cannot be renamed, and have a firewall of their own."""
    return profile.cluster is not None and host in profile.cluster.nodes.values()


def walled(profile: Profile, build: HostsBuild, host: str) -> bool:
    """Whether it gets a firewall."""
    return bool(build.networks) and host not in build.own_firewall and not of_proxmox(profile, host)


def names(profile: Profile) -> Mapping[str, str]:
    """The address of every host, by the name that it has."""
    return {called(profile, host): seen_at(profile, host) for host in profile.hosts}


def name_file(profile: Profile, host: str) -> ConfigFile:
    return ConfigFile("/etc/hostname", f"{called(profile, host)}\n")


def names_file(profile: Profile) -> ConfigFile:
    """The names of all, at the top of a file that others write, too."""
    text = rendered("hosts/hosts.j2", {"names": list(names(profile).items())})
    return ConfigFile("/etc/hosts", text, replaces=OWN_NAME)


def time_file(build: HostsBuild) -> ConfigFile:
    text = rendered("hosts/chrony.conf.j2", {"build": build})
    return ConfigFile("/etc/chrony/chrony.conf", text, check="chronyd -p -f {} >/dev/null")


def firewall_file(profile: Profile, build: HostsBuild, host: str) -> ConfigFile:
    values = {
        "networks": _by_version(build.networks),
        "logins": _by_version(build.logins),
        "port": profile.hosts[host].port or SSH,
        "open": opened(profile, build, host),
    }
    rules = rendered("hosts/nftables.conf.j2", {**values, "mark": ""})
    mark = f"saitotui-{hashlib.sha256(rules.encode()).hexdigest()[:12]}"
    text = rendered("hosts/nftables.conf.j2", {**values, "mark": mark})
    return ConfigFile("/etc/nftables.conf", text, "0755", "nft -c -f {}")


def mark_of(file: ConfigFile) -> str:
    """What tells these rules from others where they are in force."""
    return str(_MARK.findall(file.text)[0])


def opened(profile: Profile, build: HostsBuild, host: str) -> Sequence[int]:
    """The TCP ports of a host that anybody reaches."""
    ports = set(build.open.get(host, ()))
    shop = profile.application
    if shop is not None and any(node.host == host for node in shop.nginx.values()):
        serves = shop.build
        ports |= {serves.listen if serves else 80}
        ports |= {HTTPS} if serves is None or serves.certificate else set()
    return sorted(ports)


def _by_version(networks: Iterable[str]) -> Mapping[int, Sequence[str]]:
    """The networks of IPv4 and of IPv6."""
    found: dict[int, list[str]] = {4: [], 6: []}
    for network in networks:
        found[ip_network(network).version].append(network)
    return found
