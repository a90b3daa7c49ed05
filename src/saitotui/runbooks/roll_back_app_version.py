"""Takes the newest version of the application away, so that everybody gets the one before.

See docs/runbooks/roll-back-app-version.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.facts.tomcat import newest
from saitotui.model.plan import Grade, Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import checks, steps
from saitotui.runbooks.application.fleet import Fleet, fleet_of
from saitotui.runbooks.application.journeys import journey_works, journeys_after
from saitotui.runbooks.robots import APPLICATION, disarm

ID = "roll-back-app-version"
TITLE = "Take the newest version of the application away"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    fleet = fleet_of(profile, snapshot)
    if isinstance(fleet, tuple):
        return Refusal(ID, fleet)
    version = parameters.get("version") or newest(fleet.versions)
    having = fleet.having(version) if version is not None else ()
    if version is None or not having:
        return Refusal(ID, (f"no Tomcat has {fleet.named(version or '')}",))
    alone = [name for name in having if not _others(fleet, name, version)]
    if alone:
        where = " and ".join(alone)
        why = f"nothing else runs on {where}: deploy a version above {fleet.named(version)} instead"
        return Refusal(ID, (why,))
    names = " and ".join(having)
    return Plan(
        ID,
        TITLE,
        fleet.named(version),
        dict(parameters),
        f"{fleet.named(version)} goes from {names}; its visitors get the version before, and new sessions",
        (_undeploy(fleet, version), _prove(fleet, version)),
        tuple(_preflight(fleet, version)),
        tuple(disarm(profile, snapshot, APPLICATION)),
        ("application",),
    )


def _others(fleet: Fleet, name: str, version: str) -> list[str]:
    return [one for one in fleet.view.tomcats[name].running if one != version]


def _preflight(fleet: Fleet, version: str) -> Iterator[Precondition]:
    for name in fleet.having(version):
        another = checks.another_runs(fleet, name, version)
        yield Precondition(another, "users would get nothing", decisive=True)
    for journey in fleet.application.journeys:
        why = "it fails already: see afterwards whether this mended it"
        yield Precondition(journey_works(journey), why, Grade.AMBER, Grade.AMBER)


def _undeploy(fleet: Fleet, version: str) -> Stage:
    no_undo = "deploy its file again: its sessions are gone"
    body = tuple(
        steps.undeploy(fleet, name, version, (checks.another_runs(fleet, name, version),), no_undo)
        for name in fleet.having(version)
    )
    return Stage(
        "undeploy",
        f"Undeploy {fleet.named(version)}",
        body,
        confirm=f"undeploy {version}".strip(),
        notice=f"who is on {fleet.named(version)} loses his session and begins again on the version before",
        point_of_no_return=True,
    )


def _prove(fleet: Fleet, version: str) -> Stage:
    body = [
        Step(
            f"{name} serves another version",
            (),
            goal=checks.another_runs(fleet, name, version),
            expected=0.1,
        )
        for name in fleet.having(version)
    ]
    body += journeys_after(fleet.application.journeys)
    return Stage("prove", "Prove it from the users' side", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "The version that fails is undeployed on every Tomcat; the one before serves everybody.",
    plan,
    (Parameter("version", "the version; without it the newest"),),
)
