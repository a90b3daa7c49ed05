"""Who is master, by facts: who can be written to, who is replicated from, where HAProxy sends writes.

Names and profiles say nothing about it. A server that does not answer can still be the master: its replicas
say whom they follow, and HAProxy whom it serves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from saitotui.facts.mysql_replica import Channel
from saitotui.tiers.database.addresses import Addresses
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.gtids import foreign
from saitotui.tiers.database.servers import ServerView


class Role(StrEnum):
    MASTER = "master"
    REPLICA = "replica"
    DETACHED = "detached"
    """It answers, is not the master, and follows nobody."""
    UNKNOWN = ""


def role_of(server: ServerView, master: ServerView | None) -> Role:
    if master is not None and server.name == master.name:
        return Role.MASTER
    if not server.answers or server.channels is None:
        return Role.UNKNOWN
    return Role.DETACHED if server.follows_nobody else Role.REPLICA


def sources(servers: Mapping[str, ServerView], addresses: Addresses) -> Mapping[str, str]:
    """For each server that follows somebody: the profile's name of whom, empty when that is no server of the
    profile."""
    return {
        name: source_name(server.channel, name, servers, addresses)
        for name, server in servers.items()
        if server.channel is not None
    }


def source_name(channel: Channel, own: str, servers: Mapping[str, ServerView], addresses: Addresses) -> str:
    """Which server a channel leads to. While the IO thread runs, the source told its identity: that counts
    more than an address, which may be a tunnel's. Otherwise the address says where it will go."""
    told = _by_identity(channel, own, servers)
    at = addresses.server_at(channel.source_host, channel.source_port)
    return (told or at) if channel.io_runs else (at or told)


def _by_identity(channel: Channel, own: str, servers: Mapping[str, ServerView]) -> str:
    known = {name: server.last for name, server in servers.items() if name != own and server.last is not None}
    if channel.source_uuid:
        found = [name for name, last in known.items() if last.server_uuid == channel.source_uuid]
    elif channel.source_id:
        found = [name for name, last in known.items() if last.server_id == channel.source_id]
    else:
        found = []
    return found[0] if len(found) == 1 else ""


def find_master(
    servers: Mapping[str, ServerView], balancers: Mapping[str, BalancerView], source: Mapping[str, str]
) -> str | None:
    """The name of the master, answering or not; None when facts name none or more than one."""
    writable = [server for server in servers.values() if server.writable]
    if writable:
        return _among_writable(writable, servers, balancers, source)
    return _among_silent(servers, balancers, source) or _among_read_only(servers, balancers, source)


def _among_writable(
    writable: Sequence[ServerView],
    servers: Mapping[str, ServerView],
    balancers: Mapping[str, BalancerView],
    source: Mapping[str, str],
) -> str | None:
    heads = [server for server in writable if not source.get(server.name)]
    if len(heads) == 1:
        return heads[0].name
    routed = _routed(balancers)
    if len(heads) > 1:
        return routed if routed in {head.name for head in heads} else None
    # Each of them follows another server of the profile.
    if len(writable) > 1:
        return routed if routed in {server.name for server in writable} else None
    only = writable[0]
    if source.get(source[only.name]) == only.name:
        # They follow each other in a ring: the one that can be written to is its master.
        return only.name
    return _one_that_follows(only, servers[source[only.name]], balancers)


def _one_that_follows(
    server: ServerView, source: ServerView, balancers: Mapping[str, BalancerView]
) -> str | None:
    """`server` alone can be written to, yet follows `source`: promoted half-way, or never set read-only. What
    even one HAProxy node sends there is written, and nowhere else."""
    if server.name in _leads(balancers):
        return server.name
    channel = server.channel
    runs = channel is not None and channel.io_runs
    return source.name if runs or source.silent else server.name


def _among_silent(
    servers: Mapping[str, ServerView], balancers: Mapping[str, BalancerView], source: Mapping[str, str]
) -> str | None:
    """Nobody who answers can be written to: is it one who does not answer?"""
    silent = {server.name for server in servers.values() if server.silent}
    followed = [name for name in _followed(servers, source) if name in silent]
    if followed:
        return followed[0]
    routed = _routed(balancers)
    if routed in silent:
        return routed
    wrote = [name for name in silent if (last := servers[name].last) is not None and not last.read_only]
    if len(wrote) == 1:
        return wrote[0]
    return next(iter(silent)) if len(servers) == 1 and silent else None


def _among_read_only(
    servers: Mapping[str, ServerView], balancers: Mapping[str, BalancerView], source: Mapping[str, str]
) -> str | None:
    """All who answer are read-only: the one whom others follow and who follows nobody."""
    roots = [name for name in _followed(servers, source) if servers[name].follows_nobody]
    routed = _routed(balancers)
    if len(roots) == 1:
        return next(_took_over(roots[0], servers, balancers, source), roots[0])
    detached = {server.name for server in servers.values() if server.answers and server.follows_nobody}
    return routed if routed in detached else None


def _took_over(
    root: str,
    servers: Mapping[str, ServerView],
    balancers: Mapping[str, BalancerView],
    source: Mapping[str, str],
) -> Iterator[str]:
    """Servers that follow `root`, to which HAProxy sends writes, and which have what `root` never had: they
    were master when they last wrote."""
    head = servers[root].variables
    for name in sorted(_leads(balancers) & set(servers)):
        own = servers[name].variables
        if source.get(name) == root and own and head and foreign(own, head) is not None:
            yield name


def _followed(servers: Mapping[str, ServerView], source: Mapping[str, str]) -> Iterable[str]:
    """Servers that somebody follows, the most followed first."""
    count = Counter(name for follower, name in source.items() if name and servers[follower].answers)
    return [name for name, _ in count.most_common()]


def _leads(balancers: Mapping[str, BalancerView]) -> set[str]:
    """The servers that HAProxy nodes send writes to; '' is one that the profile does not name."""
    return {member.server for balancer in balancers.values() for member in balancer.active}


def _routed(balancers: Mapping[str, BalancerView]) -> str | None:
    """The one server that all HAProxy nodes which answer send writes to; None when there is no one such."""
    found = _leads(balancers)
    return found.pop() if len(found) == 1 and "" not in found else None
