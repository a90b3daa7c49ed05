"""Deploys a version of the application on the Tomcats that lack it: one whose disk was replaced, or that a
deployment did not come to.

See docs/runbooks/complete-app-version.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.facts.tomcat import newest
from saitotui.model.command import Answer, Client, Command, File
from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import checks, copies, steps, war_checks
from saitotui.runbooks.application.fleet import Fleet, fleet_of
from saitotui.runbooks.application.journeys import journeys_after, journeys_before
from saitotui.runbooks.guests import undisturbed
from saitotui.runbooks.judging import reading
from saitotui.runbooks.robots import APPLICATION, disarm

ID = "complete-app-version"
TITLE = "Deploy a version where it is missing"
SUM = 30.0
"""Seconds in which a host sums up an archive."""
MEET = 60.0
"""Seconds in which a Tomcat has fetched the sessions of the others."""


@dataclass(frozen=True, slots=True)
class Gap:
    """`version` runs on `having` and is missing on `missing`; `file` is its archive."""

    fleet: Fleet
    file: File
    version: str
    having: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def named(self) -> str:
        return self.fleet.named(self.version)

    def serves(self, name: str) -> bool:
        """Whether new visitors of a Tomcat that lacks it will get it."""
        return newest([self.version, *self.fleet.view.tomcats[name].running]) == self.version


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    gap = _gap(profile, snapshot, parameters)
    if isinstance(gap, tuple):
        return Refusal(ID, gap)
    where = " and ".join(gap.missing)
    hosts = [gap.fleet.application.tomcats[name].host for name in gap.missing]
    return Plan(
        ID,
        TITLE,
        gap.named,
        dict(parameters),
        f"{where} gets {gap.named}, which runs on {' and '.join(gap.having)}, and its sessions",
        (_deploy(gap), _prove(gap)),
        (*_preflight(gap), *undisturbed(profile, hosts)),
        tuple(disarm(profile, snapshot, APPLICATION)),
        ("application",),
    )


def _gap(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Gap | tuple[str, ...]:
    fleet = fleet_of(profile, snapshot)
    if isinstance(fleet, tuple):
        return fleet
    try:
        file, version = war_checks.given(parameters)
    except ValueError as error:
        return (str(error),)
    having = tuple(name for name, one in fleet.view.tomcats.items() if version in one.running)
    stopped = tuple(name for name in fleet.having(version) if name not in having)
    if not having:
        new = "parallel-deploy-war deploys a new version, deploy-first-version the first"
        return (f"no Tomcat runs {fleet.named(version)}: {new}",)
    if stopped:
        there = " and ".join(stopped)
        return (
            f"{fleet.named(version)} is there and stopped on {there}: start or undeploy it by hand first",
        )
    missing = tuple(name for name in fleet.names if name not in having)
    if not missing:
        return (f"every Tomcat runs {fleet.named(version)}",)
    return Gap(fleet, file, version, having, missing)


def _preflight(gap: Gap) -> Iterator[Precondition]:
    fleet, model = gap.fleet, gap.having[0]
    yield Precondition(war_checks.sound(gap.file), "no Tomcat could start it")
    for name in gap.having:
        why = "Tomcats with unlike versions of one name"
        yield Precondition(_same_file(gap, name), why, unknown=Grade.AMBER)
        yield Precondition(checks.runs(fleet, name, gap.version), "it is what is missing", decisive=True)
    for name in fleet.names:
        why = "sessions could not be copied there"
        yield Precondition(checks.sees_all(fleet, name), why, unknown=Grade.AMBER)
    for name in gap.missing:
        yield from war_checks.room(fleet, name, gap.file, "it runs beside others")
        alike = checks.runs_as(fleet, name, model)
        if alike is not None:
            yield Precondition(alike, f"it is proven on {model} only", Grade.AMBER, Grade.AMBER)
    yield from journeys_before(fleet.application.journeys, "what this did to it")


def _same_file(gap: Gap, name: str) -> Check:
    """Whether what a Tomcat runs lies in its webapps as this very archive."""
    server, context = gap.fleet.application.tomcats[name], gap.fleet.application.context
    base = context.strip("/").replace("/", "#") or "ROOT"
    file = f"{server.webapps}/{base}{f'##{gap.version}' if gap.version else ''}.war"

    def judge(answer: Answer) -> Verdict:
        words = answer.text.split()
        if answer.status != 0 or not words:
            return Verdict(None, f"{file} cannot be read")
        return Verdict(words[0] == gap.file.sha256, f"SHA-256 {words[0][:12]}")

    command = Command(Client.SSH, server.host, f"( sha256sum < {shell(file)} )")
    return Check(f"{name} runs this very file", command, reading(judge), deadline=SUM)


def _deploy(gap: Gap) -> Stage:
    fleet, model = gap.fleet, gap.having[0]
    body: list[Step] = []
    for name in gap.missing:
        body.append(steps.deploy(fleet, name, gap.version, gap.file, newest=gap.serves(name)))
        body += copies.fetched(fleet, name, model, "sessions", MEET, only=(gap.version,))
        if fleet.application.version_page is not None and gap.serves(name):
            gets = checks.visitor_gets(fleet, name, gap.version, f"{name}-after")
            body.append(Step(gets.sentence, (), goal=gets, deadline=5.0, expected=0.2))
    get = [name for name in gap.missing if gap.serves(name)]
    return Stage(
        "deploy",
        f"Deploy {gap.named} on {' and '.join(gap.missing)}",
        tuple(body),
        confirm="y",
        notice=f"new visitors of {' and '.join(get)} get {gap.named}" if get else "nothing",
    )


def _prove(gap: Gap) -> Stage:
    fleet = gap.fleet
    body = [steps.sees_all(fleet, name) for name in fleet.names if fleet.view.tomcats[name].cluster]
    body += journeys_after(fleet.application.journeys)
    return Stage("prove", "Prove it from the users' side", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "The file that the others run is deployed on the Tomcats that lack it; they fetch its sessions.",
    plan,
    (
        Parameter("war", "the file on this machine, or HOST:/PATH on a Tomcat's", required=True, file=True),
        Parameter("version", "its version; without it what follows ## in the file's name"),
    ),
)
