"""Findings about Zabbix itself: API, server, agents, items, maintenance, and what it does not see."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.zabbix_hosts import Availability, ZabbixHost
from saitotui.model.command import FailureKind
from saitotui.model.finding import Finding
from saitotui.tiers.monitoring.questions import MOST_ROWS
from saitotui.tiers.monitoring.situations import (
    AGENTS_SILENT,
    API_DENIED,
    API_UNREACHABLE,
    DISAGREES,
    LOGIN_BLOCKED,
    MAINTENANCE,
    QUEUE,
    RIGHTS_MISSING,
    SERVER_DOWN,
    UNREADABLE,
    UNSUPPORTED,
    UNWATCHED,
)
from saitotui.tiers.monitoring.view import SUBJECT, Reached, View, subject_of

DEAD_AFTER = 180.0
"""Seconds without a new value of items that come each minute."""
LONG_QUEUE = 100
MANY_ITEMS = 20
_BLOCKED = "temporarily blocked"
NAMED = 8
"""Names in a sentence; the rest is counted."""


def server_findings(view: View) -> Iterator[Finding]:
    yield from _api(view)
    yield from _server(view)
    yield from _agents(view)
    yield from _unsupported(view)
    yield from _maintenance(view)
    yield from _unwatched(view)
    for host in view.hosts or ():
        yield from _disagreement(view, host)


def listed(names: list[str]) -> str:
    """The first few names, and how many more."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _api(view: View) -> Iterator[Finding]:
    """Nothing answered is about the API; something not answered is about the account or a method."""
    evidence = list(dict.fromkeys(failure.sentence for failure in view.failures.values()))
    if not evidence:
        return
    denied = [name for name, failure in view.failures.items() if failure.kind is FailureKind.DENIED]
    if view.answers:
        others = [name for name in view.failures if name not in denied]
        if denied:
            sentence = f"Zabbix does not let this console see {listed(denied)}"
            yield RIGHTS_MISSING.found(SUBJECT, sentence, *evidence)
        if others:
            yield UNREADABLE.found(SUBJECT, f"Zabbix does not answer about {listed(others)}", *evidence)
    elif any(_BLOCKED in sentence for sentence in evidence):
        sentence = "Zabbix refuses the login: wrong password, or blocked for a while"
        yield LOGIN_BLOCKED.found(SUBJECT, sentence, *evidence)
    elif denied:
        yield API_DENIED.found(SUBJECT, "Zabbix refuses this console", *evidence)
    else:
        yield API_UNREACHABLE.found(SUBJECT, f"Zabbix cannot be asked: {evidence[0]}", *evidence[1:])


def _server(view: View) -> Iterator[Finding]:
    health = view.health
    if health is None:
        return
    if health.newest is not None and view.at - health.newest > DEAD_AFTER:
        since = view.when(health.newest)
        evidence = f"newest value of {', '.join(sorted(health.values))}: {since}"
        yield SERVER_DOWN.found(SUBJECT, f"the Zabbix server has stored nothing since {since}", evidence)
    queue = health.values.get("zabbix[queue,10m]", "")
    if queue.isascii() and queue.isdigit() and int(queue) >= LONG_QUEUE:
        sentence = f"{queue} items wait for more than ten minutes"
        yield QUEUE.found(SUBJECT, sentence, f"zabbix[queue,10m]: {queue}")


def _agents(view: View) -> Iterator[Finding]:
    found: dict[str, str] = {}
    for interface in view.silent or ():
        for host in interface.hosts:
            if host.enabled and not host.maintenance:
                way = f"{host.name} {interface.kind} {interface.address}"
                found.setdefault(host.name, f"{way}: {interface.error}")
    for known in view.hosts or ():
        if known.active is Availability.NO and not known.maintenance:
            found.setdefault(known.name, f"{known.name}: its active agent reports nothing")
    if found:
        many = f" ({MOST_ROWS - 1} and more)" if len(view.silent or ()) >= MOST_ROWS else ""
        sentence = f"{len(found)} agent{'s' * (len(found) != 1)} silent{many}: {listed(sorted(found))}"
        yield AGENTS_SILENT.found(SUBJECT, sentence, *[found[name] for name in sorted(found)][:20])


def _unsupported(view: View) -> Iterator[Finding]:
    items = view.unsupported or ()
    if len(items) < MANY_ITEMS:
        return
    count = f"{MOST_ROWS - 1} and more" if len(items) >= MOST_ROWS else str(len(items))
    hosts = sorted({host.name for item in items for host in item.hosts})
    first = [(item.hosts[0].name if item.hosts else "?", item) for item in items[:10]]
    evidence = [f"{name} {item.key}: {item.error}" for name, item in first]
    yield UNSUPPORTED.found(SUBJECT, f"{count} items are not supported, on {listed(hosts)}", *evidence)


def _maintenance(view: View) -> Iterator[Finding]:
    hosts = sorted(host.name for host in view.hosts or () if host.maintenance)
    if not hosts:
        return
    evidence = [
        f"{one.name}: until {view.when(one.till)}"
        for one in view.maintenances or ()
        if one.since <= view.at < one.till
    ]
    yield MAINTENANCE.found(SUBJECT, f"in maintenance: {listed(hosts)}", *evidence)


def _unwatched(view: View) -> Iterator[Finding]:
    """Only for names that the profile gives explicitly: a platform need not be watched whole."""
    if view.hosts is None:
        return
    known = {host.name for host in view.hosts}
    missing = sorted(name for name in view.monitoring.hosts if name not in known)
    if missing:
        sentence = f"Zabbix watches no host named {listed(missing)}"
        yield UNWATCHED.found(SUBJECT, sentence, f"host.get: {len(known)} enabled hosts")


def _disagreement(view: View, host: ZabbixHost) -> Iterator[Finding]:
    machine = view.machine(host.name)
    reached = view.reached.get(machine, Reached.UNKNOWN)
    silent = {ref.name for interface in view.silent or () for ref in interface.hosts}
    hears = view.silent is not None and host.name not in silent and host.availability is Availability.YES
    if reached is Reached.NO and hears:
        sentence = f"this console does not reach {machine}, but Zabbix hears its agent: it lives"
        evidence = (f"SSH to {machine}: no answer", f"agent of {host.name}: available")
        yield DISAGREES.found(subject_of(host.name), sentence, *evidence)
    elif reached is Reached.YES and host.name in silent:
        sentence = (
            f"Zabbix does not hear {host.name}, but it answers this console: its agent is down, not the host"
        )
        evidence = (f"SSH to {machine}: answers", f"agent of {host.name}: not available")
        yield DISAGREES.found(subject_of(host.name), sentence, *evidence)
