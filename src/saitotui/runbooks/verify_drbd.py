"""Compares both copies of the storage pair, block by block, while they are in use; repairs what differs.

See docs/runbooks/verify-drbd.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.clients.quoting import shell
from saitotui.facts.drbd import View as Drbd
from saitotui.model.command import Answer, Danger, Failure
from saitotui.model.plan import (
    Act,
    Check,
    Grade,
    Parameter,
    Plan,
    Precondition,
    Refusal,
    Stage,
    Step,
    Verdict,
)
from saitotui.model.profile import Profile, Storage
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.robots import STORAGE, disarm
from saitotui.runbooks.storage import checks, resync
from saitotui.runbooks.storage.pair import on, view_of
from saitotui.tiers.storage.progress import kib
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, NodeView

ID = "verify-drbd"
TITLE = "Compare both copies of the storage pair"
REPAIRED = "what the other side had there is overwritten"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the pair as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no storage pair",))
    old = view.active
    new = view.other(old) if old is not None else None
    if old is None or new is None:
        return Refusal(ID, ("no node, or more than one, is Primary: there is nothing to compare with",))
    repair = parameters.get("repair", "")
    if repair and repair != new.name:
        return Refusal(ID, (f"only {new.name} can be repaired: {old.name} has what clients read and write",))
    storage = view.storage
    stages = (_repair(storage, old, new),) if repair else (_verify(storage, old, new),)
    summary = (
        f"blocks of {new.name} that differ are copied from {old.name}"
        if repair
        else f"every block of {old.name} and {new.name} is read and compared; users go on working"
    )
    return Plan(
        ID,
        TITLE,
        new.name,
        dict(parameters),
        summary,
        stages,
        tuple(_preflight(storage, old, new, repair=bool(repair))),
        tuple(disarm(profile, snapshot, STORAGE)) if repair else (),
        ("storage",),
    )


def _preflight(storage: Storage, old: NodeView, new: NodeView, *, repair: bool) -> Iterator[Precondition]:
    for node, role in ((old, PRIMARY), (new, SECONDARY)):
        why = "both must be up to date, and nothing else be copied or compared"
        check = _quiet(storage, node, role) if repair else checks.mirrors(storage, node, role)
        yield Precondition(check, why, decisive=True)
        if not repair:
            yield Precondition(_algorithm(storage, node), "set net { verify-alg } and `drbdadm adjust`")
            why = "comparing reads the whole disk: it may be what kills it"
            yield Precondition(checks.disk_well(node), why, Grade.AMBER, Grade.AMBER)


def _quiet(storage: Storage, node: NodeView, role: str) -> Check:
    """Like a healthy half, but that some blocks may be known to differ."""

    def judge(view: Drbd) -> bool:
        return view.in_sync and view.role == role and not view.verifying

    return checks.drbd_check(storage, node, f"{node.name} is {role}, connected, both up to date", judge)


def _algorithm(storage: Storage, node: NodeView) -> Check:
    def judge(answer: Answer) -> Verdict:
        words = answer.text.split()
        return Verdict(bool(words), words[-1].strip(";") if words else "none is set")

    text = f"drbdsetup show {shell(storage.resource)} | grep verify-alg"
    return Check(f"{node.name} has an algorithm to compare with", on(node.host, text), reading(judge))


def _verify(storage: Storage, old: NodeView, new: NodeView) -> Stage:
    text = f"drbdadm verify {shell(storage.resource)}"
    return Stage(
        "verify",
        "Compare both copies",
        (
            Step(
                "begin to compare",
                (Act(on(new.host, text, Danger.REVERSIBLE), accept=_begun),),
                no_undo="it only reads, and ends by itself",
                deadline=15.0,
                expected=0.5,
            ),
            resync.until_verified(storage, new),
            Step("no block differs", (), goal=_alike(storage, old, new), deadline=2.0, parks=True),
        ),
        notice="disks and the replication link are busy; c-max-rate and resync-rate limit it",
    )


def _begun(answer: Answer | Failure) -> str:
    """One that runs already is waited for."""
    if isinstance(answer, Failure):
        return answer.sentence
    return (
        ""
        if not answer.status or "Verif" in answer.text
        else answer.text.strip() or f"status {answer.status}"
    )


def _alike(storage: Storage, old: NodeView, new: NodeView) -> Check:
    minutes = f"saitotui run verify-drbd -p repair={new.name} copies them from {old.name}"

    def judge(answer: Answer) -> Verdict:
        view = resync.merged(storage, answer)
        if view.verifying or not view.says:
            return Verdict(None, checks.said(view))
        if view.out_of_sync:
            return Verdict(False, f"{kib(view.out_of_sync)} differ; {minutes}")
        return Verdict(True, "nothing differs")

    return Check("no block differs", on(new.host, resync.both_views(storage)), reading(judge), deadline=5.0)


def _repair(storage: Storage, old: NodeView, new: NodeView) -> Stage:
    resource = shell(storage.resource)
    text = f"drbdadm disconnect {resource} && drbdadm connect {resource}"
    return Stage(
        "repair",
        f"Copy what differs from {old.name} to {new.name}",
        (
            Step(
                f"{new.name} connects anew, and is told what it lacks",
                (Act(on(new.host, text, Danger.DISRUPTIVE)),),
                requires=(checks.secondary(storage, new),),
                no_undo=REPAIRED,
                deadline=30.0,
                expected=3.0,
            ),
            resync.until_in_sync(storage, new),
            Step("no block differs", (), goal=_alike(storage, old, new), deadline=20.0),
        ),
        confirm=f"repair {new.name}",
        notice="nothing; for some seconds writes are on one node only",
        point_of_no_return=True,
    )


RUNBOOK = Runbook(
    ID,
    "storage",
    TITLE,
    "Every block of both copies is read and compared while users work; what differs is repaired when asked.",
    plan,
    (Parameter("repair", "the standby: blocks that differ are copied to it from the active node"),),
)
