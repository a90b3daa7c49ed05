"""Promotes a replica in the place of a dead database master.

Nothing is promoted on a guess: everybody must agree that it is dead, it is fenced first, and what may be lost
is accepted by typing. See docs/runbooks/promote-db-replica.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import fencing
from saitotui.runbooks.database import checks, events, fitness, promotion, steps
from saitotui.runbooks.database.pair import state_file, view_of
from saitotui.runbooks.database.succession import Succession, succession_of
from saitotui.runbooks.robots import disarm

ID = "promote-db-replica"
TITLE = "Promote a database replica"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the database as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no database",))
    found = succession_of(view, snapshot, parameters.get("to", ""))
    if isinstance(found, tuple):
        return Refusal(ID, found)
    old, new = found.old.name, found.new.name
    later = "".join(f"; {other} must follow it afterwards (rebuild-db-replica)" for other in found.others)
    return Plan(
        ID,
        TITLE,
        new,
        dict(parameters),
        f"{old} is dead: it is fenced, {new} becomes master, {' and '.join(found.balancers)} send writes to "
        f"{new}{later}",
        (*found.fence, _promote(found), _prove(found)),
        tuple(_preflight(found)),
        tuple(disarm(profile, snapshot, hosts=_hosts(found))),
        ("database",),
    )


def _hosts(found: Succession) -> list[str]:
    """Those that it acts on; the dead server's is fenced."""
    balancers = [found.database.haproxy[node].host for node in found.balancers]
    return [found.heir.profile.host, *balancers]


def _preflight(found: Succession) -> Iterator[Precondition]:
    old, new, database = found.old.name, found.new, found.database

    def red(check: Check, why: str) -> Precondition:
        return Precondition(check, why, decisive=True)

    def amber(check: Check, why: str) -> Precondition:
        return Precondition(check, why, Grade.AMBER, Grade.AMBER)

    yield red(promotion.silent(old), "it lives: swap-db-master is for a living master")
    if not found.detached:
        why = "the replica still hears it: it is this console that does not"
        yield red(promotion.lost(new.name, old), why)
    for node in found.balancers:
        yield red(promotion.down(found, node), "HAProxy still reaches it: users may still write to it")
    yield red(checks.writable(new.name, False), "somebody promoted it already: find out who writes to it")
    if not found.detached:
        check = promotion.applies(new.name, stopped=_stopped(found))
        yield red(check, "what it received would never be applied: mend that first")
    yield amber(
        promotion.loss(new, old, semi_sync=database.semi_sync),
        "only the dead server's own disk could tell: bring that back instead if nothing may be lost",
    )
    yield amber(fitness.logs_alike(new.name, {}), "nobody could follow it")
    yield amber(fitness.no_filters(new.name), "it is no full copy: what it leaves out is gone")
    yield amber(fitness.no_prepared(new.name), "its locks stay, and nobody is left who ends it")
    yield amber(
        checks.no_events(new.name), "an event runs on the new master from now on, and ran on the old one"
    )
    if moved := events.waiting(found.heir):
        yield amber(events.scheduler(new.name, True), f"{events.names(moved)} would not run there")
    for node in found.balancers:
        yield amber(
            promotion.rested(found, node),
            "masters that change back and forth lose something each time: find out first why they die",
        )
        if not state_file(found, node):
            haproxy = database.haproxy[node]
            kept = checks.keeps_state(node, haproxy.host, haproxy.config)
            yield amber(kept, "without server-state-file a reload would send writes to the dead master")


def _stopped(found: Succession) -> bool:
    """Whether the thread that applies was stopped, as a promotion that was given up half-way leaves it."""
    channel = found.heir.channel
    return channel is not None and not channel.sql_runs and not channel.sql_errno


def _promote(found: Succession) -> Stage:
    new, database = found.new, found.database
    body: list[Step] = [promotion.resume_applying(new)] if _stopped(found) else []
    body += [] if found.detached else promotion.drain(new)
    if database.semi_sync:
        body.append(steps.semi_sync(new, False))
    body += [steps.detach(new), promotion.open_last(new, *fencing.proofs(found.fence))]
    body += [steps.turn(found, node) for node in found.balancers]
    if moved := events.waiting(found.heir):
        body += events.move("", new, moved, run=False)
    return Stage(
        "promote",
        f"{new.name} becomes master",
        tuple(body),
        confirm=f"promote {new.name}",
        notice="writes work again; what was not received from the old master is not there",
        point_of_no_return=True,
    )


def _prove(found: Succession) -> Stage:
    return Stage("prove", "Prove it from the users' side, and keep it", steps.prove(found), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "The master is dead: it is fenced, a replica takes its place; what may be lost is accepted first.",
    plan,
    (Parameter("to", "the replica to promote; without it the one that received most"),),
)
