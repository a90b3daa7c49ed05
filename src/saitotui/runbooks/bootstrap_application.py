"""Makes a Tomcat cluster behind nginx of hosts with both. See docs/runbooks/bootstrap-application.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.configs.application import front, nginx_file, sites, tomcat_files
from saitotui.model.plan import Plan, Precondition, Refusal, Stage
from saitotui.model.profile import NO_SECRET, Application, Profile
from saitotui.model.profile_build import ApplicationBuild
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import hosts
from saitotui.runbooks.application import building
from saitotui.runbooks.application.building import Gate, Member
from saitotui.runbooks.files import configured, untouched

ID = "bootstrap-application"
TITLE = "Make a Tomcat cluster behind nginx"
LEAST = 2
"""Tomcats of a cluster."""


@dataclass(frozen=True, slots=True)
class _Site:
    """Everything that is built."""

    application: Application
    build: ApplicationBuild
    members: tuple[Member, ...]
    gates: tuple[Gate, ...]


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the hosts of the profile."""
    application = profile.application
    if application is None:
        return Refusal(ID, ("the profile has no application",))
    build = application.build
    if build is None:
        return Refusal(ID, ("the profile does not say of what: give `application.build`",))
    if trouble := tuple(_lacking(application, build)):
        return Refusal(ID, trouble)
    site = _site(profile, application, build)
    tomcats = ", ".join(one.name for one in site.members)
    return Plan(
        ID,
        TITLE,
        "application",
        dict(parameters),
        f"{tomcats} share sessions behind {' and '.join(one.name for one in site.gates)}; what stands stays",
        tuple(_stages(site)),
        tuple(_preflight(site)),
        (),
        ("application",),
    )


def _site(profile: Profile, application: Application, build: ApplicationBuild) -> _Site:
    tomcats = sites(profile, application)
    members = tuple(
        Member(one, application.tomcats[one.name], tomcat_files(application, build, one, tomcats))
        for one in tomcats
    )
    gates = []
    for name, node in application.nginx.items():
        listens = front(profile, node)
        gates.append(Gate(name, node, listens, nginx_file(application, build, node, listens, tomcats)))
    return _Site(application, build, members, tuple(gates))


def _lacking(application: Application, build: ApplicationBuild) -> Iterator[str]:
    if len(application.tomcats) < LEAST:
        yield f"a cluster has {LEAST} Tomcats or more, the profile has {len(application.tomcats)}"
    if not application.nginx:
        yield "the profile names no nginx: give `application.nginx`"
    logins = {(one.manager.user, one.manager.password) for one in application.tomcats.values()}
    if len(logins) > 1:
        yield "all managers need the same `user` and `password`: one account of this console is made"
    if any(not user or password == NO_SECRET for user, password in logins):
        yield "this console could not log in to a manager: give each `manager` its `user` and `password`"
    if bool(build.certificate) != bool(build.key):
        yield "a certificate needs its key: give both `application.build.certificate` and `key`"


def _preflight(site: _Site) -> Iterator[Precondition]:
    for member in site.members:
        host = member.host
        yield Precondition(hosts.rooted(host), "Tomcat's files are root's")
        yield Precondition(
            hosts.able(host, ("java", "systemctl"), "apt install tomcat10"), "nothing would run"
        )
        yield Precondition(building.installed(member), "it could be no Tomcat")
        yield Precondition(hosts.addressed(host, [member.site.address]), "the others would not reach it")
        yield Precondition(hosts.room(host, member.tomcat.webapps), "no application would fit")
        for file in member.files:
            yield untouched(host, file)
    for gate in site.gates:
        host = gate.node.host
        yield Precondition(hosts.rooted(host), "nginx's configuration is root's")
        yield Precondition(hosts.able(host, ("nginx", "systemctl"), building.NGINX), "nothing would serve")
        yield Precondition(hosts.addressed(host, [gate.listens.address]), "nginx could not listen there")
        yield untouched(host, gate.file)


def _stages(site: _Site) -> Iterator[Stage]:
    yield Stage(
        "files",
        "Every host gets its configuration",
        (
            *(configured(member.host, file) for member in site.members for file in member.files),
            *(configured(gate.node.host, gate.file) for gate in site.gates),
        ),
        confirm="y",
        notice="nothing: nobody reads it yet",
    )
    yield Stage(
        "tomcats",
        "The Tomcats run by it, and see each other",
        (
            *(building.runs(member) for member in site.members),
            *(building.joined(member, len(site.members)) for member in site.members),
        ),
        confirm="y",
        notice="nothing: a Tomcat that has an application is not restarted",
    )
    yield Stage(
        "nginx",
        "nginx leads to them",
        (
            *(step for gate in site.gates for step in building.leads(gate)),
            *building.reached(site.application),
        ),
        confirm="y",
        notice="nothing: nginx reads its configuration again",
    )


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "Tomcats that share their sessions, their managers, nginx in front; what has users is not restarted.",
    plan,
)
