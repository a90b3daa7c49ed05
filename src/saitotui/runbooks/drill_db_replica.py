"""Kills the host of the database's replica, as a drill: writes go on, and it comes back by itself.

The master is not killed: nobody takes its place by itself (swap-db-master makes the other one master first).
See docs/runbooks/drill-db-replica.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.plan import Check, Plan, Precondition, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import killing
from saitotui.runbooks.database import checks
from saitotui.runbooks.database.pair import Pair, pair_of, view_of
from saitotui.runbooks.guests import undisturbed

ID = "drill-db-replica"
TITLE = "Drill: the database's replica dies"
SERVED = 60.0
"""Seconds in which writes must go on: semi-synchronous ones wait for the dead one at first."""
FOLLOWS = 900.0
"""Seconds for its own recovery, and to catch up."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the pair as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None or profile.database is None:
        return Refusal(ID, ("the profile has no database",))
    pair = pair_of(view)
    if isinstance(pair, tuple):
        return Refusal(ID, pair)
    master, replica = pair.old.name, pair.new.name
    host = profile.database.servers[replica].host
    if why := killing.hindered(profile, snapshot, host):
        return Refusal(ID, (why,))
    return Plan(
        ID,
        TITLE,
        replica,
        dict(parameters),
        f"{host} dies; writes to {master} go on, and {replica} comes back and follows",
        (_kill(profile, pair, host), _back(pair, host)),
        (*_preflight(profile, pair), *undisturbed(profile, [host])),
        (),
        ("database",),
        (host,),
    )


def _preflight(profile: Profile, pair: Pair) -> Iterator[Precondition]:
    old, new = pair.view.servers[pair.old.name], pair.new
    why = "there must be a master to go on with"
    yield Precondition(checks.writable(old.name, True), why, decisive=True)
    yield Precondition(_follows(pair), f"{new.name} is mended first (rebuild-db-replica)", decisive=True)
    for node in pair.balancers:
        check = checks.sends_writes_to(
            node, pair.database.write_backend, pair.old.line_names[node], (), drained=False
        )
        yield Precondition(check, "writes would go to the one that dies", decisive=True)
    yield from killing.works_before(profile)


def _follows(pair: Pair) -> Check:
    source = pair.view.servers[pair.new.name].channel
    assert source is not None
    return checks.follows(pair.new.name, pair.old.name, source.source_host, source.source_port, checks.LAG)


def _kill(profile: Profile, pair: Pair, host: str) -> Stage:
    master = pair.view.servers[pair.old.name].variables
    assert master is not None
    body = [*killing.dies(host, checks.writable(pair.old.name, True))]
    for node in pair.balancers:
        check = checks.reaches(node, master.server_id, pair.old.name)
        body.append(killing.comes(check, check.sentence, SERVED, 0.5))
    body += killing.works_on(profile, SERVED)
    waits = "commits wait until semi-synchronous replication gives the dead one up (10 s, as it is delivered)"
    return Stage(
        "kill",
        f"{host} dies, and with it {pair.new.name}",
        tuple(body),
        confirm=f"kill {host}",
        notice=waits if pair.database.semi_sync else "reads that go to it are cut, and go elsewhere",
        point_of_no_return=True,
    )


def _back(pair: Pair, host: str) -> Stage:
    closed = checks.writable(pair.new.name, False)
    body = [
        killing.returns(host),
        killing.comes(closed, f"{pair.new.name} runs, and is read-only", FOLLOWS, 20.0),
        killing.comes(_follows(pair), f"{pair.new.name} follows {pair.old.name}", FOLLOWS, 10.0),
    ]
    if pair.database.semi_sync:
        works = checks.semi_sync_works(pair.old.name, pair.old.dialect.semi_sync)
        body.append(killing.comes(works, works.sentence, 60.0, 2.0))
    return Stage("back", f"{pair.new.name} comes back", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "The replica's host is killed: writes go on, and it is measured how soon it follows again.",
    plan,
)
