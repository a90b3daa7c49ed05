"""Findings about problems, and about what Zabbix does about them by itself."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.zabbix import Severity
from saitotui.facts.zabbix_actions import Ran, RemoteCommand
from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health
from saitotui.model.text import coarse
from saitotui.tiers.monitoring.judge_server import listed
from saitotui.tiers.monitoring.questions import MOST_PROBLEMS
from saitotui.tiers.monitoring.situations import (
    AVERAGE,
    DISARMED,
    DISASTER,
    HIGH,
    RECOVERY_FAILED,
    RECOVERY_RUNNING,
    STORM,
    UNACKNOWLEDGED,
)
from saitotui.tiers.monitoring.view import SUBJECT, OpenProblem, View, subject_of

STORM_OPEN, STORM_NEW = 50, 20
"""Open problems, and problems raised within `STORM_WINDOW` seconds, from which on it is a storm."""
STORM_WINDOW = 300.0
STORM_SHOWN = 5
"""Problems that get a finding of their own in a storm."""
PATIENCE = 900.0
"""Seconds after which somebody should have taken a severe problem."""
ATTEMPT = 300.0
"""Seconds during which a command may still show its effect."""
_KINDS: dict[Severity, Situation] = {
    Severity.DISASTER: DISASTER,
    Severity.HIGH: HIGH,
    Severity.AVERAGE: AVERAGE,
}


def problem_findings(view: View) -> Iterator[Finding]:
    storm = _storm(view)
    if storm is not None:
        yield storm
    yield from _problems(view, storm is not None)
    yield from _unacknowledged(view)
    yield from _disarmed(view)
    yield from _commands(view)


def _storm(view: View) -> Finding | None:
    problems = view.counted
    new = [one for one in problems if one.age < STORM_WINDOW]
    if len(problems) < STORM_OPEN and len(new) < STORM_NEW:
        return None
    count = (
        f"more than {MOST_PROBLEMS - 1}" if len(view.problems or ()) >= MOST_PROBLEMS else str(len(problems))
    )
    hosts = sorted({one.host for one in problems if one.host})
    sentence = f"{count} problems are open on {len(hosts)} hosts, {len(new)} of them new in five minutes"
    by_severity = [
        f"{severity.word}: {sum(one.problem.severity is severity for one in problems)}"
        for severity in reversed(Severity)
    ]
    severe = any(one.problem.severity >= Severity.HIGH for one in problems)
    evidence = (", ".join(by_severity), f"hosts: {listed(hosts)}")
    return STORM.found(SUBJECT, sentence, *evidence, health=Health.CRIT if severe else None)


def _problems(view: View, storm: bool) -> Iterator[Finding]:
    """One finding for each host and severity: the worst and oldest speaks for the others."""
    grouped: dict[tuple[str, Severity], list[OpenProblem]] = {}
    for one in view.counted:
        if one.problem.severity in _KINDS:
            grouped.setdefault((one.host, one.problem.severity), []).append(one)
    cause = STORM.code if storm else ""
    for (host, severity), problems in list(grouped.items())[: STORM_SHOWN if storm else None]:
        taken = all(one.problem.acknowledged for one in problems)
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        where = f"{host}: " if host and host not in first.problem.name else ""
        word = "acknowledged" if taken else "not acknowledged"
        sentence = f"{where}{first.problem.name}{more}, since {view.when(first.problem.since)}, {word}"
        kind = _KINDS[severity]
        health = Health.WARN if taken else kind.health
        yield kind.found(subject_of(host), sentence, *map(_line, problems[:10]), health=health, cause=cause)


def _line(one: OpenProblem) -> str:
    problem = one.problem
    state = "acknowledged" if problem.acknowledged else "not acknowledged"
    said = f", {problem.message!r}" if problem.message else ""
    severity, age = problem.severity.word, coarse(one.age)
    return f"event {problem.id}: {severity}, {age}, {problem.name}, {state}{said}"


def _unacknowledged(view: View) -> Iterator[Finding]:
    waiting = [
        one
        for one in view.counted
        if one.problem.severity >= Severity.HIGH and not one.problem.acknowledged and one.age >= PATIENCE
    ]
    if waiting:
        oldest = view.when(min(one.problem.since for one in waiting))
        what = f"{len(waiting)} severe problem{'s' * (len(waiting) != 1)}"
        sentence = f"nobody has acknowledged {what}, the oldest open since {oldest}"
        yield UNACKNOWLEDGED.found(SUBJECT, sentence, *map(_line, waiting[:10]))


def _disarmed(view: View) -> Iterator[Finding]:
    disarmed = [action for action in view.robots if not action.armed]
    if disarmed:
        names = listed([action.name for action in disarmed])
        sentence = f"{len(disarmed)} of {len(view.robots)} recovery actions are disarmed: {names}"
        evidence = [f"action {action.id} {action.name}: disabled" for action in disarmed[:20]]
        yield DISARMED.found(SUBJECT, sentence, *evidence)


def _commands(view: View) -> Iterator[Finding]:
    """The newest attempt for each problem that is still open."""
    open_problems = {one.problem.id: one for one in view.counted}
    newest: dict[str, RemoteCommand] = {}
    for command in view.commands or ():
        if command.event in open_problems:
            newest.setdefault(command.event, command)
    failed = [command for command in newest.values() if command.ran is Ran.FAILED]
    if failed:
        yield _failed(failed, open_problems)
    running = [
        command
        for command in newest.values()
        if command.ran is not Ran.FAILED and view.at - command.at < ATTEMPT
    ]
    if running:
        names = listed([f"{_target(command)} (try {max(1, command.step)})" for command in running])
        sentence = f"Zabbix is recovering by itself: {names}"
        evidence = [f"{view.ago(one.at)} ago: {one.text}" for one in running[:10]]
        yield RECOVERY_RUNNING.found(SUBJECT, sentence, *evidence)


def _failed(failed: list[RemoteCommand], problems: dict[str, OpenProblem]) -> Finding:
    severe = any(problems[one.event].problem.severity >= Severity.HIGH for one in failed)
    names = listed([_target(command) for command in failed])
    evidence = [f"{one.text}: {one.error or 'no reason given'}" for one in failed[:10]]
    sentence = f"automatic recovery failed on {names}: a person has to act"
    return RECOVERY_FAILED.found(SUBJECT, sentence, *evidence, health=None if severe else Health.WARN)


def _target(command: RemoteCommand) -> str:
    return command.hosts[0].name if command.hosts else command.text.partition(":")[0] or "?"
