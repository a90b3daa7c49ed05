"""What Zabbix says, joined: problems with their hosts, hosts with the machines of the profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from saitotui.facts.zabbix import Problem, RaisedEvent, Trigger
from saitotui.facts.zabbix_actions import Action, RemoteCommand
from saitotui.facts.zabbix_fields import HostRef
from saitotui.facts.zabbix_hosts import Interface, Maintenance, ServerHealth, UnsupportedItem, ZabbixHost
from saitotui.model.command import Failure, FailureKind
from saitotui.model.profile import Monitoring, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import coarse, moment
from saitotui.tiers.hosts.questions import host_question
from saitotui.tiers.monitoring.questions import MonitoringQuestions

SUBJECT = "zabbix"
"""What a finding about the server as a whole is about."""
_SILENT = (FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.REFUSED)


class Reached(Enum):
    """Whether this console reaches a machine by SSH."""

    YES = 1
    NO = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class OpenProblem:
    """A problem and the hosts of its trigger; `age` in seconds."""

    problem: Problem
    hosts: tuple[HostRef, ...]
    age: float

    @property
    def host(self) -> str:
        return self.hosts[0].name if self.hosts else ""


@dataclass(frozen=True, slots=True)
class View:
    """A value that is None was not answered; `failures` says why, by the name of the question."""

    monitoring: Monitoring
    at: float
    problems: tuple[OpenProblem, ...] | None
    events: tuple[RaisedEvent, ...] | None
    commands: tuple[RemoteCommand, ...] | None
    silent: tuple[Interface, ...] | None
    actions: tuple[Action, ...] | None
    hosts: tuple[ZabbixHost, ...] | None
    maintenances: tuple[Maintenance, ...] | None
    unsupported: tuple[UnsupportedItem, ...] | None
    health: ServerHealth | None
    failures: Mapping[str, Failure]
    reached: Mapping[str, Reached]
    machines: Mapping[str, str]
    pending: bool
    answers: bool

    @property
    def counted(self) -> tuple[OpenProblem, ...]:
        """Open problems that no maintenance suppresses."""
        return tuple(one for one in self.problems or () if not one.problem.suppressed)

    @property
    def robots(self) -> tuple[Action, ...]:
        """Actions that act by themselves."""
        tag = self.monitoring.recovery_tag
        return tuple(action for action in self.actions or () if action.recovers(tag))

    def ago(self, at: float) -> str:
        """How long ago something was, by the server's clock."""
        return coarse(max(0.0, self.at - at))

    def when(self, at: float) -> str:
        """The time of something, by the server's clock: it does not tick, as an age would."""
        return moment(at, self.at)

    def machine(self, name: str) -> str:
        """The profile's host that Zabbix calls `name`; `` when it is none of the profile's."""
        return self.machines.get(name, "")


def subject_of(name: str) -> str:
    """The node id of a host as Zabbix knows it."""
    return f"{SUBJECT}/{name}" if name else SUBJECT


def look(profile: Profile, monitoring: Monitoring, asked: MonitoringQuestions, snapshot: Snapshot) -> View:
    """What `snapshot` says of monitoring."""
    failures = {
        question.key.rpartition("/")[2]: failure
        for question in asked.all
        if (failure := snapshot.reading(question).failure) is not None
    }
    told = {name: failure for name, failure in failures.items() if failure.kind is not FailureKind.PENDING}
    machines = {name: name for name in profile.hosts} | dict(monitoring.hosts)
    return View(
        monitoring,
        snapshot.at,
        _joined(snapshot.get(asked.problems), snapshot.get(asked.triggers), snapshot.at),
        snapshot.get(asked.events),
        snapshot.get(asked.commands),
        snapshot.get(asked.silent),
        snapshot.get(asked.actions),
        snapshot.get(asked.hosts),
        snapshot.get(asked.maintenances),
        snapshot.get(asked.unsupported),
        snapshot.get(asked.health),
        told,
        {name: _reached(profile, name, snapshot) for name in profile.hosts},
        machines,
        pending=len(failures) == len(asked.all) and not told,
        answers=len(failures) < len(asked.all),
    )


def _joined(
    problems: tuple[Problem, ...] | None, triggers: tuple[Trigger, ...] | None, at: float
) -> tuple[OpenProblem, ...] | None:
    """Worst first, then oldest first. A problem of a disabled trigger or host is history."""
    if problems is None:
        return None
    by_id = {trigger.id: trigger for trigger in triggers or ()}
    found = []
    for problem in problems:
        trigger = by_id.get(problem.trigger)
        if trigger is None or trigger.enabled:
            hosts = trigger.hosts if trigger is not None else ()
            found.append(OpenProblem(problem, hosts, max(0.0, at - problem.since)))
    return tuple(sorted(found, key=lambda one: (-one.problem.severity, -one.age, one.problem.id)))


def _reached(profile: Profile, host: str, snapshot: Snapshot) -> Reached:
    reading = snapshot.reading(host_question(host, profile.poll))
    if reading.ok:
        return Reached.YES
    failure = reading.failure
    return Reached.NO if failure is not None and failure.kind in _SILENT else Reached.UNKNOWN
