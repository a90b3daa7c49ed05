"""What monitoring screens may place: nodes, tables, series, events, robots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from saitotui.facts.zabbix import Severity
from saitotui.facts.zabbix_actions import Action, Ran, RemoteCommand
from saitotui.facts.zabbix_hosts import Availability, ZabbixHost
from saitotui.model.finding import Finding
from saitotui.model.health import Health, worst
from saitotui.model.text import coarse
from saitotui.model.topology import Actor, Cell, Event, Fact, Node, Robot, Row, Sample, Table
from saitotui.tiers.monitoring.view import SUBJECT, OpenProblem, View, subject_of

EVENT = "event"
"""The column of the table `problems` that has Zabbix's event id."""
MOST = 200
"""Rows of a table, and hosts that become nodes."""
_SEVERITY = {
    Severity.DISASTER: Health.CRIT,
    Severity.HIGH: Health.CRIT,
    Severity.AVERAGE: Health.WARN,
    Severity.WARNING: Health.WARN,
}
_RAN = {Ran.NOT_YET: "waiting", Ran.HANDED_OVER: "handed over", Ran.FAILED: "failed"}
_STATES = {Availability.YES: "answers", Availability.NO: "silent", Availability.UNKNOWN: "not known"}


def nodes(view: View, findings: Sequence[Finding]) -> tuple[Node, ...]:
    """The server, and hosts that are the profile's or that a finding is about."""
    found: dict[str, Health] = {}
    for finding in findings:
        found[finding.subject] = worst([finding.health, found.get(finding.subject, Health.OK)])
    health = _server_health(view, found)
    server = Node(SUBJECT, "monitoring", "zabbix", health, "", _summary(view), tuple(_facts(view)))
    known = {host.name: host for host in view.hosts or ()}
    named = {finding.subject.removeprefix(f"{SUBJECT}/") for finding in findings if "/" in finding.subject}
    wanted = sorted({*named, *(name for name in known if view.machine(name))})
    return (server, *(_host(view, name, known.get(name), found) for name in wanted[:MOST]))


def _server_health(view: View, found: Mapping[str, Health]) -> Health:
    base = Health.OK if view.answers and not view.failures else Health.UNKNOWN
    return worst([base, found.get(SUBJECT, Health.OK)])


def _summary(view: View) -> str:
    if not view.answers:
        return "does not answer"
    version = f"{view.health.version}, " if view.health is not None and view.health.version else ""
    count = len(view.counted)
    return f"{version}{count} problem{'s' * (count != 1)} open"


def _facts(view: View) -> Iterator[Fact]:
    if view.health is not None and view.health.newest is not None:
        yield Fact("newest value", f"{view.ago(view.health.newest)} ago")
    elif view.health is not None:
        yield Fact("newest value", "cannot tell: no item of the server's own health", Health.UNKNOWN)
    for key, value in sorted((view.health.values if view.health else {}).items()):
        yield Fact(key, value)
    for one in (view.maintenances or ())[:20]:
        if one.since <= view.at < one.till:
            hosts = ", ".join(host.name for host in one.hosts) or "host groups"
            yield Fact(
                "maintenance",
                f"{one.name}: {hosts}, until {view.when(one.till)}",
                Health.MAINT,
            )
    for name, failure in view.failures.items():
        yield Fact(name, failure.sentence, Health.UNKNOWN)


def _host(view: View, name: str, host: ZabbixHost | None, found: Mapping[str, Health]) -> Node:
    subject = subject_of(name)
    base = Health.MAINT if host is not None and host.maintenance else Health.OK
    problems = [one for one in view.counted if one.host == name]
    summary = "in maintenance, " if base is Health.MAINT else ""
    summary += f"{len(problems)} problem{'s' * (len(problems) != 1)}"
    facts = (
        [Fact("agent", f"{_STATES[way.availability]} {way.error}".strip()) for way in host.interfaces]
        if host
        else []
    )
    facts += [Fact(one.problem.severity.word, one.problem.name) for one in problems[:20]]
    health = worst([base, found.get(subject, Health.OK)])
    return Node(subject, "monitoring", "agent", health, "", summary, tuple(facts), view.machine(name))


def tables(view: View) -> tuple[Table, ...]:
    return (_problems(view), _actions(view), _agents(view))


def _problems(view: View) -> Table:
    tried = {command.event: command for command in reversed(view.commands or ())}
    rows = [_problem_row(view, one, tried.get(one.problem.id)) for one in (view.problems or ())[:MOST]]
    columns = ("severity", "age", "host", "problem", "taken", "recovery", EVENT)
    return Table("problems", "Problems", columns, tuple(rows))


def _problem_row(view: View, one: OpenProblem, tried: RemoteCommand | None) -> Row:
    problem = one.problem
    health = Health.MAINT if problem.suppressed else _SEVERITY.get(problem.severity, Health.OK)
    wants = dict(problem.tags).get(view.monitoring.recovery_tag, "")
    taken = problem.message or ("yes" if problem.acknowledged else "no")
    cells = (
        Cell("suppressed" if problem.suppressed else problem.severity.word, health),
        Cell(coarse(one.age)),
        Cell(one.host or "?"),
        Cell(problem.name),
        Cell(taken),
        Cell(f"{wants}: {_RAN[tried.ran]}" if tried is not None else wants or "-"),
        Cell(problem.id),
    )
    return Row(subject_of(one.host), cells, health)


def _actions(view: View) -> Table:
    rows = []
    for action in view.robots[:MOST]:
        last = next((command for command in view.commands or () if command.action == action.id), None)
        cells = (
            Cell(action.name),
            Cell("armed" if action.armed else "disarmed", Health.OK if action.armed else Health.WARN),
            Cell(_when(action)),
            Cell(f"{view.ago(last.at)} ago" if last else "-"),
            Cell(_RAN[last.ran] if last else "-", Health.WARN if last and last.ran is Ran.FAILED else None),
        )
        rows.append(Row(SUBJECT, cells, Health.OK if action.armed else Health.WARN))
    columns = ("action", "state", "on", "last ran", "result")
    return Table("actions", "What Zabbix does by itself", columns, tuple(rows))


def _when(action: Action) -> str:
    return ", ".join(f"{tag}={value}" if value else tag for tag, value in action.tags) or "other conditions"


def _agents(view: View) -> Table:
    """Hosts that do not answer first; then those of the profile."""
    silent = {ref.name: way for way in view.silent or () for ref in way.hosts}
    known = sorted(view.hosts or (), key=lambda host: (host.name not in silent, host.name))
    rows = []
    for host in [one for one in known if one.name in silent or view.machine(one.name)][:MOST]:
        way = silent.get(host.name)
        state = Availability.NO if way is not None else host.availability
        health = Health.MAINT if host.maintenance else Health.WARN if way is not None else Health.OK
        cells = (
            Cell(host.name),
            Cell(_STATES[state], health),
            Cell(view.ago(way.since) if way is not None and way.since else "-"),
            Cell(way.error if way is not None else "-"),
            Cell("yes" if host.maintenance else "-"),
        )
        rows.append(Row(subject_of(host.name), cells, health))
    columns = ("host", "agent", "for", "error", "maintenance")
    return Table("agents", "Agents", columns, tuple(rows))


def samples(view: View) -> Iterator[Sample]:
    known = view.problems is not None
    yield Sample("problems", "open problems", float(len(view.counted)) if known else None)
    untaken = sum(not one.problem.acknowledged for one in view.counted)
    yield Sample("unacknowledged", "not acknowledged", float(untaken) if known else None)


def events(view: View) -> Iterator[Event]:
    """Commands that Zabbix ran, problems raised and resolved, newest first."""
    found = []
    for command in view.commands or ():
        host = command.hosts[0].name if command.hosts else ""
        result = f"failed: {command.error}" if command.ran is Ran.FAILED else _RAN[command.ran]
        sentence = f"Zabbix ran {command.text!r}: {result}"
        found.append(Event(command.at, Actor.ROBOT, "Zabbix", subject_of(host), sentence))
    for event in view.events or ():
        host = event.hosts[0].name if event.hosts else ""
        sentence = f"{'problem' if event.raised else 'resolved'}: {event.name}"
        found.append(Event(event.at, Actor.PLATFORM, "Zabbix", subject_of(host), sentence))
    yield from sorted(found, key=lambda event: -event.at)


def robots(view: View) -> tuple[Robot, ...]:
    if view.actions is None:
        failure = view.failures.get("actions")
        why = failure.sentence if failure is not None else "not asked yet"
        return (Robot("Zabbix recovery", None, why),)
    return tuple(
        Robot(
            f"Zabbix: {action.name}",
            action.armed,
            f"{'acts' if action.armed else 'disabled; would act'} on {_when(action)}",
        )
        for action in view.robots[:MOST]
    )
