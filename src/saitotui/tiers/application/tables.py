"""What application screens may place: tables and series.

What moves all the time (threads, heap, connections, rates) stands rounded in tables, so that a quiet platform
makes a quiet screen; the exact values are in the details of a node and in the series.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.text import size
from saitotui.model.topology import Cell, Node, Row, Sample, Table
from saitotui.tiers.application.answering import by_tomcat
from saitotui.tiers.application.judge_cluster import Membership
from saitotui.tiers.application.judge_tomcats import word
from saitotui.tiers.application.judge_versions import version_id
from saitotui.tiers.application.nodes import percentile, served_word, state_health
from saitotui.tiers.application.view import RECENT, NginxView, TomcatView, View


def tables(
    view: View, drawn: Sequence[Node], members: Membership, findings: Sequence[Finding]
) -> tuple[Table, ...]:
    health = {node.id: node.health for node in drawn}
    return (
        _versions(view, findings),
        _tomcats(view, members, health),
        _nginx(view, health),
        _members(view, members, health),
        _answers(view, health),
    )


def _versions(view: View, findings: Sequence[Finding]) -> Table:
    """A row for each version, newest first; a column for each Tomcat with its sessions."""
    worst_of: dict[str, Health] = {}
    for finding in findings:
        worst_of[finding.subject] = max(finding.health, worst_of.get(finding.subject, Health.OK))
    rows = []
    for version in view.versions:
        key = version_id(view, version)
        cells = [_deployed(tomcat, version) for tomcat in view.tomcats.values()]
        health = max([worst_of.get(key, Health.OK), *(cell.health or Health.OK for cell in cells)])
        rows.append(Row(key, (Cell(key), Cell(_use(view, version)), *cells), health))
    columns = ("version", "use", *(f"{name}: sessions" for name in view.tomcats))
    return Table("versions", "Versions and their sessions", columns, tuple(rows))


def _deployed(tomcat: TomcatView, version: str) -> Cell:
    if tomcat.apps is None:
        return Cell("?", state_health(tomcat.state))
    app = tomcat.app(version)
    if app is None:
        return Cell("-")
    return Cell(str(app.sessions)) if app.running else Cell("stopped", Health.WARN)


def _use(view: View, version: str) -> str:
    """Whether new sessions get it."""
    running = [tomcat for tomcat in view.tomcats.values() if version in tomcat.running]
    serving = [tomcat for tomcat in running if tomcat.serves == version]
    if not running:
        return "none"
    if len(serving) == len(running):
        return "new sessions"
    return "some new sessions" if serving else "old sessions"


def _tomcats(view: View, members: Membership, health: Mapping[str, Health]) -> Table:
    rows = []
    for tomcat in view.tomcats.values():
        others = len(view.tomcats) - 1
        sees = members.sees.get(tomcat.name)
        cells = (
            Cell(tomcat.name),
            Cell(word(tomcat), state_health(tomcat.state)),
            Cell(served_word(view, tomcat)),
            Cell("?" if tomcat.sessions is None else str(tomcat.sessions)),
            Cell(_threads(tomcat)),
            Cell(_heap(tomcat)),
            Cell("?" if sees is None else f"{len(sees)} of {others}"),
        )
        rows.append(Row(tomcat.name, cells, health.get(tomcat.name, Health.UNKNOWN)))
    columns = ("tomcat", "state", "serves", "sessions", "threads", "heap", "members")
    return Table("tomcats", "Tomcats", columns, tuple(rows))


def _rounded(percent: float, step: int = 10) -> str:
    """Up to the next full step: `<= 50%`."""
    return f"<{(int(percent) // step + 1) * step}%"


def _threads(tomcat: TomcatView) -> str:
    threads = tomcat.threads
    if threads is None:
        return "?"
    return str(threads.busy) if threads.percent is None else f"{_rounded(threads.percent)} of {threads.most}"


def _heap(tomcat: TomcatView) -> str:
    heap = tomcat.heap
    if heap is None:
        return "?"
    if heap.percent is None or heap.most is None:
        return size(heap.used)
    return f"{_rounded(heap.percent)} of {size(heap.most)}"


def _nginx(view: View, health: Mapping[str, Health]) -> Table:
    rows = []
    for front in view.nginx.values():
        base = state_health(front.state)
        cells = (
            Cell(front.name),
            Cell(front.state.value, base),
            Cell("?" if front.status is None else _about(front.status.active)),
            Cell("?" if front.rate is None else _about(front.rate)),
            Cell(_errors(front)),
        )
        rows.append(Row(front.name, cells, health.get(front.name, base)))
    columns = ("nginx", "state", "connections", "requests/s", "errors")
    return Table("nginx", "nginx", columns, tuple(rows))


def _about(number: float) -> str:
    """In steps that a steady load does not cross all the time: 0, 10, 20, 50, 100, 200, 500, ..."""
    if number < 1:
        return "0"
    step = 10.0
    while True:
        for factor in (1, 2, 5):
            if number <= step * factor:
                return f"<={step * factor:.0f}"
        step *= 10


def _errors(front: NginxView) -> str:
    return "?" if front.recent is None else _share(front.errors or 0.0, bool(front.recent))


def _share(share: float, asked: bool) -> str:
    """A share of failures, where anything was `asked`."""
    if not share:
        return "none" if asked else "-"
    return "<1%" if share < 0.01 else f"{share:.0%}"


def _members(view: View, members: Membership, health: Mapping[str, Health]) -> Table:
    """Who sees whom in the session cluster: a row for each that looks, a column for each that is seen."""
    rows = []
    for name in view.tomcats:
        seen = members.sees.get(name)
        cells = [Cell("self") if other == name else _sees(members, seen, other) for other in view.tomcats]
        rows.append(Row(name, (Cell(name), *cells), health.get(name, Health.UNKNOWN)))
    columns = ("tomcat", *(f"sees {name}" for name in view.tomcats))
    return Table("members", "Session cluster", columns, tuple(rows))


def _answers(view: View, health: Mapping[str, Health]) -> Table:
    """What users got from each Tomcat lately, by nginx's access logs."""
    known = [front.recent for front in view.nginx.values() if front.recent is not None]
    found = by_tomcat(view, chain.from_iterable(known))
    rows = []
    for name, one in found.items():
        cells = ["?", "?", "?"]
        if known:
            slowest = "-" if one.p95 is None else f"{_about(one.p95 * 1000)} ms"
            share = one.failed / (one.requests + one.failed) if one.failed else 0.0
            asked = bool(one.requests or one.failed)
            cells = [_about(one.requests / RECENT), _share(share, asked), slowest]
        rows.append(Row(name, (Cell(name), *map(Cell, cells)), health.get(name, Health.UNKNOWN)))
    columns = ("tomcat", "requests/s", "failed", "slowest of 20")
    return Table("answers", "Who answers users", columns, tuple(rows))


def _sees(members: Membership, seen: frozenset[str] | None, other: str) -> Cell:
    if seen is None:
        return Cell("?", Health.UNKNOWN)
    if other in seen:
        return Cell("yes")
    return Cell("no", Health.WARN if other in members.sees else None)


def samples(view: View) -> Iterator[Sample]:
    """All but latencies over the whole application; None as soon as a part of a sum is unknown."""
    fronts, tomcats = list(view.nginx.values()), list(view.tomcats.values())
    yield Sample("requests", "requests", _sum([front.rate for front in fronts]), "/s")
    known = [front for front in fronts if front.recent]
    asked = sum(len(front.recent or ()) for front in known)
    failed = sum((front.errors or 0.0) * len(front.recent or ()) for front in known)
    yield Sample("errors", "server errors", 100 * failed / asked if asked else None, "%")
    slow = [seconds * 1000 for front in fronts if (seconds := percentile(front)) is not None]
    yield Sample("p95", "slowest of 20 requests", max(slow) if slow else None, "ms")
    yield Sample("sessions", "sessions", _sessions(view))
    if len(view.versions) > 1:
        for version in view.versions:
            yield Sample(f"sessions-{version}", view.named(version), view.sessions(version))
    busy = [tomcat.threads.busy if tomcat.threads else None for tomcat in tomcats]
    yield Sample("threads", "busy threads", _sum(busy))
    for tomcat in tomcats:
        yield Sample(
            f"{tomcat.name}-heap", f"{tomcat.name} heap", tomcat.heap.percent if tomcat.heap else None, "%"
        )
    for journey in view.journeys:
        seconds = None if journey.visit is None else journey.seconds * 1000
        yield Sample(f"journey-{journey.check.name}", journey.check.name, seconds, "ms")


def _sum(parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _sessions(view: View) -> float | None:
    """Sessions of all versions."""
    if all(tomcat.apps is None for tomcat in view.tomcats.values()):
        return None
    return sum(view.sessions(version) for version in view.versions)
