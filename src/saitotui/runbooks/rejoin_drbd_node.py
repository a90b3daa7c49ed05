"""Brings a node back into the storage pair: DRBD, its disk, its data, then the cluster manager.

See docs/runbooks/rejoin-drbd-node.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.facts.drbd import STANDALONE
from saitotui.model.command import Danger
from saitotui.model.plan import Act, Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile, Storage
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import whatever
from saitotui.runbooks.robots import STORAGE, disarm
from saitotui.runbooks.storage import by_pacemaker, checks, resync, steps
from saitotui.runbooks.storage.pair import on, view_of
from saitotui.runbooks.storage.ways import way_of
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, UP_TO_DATE, NodeView, View

ID = "rejoin-drbd-node"
TITLE = "Bring a storage node back"


@dataclass(frozen=True, slots=True)
class _Return:
    """`node` comes back to `other`, which has the data."""

    storage: Storage
    node: NodeView
    other: NodeView
    rate: str
    new_disk: bool

    def drbdadm(self, node: NodeView, words: str, danger: Danger = Danger.DISRUPTIVE) -> Act:
        return Act(on(node.host, f"drbdadm {words} {shell(self.storage.resource)}", danger))


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the node as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no storage pair",))
    found = _found(view, parameters)
    if isinstance(found, str):
        return Refusal(ID, (found,))
    stages = tuple(stage for stage in _stages(found) if stage is not None)
    if not stages:
        return Refusal(ID, ("both nodes are in the pair, in sync, and the cluster manager runs on both",))
    node, other = found.node.name, found.other.name
    return Plan(
        ID,
        TITLE,
        node,
        dict(parameters),
        f"{node} gets from {other} what it lacks, and stands by again",
        (*stages, _prove(found)),
        tuple(_preflight(found)),
        tuple(disarm(profile, snapshot, STORAGE)),
        ("storage",),
    )


def _stages(found: _Return) -> tuple[Stage | None, ...]:
    """heartbeat runs last: it would act on what is not ready. pacemaker runs first: it starts DRBD."""
    if found.storage.manager == "pacemaker":
        return (_pacemaker(found), _drbd(found), _sync(found))
    return (_drbd(found), _sync(found), _manager(found))


def _pacemaker(found: _Return) -> Stage | None:
    idle = [node for node in (found.other, found.node) if node.managed is False]
    body = [by_pacemaker.start(node) for node in idle]
    told = found.other.pacemaker or found.node.pacemaker
    parked = {one.name for one in told.members if one.standby} if told is not None else set()
    body += [by_pacemaker.leave_standby(node) for node in (found.other, found.node) if node.name in parked]
    if not body:
        return None
    return Stage("manager", "pacemaker may run what it has on both nodes", tuple(body), notice="nothing")


def _found(view: View, parameters: Mapping[str, str]) -> _Return | str:
    if len(view.primaries) > 1:
        return "both nodes are Primary: resolve-split-brain"
    wanted, rate = parameters.get("node", ""), parameters.get("rate", "")
    if wanted and wanted not in view.nodes:
        return f"the pair has no node {wanted!r}"
    if rate and not resync.RATE.fullmatch(rate):
        return f"rate is {rate!r}: give KiB a second, or 10M"
    node = view.nodes[wanted] if wanted else _lost(view)
    other = view.other(node)
    if other is None:
        return "there is no second node"
    if trouble := _unfit(node, other) or _histories(node, other):
        return trouble
    return _Return(view.storage, node, other, rate, parameters.get("new_disk", "") == "yes")


def _unfit(node: NodeView, other: NodeView) -> str:
    """Why `node` cannot be brought back to `other`, or ''."""
    for one in (node, other):
        if one.unreachable is not None:
            return f"{one.name} does not answer: nothing can be done there from here"
    if node.primary and not _diskless(node):
        return f"{node.name} is Primary and serves: the other one comes back to it"
    if other.drbd is None or not other.drbd.says or (other.drbd.disk != UP_TO_DATE and not _receives(other)):
        return f"{other.name} has no good copy to bring {node.name} back with"
    return ""


def _diskless(node: NodeView) -> bool:
    return node.drbd is not None and node.drbd.says and node.drbd.disk == "Diskless"


def _receives(node: NodeView) -> bool:
    return node.drbd is not None and node.drbd.source is False


def _lost(view: View) -> NodeView:
    """Who is to come back: not the Primary, unless it works without a disk; without one, whose copy is worse,
    or where nothing runs."""
    active = view.active
    if active is not None:
        return active if _diskless(active) else view.other(active) or active

    def worth(node: NodeView) -> tuple[bool, bool, bool]:
        says = node.drbd is not None and node.drbd.says
        whole = says and node.drbd is not None and node.drbd.disk == UP_TO_DATE
        return whole, says, bool(node.managed)

    return min(view.all, key=worth)


def _histories(node: NodeView, other: NodeView) -> str:
    """Why the two copies cannot simply be connected, or ''."""
    mine, theirs = node.generations, other.generations
    connected = node.drbd is not None and node.drbd.connected
    if connected or mine is None or theirs is None or mine.current == theirs.current or mine.lags(theirs):
        return ""
    if theirs.lags(mine):
        return f"{node.name} has newer data than {other.name}: {other.name} is the one to bring back"
    return "the two copies have different histories: resolve-split-brain"


def _preflight(found: _Return) -> Iterator[Precondition]:
    node, other, storage = found.node, found.other, found.storage
    if not node.primary:
        yield Precondition(
            checks.holds_nothing(storage, node), "it may not have what the other one serves", decisive=True
        )
        yield Precondition(checks.secondary(storage, node), "its data are in use", decisive=True)
    if not _receives(other):
        yield Precondition(checks.up_to_date(storage, other), "there is nothing good to copy", decisive=True)
    why = "a disk that fails is replaced first"
    yield Precondition(checks.disk_well(node), why, Grade.AMBER, Grade.AMBER)


def _drbd(found: _Return) -> Stage | None:
    """DRBD runs, has its disk, and tries to connect."""
    node, other = found.node, found.other
    view = node.drbd
    body: list[Step] = []
    managed = found.storage.manager == "pacemaker"
    if view is not None and not managed and not (view.loaded and view.known and view.says):
        body.append(_up(found))
    if view is not None and view.says and view.disk == "Diskless":
        body += _disk(found)
    for one in (node, other):
        if one.drbd is not None and one.drbd.says and one.drbd.connection == STANDALONE:
            body.append(_connect(found, one))
    if any(one.drbd is not None and "user" in one.drbd.paused for one in (node, other)):
        acts = tuple(found.drbdadm(one, "resume-sync", Danger.REVERSIBLE) for one in (node, other))
        body.append(Step("the resync goes on", tuple(Act(act.command, accept=whatever) for act in acts)))
    if not body:
        return None
    confirm = f"erase the disk of {node.name}" if found.new_disk else f"bring back {node.name}"
    return Stage(
        "connect",
        f"{node.name} hears {other.name} again",
        tuple(body),
        confirm=confirm,
        notice="nothing",
        point_of_no_return=found.new_disk,
    )


def _up(found: _Return) -> Step:
    node, resource = found.node, shell(found.storage.resource)
    text = f"modprobe drbd && drbdadm up {resource}"
    return Step(
        f"DRBD runs on {node.name}",
        (Act(on(node.host, text, Danger.DISRUPTIVE)),),
        goal=checks.drbd_check(
            found.storage, node, f"DRBD on {node.name} runs the resource", lambda view: view.says
        ),
        undo=(found.drbdadm(node, "down"),),
        deadline=30.0,
        expected=2.0,
    )


def _disk(found: _Return) -> Iterator[Step]:
    node, resource = found.node, shell(found.storage.resource)
    if found.new_disk:
        yield Step(
            f"the new disk of {node.name} gets DRBD's metadata",
            (Act(on(node.host, f"drbdadm create-md --force {resource}", Danger.DESTRUCTIVE)),),
            requires=(
                checks.drbd_check(
                    found.storage, node, f"{node.name} has no disk", lambda view: view.disk == "Diskless"
                ),
            ),
            no_undo="what was on the disk is gone",
            deadline=60.0,
            expected=2.0,
        )
    yield Step(
        f"{node.name} has its disk",
        (found.drbdadm(node, "attach"),),
        goal=checks.drbd_check(
            found.storage,
            node,
            f"DRBD on {node.name} has a disk",
            lambda view: view.disk not in ("Diskless", ""),
        ),
        undo=(found.drbdadm(node, "detach"),),
        deadline=30.0,
        expected=2.0,
    )


def _connect(found: _Return, one: NodeView) -> Step:
    trying: Check = checks.drbd_check(
        found.storage, one, f"DRBD on {one.name} has not given up", lambda view: view.connection != STANDALONE
    )
    return Step(
        f"DRBD on {one.name} tries to connect",
        (found.drbdadm(one, "connect"),),
        goal=trying,
        undo=(found.drbdadm(one, "disconnect"),),
        deadline=20.0,
        expected=1.0,
    )


def _sync(found: _Return) -> Stage | None:
    node, other, storage = found.node, found.other, found.storage
    view = node.drbd
    if view is not None and view.in_sync:
        return None
    behind = other if _receives(other) else node
    body = [resync.throttled(storage, found.rate, node, other)] if found.rate else []
    body.append(resync.until_in_sync(storage, behind))
    body += [resync.as_configured(storage, node, other)] if found.rate else []
    return Stage(
        "resync",
        f"{behind.name} gets what it lacks",
        tuple(body),
        notice="the disks and the replication link are busy",
    )


def _manager(found: _Return) -> Stage | None:
    """heartbeat runs: first where the service is, so that the other one has nothing to take. A takeover that
    it never ended there ends."""
    idle = [
        node
        for node in (found.other, found.node)
        if node.heartbeat is not None and not node.heartbeat.running
    ]
    body = [
        steps.start_heartbeat(
            node,
            checks.heartbeat_rests(node),
            "to stop it would stop what it runs",
            checks.in_sync(found.storage, node),
        )
        for node in idle
    ]
    active = found.other
    unaware = active.heartbeat is not None and active.heartbeat.running and not active.heartbeat.rests
    if active.primary and (idle or unaware):
        body.append(steps.learns(active))
    if not body:
        return None
    names = " and ".join(node.name for node in idle)
    title = f"heartbeat runs on {names}" if idle else f"heartbeat on {active.name} knows what it has"
    return Stage("manager", title, tuple(body), notice="nothing")


def _prove(found: _Return) -> Stage:
    node, other, storage = found.node, found.other, found.storage
    body = [Step(f"{node.name} is in sync", (), goal=checks.in_sync(storage, node), deadline=20.0)]
    for active, standby in ((other, node), (node, other)):
        if active.primary:
            body += [
                Step(f"{active.name} serves", (), goal=checks.serves(storage, active), deadline=10.0),
                Step(
                    f"{active.name} is Primary",
                    (),
                    goal=checks.mirrors(storage, active, PRIMARY),
                    deadline=20.0,
                ),
                Step(
                    f"{standby.name} stands by",
                    (),
                    goal=checks.mirrors(storage, standby, SECONDARY),
                    deadline=20.0,
                ),
            ]
    for one in (node, other):
        peer = other if one is node else node
        well = way_of(storage).well(one, peer.name)
        body.append(Step(f"{storage.manager} on {one.name} sees {peer.name}", (), goal=well, deadline=60.0))
    return Stage("prove", "Prove that both are in the pair", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "storage",
    TITLE,
    "DRBD connects, the disk is attached, what is missing is copied, the cluster manager runs again.",
    plan,
    (
        Parameter("node", "the node; without it the one that is not well"),
        Parameter("rate", "how fast the resync may be: KiB a second, or 10M; without it as configured"),
        Parameter(
            "new_disk", "`yes` when its disk was replaced: it gets new metadata, what is on it is lost"
        ),
    ),
)
