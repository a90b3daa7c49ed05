"""PVE's HA stack: `get /cluster/ha/status/current`, `.../manager_status`, `/cluster/ha/resources`.

Statuses are texts made for people (`pve3 (old timestamp - dead?, watchdog standby, Mon Nov 23 15:15:53
2026)`); they were recorded on ha-manager 4.0 (PVE 8.4) and 5.2 (PVE 9.2, adds the watchdog word, the
`fencing` entry and disarming). Timestamps are the writing node's clock, seconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from saitotui.facts.proxmox_fields import Entry, children, entry, flag, name, needed, number, records, text
from saitotui.model.command import Answer, Json, Unparsable

_STATUS = re.compile(r"^(?P<node>\S{1,80}) \((?P<inside>[^()]{0,200})\)")
_DATE = re.compile(r"^[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d")

RESTING = ("stopped", "error", "disabled", "ignored", "freeze")
"""States of a service that HA neither recovers nor moves (ha-manager(1))."""
DEAD = "old timestamp - dead?"
"""A manager's word when it has not written for 30 s."""
MAINTENANCE = "maintenance mode"
"""An LRM's word while its node is drained."""
RESTART = "restart mode"
"""An LRM's word while its node reboots on purpose."""
DRIFT = "detected time drift!"
"""A manager's word when its timestamp lies in the future of the answering node."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """The HA manager (CRM) that leads, or a node's local resource manager (LRM): its `state` in PVE's words
    (`active`, `idle`, `maintenance mode`, `old timestamp - dead?` ...), the watchdog word where it says one,
    and when it last wrote."""

    node: str
    state: str
    watchdog: str
    timestamp: float | None


@dataclass(frozen=True, slots=True)
class Service:
    """An HA resource. `state` is made for people (`starting`), `crm_state` is the state machine's."""

    sid: str
    node: str
    state: str
    crm_state: str
    request: str
    group: str


@dataclass(frozen=True, slots=True)
class HaStatus:
    """`armed` is `armed`, `standby`, `disarming`, `disarmed`, or `` where this PVE does not say (before 9.2).
    `master` is None while nobody leads."""

    quorate: bool | None
    quorum_text: str
    master: Daemon | None
    lrms: tuple[Daemon, ...]
    services: tuple[Service, ...]
    armed: str = ""

    def lrm(self, node: str) -> Daemon | None:
        return next((lrm for lrm in self.lrms if lrm.node == node), None)

    def service(self, sid: str) -> Service | None:
        return next((service for service in self.services if service.sid == sid), None)

    @property
    def disarmed(self) -> bool:
        """Whether nothing is fenced, recovered or moved, from now on or already."""
        return self.armed in ("disarming", "disarmed")

    @property
    def newest(self) -> float | None:
        """The newest timestamp of any daemon: the cluster's own clock, at most one round (10 s) behind."""
        stamps = [lrm.timestamp for lrm in self.lrms if lrm.timestamp is not None]
        if self.master is not None and self.master.timestamp is not None:
            stamps.append(self.master.timestamp)
        return max(stamps, default=None)


@dataclass(frozen=True, slots=True)
class ManagedService:
    """A service in the manager's own book; `target` while it moves, `failed_nodes` where starting failed."""

    state: str
    node: str
    target: str = ""
    failed_nodes: tuple[str, ...] = ()
    maintenance_node: str = ""


@dataclass(frozen=True, slots=True)
class ManagerStatus:
    """`node_status` is the manager's verdict on each node: online, unknown, fence, maintenance, gone."""

    master: str
    timestamp: float | None
    node_status: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, ManagedService] = field(default_factory=dict)
    maintenance_requested: frozenset[str] = frozenset()
    lrm_states: Mapping[str, str] = field(default_factory=dict)
    """What each node's LRM wrote last (`active`: it holds its lock), however long ago."""
    disarm: str = ""


@dataclass(frozen=True, slots=True)
class HaResource:
    """A configured HA resource: the state that is requested for it, and its group (PVE 8 and before)."""

    sid: str
    state: str
    group: str

    @property
    def wanted(self) -> str:
        """The state by its newer name: `enabled` is `started` (ha-manager(1))."""
        return "started" if self.state == "enabled" else self.state


@dataclass(frozen=True, slots=True)
class Rule:
    """An HA rule (PVE 9): `kind` is `resource-affinity` (its resources keep together, or `apart`) or
    `node-affinity`: `nodes` with their priority, and nowhere else when `strict`."""

    name: str
    kind: str
    resources: tuple[str, ...]
    apart: bool = False
    nodes: Mapping[str, int] = field(default_factory=dict)
    strict: bool = False


def ha_status(answer: Answer) -> HaStatus:
    """Reads `get /cluster/ha/status/current`."""
    quorate: bool | None = None
    quorum_text, armed = "", ""
    master: Daemon | None = None
    lrms: list[Daemon] = []
    services: list[Service] = []
    for record in records(answer, "/cluster/ha/status/current"):
        match record.get("type"):
            case "quorum":
                quorate, quorum_text = flag(record, "quorate"), text(record, "status")
            case "master":
                master = _daemon(record)
            case "lrm":
                lrms.append(_daemon(record))
            case "fencing":
                armed = text(record, "armed-state")
            case "service":
                services.append(_service(record))
    if not quorum_text and quorate is None:
        raise Unparsable("/cluster/ha/status/current says nothing about quorum")
    lrms.sort(key=lambda lrm: lrm.node)
    services.sort(key=lambda service: (len(service.sid), service.sid))
    return HaStatus(quorate, quorum_text, master, tuple(lrms), tuple(services), armed)


def manager_status(answer: Answer) -> ManagerStatus:
    """Reads `get /cluster/ha/status/manager_status`; everything in it is optional until HA was first used."""
    whole = entry(answer.data, "/cluster/ha/status/manager_status")
    book = entry(whole.get("manager_status") or {}, "manager_status")
    verdicts = book.get("node_status")
    disarm = book.get("disarm")
    return ManagerStatus(
        master=text(book, "master_node"),
        timestamp=number(book, "timestamp"),
        node_status={name(node): name(word) for node, word in verdicts.items()}
        if isinstance(verdicts, dict)
        else {},
        services={sid: _managed(record) for sid, record in children(book.get("service_status")).items()},
        maintenance_requested=frozenset(
            node
            for node, request in children(book.get("node_request")).items()
            if flag(request, "maintenance")
        ),
        lrm_states={node: text(lrm, "state") for node, lrm in children(whole.get("lrm_status")).items()},
        disarm=text(disarm, "state") if isinstance(disarm, dict) else "",
    )


def ha_resources(answer: Answer) -> tuple[HaResource, ...]:
    """Reads `get /cluster/ha/resources`."""
    found = [
        HaResource(
            needed(record, "sid", "an HA resource"), text(record, "state") or "started", text(record, "group")
        )
        for record in records(answer, "/cluster/ha/resources")
    ]
    return tuple(sorted(found, key=lambda resource: (len(resource.sid), resource.sid)))


def ha_rules(answer: Answer) -> tuple[Rule, ...]:
    """Reads `get /cluster/ha/rules`; rules that are switched off are left out."""
    return tuple(
        Rule(
            needed(record, "rule", "an HA rule"),
            text(record, "type"),
            tuple(filter(None, (part.strip() for part in text(record, "resources").split(",")))),
            text(record, "affinity") == "negative",
            dict(_weighted(part) for part in text(record, "nodes").split(",") if part.strip()),
            flag(record, "strict") is True,
        )
        for record in records(answer, "/cluster/ha/rules")
        if flag(record, "disable") is not True
    )


def _weighted(part: str) -> tuple[str, int]:
    """`pve1:2`: a node and its priority."""
    node, _, priority = part.strip().partition(":")
    return node, int(priority) if priority.isdigit() else 0


def _daemon(record: Entry) -> Daemon:
    """`pve1 (active, watchdog active, Mon Nov 23 15:15:00 2026)`; the node is also a field of its own."""
    status = text(record, "status")
    found = _STATUS.match(status)
    words = [word.strip() for word in found["inside"].split(",")] if found else []
    spoken = [word for word in words if word and not _DATE.match(word)]
    watchdog = next((word for word in spoken if word.startswith("watchdog ")), "")
    states = [word for word in spoken if word != watchdog]
    return Daemon(
        node=text(record, "node") or (found["node"] if found else ""),
        state=states[0] if states else status,
        watchdog=watchdog.removeprefix("watchdog "),
        timestamp=number(record, "timestamp"),
    )


def _service(record: Entry) -> Service:
    return Service(
        sid=needed(record, "sid", "an HA service"),
        node=text(record, "node"),
        state=text(record, "state"),
        crm_state=text(record, "crm_state"),
        request=text(record, "request_state"),
        group=text(record, "group"),
    )


def _managed(record: Entry) -> ManagedService:
    return ManagedService(
        state=text(record, "state"),
        node=text(record, "node"),
        target=text(record, "target"),
        failed_nodes=_names(record.get("failed_nodes")),
        maintenance_node=text(record, "maintenance_node"),
    )


def _names(value: Json) -> tuple[str, ...]:
    return tuple(name(item) for item in value) if isinstance(value, list) else ()
