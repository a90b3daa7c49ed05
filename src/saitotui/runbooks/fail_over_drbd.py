"""Moves the storage pair's service to the other node: on purpose, or because the active one is dead.

On purpose nothing is lost and clients wait for seconds. Of an active node that is dead it is proven
first that it has no power. See docs/runbooks/fail-over-drbd.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.guests import undisturbed
from saitotui.runbooks.robots import STORAGE, disarm
from saitotui.runbooks.storage import checks, clients, steps
from saitotui.runbooks.storage.pair import Pair, pair_of, view_of
from saitotui.runbooks.storage.takeover import ID, TITLE, taken_over
from saitotui.runbooks.storage.ways import way_of
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, View


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the pair as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no storage pair",))
    if view.active is None:
        return taken_over(profile, snapshot, view, parameters)
    pair = _pair(profile, view)
    if isinstance(pair, tuple):
        return Refusal(ID, pair)
    old, new = pair.old.name, pair.new.name
    idle = f"; nobody takes over by itself until {view.storage.manager} is started (rejoin-drbd-node)"
    after = "" if pair.managed else idle
    way = way_of(view.storage)
    return Plan(
        ID,
        TITLE,
        old,
        dict(parameters),
        f"{new} serves {pair.storage.mount}, {old} stands by; clients wait and lose nothing{after}",
        (_prepare(pair), _hand_over(pair, way.hand_over(pair)), way.settle(pair), _prove(pair)),
        (*_preflight(pair), *undisturbed(profile, [pair.old.host, pair.new.host])),
        tuple(disarm(profile, snapshot, STORAGE)),
        ("storage",),
    )


def _pair(profile: Profile, view: View) -> Pair | tuple[str, ...]:
    old = view.active
    new = view.other(old) if old is not None else None
    if old is None or new is None:
        return ("there is no standby",)
    if new.unreachable is not None or new.drbd is None:
        return (f"{new.name} does not answer: nobody could take the service",)
    pair = pair_of(profile, view, old, new)
    if isinstance(pair, str):
        return (pair,)
    manager, runs = view.storage.manager, [old.managed, new.managed]
    if None in runs:
        return (f"{manager} does not tell on {old.name if runs[0] is None else new.name} whether it runs",)
    if runs[0] != runs[1]:
        alone, idle = (old, new) if runs[0] else (new, old)
        return (
            f"{manager} runs on {alone.name} and not on {idle.name}: bring it back first (rejoin-drbd-node)",
        )
    return pair


def _preflight(pair: Pair) -> Iterator[Precondition]:
    old, new, storage = pair.old, pair.new, pair.storage

    def red(check: Check, why: str) -> Precondition:
        return Precondition(check, why, decisive=True)

    def amber(check: Check, why: str) -> Precondition:
        return Precondition(check, why, Grade.AMBER, Grade.AMBER)

    both = "both views must fit together, and both copies be good: find out why first"
    yield red(checks.mirrors(storage, old, PRIMARY), both)
    yield red(checks.mirrors(storage, new, SECONDARY), both)
    yield red(checks.serves(storage, old), "what does not serve cannot be moved: mend it first")
    yield red(checks.holds_nothing(storage, new), "it would have two places: take it away there first")
    yield red(checks.can_serve(pair, new), "the export would stand still until somebody mends that")
    yield from way_of(storage).preflight(pair)
    yield from _alike(pair)
    busy = "it could not be unmounted: end it, or run it elsewhere"
    yield Precondition(checks.nobody_inside(pair, old), busy, unknown=Grade.AMBER, decisive=True)
    yield amber(checks.same_handles(pair, old), "clients would get `Stale file handle`")
    for node in pair.both:
        yield amber(checks.disk_well(node), "a disk that fails under load takes the service with it")
    yield amber(checks.used_by(pair, old), "nobody can prove it from the clients' side")


def _alike(pair: Pair) -> Iterator[Precondition]:
    """Both are configured as the active one was when the plan was made."""
    wanted = pair.old.config or {}
    for node in (pair.new, pair.old):
        check = checks.configured_alike(pair, node, wanted)
        yield Precondition(
            check, "it would serve something else, or not at all: make them alike", decisive=True
        )


def _prepare(pair: Pair) -> Stage:
    body = [steps.put_script(pair, *pair.both)]
    body += [clients.mark(pair, name) for name in pair.clients]
    body += [steps.ready(pair), steps.flush(pair), steps.read_connections(pair)]
    return Stage("prepare", "Prepare everything that can be prepared", tuple(body), notice="nothing")


def _hand_over(pair: Pair, body: tuple[Step, ...]) -> Stage:
    old, new = pair.old.name, pair.new.name
    return Stage(
        "hand-over",
        f"{new} takes the service from {old}",
        body,
        confirm=f"move storage to {new}",
        notice="reads and writes wait for seconds (NFSv4 with locks: up to its grace period); nothing fails",
        point_of_no_return=True,
    )


def _prove(pair: Pair) -> Stage:
    body = [*steps.both_well(pair)]
    for name in pair.clients:
        body += [*clients.works(pair, name), clients.tidy(pair, name)]
    return Stage("prove", "Prove it from the clients' side", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "storage",
    TITLE,
    "The other node serves the export; of a dead one it is proven first that it has no power.",
    plan,
    (
        Parameter("off", "a node that somebody has proven to have no power, where no hypervisor can tell"),
        Parameter("to", "who is to serve, when nobody does; without it the Primary, then the preferred node"),
    ),
)
