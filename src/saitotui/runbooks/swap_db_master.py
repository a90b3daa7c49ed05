"""Swaps master and replica of a healthy database pair behind HAProxy, on purpose.

The order loses nothing and keeps writers waiting for milliseconds: everything slow (semi-sync, attaching,
state files) stands before or after the one critical stage. See docs/runbooks/swap-db-master.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from saitotui.model.plan import Check, Grade, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.database import checks, company, events, fitness, steps
from saitotui.runbooks.database.pair import Pair, pair_of, state_file, view_of
from saitotui.runbooks.guests import undisturbed
from saitotui.runbooks.robots import disarm

ID = "swap-db-master"
TITLE = "Swap the database master"
BUDGET = 8.0
"""Seconds after which the critical stage undoes itself, whatever it waits for."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the pair as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no database",))
    pair = pair_of(view)
    if isinstance(pair, tuple):
        return Refusal(ID, pair)
    old, new = pair.old.name, pair.new.name
    return Plan(
        ID,
        TITLE,
        old,
        dict(parameters),
        f"{new} becomes master and {old} its replica; {' and '.join(pair.balancers)} send writes to {new}",
        (_hand_over(pair), _settle(pair), _prove(pair)),
        (*_preflight(pair), *undisturbed(profile, _hosts(pair))),
        tuple(disarm(profile, snapshot)),
        ("database",),
    )


def _preflight(pair: Pair) -> Iterator[Precondition]:
    old, new, backend = pair.old, pair.new, pair.database.write_backend

    def red(check: Check, why: str) -> Precondition:
        return Precondition(check, why, decisive=True)

    yield red(checks.writable(old.name, True), "only a master can be swapped")
    yield red(checks.writable(new.name, False), "two servers take writes: find out what each has")
    yield red(
        checks.follows(new.name, old.name, old.address, old.port, checks.LAG),
        "writers would wait for it to catch up",
    )
    for node in pair.balancers:
        check = checks.sends_writes_to(node, backend, old.line_names[node], (), drained=False)
        yield red(check, "all HAProxy nodes must agree with the real master before it changes")
    yield red(checks.no_long_writers(old.name), "it would be cut and rolled back, or the freeze would wait")
    yield red(
        checks.no_long_statements(old.name), "the freeze would not come through, and writers would queue"
    )
    host = pair.view.servers[old.name].profile.host
    yield Precondition(
        company.lets_in(old, host, new, pair.database),
        "the old master could not follow it",
        unknown=Grade.AMBER,
    )
    yield from fitness.fit(pair.view.servers[new.name], pair.view.servers[old.name])
    yield from _company(pair)


def _hosts(pair: Pair) -> Sequence[str]:
    return [pair.view.servers[one.name].profile.host for one in (pair.old, pair.new)]


def _company(pair: Pair) -> Iterator[Precondition]:
    """What else must be known, and may be accepted."""
    old, database, view = pair.old, pair.database, pair.view

    def amber(check: Check, why: str) -> Precondition:
        return Precondition(check, why, Grade.AMBER, Grade.AMBER)

    yield events.known(old.name, events.running(view.servers[old.name]))
    ours = sorted({*(one.user for one in database.servers.values()), database.replication_user})
    yield amber(
        company.nobody_may_anyway(old.name, ours),
        "they would write to the old master, and be found out after it",
    )
    master = view.servers[old.name]
    yield amber(company.nobody_bypasses(view, master), "they stay, and cannot write any more")
    if database.semi_sync:
        works = checks.semi_sync_works(old.name, old.dialect.semi_sync)
        yield amber(works, "a crash during the swap could lose acknowledged commits")
    closed = company.stays_closed(old.name, master.profile.host)
    yield amber(closed, "after a reboot there would be two that take writes: set read_only there")
    if not old.variables.mariadb:
        persisted = company.not_persisted_open(old.name)
        yield amber(persisted, "after a reboot there would be two that take writes: RESET PERSIST read_only")
    channel = view.servers[pair.new.name].channel
    if channel is not None and channel.tls and not database.replication_ca:
        tls = checks.replicates_in_the_clear(pair.new.name)
        yield amber(tls, "the old master would follow without TLS: set database.replication_ca")
    for node in pair.balancers:
        haproxy = database.haproxy[node]
        yield amber(company.no_old_workers(node, haproxy.host), "its connections stay on the old master")
        if not state_file(pair, node):
            kept = checks.keeps_state(node, haproxy.host, haproxy.config)
            yield amber(kept, "without server-state-file a reload would send writes to the old master")


def _hand_over(pair: Pair) -> Stage:
    old, new = pair.old, pair.new
    master = pair.view.servers[old.name]
    stopped = (events.stop(old),) if events.running(master) and events.scheduled(master) else ()
    body = (
        steps.freeze(old),
        steps.catch_up(new),
        *stopped,
        steps.close_old(old, new),
        steps.open_new(new),
        steps.turn_all(pair),
        steps.unlock(old),
    )
    return Stage(
        "hand-over",
        f"Hand writes over from {old.name} to {new.name}",
        body,
        confirm=f"demote {old.name}",
        notice="writes wait for some milliseconds; each open connection is cut once and must reconnect",
        critical=True,
        point_of_no_return=True,
        budget=BUDGET,
    )


def _settle(pair: Pair) -> Stage:
    old, new = pair.old, pair.new
    body: list[Step] = [steps.turn(pair, node) for node in pair.balancers]
    body += [steps.stays_frozen(old), *steps.nothing_lost(old, new)]
    if pair.database.semi_sync:
        body.append(steps.semi_sync(old, False))
    body += [steps.detach(new), steps.attach(pair.database, old, new)]
    if pair.database.semi_sync:
        body.append(steps.semi_sync(new, True))
    master = pair.view.servers[old.name]
    if found := events.running(master):
        run = events.scheduled(master)
        body += events.move(old.name, new, found, run=run)
        body += [events.restart(old)] if run else []
    return Stage("settle", f"{old.name} becomes the replica", tuple(body), notice="nothing")


def _prove(pair: Pair) -> Stage:
    return Stage("prove", "Prove it from the users' side, and keep it", steps.prove(pair), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "Master and replica of a healthy pair change places; nothing acknowledged is lost.",
    plan,
)
