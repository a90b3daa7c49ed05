"""Opens a master that came up, or was left, read-only: after a reboot, or a swap that was given up.

Nobody is opened while another may take writes, or has what the master lacks. See
docs/runbooks/open-db-master.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saitotui.model.command import Answer
from saitotui.model.plan import Check, Grade, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Database, Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import one_line
from saitotui.runbooks import fencing
from saitotui.runbooks.database import checks, steps
from saitotui.runbooks.database.pair import FORBIDDEN, Server, leads_to, server_of, view_of
from saitotui.runbooks.database.promotion import silent
from saitotui.runbooks.database.succession import fence_of
from saitotui.runbooks.fencing import Fence
from saitotui.runbooks.judging import reading
from saitotui.runbooks.robots import disarm
from saitotui.tiers.database import judge
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.view import View

ID = "open-db-master"
TITLE = "Open the database master for writes"
WAIT = "let it recover, or stop it"


@dataclass(frozen=True, slots=True)
class _Closed:
    """`master` answers and is closed, like all `others`; `gone` do not answer, and are kept away by these
    fences. `follows` is whom the master still follows, as a swap that was given up half-way leaves it."""

    database: Database
    master: Server
    others: tuple[str, ...]
    gone: Mapping[str, Fence]
    follows: str
    balancers: Mapping[str, BalancerView]

    @property
    def away(self) -> tuple[Check, ...]:
        """What proves that those who do not answer are kept away."""
        return fencing.proofs(*self.gone.values())

    def led(self) -> Sequence[str]:
        """The HAProxy nodes that send writes to the master."""
        names = self.master.line_names
        return [name for name, node in self.balancers.items() if leads_to(node, names[name])]


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the database as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no database",))
    found = _closed(view, snapshot)
    if isinstance(found, tuple):
        return Refusal(ID, found)
    master = found.master.name
    return Plan(
        ID,
        TITLE,
        master,
        dict(parameters),
        f"{master} takes writes again; nobody else does",
        (*(stage for fence in found.gone.values() for stage in fence), _open(found), _prove(found)),
        tuple(_preflight(found)),
        tuple(disarm(profile, snapshot)),
        ("database",),
    )


def _closed(view: View, snapshot: Snapshot) -> _Closed | tuple[str, ...]:
    fences = {
        server.name: fence_of(view, snapshot, server)
        for server in view.servers.values()
        if not server.answers
    }
    reasons = tuple(_reasons(view, fences))
    if reasons:
        return reasons
    assert view.live_master is not None
    master = server_of(view, view.live_master)
    if isinstance(master, str):
        return (master,)
    gone = {name: fence for name, fence in fences.items() if not isinstance(fence, str)}
    others = tuple(name for name in view.servers if name != master.name and name not in gone)
    follows = view.source.get(master.name, "")
    return _Closed(view.database, master, others, gone, follows, view.balancers)


def _reasons(view: View, fences: Mapping[str, Fence | str]) -> Iterator[str]:
    master = view.live_master
    if master is None:
        yield "it is not known who the master is, or it does not answer: nobody is opened on a guess"
        return
    for server in view.servers.values():
        fence = fences.get(server.name, ())
        if server.writable:
            yield f"{server.name} takes writes"
        elif server.daemons and server.name in fences:
            yield f"{server.name} does not answer, and its process runs on {server.profile.host}: {WAIT}"
        elif isinstance(fence, str):
            yield f"{server.name} does not answer: it may take writes, and {fence}"
    for finding in judge(view):
        if finding.code in FORBIDDEN:
            yield f"{finding.sentence} ({finding.code})"


def _preflight(found: _Closed) -> Iterator[Precondition]:
    master, backend = found.master, found.database.write_backend

    def red(check: Check, why: str) -> Precondition:
        return Precondition(check, why, decisive=True)

    def amber(check: Check, why: str) -> Precondition:
        return Precondition(check, why, Grade.AMBER, Grade.AMBER)

    yield red(checks.writable(master.name, False), "somebody opened it already")
    if not found.follows:
        why = "it is a replica: promote-db-replica makes it master"
        yield red(checks.follows_nobody(master.name), why)
    for other in found.others:
        yield red(checks.writable(other, False), "two servers would take writes")
        if other != found.follows:
            follows = checks.follows(other, master.name, master.address, master.port, None)
            yield amber(follows, "it would be no standby")
    for other in found.gone:
        yield red(silent(other), "it lives: let it answer first")
        yield amber(
            _has_all(master, other), "what only it has is kept when it comes back (rebuild-db-replica)"
        )
    for node in found.balancers:
        check = checks.sends_writes_to(node, backend, master.line_names[node], (), drained=False)
        yield amber(check, "its clients go on to meet a server that is closed, until turn-db-haproxy")


def _has_all(master: Server, other: str) -> Check:
    """Whether the master has everything: what one that is gone wrote last, only its own disk says."""

    def judge(answer: Answer) -> Verdict:
        return Verdict(None, f"{master.name} has {one_line(str(answer.rows[0]['state']), limit=80)}")

    sentence = f"{other} has nothing that {master.name} lacks"
    return Check(sentence, checks.ask_sql(master.name, master.dialect.known), reading(judge))


def _open(found: _Closed) -> Stage:
    master = found.master
    closed = tuple(checks.closed(other) for other in found.others)
    body = [steps.detach(master)] if found.follows else []
    body.append(
        Step(
            f"open {master.name} for writes",
            (steps.act(master, master.dialect.open),),
            goal=checks.writable(master.name, True),
            requires=(*closed, *found.away),
            undo=(steps.act(master, master.dialect.close),),
            undone=checks.closed(master.name),
            expected=0.05,
        )
    )
    if found.database.semi_sync:
        body.append(steps.semi_sync(master, not found.gone and not found.follows))
    return Stage(
        "open",
        f"{master.name} takes writes",
        tuple(body),
        confirm=f"open {master.name}",
        notice="writes work again",
        point_of_no_return=True,
    )


def _prove(found: _Closed) -> Stage:
    body = tuple(steps.proof(found.master, node) for node in found.led())
    return Stage("prove", "Prove it from the users' side", body, notice="nothing")


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "All servers are read-only, after a reboot or a swap that was given up: the master takes writes again.",
    plan,
)
