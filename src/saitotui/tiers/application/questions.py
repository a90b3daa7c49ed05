"""What the application tier asks: every nginx and Tomcat over HTTP, their hosts for the processes, and each
journey as a user would try it.

A Tomcat's user needs the roles `manager-script` and `manager-jmx`. The access log must be readable to the SSH
user (Debian: group `adm`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.facts import nginx, nginx_log, process, tomcat, tomcat_jmx
from saitotui.facts.nginx import StubStatus
from saitotui.facts.nginx_log import AccessLog
from saitotui.facts.process import Process
from saitotui.facts.tomcat import App, Server
from saitotui.facts.tomcat_jmx import Cluster, Heap, Requests, SessionManager, Threads
from saitotui.model.command import Answer, Client, Command, Question
from saitotui.model.profile import Application, JourneyCheck, Nginx, Tomcat

JOURNEY_DEADLINE = 6.0
"""Seconds that a user might wait."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a journey's request got. `contains`: the expected text was there."""

    status: int
    contains: bool


@dataclass(frozen=True, slots=True)
class NginxQuestions:
    """What is asked of one nginx."""

    status: Question[StubStatus]
    process: Question[tuple[Process, ...]]
    log: Question[AccessLog]

    @property
    def all(self) -> Sequence[Question[Any]]:
        return (self.status, self.process, self.log)


@dataclass(frozen=True, slots=True)
class TomcatQuestions:
    """What is asked of one Tomcat."""

    apps: Question[tuple[App, ...]]
    managers: Question[tuple[SessionManager, ...]]
    threads: Question[tuple[Threads, ...]]
    heap: Question[Heap]
    requests: Question[Requests]
    cluster: Question[Cluster]
    server: Question[Server]
    process: Question[tuple[Process, ...]]

    @property
    def http(self) -> Sequence[Question[Any]]:
        return (
            *(self.apps, self.managers, self.threads, self.heap, self.requests, self.cluster),
            self.server,
        )

    @property
    def all(self) -> Sequence[Question[Any]]:
        return (*self.http, self.process)


@dataclass(frozen=True, slots=True)
class ApplicationQuestions:
    """Everything that is asked of one application."""

    nginx: Mapping[str, NginxQuestions]
    tomcats: Mapping[str, TomcatQuestions]
    journeys: Mapping[str, Question[Visit]]

    @property
    def all(self) -> Sequence[Question[Any]]:
        fronts = [question for one in self.nginx.values() for question in one.all]
        apps = [question for one in self.tomcats.values() for question in one.all]
        return [*fronts, *apps, *self.journeys.values()]


def ask(application: Application, poll: float) -> ApplicationQuestions:
    """The questions for `application`; `poll` is the profile's interval for what moves fast (seconds)."""
    return ApplicationQuestions(
        {name: _nginx(name, front, poll) for name, front in application.nginx.items()},
        {name: _tomcat(name, server, poll) for name, server in application.tomcats.items()},
        {check.name: _journey(check, poll) for check in application.journeys},
    )


def journey_id(name: str) -> str:
    """What findings about a journey are about: `journey/login`."""
    return f"journey/{name}"


def _nginx(name: str, front: Nginx, poll: float) -> NginxQuestions:
    ps = Command(Client.SSH, front.host, process.ask_processes("nginx"))
    tail = Command(Client.SSH, front.host, nginx_log.ask_log(front.access_log))
    return NginxQuestions(
        Question(
            f"application/{name}/status", name, Command(Client.HTTP, name, "GET"), nginx.stub_status, poll
        ),
        Question(f"application/{name}/process", name, ps, process.processes, 2 * poll),
        Question(f"application/{name}/log", name, tail, nginx_log.access_log, 2 * poll),
    )


def _tomcat(name: str, server: Tomcat, poll: float) -> TomcatQuestions:
    def http(key: str, text: str, parse: Callable[[Answer], Any], every: float) -> Question[Any]:
        return Question(f"application/{name}/{key}", name, Command(Client.HTTP, name, text), parse, every)

    ps = Command(Client.SSH, server.host, process.ask_processes("java", "jsvc"))
    return TomcatQuestions(
        http("list", tomcat.LIST, tomcat.applications, poll),
        http("managers", tomcat_jmx.MANAGERS, tomcat_jmx.managers, 5 * poll),
        http("threads", tomcat_jmx.THREADS, tomcat_jmx.threads, poll),
        http("heap", tomcat_jmx.MEMORY, tomcat_jmx.heap, 2 * poll),
        http("requests", tomcat_jmx.REQUESTS, tomcat_jmx.requests, poll),
        http("cluster", tomcat_jmx.CLUSTER, tomcat_jmx.cluster, 2 * poll),
        http("server", tomcat.SERVER, tomcat.server, 30 * poll),
        Question(f"application/{name}/process", name, ps, process.processes, 2 * poll),
    )


def _journey(check: JourneyCheck, poll: float) -> Question[Visit]:
    def visit(answer: Answer) -> Visit:
        return Visit(answer.status, check.contains in answer.text)

    subject = journey_id(check.name)
    command = Command(Client.HTTP, f"journey/{check.name}", "GET")
    deadline = max(JOURNEY_DEADLINE, 2 * check.slow)
    return Question(f"application/{subject}", subject, command, visit, 2 * poll, deadline)
