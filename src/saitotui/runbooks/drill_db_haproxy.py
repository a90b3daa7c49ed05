"""Kills the host of an HAProxy node, as a drill: writes go through the others, and it comes back by itself.

See docs/runbooks/drill-db-haproxy.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.plan import Check, Parameter, Plan, Precondition, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import killing
from saitotui.runbooks.database import checks
from saitotui.runbooks.database.pair import Pair, pair_of, view_of
from saitotui.runbooks.guests import undisturbed

ID = "drill-db-haproxy"
TITLE = "Drill: an HAProxy node's host dies"
SERVED = 60.0
"""Seconds in which users must be served: the application's pool gives its dead connections up."""
UP = 120.0


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the pair as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no database",))
    pair, node = pair_of(view), parameters["node"]
    if isinstance(pair, tuple):
        return Refusal(ID, pair)
    if node not in pair.balancers:
        return Refusal(ID, (f"the profile has no HAProxy node {node!r}",))
    if len(pair.balancers) == 1:
        return Refusal(ID, (f"there is no other HAProxy node than {node}",))
    host = pair.database.haproxy[node].host
    if why := killing.hindered(profile, snapshot, host):
        return Refusal(ID, (why,))
    return Plan(
        ID,
        TITLE,
        node,
        dict(parameters),
        f"{host} dies; writes go through the others, and {node} comes back and sends them to {pair.old.name}",
        (_kill(profile, pair, node, host), _back(profile, pair, node, host)),
        (*_preflight(profile, pair), *undisturbed(profile, [host])),
        (),
        ("database",),
        (host,),
    )


def _preflight(profile: Profile, pair: Pair) -> Iterator[Precondition]:
    why = "nobody could be sent there"
    yield Precondition(checks.writable(pair.old.name, True), why, decisive=True)
    for node in pair.balancers:
        why = "it is turned first (turn-db-haproxy)"
        yield Precondition(_sends(pair, node), why, decisive=True)
        yield Precondition(_reaches(pair, node), "nobody comes to the master through it", decisive=True)
    yield from killing.works_before(profile)


def _sends(pair: Pair, node: str) -> Check:
    return checks.sends_writes_to(
        node, pair.database.write_backend, pair.old.line_names[node], (), drained=False
    )


def _reaches(pair: Pair, node: str) -> Check:
    master = pair.view.servers[pair.old.name].variables
    assert master is not None
    return checks.reaches(node, master.server_id, pair.old.name)


def _kill(profile: Profile, pair: Pair, node: str, host: str) -> Stage:
    others = [_reaches(pair, other) for other in pair.balancers if other != node]
    body = [*killing.dies(host, *others)]
    body += [killing.comes(check, check.sentence, SERVED, 0.5) for check in others]
    body += killing.works_on(profile, SERVED)
    return Stage(
        "kill",
        f"{host} dies, and with it {node}",
        tuple(body),
        confirm=f"kill {host}",
        notice="connections through it are cut; those who had them come back through another",
        point_of_no_return=True,
    )


def _back(profile: Profile, pair: Pair, node: str, host: str) -> Stage:
    body = [killing.returns(host)]
    for check in (_sends(pair, node), _reaches(pair, node)):
        body.append(killing.comes(check, check.sentence, UP, 5.0))
    body += killing.works_on(profile, SERVED)
    return Stage("back", f"{node} comes back", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "An HAProxy node's host is killed: writes go on, and it comes back with the master of today.",
    plan,
    (Parameter("node", "the HAProxy node", required=True),),
)
