"""A dead master and who takes its place; or every reason why nobody may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saitotui.facts import mysql_gtid
from saitotui.model.command import FailureKind
from saitotui.model.profile import Database, MysqlServer, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import fencing
from saitotui.runbooks.database.pair import Server, line_names, server_of
from saitotui.runbooks.fencing import Fence
from saitotui.tiers.database import judge
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.view import View

GONE = frozenset(
    f"database.{word}" for word in ("master-dead", "master-unreachable", "server-down", "server-unreachable")
)
TRAP = "database.haproxy-failback-trap"


@dataclass(frozen=True, slots=True)
class Fallen:
    """The master that died. `line_names` are its names in the write backend, by HAProxy node."""

    name: str
    profile: MysqlServer
    line_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Succession:
    """`new`, which the snapshot has as `heir`, takes the place of `old`, which `fence` keeps away; `others`
    must follow `new` afterwards. `detached`: it follows nobody any more, as a promotion that was given up
    half-way leaves it."""

    profile: Profile
    database: Database
    old: Fallen
    new: Server
    heir: ServerView
    others: tuple[str, ...]
    balancers: Mapping[str, BalancerView]
    fence: Fence

    @property
    def detached(self) -> bool:
        return self.heir.channel is None


def succession_of(view: View, snapshot: Snapshot, wanted: str = "") -> Succession | tuple[str, ...]:
    """The succession, `wanted` being the one who must take over ('': the one that received most)."""
    reasons = tuple(_reasons(view, wanted))
    if reasons:
        return reasons
    master = _fallen(view, wanted)
    assert master is not None
    names = line_names(view, master.name)
    fence = fence_of(view, snapshot, master)
    heirs = _heirs(view, master.name, wanted)
    heir = next((one for one in heirs if one.name == wanted), heirs[0])
    new = server_of(view, heir)
    wrong = tuple(one for one in (names, fence, new) if isinstance(one, str))
    if wrong or isinstance(names, str) or isinstance(fence, str) or isinstance(new, str):
        return wrong
    old = Fallen(master.name, master.profile, names)
    others = tuple(one.name for one in heirs if one.name != heir.name)
    return Succession(view.profile, view.database, old, new, heir, others, view.balancers, fence)


def _reasons(view: View, wanted: str) -> Iterator[str]:
    if not view.database.haproxy:
        yield "the profile names no HAProxy node: nobody could send writes to the new master"
    master = _fallen(view, wanted)
    if master is None:
        yield "it is not known who the master was: nobody is promoted on a guess"
    elif master.answers:
        yield f"{master.name} answers and is master: swap-db-master is for a living one"
    else:
        yield from _not_dead(view, master)
        yield from _no_heir(view, master.name, wanted)
        yield from _others_write(view)


def _fallen(view: View, wanted: str) -> ServerView | None:
    """The master that died. Nobody may know it any more after a promotion that was given up: then it is the
    one server that does not answer, if the operator says who shall take its place."""
    silent = [server for server in view.servers.values() if server.silent]
    if view.master is None and wanted and len(silent) == 1:
        return silent[0]
    return view.master


def _not_dead(view: View, master: ServerView) -> Iterator[str]:
    about = [finding for finding in judge(view) if finding.subject == master.name]
    if not {finding.code for finding in about} & GONE:
        said = "; ".join(finding.sentence for finding in about) or "nothing is known of it"
        yield f"{master.name} is not dead: {said}. Deal with that first: nothing is lost by it"
    elif _lives(master):
        yield f"a server process runs on {master.name}'s host: let it recover, or stop it; it is not dead"


def _no_heir(view: View, master: str, wanted: str) -> Iterator[str]:
    heirs = _heirs(view, master, wanted)
    if not heirs and (stray := _detached(view)):
        yield (
            f"no replica of {master} answers; {stray[0].name} follows nobody: if it was its replica until a "
            f"promotion was given up, promote it with -p to={stray[0].name}"
        )
    elif not heirs:
        yield f"no replica of {master} answers: there is nobody to promote"
    elif wanted and wanted not in {one.name for one in heirs}:
        yield f"{wanted} is no replica of {master} that answers"


def _others_write(view: View) -> Iterator[str]:
    if any(finding.code == TRAP for finding in judge(view)):
        yield (
            "HAProxy moves writes by itself to a `backup` server, and back as soon as the old master "
            "answers: take the `backup` server out of the write backend first "
            "(docs/runbooks/swap-db-master.md shows the safe configuration)"
        )
    for server in view.servers.values():
        if server.writable:
            yield f"{server.name} takes writes already: find out who sends them"
    for name, node in view.balancers.items():
        if node.write is None:
            yield f"{name} does not say where it sends writes"


def _lives(master: ServerView) -> bool:
    """A process that hangs or recovers has its locks and its data: it is no dead one."""
    hangs = master.failure is not None and master.failure.kind is FailureKind.TIMEOUT
    return bool(master.daemons) or (hangs and master.daemons is None)


def _heirs(view: View, master: str, wanted: str) -> Sequence[ServerView]:
    """Replicas of `master` that answer, the one that received most first. Without any, one that follows
    nobody, if it is asked for by name."""
    found = [one for one in view.replicas if view.source.get(one.name) == master]
    if not found:
        return [one for one in _detached(view) if one.name == wanted]
    return sorted(found, key=lambda one: (-_received(one), one.name))


def _detached(view: View) -> Sequence[ServerView]:
    return [one for one in view.servers.values() if one.answers and one.follows_nobody and not one.writable]


def _received(server: ServerView) -> int:
    """How many transactions arrived there from the master."""
    channel, variables = server.channel, server.variables
    if channel is None or variables is None:
        return 0
    if variables.mariadb:
        return sum(mysql_gtid.last_of_domain(mysql_gtid.mariadb(channel.retrieved)).values())
    return mysql_gtid.mysql(f"{channel.executed},{channel.retrieved}").count


def fence_of(view: View, snapshot: Snapshot, server: ServerView) -> Fence | str:
    """What keeps a server that does not answer away: by its own host, where nothing runs any more, else by
    whoever has power over that; or why nobody can."""
    if server.daemons == ():
        return fencing.by_service(server.name, server.profile)
    return fencing.by_power(view.profile, snapshot, server.name, server.profile.host)
