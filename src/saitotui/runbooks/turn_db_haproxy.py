"""Turns HAProxy nodes that send writes elsewhere to the master: one was started again with an old state file,
or a handover did not come to it. See docs/runbooks/turn-db-haproxy.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.model.plan import Plan, Precondition, Refusal, Stage
from saitotui.model.profile import Database, Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.database import checks, steps
from saitotui.runbooks.database.pair import Server, leads_to, line_names, server_of, view_of
from saitotui.runbooks.robots import disarm
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.view import View

ID = "turn-db-haproxy"
TITLE = "Turn HAProxy to the database master"


@dataclass(frozen=True, slots=True)
class _Away:
    """The server that takes no writes. `line_names` are its names in the write backend, by node."""

    name: str
    line_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Turning:
    """`balancers`, the nodes that lead elsewhere, shall send writes to `new`, and none to `old`."""

    database: Database
    old: _Away
    new: Server
    balancers: Mapping[str, BalancerView]


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the database as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no database",))
    turning = _turning(view)
    if isinstance(turning, tuple):
        return Refusal(ID, turning)
    nodes, master, database = " and ".join(turning.balancers), turning.new.name, turning.database
    return Plan(
        ID,
        TITLE,
        next(iter(turning.balancers)),
        dict(parameters),
        f"{nodes} send{'s' * (len(turning.balancers) == 1)} writes to {master}, after a reload, too",
        (_turn(turning, nodes), _prove(turning)),
        tuple(_preflight(turning)),
        tuple(disarm(profile, snapshot, hosts=[database.haproxy[node].host for node in turning.balancers])),
        ("database",),
    )


def _turning(view: View) -> _Turning | tuple[str, ...]:
    reasons = tuple(_reasons(view))
    if reasons:
        return reasons
    assert view.live_master is not None
    master = server_of(view, view.live_master)
    (other,) = (name for name in view.servers if name != view.live_master.name)
    names = line_names(view, other)
    if isinstance(master, str) or isinstance(names, str):
        return tuple(one for one in (master, names) if isinstance(one, str))
    lost = {
        name: node for name, node in view.balancers.items() if not leads_to(node, master.line_names[name])
    }
    if not lost:
        return (f"every HAProxy node sends writes to {master.name}",)
    return _Turning(view.database, _Away(other, names), master, lost)


def _reasons(view: View) -> Iterator[str]:
    master = view.live_master
    if master is None:
        yield "it is not known who the master is, or it does not answer: nobody is turned on a guess"
        return
    if not master.writable:
        yield f"{master.name} is read-only: open-db-master first"
    if len(view.servers) != 2:
        yield "this runbook knows pairs: the profile has another number of servers"
    for server in view.servers.values():
        if server is not master and server.writable:
            yield f"{server.name} takes writes beside {master.name}: find out what each has, and close one"
    for name, node in view.balancers.items():
        if node.write is None:
            yield f"{name} does not say where it sends writes"
        elif node.fallback:
            yield f"{name} has a backup server in the write backend: it would move writes by itself again"


def _preflight(turning: _Turning) -> Iterator[Precondition]:
    yield Precondition(
        checks.writable(turning.new.name, True), "its clients would meet a closed server", decisive=True
    )


def _turn(turning: _Turning, nodes: str) -> Stage:
    return Stage(
        "turn",
        f"{nodes} send{'s' * (len(turning.balancers) == 1)} writes to {turning.new.name}",
        tuple(steps.turn(turning, node) for node in turning.balancers),
        confirm=f"turn {next(iter(turning.balancers))}",
        notice="writes work again through there; connections that lead elsewhere are cut",
        point_of_no_return=True,
    )


def _prove(turning: _Turning) -> Stage:
    return Stage(
        "prove", "Prove it from the users' side, and keep it", steps.prove(turning), notice="nothing"
    )


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "A node leads writes elsewhere, after a restart or a handover that did not come to it: it is turned.",
    plan,
)
