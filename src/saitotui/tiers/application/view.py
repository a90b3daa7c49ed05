"""The application as one snapshot shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from saitotui.facts.nginx import StubStatus
from saitotui.facts.nginx_log import Request, host_of
from saitotui.facts.process import Process
from saitotui.facts.tomcat import App, Server, newest
from saitotui.facts.tomcat_jmx import Cluster, Heap, Requests, SessionManager, Threads
from saitotui.model.command import Failure, FailureKind, Question
from saitotui.model.profile import Application, JourneyCheck, Nginx, Profile, Tomcat
from saitotui.model.snapshot import PENDING, Snapshot
from saitotui.tiers.application.questions import ApplicationQuestions, NginxQuestions, TomcatQuestions, Visit

RECENT = 30.0
"""Seconds of the access log that count."""
DELTA = "DeltaManager"
"""The session manager that copies all sessions to all members."""
FRESH = 120.0
"""Seconds after its start for which a process that does not listen yet may still be starting."""


class State(StrEnum):
    """Whether a service answers. Dead and unreachable are two things."""

    PENDING = "not asked yet"
    STALE = "not asked lately"
    ANSWERS = "answers"
    DOWN = "down"
    STARTING = "starting"
    HUNG = "hung"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class NginxView:
    """What is known of one nginx. None means unknown. `recent` are the requests of the last `RECENT` seconds;
    `rate` requests a second; `dropping` connections dropped a second."""

    name: str
    profile: Nginx
    state: State
    failure: Failure | None = None
    status: StubStatus | None = None
    processes: tuple[Process, ...] | None = None
    recent: tuple[Request, ...] | None = None
    log_failure: Failure | None = None
    rate: float | None = None
    dropping: float | None = None
    addresses: frozenset[str] = frozenset()

    @property
    def errors(self) -> float | None:
        """Share of recent requests that users saw fail (5xx), 0 to 1; None when unknown or nothing was
        asked."""
        if not self.recent:
            return None
        return sum(request.status >= 500 for request in self.recent) / len(self.recent)


@dataclass(frozen=True, slots=True)
class TomcatView:
    """What is known of one Tomcat. None means unknown: failed, stale and not asked alike. `identity` is its
    name in the session cluster, as far as it was ever known."""

    name: str
    profile: Tomcat
    state: State
    failure: Failure | None = None
    apps: tuple[App, ...] | None = None
    """The versions of the application's context, as the manager lists them."""
    managers: tuple[SessionManager, ...] | None = None
    threads: Threads | None = None
    """Of its busiest connector."""
    heap: Heap | None = None
    requests: Requests | None = None
    cluster: Cluster | None = None
    identity: str = ""
    addresses: frozenset[str] = frozenset()
    processes: tuple[Process, ...] | None = None
    rate: float | None = None
    server: Server | None = None

    @property
    def running(self) -> tuple[str, ...]:
        """Versions that run."""
        return tuple(app.version for app in self.apps or () if app.running)

    @property
    def serves(self) -> str | None:
        """The version that a new session gets; None when none runs or it is not known."""
        return newest(self.running)

    @property
    def sessions(self) -> int | None:
        return None if self.apps is None else sum(app.sessions for app in self.apps)

    @property
    def serving(self) -> bool | None:
        """Whether it serves the application; None: nobody knows."""
        if self.state in (State.DOWN, State.HUNG, State.STARTING):
            return False
        return None if self.apps is None else bool(self.running)

    def app(self, version: str) -> App | None:
        return next((app for app in self.apps or () if app.version == version), None)

    def manager(self, version: str) -> str:
        """The kind of session manager that a version of the context has; empty when it is not known."""
        hits = (one.kind for one in self.managers or () if one.version == version)
        return next(hits, "")


@dataclass(frozen=True, slots=True)
class JourneyView:
    """One journey; `visit` None with `failure` why; `stale` when it was not tried lately."""

    check: JourneyCheck
    visit: Visit | None
    failure: Failure | None
    seconds: float
    stale: bool = False

    @property
    def pending(self) -> bool:
        return self.stale or (self.failure is not None and self.failure.kind is FailureKind.PENDING)


@dataclass(frozen=True, slots=True)
class View:
    """Everything that is known of one application at `at`."""

    profile: Profile
    application: Application
    at: float
    nginx: Mapping[str, NginxView]
    tomcats: Mapping[str, TomcatView]
    journeys: tuple[JourneyView, ...] = ()
    versions: tuple[str, ...] = field(default=())
    """All versions of the context on any Tomcat, newest (as Tomcat orders them) first."""

    @property
    def pending(self) -> bool:
        states = [*(one.state for one in self.nginx.values()), *(one.state for one in self.tomcats.values())]
        return all(state is State.PENDING for state in states)

    def named(self, version: str) -> str:
        """A version as it is called in sentences: `/app##2`."""
        context = self.application.context
        return f"{context}##{version}" if version else context

    def sessions(self, version: str) -> int:
        """Sessions of a version on all Tomcats. A DeltaManager has copies of all, so the fullest counts;
        other managers count their own only."""
        having = [tomcat for tomcat in self.tomcats.values() if tomcat.app(version)]
        counts = [app.sessions for tomcat in having if (app := tomcat.app(version))]
        kinds = {tomcat.manager(version) for tomcat in having} - {""}
        return sum(counts) if kinds - {DELTA} else max(counts, default=0)

    def upstream(self, address: str) -> str:
        """The Tomcat behind an upstream address (`10.0.0.1:8080`), else the address itself."""
        host = host_of(address)
        hits = [tomcat.name for tomcat in self.tomcats.values() if host in tomcat.addresses]
        return hits[0] if len(hits) == 1 else address


def service_state(
    snapshot: Snapshot,
    question: Question[Any],
    others: Sequence[Question[Any]],
    processes: tuple[Process, ...] | None,
) -> tuple[State, Failure | None]:
    """How a service is, by its main question. When one of `others`, which go the same way, was answered since
    that was asked, it does not hang. That no process runs proves it down, however its port is silent."""
    failure = snapshot.reading(question).failure
    if failure is None:
        return State.ANSWERS, None
    if snapshot.readings.get(question.key, PENDING).ok:
        return State.STALE, failure
    if failure.kind is FailureKind.PENDING:
        return State.PENDING, failure
    if processes == () and failure.kind in (
        FailureKind.REFUSED,
        FailureKind.UNREACHABLE,
        FailureKind.TIMEOUT,
    ):
        return State.DOWN, failure
    if failure.kind is FailureKind.REFUSED:
        return (State.STARTING if _young(processes) else State.DOWN), failure
    if failure.kind is FailureKind.TIMEOUT:
        return (State.UNREADABLE if _since(snapshot, question, others) else State.HUNG), failure
    if failure.kind is FailureKind.DENIED or _http(snapshot, question) in (401, 403):
        return State.DENIED, failure
    return (State.UNREACHABLE if failure.kind is FailureKind.UNREACHABLE else State.UNREADABLE), failure


def _since(snapshot: Snapshot, question: Question[Any], others: Sequence[Question[Any]]) -> bool:
    """Whether one of `others` was answered after `question` was asked."""
    reading = snapshot.reading(question)
    asked = reading.at - reading.cost
    return any(other.ok and other.at >= asked for other in map(snapshot.reading, others))


def _young(processes: tuple[Process, ...] | None) -> bool:
    return bool(processes) and min(process.age for process in processes or ()) < FRESH


def _http(snapshot: Snapshot, question: Question[Any]) -> int:
    raw = snapshot.readings.get(question.key, PENDING).raw
    return raw.status if raw else 0


def look(profile: Profile, application: Application, asked: ApplicationQuestions, snapshot: Snapshot) -> View:
    """What `snapshot` says about `application`."""
    tomcats = {
        name: _tomcat(profile, name, application, asked.tomcats[name], snapshot)
        for name in application.tomcats
    }
    every = {app.version for tomcat in tomcats.values() for app in tomcat.apps or ()}
    return View(
        profile,
        application,
        snapshot.at,
        {
            name: _nginx(profile, name, front, asked.nginx[name], snapshot)
            for name, front in application.nginx.items()
        },
        tomcats,
        tuple(_journey(check, asked.journeys[check.name], snapshot) for check in application.journeys),
        _ordered(every),
    )


def _ordered(versions: set[str]) -> tuple[str, ...]:
    left, ordered = set(versions), []
    while (top := newest(left)) is not None:
        ordered.append(top)
        left.remove(top)
    return tuple(ordered)


def _nginx(profile: Profile, name: str, front: Nginx, asked: NginxQuestions, snapshot: Snapshot) -> NginxView:
    processes = snapshot.get(asked.process)
    state, failure = service_state(snapshot, asked.status, (), processes)
    log = snapshot.reading(asked.log)
    known = log.get()
    return NginxView(
        name,
        front,
        state,
        failure,
        snapshot.get(asked.status),
        processes,
        known.recent(RECENT) if known else None,
        log.failure,
        snapshot.rate(asked.status, lambda status: status.requests),
        snapshot.rate(asked.status, lambda status: status.dropped),
        _addresses(profile, front.host),
    )


def _tomcat(
    profile: Profile, name: str, application: Application, asked: TomcatQuestions, snapshot: Snapshot
) -> TomcatView:
    processes = snapshot.get(asked.process)
    state, failure = service_state(snapshot, asked.apps, asked.http, processes)
    apps = snapshot.get(asked.apps)
    connectors = snapshot.get(asked.threads)
    known = snapshot.last(asked.cluster)
    local = known.local if known else None
    server = application.tomcats[name]
    return TomcatView(
        name,
        server,
        state,
        failure,
        None if apps is None else tuple(app for app in apps if app.path == application.context),
        _managers(snapshot, asked, application.context),
        max(connectors, key=lambda one: one.percent or 0.0) if connectors else None,
        snapshot.get(asked.heap),
        snapshot.get(asked.requests),
        snapshot.get(asked.cluster),
        local.name if local else "",
        _addresses(profile, server.host) | ({local.host} if local else set()),
        processes,
        snapshot.rate(asked.requests, lambda requests: requests.count),
        snapshot.get(asked.server),
    )


def _managers(snapshot: Snapshot, asked: TomcatQuestions, context: str) -> tuple[SessionManager, ...] | None:
    """The session managers of the application's context."""
    known = snapshot.get(asked.managers)
    return None if known is None else tuple(manager for manager in known if manager.path == context)


def _addresses(profile: Profile, host: str) -> frozenset[str]:
    """Under which addresses a host is known."""
    known = profile.hosts.get(host)
    return frozenset({known.address, known.service_address} - {""}) if known else frozenset()


def _journey(check: JourneyCheck, question: Question[Visit], snapshot: Snapshot) -> JourneyView:
    reading = snapshot.reading(question)
    stale = not reading.ok and snapshot.readings.get(question.key, PENDING).ok
    return JourneyView(check, reading.get(), reading.failure, reading.cost, stale)
