"""Master and replica as the snapshot has them: who changes places with whom, or why nobody may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from saitotui.facts.mysql import Variables
from saitotui.model.health import Health
from saitotui.model.profile import Database, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.database.dialect import Dialect, dialect
from saitotui.tiers.database import judge
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.questions import ask
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.view import View, look

FORBIDDEN = ("database.haproxy-failback-trap", "database.errant-transactions")
"""Findings of any weight under which no master is swapped."""


@dataclass(frozen=True, slots=True)
class Server:
    """One side of a swap. `line_names` are its names in the write backend, by HAProxy node."""

    name: str
    variables: Variables
    dialect: Dialect
    address: str
    port: int
    line_names: Mapping[str, str]


class Follower(Protocol):
    """A server that shall follow another: its name, and the words that it understands."""

    @property
    def name(self) -> str: ...

    @property
    def dialect(self) -> Dialect: ...


class Named(Protocol):
    """What HAProxy knows of a server: its names in the write backend, by node."""

    @property
    def name(self) -> str: ...

    @property
    def line_names(self) -> Mapping[str, str]: ...


class Handover(Protocol):
    """What steps that send writes from one server to another need."""

    @property
    def database(self) -> Database: ...

    @property
    def old(self) -> Named: ...

    @property
    def new(self) -> Server: ...

    @property
    def balancers(self) -> Mapping[str, BalancerView]: ...


@dataclass(frozen=True, slots=True)
class Pair:
    """`old` is master now, `new` shall be, as `view` has them."""

    view: View
    database: Database
    old: Server
    new: Server
    balancers: Mapping[str, BalancerView]


def view_of(profile: Profile, snapshot: Snapshot) -> View | None:
    """The database of `profile` in `snapshot`; None when the profile has none."""
    if profile.database is None:
        return None
    return look(profile, profile.database, ask(profile.database, profile.poll), snapshot)


def pair_of(view: View) -> Pair | tuple[str, ...]:
    """The pair, or every reason why there is none to swap."""
    reasons = tuple(_reasons(view))
    if reasons:
        return reasons
    master = view.live_master
    assert master is not None
    (replica,) = [one for one in view.replicas if view.source.get(one.name) == master.name]
    old, new = server_of(view, master), server_of(view, replica)
    if isinstance(old, str) or isinstance(new, str):
        return tuple(one for one in (old, new) if isinstance(one, str))
    return Pair(view, view.database, old, new, view.balancers)


def _reasons(view: View) -> Iterator[str]:
    if not view.database.haproxy:
        yield "the profile names no HAProxy node: nobody could send writes to the new master"
    if not view.database.replication_user:
        yield (
            "the profile has no database.replication_user and replication_password: the old master could "
            "not follow the new one"
        )
    if view.live_master is None:
        yield "no server is known to be master and answers: promote-db-replica is for a dead one"
    else:
        following = [s.name for s in view.replicas if view.source.get(s.name) == view.live_master.name]
        if len(following) != 1:
            yield f"exactly one replica must follow {view.live_master.name}: {len(following)} do"
    for finding in judge(view):
        if finding.health >= Health.CRIT or finding.code in FORBIDDEN:
            yield f"{finding.sentence} ({finding.code})"
    for name, node in view.balancers.items():
        if node.write is None:
            yield f"{name} does not say where it sends writes"


def server_of(view: View, server: ServerView) -> Server | str:
    """A server that answers, as runbooks need it; or why it cannot take part."""
    variables = server.variables
    if variables is None:
        return f"{server.name} does not say how it is set"
    words = dialect(variables)
    if words is None:
        return f"{server.name} runs MariaDB {variables.version}: swapping needs 10.10 or newer"
    names = line_names(view, server.name)
    if isinstance(names, str):
        return names
    address, port = _seen_as(view, server, variables)
    return Server(server.name, variables, words, address, port, names)


def line_names(view: View, server: str) -> Mapping[str, str] | str:
    """A server's names in the write backend, by HAProxy node; or why they are not clear."""
    names: dict[str, str] = {}
    for name, node in view.balancers.items():
        found = [member.line.name for member in node.write or () if member.server == server]
        if len(found) != 1:
            backend = view.database.write_backend
            return f"{server} must stand once in {backend} of {name}, not {len(found)} times"
        names[name] = found[0]
    return names


def leads_to(node: BalancerView, name: str) -> bool:
    """Whether an HAProxy node sends writes to the server that it calls `name`, and to no other."""
    return [member.line.name for member in node.active] == [name]


def state_file(handover: Handover, node: str) -> str:
    """The node's server state file: the profile's, else the configuration's; empty when there is none."""
    config = handover.balancers[node].config
    return handover.database.haproxy[node].state_file or (config.state_file if config else "")


def _seen_as(view: View, server: ServerView, variables: Variables) -> tuple[str, int]:
    """Where the other database server reaches this one: as it replicates from it now, as it reports itself,
    or as it comes from when it reads the binary log."""
    for other in view.replicas:
        if view.source.get(other.name) == server.name and other.channel is not None:
            return other.channel.source_host, other.channel.source_port
    if variables.report_host:
        return variables.report_host, variables.port
    for other in view.servers.values():
        for process in other.processes or ():
            if process.dumps and view.addresses.server_at(process.address) == server.name:
                return process.address, variables.port
    host = server.profile.address or view.profile.hosts[server.profile.host].address
    return host, variables.port or server.profile.port
