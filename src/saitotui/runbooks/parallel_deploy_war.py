"""Deploys a new version of the application beside the old one, one Tomcat after another; nobody notices.

New visitors get the new version, whoever has a session stays on the old one until that ends (Tomcat, Context
Container, "Parallel deployment"). The first Tomcat is the canary. See docs/runbooks/parallel-deploy-war.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saitotui.model.command import File
from saitotui.model.plan import Grade, Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import checks, drained, soak, steps, war_checks
from saitotui.runbooks.application.fleet import Fleet, fleet_of, unfit
from saitotui.runbooks.application.journeys import journeys_after, journeys_before
from saitotui.runbooks.guests import undisturbed
from saitotui.runbooks.robots import APPLICATION, disarm

ID = "parallel-deploy-war"
TITLE = "Deploy a new version of the application"
VISITORS = 12
"""New visitors that come through the front at the end."""
LONGEST_SOAK = 3600


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is deployed where: `order` begins with the canary; `seconds` it is watched for."""

    fleet: Fleet
    file: File
    old: str
    new: str
    order: tuple[str, ...]
    seconds: float

    @property
    def named(self) -> str:
        return self.fleet.named(self.new)

    @property
    def tells(self) -> bool:
        """Whether the application says which version answers."""
        return self.fleet.application.version_page is not None


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    what = _deployment(profile, snapshot, parameters)
    if isinstance(what, tuple):
        return Refusal(ID, what)
    hosts = [tomcat.host for tomcat in what.fleet.application.tomcats.values()]
    others = what.order[1:]
    stages = [_canary(what), *([_others(what, others)] if others else []), _prove(what)]
    old = (what.old,)
    return Plan(
        ID,
        TITLE,
        what.named,
        dict(parameters),
        f"new visitors get {what.named}; who is on {what.fleet.named(what.old)} stays there until his "
        "session ends, then it is undeployed",
        (
            *stages,
            drained.drain(what.fleet, old, optional=True),
            drained.retire(what.fleet, old, optional=True),
        ),
        (*_preflight(what), *undisturbed(profile, hosts)),
        tuple(disarm(profile, snapshot, APPLICATION)),
        ("application",),
    )


def _deployment(
    profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]
) -> Deployment | tuple[str, ...]:
    fleet = fleet_of(profile, snapshot)
    if isinstance(fleet, tuple):
        return fleet
    try:
        file, new = war_checks.given(parameters)
    except ValueError as error:
        return (str(error),)
    old = fleet.serves(but=new)
    if isinstance(old, tuple):
        return old
    wrong = unfit(new, [version for version in fleet.versions if version != new], snapshot.at)
    canary = parameters.get("canary") or fleet.names[0]
    if canary not in fleet.names:
        wrong = (*wrong, f"the profile has no Tomcat {canary!r}")
    seconds = parameters.get("soak", "")
    if not seconds.isdecimal() or int(seconds) > LONGEST_SOAK:
        wrong = (*wrong, f"soak={seconds} is no number of seconds up to {LONGEST_SOAK}")
    if wrong:
        return wrong
    order = (canary, *(name for name in fleet.names if name != canary))
    return Deployment(fleet, file, old, new, order, float(seconds))


def _preflight(what: Deployment) -> Iterator[Precondition]:
    fleet, canary = what.fleet, what.order[0]
    there = bool(fleet.having(what.new))
    yield from war_checks.preflight(what.file, fleet.named(what.old), what.named, there=there)
    for name in what.order:
        serves = checks.serves(fleet, name, what.old, but=what.new)
        yield Precondition(serves, "all Tomcats must serve the same version", decisive=True)
        above = checks.above_all(fleet, name, what.new)
        yield Precondition(above, "Java orders versions as text: nobody would get it", decisive=True)
        why = "sessions that are not copied are lost with their Tomcat"
        yield Precondition(checks.sees_all(fleet, name), why, unknown=Grade.AMBER)
        yield from war_checks.room(fleet, name, what.file, "both versions run at once")
        alike = checks.runs_as(fleet, name, canary) if name != canary else None
        if alike is not None:
            yield Precondition(alike, f"what {canary} shows says less about {name}", Grade.AMBER, Grade.AMBER)
        if what.tells:
            gets = checks.visitor_gets(fleet, name, what.old, f"{name}-preflight")
            grade = Grade.AMBER if there else Grade.RED
            yield Precondition(gets, "nobody could tell which version answers", grade, Grade.AMBER)
    for front, node in fleet.application.nginx.items() if what.seconds else ():
        tells = soak.tells_who_answered(front, node)
        yield Precondition(tells, "how the canary serves users could not be seen", Grade.AMBER, Grade.AMBER)
    yield from journeys_before(fleet.application.journeys, "what the deployment did to it")


def _on(what: Deployment, name: str) -> Iterator[Step]:
    """The steps on one Tomcat."""
    fleet = what.fleet
    fresh = name not in fleet.having(what.new)
    if what.tells and fresh:
        yield steps.visit_before(fleet, name, what.old)
    yield steps.deploy(fleet, name, what.new, what.file)
    if what.tells:
        yield from steps.visit_after(fleet, name, what.old, what.new)


def _canary(what: Deployment) -> Stage:
    canary = what.order[0]
    body = [
        war_checks.note(what.file, what.named),
        *soak.before(what.fleet),
        *_on(what, canary),
        *(soak.begin(what.fleet, canary) if what.seconds else ()),
        *((soak.soak(what.fleet, canary, what.seconds),) if what.seconds else ()),
    ]
    return Stage(
        "canary",
        f"Deploy {what.named} on {canary}, and watch it",
        tuple(body),
        confirm="y",
        notice=f"new visitors of {canary} get {what.named}; nothing else",
    )


def _others(what: Deployment, names: Sequence[str]) -> Stage:
    body = [step for name in names for step in _on(what, name)]
    title = f"Deploy {what.named} on {' and '.join(names)}, one after the other"
    return Stage("others", title, tuple(body), confirm="y", notice=f"new visitors get {what.named}")


def _prove(what: Deployment) -> Stage:
    fleet = what.fleet
    body = [
        Step(f"{name} serves {what.named}", (), goal=checks.serves(fleet, name, what.new), expected=0.1)
        for name in what.order
    ]
    body += [
        steps.sees_all(fleet, name)
        for name in what.order
        if fleet.view.tomcats[name].cluster and len(what.order) > 1
    ]
    if what.tells and "front/app" in fleet.application.pages:
        body.append(steps.visitors(fleet, what.new, VISITORS))
    body += journeys_after(fleet.application.journeys)
    return Stage("prove", "Prove it from the users' side", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "A WAR is deployed beside the version that runs, canary first; old sessions end where they began.",
    plan,
    (
        *war_checks.GIVEN,
        Parameter("canary", "the Tomcat to begin with; without it the profile's first"),
        Parameter("soak", "seconds for which the canary is watched; 0: not at all", default="60"),
    ),
)
