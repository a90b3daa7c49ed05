"""The service of a storage pair that nobody gives: the active node is dead, or nothing runs anywhere.

A node that does not answer is unknown, not dead: before the other one is promoted it is proven that it has no
power, by its hypervisor, by Robot or by somebody who has seen it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from saitotui.clients.quoting import shell
from saitotui.facts import drbd_log
from saitotui.model.command import Answer
from saitotui.model.plan import Check, Grade, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import coarse
from saitotui.runbooks import fencing
from saitotui.runbooks.fencing import Fence, silent
from saitotui.runbooks.judging import reading
from saitotui.runbooks.robots import STORAGE, disarm
from saitotui.runbooks.storage import checks, clients
from saitotui.runbooks.storage.pair import Pair, on, pair_of
from saitotui.runbooks.storage.ways import way_of
from saitotui.tiers.storage.view import UP_TO_DATE, NodeView, View

ID = "fail-over-drbd"
TITLE = "Fail over the storage pair"


@dataclass(frozen=True, slots=True)
class _Taking:
    """`pair.new` takes; `dead` says that `pair.old` is silent, and `fence` how it is proven off."""

    pair: Pair
    dead: bool
    fence: Fence = ()


def taken_over(
    profile: Profile, snapshot: Snapshot, view: View, parameters: Mapping[str, str]
) -> Plan | Refusal:
    """The plan to start the service on a node that has good data."""
    found = _taking(profile, snapshot, view, parameters)
    if isinstance(found, str):
        return Refusal(ID, (found,))
    old, new = found.pair.old.name, found.pair.new.name
    first = f"{old} is proven to have no power, then {new}" if found.dead else new
    return Plan(
        ID,
        TITLE,
        new,
        dict(parameters),
        f"{first} is promoted and serves {view.storage.mount}",
        (*_fence(found), _take(found), _prove(found)),
        tuple(_preflight(found)),
        tuple(disarm(profile, snapshot, STORAGE)),
        ("storage",),
        (found.pair.old.host,) if found.dead else (),
    )


def _taking(profile: Profile, snapshot: Snapshot, view: View, parameters: Mapping[str, str]) -> _Taking | str:
    if len(view.primaries) > 1:
        return "both nodes are Primary: resolve-split-brain"
    if not view.told:
        return "no node tells its state: nobody knows which copy is good"
    new = _heir(view, parameters.get("to", ""))
    if isinstance(new, str):
        return new
    old = view.other(new)
    if old is None:
        return "there is no second node"
    pair = pair_of(profile, view, old, new)
    if isinstance(pair, str):
        return pair
    if all(node.drbd is not None for node in view.all):
        connected = all(node.drbd is not None and node.drbd.connected for node in view.all)
        if not connected:
            return "the nodes do not hear each other: rejoin-drbd-node or resolve-split-brain comes first"
        return _Taking(pair, dead=False)
    return _fenced(profile, snapshot, pair, parameters.get("off", ""))


def _heir(view: View, wanted: str) -> NodeView | str:
    """Who has good data: the one that is Primary already, the one that is asked for, the preferred one."""
    if wanted and wanted not in view.nodes:
        return f"the pair has no node {wanted!r}"
    good = [node for node in view.told if node.drbd is not None and node.drbd.disk == UP_TO_DATE]
    bad = [
        f"{node.name} is {node.drbd.disk}" for node in view.told if node.drbd is not None and node not in good
    ]
    if not good:
        return f"no copy is good ({', '.join(bad)}): data that are not whole are never promoted"
    if view.primaries and wanted in ("", view.primaries[0].name):
        return view.primaries[0]
    if wanted:
        return next((node for node in good if node.name == wanted), f"the copy of {wanted} is not up to date")
    groups = next((node.resources for node in good if node.resources), ())
    return next((node for node in good if groups and node.name == groups[0].preferred), good[0])


def _fenced(profile: Profile, snapshot: Snapshot, pair: Pair, off: str) -> _Taking | str:
    old = pair.old.name
    if pair.old.unreachable is None:
        return f"{old} answers but does not tell what DRBD does: look there first"
    if off == old:
        seen = Stage(
            "fence",
            f"{old} has no power, as somebody has seen",
            (),
            confirm=f"{old} has no power",
            notice=fencing.SERVES_NOBODY,
        )
        return _Taking(pair, dead=True, fence=(seen,))
    fence = fencing.by_power(profile, snapshot, old, pair.old.host)
    if not isinstance(fence, str):
        return _Taking(pair, dead=True, fence=fence)
    return (
        f"nobody knows whether {old} has power ({fence}): prove that it has none (IPMI, a look at it), keep "
        f"it off, then give off={old}"
    )


def _preflight(found: _Taking) -> Iterator[Precondition]:
    pair, old, new = found.pair, found.pair.old, found.pair.new
    good = "data that are not whole are never promoted"
    yield Precondition(checks.up_to_date(pair.storage, new), good, decisive=True)
    yield Precondition(checks.can_serve(pair, new), "nothing would be served", decisive=True)
    yield from way_of(pair.storage).may_take(pair)
    if not found.dead:
        why = "two may never be Primary"
        yield Precondition(checks.secondary(pair.storage, old), why, decisive=True)
        return
    yield Precondition(silent(old.name, old.host), "it lives: a living node is asked to give", decisive=True)
    yield Precondition(
        checks.alone(pair.storage, new, old.name), "DRBD hears it: it is not dead", decisive=True
    )
    why = f"what {old.name} took later is on its disks only: bring it back instead if nothing may be lost"
    yield Precondition(_last_contact(new, old.name), why, Grade.AMBER, Grade.AMBER)


def _last_contact(node: NodeView, peer: str) -> Check:
    """How old the data are at least: never holds, to be read and accepted."""

    def judge(answer: Answer) -> Verdict:
        lost = drbd_log.kernel_log(answer).lost
        if lost is None:
            return Verdict(None, "the kernel's log does not tell when they were in contact last")
        return Verdict(False, f"in contact until {coarse(lost)} ago")

    return Check(
        f"nothing was written on {peer} after {node.name} lost it",
        on(node.host, drbd_log.LOG),
        reading(judge),
    )


def _fence(found: _Taking) -> tuple[Stage, ...]:
    """The fence; at its end the survivor hears nothing of the dead one."""
    if not found.fence:
        return ()
    old, new = found.pair.old, found.pair.new
    unheard = Step(f"{old.name} is silent for {new.name}, too", (), goal=_no_echo(new, old), deadline=15.0)
    *first, last = found.fence
    return (*first, replace(last, steps=(*last.steps, unheard)))


def _no_echo(node: NodeView, peer: NodeView) -> Check:
    """Whether the survivor does not reach it, either (ping(8) gives 1 without an answer)."""

    def judge(answer: Answer) -> Verdict:
        if answer.status not in (0, 1):
            return Verdict(None, answer.text.strip() or f"ping ended with {answer.status}")
        return Verdict(answer.status == 1, "no echo" if answer.status else "it sends echoes")

    text = f"ping -q -c 2 -W 1 {shell(peer.name)} >/dev/null"
    return Check(
        f"{node.name} gets no echo of {peer.name}", on(node.host, text), reading(judge), deadline=6.0
    )


def _take(found: _Taking) -> Stage:
    pair, new = found.pair, found.pair.new
    requires = (
        (*fencing.proofs(found.fence), checks.alone(pair.storage, new, pair.old.name))
        if found.dead
        else (checks.secondary(pair.storage, pair.old),)
    )
    return Stage(
        "take",
        f"{new.name} serves",
        way_of(pair.storage).take(pair, found.dead, requires),
        confirm=f"promote {new.name}",
        notice="reads and writes go on",
        point_of_no_return=True,
    )


def _prove(found: _Taking) -> Stage:
    pair = found.pair
    body = [*clients.reach(pair)]
    if not found.dead:
        body.append(
            Step(
                f"{pair.old.name} stands by", (), goal=checks.secondary(pair.storage, pair.old), deadline=10.0
            )
        )
    body += way_of(pair.storage).learns(pair)
    return Stage("prove", "Prove it from the clients' side", tuple(body), notice="nothing")
