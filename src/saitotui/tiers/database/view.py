"""The whole database as one snapshot shows it: servers, HAProxy nodes, and who is master by facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.model.profile import Database, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.database.addresses import Addresses, addresses
from saitotui.tiers.database.balancers import BalancerView, look_at_balancer
from saitotui.tiers.database.questions import DatabaseQuestions
from saitotui.tiers.database.roles import Role, find_master, role_of, sources
from saitotui.tiers.database.servers import ServerView, look_at_server

SUBJECT = "database"


@dataclass(frozen=True, slots=True)
class View:
    """`source` is the profile's name of the server that each one replicates from, empty when that is none of
    the profile. `master` is who facts say the master is, answering or not; None when they do not say."""

    profile: Profile
    database: Database
    at: float
    addresses: Addresses
    servers: Mapping[str, ServerView]
    balancers: Mapping[str, BalancerView]
    source: Mapping[str, str]
    master: ServerView | None

    def role(self, server: ServerView) -> Role:
        return role_of(server, self.master)

    @property
    def replicas(self) -> tuple[ServerView, ...]:
        """Servers that answer and follow somebody."""
        return tuple(server for server in self.servers.values() if server.answers and server.channels)

    @property
    def live_master(self) -> ServerView | None:
        """The master, when it answers."""
        return self.master if self.master is not None and self.master.answers else None

    @property
    def pending(self) -> bool:
        servers = all(server.pending for server in self.servers.values())
        return servers and all(balancer.pending for balancer in self.balancers.values())


def look(profile: Profile, database: Database, asked: DatabaseQuestions, snapshot: Snapshot) -> View:
    """What `snapshot` says about the database of `profile`."""
    known = addresses(profile, database)
    servers = {
        name: look_at_server(name, server, asked.servers[name], snapshot)
        for name, server in database.servers.items()
    }
    balancers = {
        name: look_at_balancer(name, node, database, asked.haproxy[name], snapshot, known)
        for name, node in database.haproxy.items()
    }
    source = sources(servers, known)
    master = find_master(servers, balancers, source)
    return View(
        profile,
        database,
        snapshot.at,
        known,
        servers,
        balancers,
        source,
        servers[master] if master else None,
    )
