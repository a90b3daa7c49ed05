"""Makes hosts of the platform of freshly installed ones: names, time, a firewall. See
docs/runbooks/bootstrap-hosts.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from saitotui.configs import ConfigFile, seen_at
from saitotui.configs import hosts as wanted
from saitotui.model.plan import Grade, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.profile_build import HostsBuild
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import hosts, links
from saitotui.runbooks.files import configured, untouched
from saitotui.runbooks.machines import building, firewall
from saitotui.runbooks.rented import second_ways

ID = "bootstrap-hosts"
TITLE = "Give every host its name, the time and a firewall"
_NAMES = ("hostname", "getent", "ping", "ss")


@dataclass(frozen=True, slots=True)
class _Site:
    """A host, and what it gets; a file that it does not get is None."""

    host: str
    name: str
    port: int
    others: Mapping[str, str]
    names: ConfigFile
    own_name: ConfigFile | None
    time: ConfigFile | None
    rules: ConfigFile | None
    opened: tuple[int, ...]


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for all hosts of the profile."""
    build = profile.build
    if build is None:
        return Refusal(ID, ("the profile does not say what of: give `build`",))
    if trouble := tuple(_lacking(profile, build)):
        return Refusal(ID, trouble)
    sites = tuple(_site(profile, build, host) for host in profile.hosts)
    gets = [
        "the names of all",
        *["the time"] * bool(build.time_servers),
        *["a firewall"] * bool(build.networks),
    ]
    return Plan(
        ID,
        TITLE,
        "hosts",
        dict(parameters),
        f"{len(sites)} hosts get {', '.join(gets)}; what stands stays",
        tuple(_stages(sites)),
        (*_preflight(sites, build), *second_ways(profile)),
        (),
        ("hosts",),
    )


def _paths(sites: tuple[_Site, ...]) -> Iterator[Precondition]:
    """Each host reaches the next one, in a ring: a host behind a path that loses large packets is found."""
    for site, other in zip(sites, (*sites[1:], sites[0]), strict=True):
        if other is not site:
            check = links.reaches(site.host, site.name, other.name, (site.others[other.name],))
            why = "what is large would be lost on the way, while logins work: mend it, or the MTU of both"
            yield Precondition(check, why, Grade.AMBER, Grade.AMBER)


def _site(profile: Profile, build: HostsBuild, host: str) -> _Site:
    name, proxmox = wanted.called(profile, host), wanted.of_proxmox(profile, host)
    others = {other: address for other, address in wanted.names(profile).items() if other != name}
    return _Site(
        host,
        name,
        profile.hosts[host].port or wanted.SSH,
        others,
        wanted.names_file(profile),
        None if proxmox else wanted.name_file(profile, host),
        wanted.time_file(build) if build.time_servers else None,
        wanted.firewall_file(profile, build, host) if wanted.walled(profile, build, host) else None,
        tuple(wanted.opened(profile, build, host)),
    )


def _lacking(profile: Profile, build: HostsBuild) -> Iterator[str]:
    if len(wanted.names(profile)) != len(profile.hosts):
        yield "two hosts would have one name"
    networks = [ip_network(one) for one in build.networks]
    for host, address in _addresses(profile):
        try:
            inside = any(ip_address(address) in network for network in networks)
        except ValueError:
            yield f"{host} is known by the name {address}: give its address by `hosts.{host}.service_address`"
            continue
        if networks and not inside:
            yield f"{address} of {host} is in none of `build.networks`: the firewalls would cut it off"


def _addresses(profile: Profile) -> Iterator[tuple[str, str]]:
    """Every address by which hosts of the platform reach each other."""
    yield from ((host, seen_at(profile, host)) for host in profile.hosts)
    pair, cluster = profile.storage, profile.cluster
    if pair is not None and pair.build is not None:
        for link in (pair.build.addresses, *(one.addresses for one in pair.build.links)):
            yield from ((pair.nodes[name], address) for name, address in link.items() if name in pair.nodes)
    for link in cluster.link_addresses if cluster is not None else ():
        yield from link.items()


def _preflight(sites: tuple[_Site, ...], build: HostsBuild) -> Iterator[Precondition]:
    yield from _paths(sites)
    for site in sites:
        host = site.host
        yield Precondition(hosts.rooted(host), "its configuration is root's")
        programs = [*_NAMES, *["chronyc"] * bool(site.time), *["nft", "systemd-run"] * bool(site.rules)]
        packages = " ".join(
            ["iproute2 iputils-ping", *["chrony"] * bool(site.time), *["nftables"] * bool(site.rules)]
        )
        yield Precondition(
            hosts.able(host, programs, f"apt install {packages}"), "it lacks what this is done with"
        )
        if site.own_name is not None:
            yield building.renamed(host, site.name)
        if site.rules is not None:
            yield Precondition(firewall.able(host), "leave it out by `build.own_firewall`")
            check = firewall.lets_in(host, build, site.port)
            yield Precondition(check, "nobody could log in to it any more", decisive=True)
            yield firewall.shut(host, (site.port, *site.opened), site.rules)
        for file in (site.names, site.time, site.rules):
            if file is not None:
                yield untouched(host, file)


def _stages(sites: tuple[_Site, ...]) -> Iterator[Stage]:
    yield Stage(
        "names",
        "Every host has its name, and knows the others'",
        tuple(step for site in sites for step in _named(site)),
        confirm="y",
        notice="nothing",
    )
    timed = [(site.host, site.time) for site in sites if site.time is not None]
    if timed:
        yield Stage(
            "time",
            "Every host has the right time",
            (
                *(building.timed(host, file) for host, file in timed),
                *(building.on_time(host) for host, _ in timed),
            ),
            confirm="y",
            notice="nothing; a clock that is off by more than 1 s is set at once",
        )
    walled = [(site.host, site.rules) for site in sites if site.rules is not None]
    if walled:
        yield Stage(
            "firewall",
            "Every host lets in the platform, engineers, and users where they belong",
            tuple(
                step
                for host, file in walled
                for step in (configured(host, file), firewall.loaded(host, file), firewall.kept(host, file))
            ),
            confirm="y",
            notice="who comes from elsewhere to what is not open gets no answer; what is connected stays so",
        )
    yield Stage(
        "proof",
        "Every host finds every other",
        tuple(building.finds(site.host, site.others) for site in sites),
    )


def _named(site: _Site) -> Iterator[Step]:
    yield configured(site.host, site.names)
    if site.own_name is not None:
        yield building.called(site.host, site.name, site.own_name)


RUNBOOK = Runbook(
    ID,
    "hosts",
    TITLE,
    "Names that all know, the time from one source, and a firewall that nobody shuts himself out with.",
    plan,
)
