"""Settles a split brain: both sides stand still and are kept, set side by side, and one gives its changes up.

Without a victim it ends with both histories side by side, kept as evidence; whose changes are given up is a
decision, not a default. See docs/runbooks/resolve-split-brain.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from saitotui.clients.quoting import shell
from saitotui.facts.drbd import STANDALONE
from saitotui.facts.drbd import View as Drbd
from saitotui.model.command import Danger
from saitotui.model.plan import Act, Check, Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.robots import STORAGE, disarm
from saitotui.runbooks.storage import checks, clients, resync, split, steps
from saitotui.runbooks.storage.pair import Pair, clients_of, hand_over, moved, on, view_of
from saitotui.tiers.storage.view import UP_TO_DATE, View

ID = "resolve-split-brain"
TITLE = "Settle a split brain of the storage pair"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the pair as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no storage pair",))
    victim = parameters.get("victim", "")
    found = _pair(profile, view, victim)
    if isinstance(found, str):
        return Refusal(ID, (found,))
    old, new = found.old.name, found.new.name
    told = "both stand still, are kept and set side by side"
    summary = (
        f"{told}; then the changes of {old} are given up, {new} serves, {old} gets its copy"
        if victim
        else f"{told}; nothing serves until it is decided whose changes are given up (-p victim=NODE)"
    )
    stages = [_freeze(found), _keep(found), _compare(found)]
    if victim:
        stages += [_discard(found), _serve(found), _settle(found)]
    return Plan(
        ID,
        TITLE,
        victim or f"{old} {new}",
        dict(parameters),
        summary,
        tuple(stages),
        tuple(_preflight(found)),
        tuple(disarm(profile, snapshot, STORAGE)),
        ("storage",),
    )


def _pair(profile: Profile, view: View, victim: str) -> Pair | str:
    """`old` is the victim, `new` keeps what it has; without a victim in the order of the profile."""
    if victim and victim not in view.nodes:
        return f"the pair has no node {victim!r}"
    for node in view.all:
        if node.drbd is None or not node.drbd.says:
            return f"{node.name} does not tell what DRBD does there: both sides must be seen"
        if node.drbd.disk != UP_TO_DATE:
            return f"the copy of {node.name} is {node.drbd.disk}: rejoin-drbd-node gives it a good one"
    if any(node.drbd is not None and node.drbd.connected for node in view.all):
        return "the nodes are connected: their brains are not split"
    if reason := _one_history(view):
        return reason
    resources = moved(view)
    if isinstance(resources, str):
        return resources
    first, second = view.all[0], view.all[1]
    old, new = (second, first) if victim == second.name else (first, second)
    return Pair(view.storage, view, old, new, resources, clients_of(profile))


def _one_history(view: View) -> str:
    """Why the two copies need nobody's decision, or ''."""
    one, other = (node.generations for node in view.all[:2])
    if one is None or other is None:
        return "a node does not tell its generation identifiers: nobody knows whether the histories differ"
    if one.current == other.current:
        return "both copies have the same history: rejoin-drbd-node connects them"
    for ahead, behind in ((view.all[0], view.all[1]), (view.all[1], view.all[0])):
        mine, theirs = ahead.generations, behind.generations
        if mine is not None and theirs is not None and theirs.lags(mine):
            return f"{behind.name} only lacks what {ahead.name} has: rejoin-drbd-node brings it back"
    return ""


def _preflight(found: Pair) -> Iterator[Precondition]:
    for node in found.both:
        peer = found.other[node.name].name
        why = "DRBD is connected: the brains are not split any more"
        yield Precondition(checks.alone(found.storage, node, peer), why)
        why = "there is no good copy to decide for"
        yield Precondition(checks.up_to_date(found.storage, node), why, decisive=True)
        if volume := split.keeps(node):
            room = "without it there would be no way back: free room in the volume group, or extend it"
            yield Precondition(split.has_room(found, node, volume), room)


def _freeze(found: Pair) -> Stage:
    body = [steps.put_script(found, *found.both)]
    for node in found.both:
        body += split.stand_still(found, node)
    return Stage(
        "freeze",
        "Both sides stand still",
        tuple(body),
        confirm="freeze storage",
        notice="the export stands still until one copy is chosen; hard mounts wait",
        point_of_no_return=True,
    )


def _keep(found: Pair) -> Stage:
    body = [split.keep(node, volume) for node in found.both if (volume := split.keeps(node))]
    bare = [node.name for node in found.both if split.keeps(node) is None]
    for node in found.both:
        body.append(split.history(found, node))
    return Stage(
        "keep",
        "Keep both copies as they are" if not bare else "Keep what can be kept",
        tuple(body),
        confirm=f"no way back on {' and '.join(bare)}" if bare else "",
        notice=f"no LVM under {' and '.join(bare)}: what is given up there is gone" if bare else "nothing",
    )


def _compare(found: Pair) -> Stage:
    body = [split.changes(found, node, volume) for node in found.both if (volume := split.keeps(node))]
    return Stage("compare", "Set both sides side by side", tuple(body), notice="nothing")


def _discard(found: Pair) -> Stage:
    victim, survivor, storage = found.old, found.new, found.storage
    resource = shell(storage.resource)
    listens = checks.drbd_check(
        storage,
        survivor,
        f"{survivor.name} waits for a connection",
        lambda view: view.connection != STANDALONE,
    )
    kept = [split.is_kept(node, volume) for node in found.both if (volume := split.keeps(node))]
    return Stage(
        "discard",
        f"{victim.name} gives up what it wrote alone; {survivor.name} keeps what it has",
        (
            Step(
                f"{survivor.name} waits for {victim.name}",
                (Act(on(survivor.host, f"drbdadm connect {resource}", Danger.REVERSIBLE)),),
                goal=listens,
                requires=(checks.secondary(storage, survivor), checks.up_to_date(storage, survivor)),
                undo=(Act(on(survivor.host, f"drbdadm disconnect {resource}", Danger.REVERSIBLE)),),
                deadline=15.0,
            ),
            Step(
                f"{victim.name} connects and is overwritten; the other way round it is cut at once",
                (Act(on(victim.host, hand_over(found.view, "discard"), Danger.DESTRUCTIVE)),),
                goal=_receives(found),
                requires=(*kept, checks.secondary(storage, victim), checks.secondary(storage, survivor)),
                no_undo="the kept copy has what was given up",
                deadline=70.0,
                expected=3.0,
            ),
        ),
        confirm=f"discard {victim.name}",
        notice="the export stands still",
        point_of_no_return=True,
    )


def _receives(found: Pair) -> Check:
    """Whether the victim gets the survivor's data, or has got them."""
    victim, survivor = found.old, found.new

    def judge(view: Drbd) -> bool:
        return view.in_sync or (view.connected and view.source is False)

    sentence = f"{victim.name} receives from {survivor.name}"
    return checks.drbd_check(found.storage, victim, sentence, judge)


def _serve(found: Pair) -> Stage:
    """The export is back before the resync is done: the survivor's copy is good."""
    survivor, storage = found.new, found.storage
    start = replace(
        steps.take(found, "start", checks.secondary(storage, found.old)), no_undo="it is to serve"
    )
    return Stage(
        "serve",
        f"{survivor.name} serves",
        (start, *clients.reach(found)),
        notice="the export is back",
        point_of_no_return=True,
    )


def _settle(found: Pair) -> Stage:
    victim, survivor, storage, to_run = found.old, found.new, found.storage, "it is to run"
    body = [
        steps.start_heartbeat(survivor, checks.heartbeat_holds(survivor, everything=True), to_run),
        resync.until_in_sync(storage, victim),
        steps.start_heartbeat(victim, checks.heartbeat_rests(victim), to_run),
    ]
    body += [
        Step(
            f"heartbeat on {node.name} sees the other",
            (),
            goal=checks.heartbeat_well(node, found.other[node.name].name),
            deadline=90.0,
        )
        for node in found.both
    ]
    body += steps.both_well(found)
    return Stage("settle", "Both are a pair again", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "storage",
    TITLE,
    "Both sides stand still, are kept and compared; the one that is named gives its changes up.",
    plan,
    (Parameter("victim", "the node whose changes are given up; without it both are only set side by side"),),
)
