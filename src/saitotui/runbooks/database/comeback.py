"""A server that does not follow the master as it should, and how it comes back; or why it may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saitotui.model.profile import Database, MysqlServer
from saitotui.runbooks.database.dialect import Dialect
from saitotui.runbooks.database.pair import Server, server_of
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.judge_roles import foreign_of
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.view import View


@dataclass(frozen=True, slots=True)
class Returning:
    """The server that comes back. `stopped`: nothing runs there; `ahead`: what it has and the master lacks
    ('': nothing; None: not known before it runs)."""

    name: str
    profile: MysqlServer
    dialect: Dialect
    stopped: bool
    ahead: str | None


@dataclass(frozen=True, slots=True)
class Comeback:
    """`server` shall follow `master` again. `follows_back`: the master still follows `server`, as a handover
    that was given up half-way leaves it."""

    database: Database
    server: Returning
    master: Server
    balancers: Mapping[str, BalancerView]
    follows_back: bool


def comeback_of(view: View, wanted: str) -> Comeback | tuple[str, ...]:
    """The comeback of `wanted` ('': of the only server that needs one)."""
    reasons = tuple(_reasons(view, wanted))
    if reasons:
        return reasons
    assert view.live_master is not None
    master = server_of(view, view.live_master)
    if isinstance(master, str):
        return (master,)
    server = view.servers[wanted] if wanted else _lost(view)[0]
    stopped = not server.answers
    ahead = None if stopped else foreign_of(view, server) or ""
    back = Returning(server.name, server.profile, master.dialect, stopped, ahead)
    follows_back = view.source.get(master.name) == server.name
    return Comeback(view.database, back, master, view.balancers, follows_back)


def _reasons(view: View, wanted: str) -> Iterator[str]:
    master = view.live_master
    if master is None:
        yield "no server is known to be master and answers: there is nobody to follow"
        return
    if not master.writable:
        yield f"{master.name} is read-only: open-db-master first"
    if not view.database.replication_user:
        yield (
            "the profile has no database.replication_user and replication_password: a server could not "
            "follow the master"
        )
    for server in view.servers.values():
        if server is not master and server.writable:
            yield f"{server.name} takes writes beside {master.name}: find out what each has, and close one"
    if wanted and wanted not in view.servers:
        yield f"the profile has no database server {wanted!r}"
    elif wanted == master.name:
        yield f"{wanted} is the master"
    elif wanted:
        yield from _hindered(view, view.servers[wanted])
    else:
        yield from _chosen(view, master)


def _chosen(view: View, master: ServerView) -> Iterator[str]:
    lost = _lost(view)
    if not lost:
        yield f"every other server follows {master.name} and has nothing that it lacks"
    elif len(lost) > 1:
        names = " and ".join(one.name for one in lost)
        yield f"{names} do not follow {master.name}: choose one with -p server=NAME"
    else:
        yield from _hindered(view, lost[0])


def _lost(view: View) -> Sequence[ServerView]:
    return [one for one in view.servers.values() if one is not view.live_master and not _well(view, one)]


def _well(view: View, server: ServerView) -> bool:
    """Whether it follows the master and has nothing that the master lacks."""
    assert view.live_master is not None
    channel = server.channel
    follows = view.source.get(server.name) == view.live_master.name
    runs = channel is not None and channel.io_runs and channel.sql_runs
    return server.answers and follows and runs and not foreign_of(view, server)


def _hindered(view: View, server: ServerView) -> Iterator[str]:
    """Why a server that does not answer cannot be started."""
    if server.answers:
        return
    host = server.profile.host
    if server.daemons is None:
        yield (
            f"{host}, the host of {server.name}, does not answer over SSH: start it first (a guest that was "
            "fenced: its HA state `started`, `onboot` on)"
        )
    elif server.daemons:
        yield f"a server process runs on {host} and {server.name} does not answer: let it recover, or stop it"
