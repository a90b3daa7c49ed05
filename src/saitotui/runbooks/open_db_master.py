"""Opens a master that came up, or was left, read-only: after a reboot, or a swap that was given up.

Nobody is opened while another may take writes, or has what the master lacks. See
docs/runbooks/open-db-master.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.model.plan import Check, Grade, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Database, Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.database import checks, steps
from saitotui.runbooks.database.pair import FORBIDDEN, Server, server_of, view_of
from saitotui.runbooks.database.robots import disarm
from saitotui.tiers.database import judge
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.view import View

ID = "open-db-master"
TITLE = "Open the database master for writes"


@dataclass(frozen=True, slots=True)
class _Closed:
    """`master` answers and is closed, like all `others`."""

    database: Database
    master: Server
    others: tuple[str, ...]
    balancers: Mapping[str, BalancerView]


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the database as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no database",))
    found = _closed(view)
    if isinstance(found, tuple):
        return Refusal(ID, found)
    master = found.master.name
    return Plan(
        ID,
        TITLE,
        master,
        dict(parameters),
        f"{master} takes writes again; nobody else does",
        (_open(found), _prove(found)),
        tuple(_preflight(found)),
        tuple(disarm(profile, snapshot)),
        ("database",),
    )


def _closed(view: View) -> _Closed | tuple[str, ...]:
    reasons = tuple(_reasons(view))
    if reasons:
        return reasons
    assert view.live_master is not None
    master = server_of(view, view.live_master)
    if isinstance(master, str):
        return (master,)
    others = tuple(name for name in view.servers if name != master.name)
    return _Closed(view.database, master, others, view.balancers)


def _reasons(view: View) -> Iterator[str]:
    master = view.live_master
    if master is None:
        yield "it is not known who the master is, or it does not answer: nobody is opened on a guess"
        return
    for server in view.servers.values():
        if server.writable:
            yield f"{server.name} takes writes"
        elif not server.answers:
            yield f"{server.name} does not answer: it may take writes, or have what {master.name} lacks"
    for finding in judge(view):
        if finding.code in FORBIDDEN:
            yield f"{finding.sentence} ({finding.code})"
    for name, node in view.balancers.items():
        leads = [member.label for member in node.active]
        if leads != [master.name]:
            yield f"{name} sends writes to {' and '.join(leads) or 'nobody'}, not to {master.name}"


def _preflight(found: _Closed) -> Iterator[Precondition]:
    master, backend = found.master, found.database.write_backend

    def red(check: Check, why: str) -> Precondition:
        return Precondition(check, why, decisive=True)

    yield red(checks.writable(master.name, False), "somebody opened it already")
    yield red(checks.follows_nobody(master.name), "it is a replica: promote-db-replica makes it master")
    for other in found.others:
        yield red(checks.writable(other, False), "two servers would take writes")
        follows = checks.follows(other, master.name, master.address, master.port, None)
        yield Precondition(follows, "it would be no standby", Grade.AMBER, Grade.AMBER)
    for node in found.balancers:
        check = checks.sends_writes_to(node, backend, master.line_names[node], (), drained=False)
        yield red(check, "its clients would go on to meet a server that is closed")


def _open(found: _Closed) -> Stage:
    master = found.master
    closed = tuple(checks.writable(other, False) for other in found.others)
    body = [
        Step(
            f"open {master.name} for writes",
            (steps.act(master, master.dialect.open),),
            goal=checks.writable(master.name, True),
            requires=closed,
            undo=(steps.act(master, master.dialect.close),),
            undone=checks.writable(master.name, False),
            expected=0.05,
        )
    ]
    if found.database.semi_sync:
        body.append(steps.semi_sync(master, True))
    return Stage(
        "open",
        f"{master.name} takes writes",
        tuple(body),
        confirm=f"open {master.name}",
        notice="writes work again",
        point_of_no_return=True,
    )


def _prove(found: _Closed) -> Stage:
    body = tuple(steps.proof(found.master, node) for node in found.balancers)
    return Stage("prove", "Prove it from the users' side", body, notice="nothing")


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "All servers are read-only, after a reboot or a swap that was given up: the master takes writes again.",
    plan,
)
