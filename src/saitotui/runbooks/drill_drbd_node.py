"""Kills a node of the storage pair, as a drill: the other one serves, and the dead one comes back by itself.

See docs/runbooks/drill-drbd-node.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import killing
from saitotui.runbooks.rented import Rented
from saitotui.runbooks.storage import checks, clients, steps
from saitotui.runbooks.storage.pair import Pair, pair_of, view_of
from saitotui.runbooks.storage.ways import way_of
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, View

ID = "drill-drbd-node"
TITLE = "Drill: a storage node dies"
TAKEOVER = 180.0
"""Seconds in which the cluster manager must have noticed it and started everything on the other one."""
RESYNC = 1800.0
GRACE = 180.0
"""Seconds for which a client tries: NFSv4 gives no new locks for up to 90 after a takeover (RFC 8881,
8.4.2)."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the pair as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no storage pair",))
    pair = _pair(profile, view, parameters.get("node", ""))
    if isinstance(pair, str):
        return Refusal(ID, (pair,))
    if why := killing.hindered(profile, snapshot, pair.old.host):
        return Refusal(ID, (why,))
    machine = killing.power(profile, snapshot, pair.old.host, parameters.get("by", "") or killing.CRASH)
    if isinstance(machine, str):
        return Refusal(ID, (machine,))
    dead, heir = pair.old.name, pair.new.name
    return Plan(
        ID,
        TITLE,
        dead,
        dict(parameters),
        f"{dead} dies; {heir} serves {pair.storage.mount}, and {dead} comes back as its standby",
        (*killing.meant(machine), _prepare(pair), _kill(pair, machine), _back(pair, machine), _prove(pair)),
        tuple(_preflight(pair)),
        (),
        ("storage",),
        (pair.old.host,),
    )


def _pair(profile: Profile, view: View, wanted: str) -> Pair | str:
    """`old` dies, `new` serves then; or why nobody may die."""
    if wanted and wanted not in view.nodes:
        return f"the pair has no node {wanted!r}"
    if view.active is None:
        return "nobody is known to serve: fail-over-drbd comes first"
    dead = view.nodes[wanted] if wanted else view.active
    heir = view.other(dead)
    if heir is None:
        return "there is no second node"
    if not (dead.managed and heir.managed):
        return f"{view.storage.manager} does not run on both: nobody would take over (rejoin-drbd-node)"
    return pair_of(profile, view, dead, heir)


def _active(pair: Pair) -> bool:
    return pair.view.active is pair.old


def _preflight(pair: Pair) -> Iterator[Precondition]:
    storage, dead, heir = pair.storage, pair.old, pair.new
    active, standby = (dead, heir) if _active(pair) else (heir, dead)

    def red(check: Check, why: str) -> Precondition:
        return Precondition(check, why, decisive=True)

    both = "both copies must be good before one of them goes"
    yield red(checks.mirrors(storage, active, PRIMARY), both)
    yield red(checks.mirrors(storage, standby, SECONDARY), both)
    yield red(checks.serves(storage, active), "what does not serve is mended first")
    yield red(checks.holds_nothing(storage, standby), "it would have two places: take it away there first")
    if active is dead:
        yield red(checks.can_serve(pair, heir), "the export would stand still until somebody mends that")
    yield from way_of(storage).preflight(pair)
    users = "nobody can prove it from the clients' side"
    yield Precondition(checks.used_by(pair, active), users, Grade.AMBER, Grade.AMBER)


def _prepare(pair: Pair) -> Stage:
    body = tuple(clients.mark(pair, name) for name in pair.clients)
    return Stage("prepare", "Clients leave their marks", body, notice="nothing", once=True)


def _kill(pair: Pair, machine: Rented | None) -> Stage:
    dead, heir = pair.old, pair.new
    body = [*killing.dies(dead.host, checks.up_to_date(pair.storage, heir), machine=machine)]
    serves = checks.serves(pair.storage, heir)
    body.append(killing.comes(serves, f"{heir.name} serves", TAKEOVER, 20.0))
    body += [replace(step, parks=True) for step in clients.reach(pair)]
    waits = "reads and writes wait until the other node serves; new locks for up to 90 s more (NFSv4)"
    return Stage(
        "kill",
        f"{dead.name} dies",
        tuple(body),
        confirm=killing.word(dead.name, machine),
        notice=waits if _active(pair) else "nothing: it only stands by",
        point_of_no_return=True,
    )


def _back(pair: Pair, machine: Rented | None) -> Stage:
    dead, heir, storage = pair.old, pair.new, pair.storage
    well = way_of(storage).well
    body = [killing.returns(dead.host, machine)]
    for node, role in ((dead, SECONDARY), (heir, PRIMARY)):
        check = checks.mirrors(storage, node, role)
        body.append(killing.comes(check, check.sentence, RESYNC, 30.0))
    for node in pair.both:
        check = well(node, pair.other[node.name].name)
        body.append(killing.comes(check, check.sentence, TAKEOVER, 10.0))
    return Stage("back", f"{dead.name} comes back", tuple(body), notice="nothing")


def _prove(pair: Pair) -> Stage:
    body = []
    for name in pair.clients:
        first, *rest = clients.works(pair, name)
        patient = tuple(replace(act, again=True, pause=1.0) for act in first.acts)
        body += [replace(first, acts=patient, deadline=GRACE), *rest, clients.tidy(pair, name)]
    body += steps.both_well(pair)
    return Stage("prove", "Prove it from the clients' side", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "storage",
    TITLE,
    "A node of a healthy pair is killed: the other one serves, and it is measured how soon.",
    plan,
    (Parameter("node", "the node; without it the one that serves"), killing.BY),
)
