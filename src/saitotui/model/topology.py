"""What a platform is made of, as one tier sees it: nodes, edges, tables, series, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from saitotui.model.finding import Finding
from saitotui.model.health import Health, worst


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a node's details: `label: text`."""

    label: str
    text: str
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A machine or service. `id` is unique in the platform (`db1`, `lb1`, `guest/101`), `role` is what facts
    say it does now (`master`, `replica`, `primary`, `standby`, ... or `` when unknown)."""

    id: str
    tier: str
    kind: str
    health: Health
    role: str = ""
    summary: str = ""
    facts: tuple[Fact, ...] = ()
    host: str = ""
    """The profile host it runs on, where one is known (for `ssh`, and for what stops if the host dies)."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A link between two node ids; traffic or replication flows from `source` to `target`."""

    source: str
    target: str
    kind: str
    health: Health
    label: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`key` is the id of the node or finding that Enter opens."""

    key: str
    cells: tuple[Cell, ...]
    health: Health = Health.OK


@dataclass(frozen=True, slots=True)
class Table:
    """A table that a screen may place by `name`; `columns` are the headings in order."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """The present value of one series that a screen may draw as a sparkline; None when unknown."""

    name: str
    title: str
    value: float | None
    unit: str = ""


class Actor(StrEnum):
    PERSON = "person"
    ROBOT = "robot"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened (UTC seconds): a task, a move, a remote command, a change of role or health."""

    at: float
    actor: Actor
    who: str
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Journey:
    """What a user does, tried end to end: `latency` in seconds when it answered."""

    name: str
    health: Health
    sentence: str
    latency: float | None = None


@dataclass(frozen=True, slots=True)
class Robot:
    """Something that acts by itself on this platform (HA manager, heartbeat, a Zabbix action, HAProxy)."""

    name: str
    armed: bool | None
    """None: cannot tell."""
    sentence: str


@dataclass(frozen=True, slots=True)
class TierPicture:
    """Everything one tier says about one snapshot."""

    tier: str
    headline: str
    """One line: the named diagnosis, or what is well."""
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    findings: tuple[Finding, ...] = ()
    tables: tuple[Table, ...] = ()
    samples: tuple[Sample, ...] = ()
    events: tuple[Event, ...] = ()
    journeys: tuple[Journey, ...] = ()
    robots: tuple[Robot, ...] = ()
    dead: Mapping[str, str] = field(default_factory=dict)
    """Node ids proven dead (not merely unreachable), with the sentence that proves it."""

    @property
    def health(self) -> Health:
        return worst([node.health for node in self.nodes] + [finding.health for finding in self.findings])
