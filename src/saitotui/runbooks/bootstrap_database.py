"""Makes a database pair of hosts with MariaDB and HAProxy: a master, a replica that follows it, and nodes
that send writes to whichever takes them. See docs/runbooks/bootstrap-database.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.configs import ConfigFile, seen_at
from saitotui.configs.database import balancer_file, server_file, sites
from saitotui.model.plan import Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import NO_SECRET, Database, Profile
from saitotui.model.profile_build import DatabaseBuild
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import hosts
from saitotui.runbooks.database import building, steps
from saitotui.runbooks.database.accounts import accounts
from saitotui.runbooks.database.building import Member
from saitotui.runbooks.database.pair import view_of
from saitotui.runbooks.files import configured, untouched

ID = "bootstrap-database"
TITLE = "Make a database pair behind HAProxy"


@dataclass(frozen=True, slots=True)
class _Site:
    """Everything that is built. `files` are the HAProxy nodes' configurations, by node."""

    database: Database
    build: DatabaseBuild
    members: tuple[Member, ...]
    master: Member
    files: Mapping[str, ConfigFile]
    listens: Mapping[str, str]

    @property
    def others(self) -> tuple[Member, ...]:
        return tuple(one for one in self.members if one is not self.master)

    def option_file(self, member: Member) -> ConfigFile:
        return server_file(self.database, self.build, member.site)


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the servers of the profile; who is master now stays so, else the first becomes it."""
    database, view = profile.database, view_of(profile, snapshot)
    if database is None or view is None:
        return Refusal(ID, ("the profile has no database",))
    build = database.build
    if build is None:
        return Refusal(ID, ("the profile does not say of what: give `database.build`",))
    if trouble := tuple(_lacking(database, build)):
        return Refusal(ID, trouble)
    site = _site(profile, database, build, view.live_master.name if view.live_master else "")
    others = " and ".join(one.name for one in site.others)
    return Plan(
        ID,
        TITLE,
        "database",
        dict(parameters),
        f"{others} follows {site.master.name} behind {' and '.join(site.files)}; what stands stays",
        tuple(_stages(site)),
        tuple(_preflight(site)),
        (),
        ("database",),
    )


def _site(profile: Profile, database: Database, build: DatabaseBuild, master: str) -> _Site:
    servers = sites(profile, database, build)
    members = tuple(Member(one, database.servers[one.name].unit) for one in servers)
    listens = {
        name: seen_at(profile, node.host, node.write_address) for name, node in database.haproxy.items()
    }
    files = {
        name: balancer_file(database, build, node, listens[name], servers)
        for name, node in database.haproxy.items()
    }
    first = next((one for one in members if one.name == master), members[0])
    return _Site(database, build, members, first, files, listens)


def _lacking(database: Database, build: DatabaseBuild) -> Iterator[str]:
    if len(database.servers) != 2:
        yield f"a pair has two servers, the profile has {len(database.servers)}"
    if not database.haproxy:
        yield "the profile names no HAProxy node: give `database.haproxy`"
    if len({(one.user, one.password) for one in database.servers.values()}) > 1:
        yield "both servers need the same `user` and `password`: one account of this console is made"
    if not database.replication_user or database.replication_password == NO_SECRET:
        yield "a replica could not log in: give `database.replication_user` and `replication_password`"
    if build.password == NO_SECRET:
        yield "the application's account has no password: give `database.build.password`"
    if database.replication_ca and not (build.certificate and build.key):
        yield (
            "replication over TLS needs the servers' certificate: give `database.build.certificate` and `key`"
        )
    for name, node in database.haproxy.items():
        if not node.socket:
            yield f"{name} is turned by its admin socket: give `database.haproxy.{name}.socket`"


def _preflight(site: _Site) -> Iterator[Precondition]:
    build = site.build
    for member in site.members:
        host = member.host
        yield Precondition(hosts.rooted(host), "MariaDB's root logs in as the system's root only")
        yield Precondition(hosts.able(host, building.PROGRAMS, building.PACKAGES), "it could be no server")
        yield Precondition(building.release(member), "swapping the master needs it")
        yield Precondition(hosts.addressed(host, [member.site.address]), "the others would not reach it")
        yield Precondition(hosts.room(host, "/var/lib/mysql"), "a full disk stops it")
        if site.database.replication_ca:
            files = (site.database.replication_ca, build.certificate, build.key)
            yield Precondition(building.has_certificate(member, files), "it would not start")
        yield Precondition(
            building.fresh_or_member(member), "what is in it is in no replica's reach", decisive=True
        )
        yield untouched(host, site.option_file(member))
    for name, node in site.database.haproxy.items():
        yield Precondition(hosts.rooted(node.host), "HAProxy's configuration is root's")
        yield Precondition(
            hosts.able(node.host, ("haproxy", "systemctl"), "apt install haproxy"), "it could be no balancer"
        )
        yield Precondition(hosts.addressed(node.host, [site.listens[name]]), "HAProxy could not listen there")
        yield untouched(node.host, site.files[name])


def _stages(site: _Site) -> Iterator[Stage]:
    wanted = tuple(accounts(site.database, site.build))
    yield Stage(
        "files",
        "Every host gets its configuration",
        (
            *(configured(one.host, site.option_file(one)) for one in site.members),
            *(configured(node.host, site.files[name]) for name, node in site.database.haproxy.items()),
        ),
        confirm="y",
        notice="nothing: nobody reads it yet",
    )
    yield Stage(
        "servers",
        "The servers run by it, closed for writes, and know the accounts",
        (
            *(building.runs(one) for one in site.members),
            *(building.known(one, wanted) for one in site.members),
        ),
        confirm="y",
        notice="nothing: the servers are empty",
    )
    yield Stage(
        "pair",
        f"{' and '.join(one.name for one in site.others)} follows {site.master.name}, which takes writes",
        tuple(_pair(site)),
        confirm=f"open {site.master.name}",
        notice="nothing: no application has come here yet",
        point_of_no_return=True,
    )
    yield Stage(
        "balancers",
        "HAProxy leads to it",
        (
            *(building.balanced(name, node) for name, node in site.database.haproxy.items()),
            *(building.led(site.database, name, site.master, site.others) for name in site.files),
            *(building.proven(name, site.master) for name in site.files),
        ),
        confirm="y",
        notice="connections through HAProxy that are older than 30 s at a reload are cut",
    )


def _pair(site: _Site) -> Iterator[Step]:
    for one in site.others:
        yield building.attached(site.database, one, site.master)
    if site.database.semi_sync:
        yield steps.semi_sync(site.master, True)
    yield building.opened(site.master, site.others)
    yield from building.schema(site.build, site.master, site.members)


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "MariaDB on two hosts, one following the other, behind HAProxy; only what holds nothing is taken.",
    plan,
)
