"""The hosts tier: every machine of the profile, whatever runs on it: is it there, is its clock right, has it
memory and disk left. What a host's failure means for a service is said by the service's own tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saitotui.model.command import FailureKind, Question
from saitotui.model.finding import Finding
from saitotui.model.health import Health, worst
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import duration, size
from saitotui.model.tier import Tier, TierKind
from saitotui.model.topology import Actor, Cell, Event, Fact, Node, Row, Sample, Table, TierPicture
from saitotui.tiers.hosts import drift, fleet
from saitotui.tiers.hosts.clock import offsets
from saitotui.tiers.hosts.drift import Drift
from saitotui.tiers.hosts.fleet import FleetQuestions
from saitotui.tiers.hosts.judge import HostView, Limits, host_findings, limits
from saitotui.tiers.hosts.questions import HostQuestions, ask, flat, host_id
from saitotui.tiers.hosts.situations import FLEET_UNKNOWN, SITUATIONS

__all__ = ["TIER", "HostsTier"]


@dataclass(frozen=True, slots=True)
class HostsTier:
    """All hosts of one profile."""

    profile: Profile
    asked: Mapping[str, HostQuestions]
    fleet: FleetQuestions | None = None
    files: Mapping[str, Question[Drift]] = field(default_factory=dict)

    @property
    def questions(self) -> Sequence[Question[Any]]:
        return (*flat(self.asked), *self.files.values(), *(self.fleet.all if self.fleet else ()))

    def picture(self, snapshot: Snapshot) -> TierPicture:
        views = look(self.asked, snapshot)
        if self.fleet is not None:
            views += fleet.views(self.fleet, snapshot, self.profile.hosts)
        bounds = limits(self.profile)
        found = {view.name: tuple(self._findings(view, bounds, snapshot)) for view in views}
        every = [finding for findings in found.values() for finding in findings]
        every += _fleet_unknown(self.fleet, snapshot)
        findings = tuple(sorted(every, key=lambda finding: (-finding.health, finding.code, finding.subject)))
        nodes = tuple(_node(view, found[view.name]) for view in views)
        return TierPicture(
            "hosts",
            _headline(views, findings),
            nodes=nodes,
            findings=findings,
            events=tuple(_events(views, snapshot.at)),
            tables=(_hosts(views, nodes), _disks(views)),
            samples=tuple(_samples(views)),
        )

    def _findings(self, view: HostView, bounds: Limits, snapshot: Snapshot) -> Iterator[Finding]:
        yield from host_findings(view, bounds)
        if view.name in self.files:
            changed = snapshot.get(self.files[view.name]) or {}
            yield from drift.findings(view.name, host_id(view.name), changed)


def _fleet_unknown(asked: FleetQuestions | None, snapshot: Snapshot) -> Iterator[Finding]:
    """Zabbix's silence about a fleet; what is not asked yet is no silence."""
    failure = snapshot.reading(asked.members).failure if asked is not None else None
    if asked is not None and failure is not None and failure.kind is not FailureKind.PENDING:
        sentence = f"Zabbix does not say which hosts are in {asked.group!r}"
        yield FLEET_UNKNOWN.found("hosts", sentence, failure.sentence)


def look(asked: Mapping[str, HostQuestions], snapshot: Snapshot) -> tuple[HostView, ...]:
    """What is known of each host."""
    readings = {host: snapshot.reading(questions.facts) for host, questions in asked.items()}
    ahead = offsets(readings)
    return tuple(
        HostView(
            host,
            reading.get(),
            reading.failure,
            snapshot.get(asked[host].disks),
            ahead.get(host),
            logins=snapshot.get(asked[host].logins) or (),
        )
        for host, reading in readings.items()
    )


LATELY = 86_400.0
"""Seconds for which a login, or a start of a host, is told."""


def _events(views: Sequence[HostView], now: float) -> Iterator[Event]:
    """Who logged in, and which host was started, newest first."""
    found = [(one.at, view.name, one) for view in views for one in view.logins if now - one.at <= LATELY]
    for at, host, login in sorted(found, key=lambda entry: entry[:2], reverse=True):
        if login.user:
            origin = f" from {login.origin}" if login.origin else f" at {login.line}"
            sentence = f"{login.user} logged in to {host}{origin}"
            yield Event(at, Actor.PERSON, login.user, host_id(host), sentence)
        else:
            yield Event(at, Actor.PLATFORM, host, host_id(host), f"{host} was started with {login.line}")


def _headline(views: Sequence[HostView], findings: Sequence[Finding]) -> str:
    if findings:
        return findings[0].sentence
    if all(view.pending for view in views):
        return "not asked yet"
    answering = sum(view.facts is not None for view in views)
    return f"{answering} of {len(views)} hosts answer"


def _state(view: HostView) -> tuple[str, Health]:
    if view.facts is not None:
        return f"up ({view.source})" if view.source else "up", Health.OK
    return (
        "not asked yet" if view.pending else view.failure.kind.value if view.failure else "?"
    ), Health.UNKNOWN


def _clock(view: HostView) -> str:
    return f"{view.offset.seconds:+.2f}s ±{view.offset.margin:.2f}" if view.offset else "?"


def _load(view: HostView) -> str:
    return " ".join(f"{load:.2f}" for load in view.facts.load) if view.facts else "?"


def _memory(view: HostView) -> str:
    facts = view.facts
    return f"{facts.memory_percent:.0f}% of {size(facts.memory_total)}" if facts else "?"


def _fullest(view: HostView) -> str:
    if not view.disks:
        return "?"
    disk = max(view.disks, key=lambda disk: disk.percent)
    return f"{disk.mount} {disk.percent:.0f}%"


def _node(view: HostView, findings: Sequence[Finding]) -> Node:
    word, base = _state(view)
    facts = view.facts
    lines = [
        Fact("state", word, base),
        Fact("load", _load(view)),
        Fact("processors", str(facts.cpus) if facts else "?"),
        Fact("memory", _memory(view)),
        Fact("swap", f"{size(facts.swap_free)} free of {size(facts.swap_total)}" if facts else "?"),
        Fact("fullest disk", _fullest(view)),
        Fact("clock, to the other hosts", _clock(view)),
        Fact("up", duration(round(facts.uptime)) if facts else "?"),
        Fact("boot id", (facts.boot_id if facts else "") or "?"),
        Fact("kernel", (facts.kernel if facts else "") or "?"),
    ]
    if view.source:
        lines.append(Fact("read from", f"{view.source} old"))
    if view.failure is not None:
        lines.append(Fact("no answer", view.failure.sentence, Health.UNKNOWN))
    health = worst([base, *(finding.health for finding in findings)])
    summary = f"load {facts.load[0]:.2f}, memory {facts.memory_percent:.0f}%" if facts else word
    host = "" if view.source else view.name
    return Node(host_id(view.name), "hosts", "host", health, "", summary, tuple(lines), host)


def _hosts(views: Sequence[HostView], nodes: Sequence[Node]) -> Table:
    rows = []
    for view, node in zip(views, nodes, strict=True):
        word, base = _state(view)
        cells = (
            Cell(view.name),
            Cell(word, base),
            Cell(_load(view)),
            Cell(_memory(view)),
            Cell(_fullest(view)),
            Cell(_clock(view)),
            Cell(duration(round(view.facts.uptime)) if view.facts else "?"),
        )
        rows.append(Row(node.id, cells, node.health))
    columns = ("host", "state", "load", "memory", "fullest disk", "clock", "up")
    return Table("hosts", "Hosts", columns, tuple(rows))


def _disks(views: Sequence[HostView]) -> Table:
    rows = [
        Row(
            host_id(view.name),
            (Cell(view.name), Cell(disk.mount), Cell(f"{disk.percent:.0f}% of {size(disk.total)}")),
        )
        for view in views
        for disk in view.disks or ()
        if disk.total
    ]
    return Table("disks", "Local file systems", ("host", "mount", "used"), tuple(rows))


def _samples(views: Sequence[HostView]) -> Iterator[Sample]:
    for view in views:
        if view.source:
            continue
        yield Sample(f"{view.name}-load", f"{view.name} load", view.facts.load[0] if view.facts else None)
        memory = view.facts.memory_percent if view.facts else None
        yield Sample(f"{view.name}-memory", f"{view.name} memory", memory, "%")


def build(profile: Profile) -> Tier | None:
    if not profile.hosts:
        return None
    return HostsTier(profile, ask(profile), fleet.ask(profile), drift.ask(profile, host_id))


TIER = TierKind("hosts", "Hosts", 7, build, SITUATIONS)
