"""Deploys the first version of the application on Tomcats that have none: what follows their bootstrap.

See docs/runbooks/deploy-first-version.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.model.command import File
from saitotui.model.plan import Grade, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import checks, steps, war_checks
from saitotui.runbooks.application.fleet import Fleet, fleet_of, unfit
from saitotui.runbooks.application.journeys import journeys_after
from saitotui.runbooks.robots import APPLICATION, disarm

ID = "deploy-first-version"
TITLE = "Deploy the first version of the application"


@dataclass(frozen=True, slots=True)
class First:
    """What is deployed on all Tomcats."""

    fleet: Fleet
    file: File
    version: str

    @property
    def named(self) -> str:
        return self.fleet.named(self.version)


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for Tomcats that have no version, or only some this one."""
    what = _first(profile, snapshot, parameters)
    if isinstance(what, tuple):
        return Refusal(ID, what)
    return Plan(
        ID,
        TITLE,
        what.named,
        dict(parameters),
        f"{', '.join(what.fleet.names)} run {what.named}, and users get it",
        (_deploy(what), _prove(what)),
        tuple(_preflight(what)),
        tuple(disarm(profile, snapshot, APPLICATION)),
        ("application",),
    )


def _first(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> First | tuple[str, ...]:
    fleet = fleet_of(profile, snapshot)
    if isinstance(fleet, tuple):
        return fleet
    try:
        file, version = war_checks.given(parameters)
    except ValueError as error:
        return (str(error),)
    others = [one for one in fleet.versions if one != version]
    if others:
        return (f"{fleet.all_named(others)} is there: parallel-deploy-war deploys a version beside it",)
    return unfit(version, (), snapshot.at) or First(fleet, file, version)


def _preflight(what: First) -> Iterator[Precondition]:
    fleet = what.fleet
    yield from war_checks.fit(what.file, what.named, there=bool(fleet.having(what.version)))
    for name in fleet.names:
        other = checks.bare(fleet, name, what.version)
        yield Precondition(other, "users would get two versions: parallel-deploy-war", decisive=True)
        why = "sessions would be lost with their Tomcat"
        yield Precondition(checks.sees_all(fleet, name), why, unknown=Grade.AMBER)
        yield from war_checks.room(fleet, name, what.file, "it would not start")


def _deploy(what: First) -> Stage:
    body = [war_checks.note(what.file, what.named)]
    for name in what.fleet.names:
        body.append(steps.deploy(what.fleet, name, what.version, what.file))
    return Stage(
        "deploy",
        f"Deploy {what.named}, on one Tomcat after the other",
        tuple(body),
        confirm="y",
        notice=f"users get {what.named}, who got nothing before",
    )


def _prove(what: First) -> Stage:
    fleet = what.fleet
    body: list[Step] = []
    for name in fleet.names:
        serves = checks.serves(fleet, name, what.version)
        body.append(Step(f"{name} serves {what.named}", (), goal=serves, expected=0.1))
        if fleet.application.version_page is not None:
            gets = checks.visitor_gets(fleet, name, what.version, f"{name}-after")
            body.append(Step(gets.sentence, (), goal=gets, deadline=5.0, expected=0.2))
    body += journeys_after(fleet.application.journeys)
    return Stage("prove", "Prove it from the users' side", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "Tomcats that have no application get one, one after another; users try it through nginx.",
    plan,
    war_checks.GIVEN,
)
