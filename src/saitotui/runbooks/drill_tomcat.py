"""Kills the host of a Tomcat, as a drill: the others serve its users, and it comes back by itself.

See docs/runbooks/drill-tomcat.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.model.plan import Parameter, Plan, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import killing
from saitotui.runbooks.application import checks, copies, turns
from saitotui.runbooks.application.fleet import Fleet, fleet_of
from saitotui.runbooks.guests import undisturbed
from saitotui.runbooks.judging import value_name

ID = "drill-tomcat"
TITLE = "Drill: a Tomcat's host dies"
SERVED = 60.0
"""Seconds in which users must be served: nginx tries the next one when its connection fails or times out."""
UP = 300.0
"""Seconds until the Tomcat serves, once its host has booted."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    name = parameters["node"]
    fleet = fleet_of(profile, snapshot, name)
    if isinstance(fleet, tuple):
        return Refusal(ID, fleet)
    if wrong := turns.unfit(fleet, (name,)):
        return Refusal(ID, wrong)
    host = fleet.application.tomcats[name].host
    if why := killing.hindered(profile, snapshot, host):
        return Refusal(ID, (why,))
    return Plan(
        ID,
        TITLE,
        name,
        dict(parameters),
        f"{host} dies; the others serve the users of {name} with their sessions, and it comes back",
        (_kill(profile, fleet, name, host), _back(profile, fleet, name, host)),
        (*killing.strict(turns.preflight(fleet, (name,))), *undisturbed(profile, [host])),
        (),
        ("application",),
        (host,),
    )


def _kill(profile: Profile, fleet: Fleet, name: str, host: str) -> Stage:
    before = value_name("sessions", name)
    others = [other for other in fleet.names if other != name]
    copied = [copies.has(fleet, other, name, before) for other in others]
    body = [
        Step(f"count the sessions of {name}", (copies.count(fleet, name, before),), expected=0.1),
        *killing.dies(host, *copied),
        *killing.works_on(profile, SERVED),
    ]
    body += [Step(f"{other} has them", (), goal=check) for other, check in zip(others, copied, strict=True)]
    return Stage(
        "kill",
        f"{host} dies, and with it {name}",
        tuple(body),
        confirm=f"kill {host}",
        notice="requests that it was answering are cut; others wait until nginx turns to the next one",
        point_of_no_return=True,
    )


def _back(profile: Profile, fleet: Fleet, name: str, host: str) -> Stage:
    body = [killing.returns(host)]
    for version in fleet.view.tomcats[name].running:
        runs = checks.runs(fleet, name, version)
        body.append(killing.comes(runs, f"{fleet.named(version)} runs on {name}", UP, 20.0))
    for one in fleet.names:
        check = checks.sees_all(fleet, one)
        body.append(killing.comes(check, check.sentence, turns.MEET, 1.0))
    other = next(one for one in fleet.names if one != name)
    body += [*copies.fetched(fleet, name, other, "theirs", turns.MEET), *killing.works_on(profile, SERVED)]
    return Stage("back", f"{name} comes back", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "A Tomcat's host is killed: users stay logged in on the others, and it is measured how soon it is back.",
    plan,
    (Parameter("node", "the Tomcat", required=True),),
)
