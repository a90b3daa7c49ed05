"""Hand-made pictures of the platform fsn1 in trouble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.ui.pictures import (
    CRIT,
    EVENTS,
    NOW,
    OK,
    UNKNOWN,
    WARN,
    healthy,
    table,
)

from saitotui.model.command import Failure, FailureKind
from saitotui.model.finding import Finding
from saitotui.model.picture import Picture
from saitotui.model.snapshot import Snapshot
from saitotui.model.topology import (
    Actor,
    Cell,
    Edge,
    Event,
    Journey,
    Node,
    Table,
)


def _with(
    picture: Picture,
    findings: tuple[tuple[str, Finding, float], ...],
    nodes: Mapping[str, Node],
    edges: Mapping[tuple[str, str], Edge],
) -> Picture:
    """`picture` with findings (tier, finding, seconds ago), and nodes and links replaced."""
    tiers = tuple(
        replace(
            tier,
            nodes=tuple(nodes.get(node.id, node) for node in tier.nodes),
            edges=tuple(edges.get((edge.source, edge.target), edge) for edge in tier.edges),
            findings=tuple(finding for name, finding, _ in findings if name == tier.tier),
        )
        for tier in picture.tiers
    )
    ordered = sorted((f for _, f, _ in findings), key=lambda f: (bool(f.cause), -f.health, f.code, f.subject))
    since = {(finding.code, finding.subject): NOW - ago for _, finding, ago in findings}
    return replace(picture, tiers=tiers, findings=tuple(ordered), since=since)


def _tier(picture: Picture, name: str, **changes: Any) -> Picture:
    tiers = tuple(replace(tier, **changes) if tier.tier == name else tier for tier in picture.tiers)
    return replace(picture, tiers=tiers)


_DEAD = Finding(
    "database.master-dead",
    "db1",
    CRIT,
    "db1 is dead and nobody takes writes; db2 has everything and could be promoted",
    (
        "mysql db1: no answer within 3s (10.20.0.16:3306)",
        "ssh db1: no route to host",
        "pve2: guest 106 (db1) is stopped",
        "lb1 and lb2: mysql_write/db1 DOWN, L4TOUT",
        "db2: Slave_IO_Running Connecting, all of the relay log applied, 0-1-48211937",
    ),
    ("promote-db-replica",),
)
_CAUSE = "database.master-dead"
_FOUND = (
    ("database", _DEAD, 252.0),
    (
        "database",
        Finding("database.replication-io-stopped", "db2", CRIT, "db2 cannot reach its master", cause=_CAUSE),
        250.0,
    ),
    (
        "application",
        Finding(
            "application.journey-failed",
            "journey/login",
            CRIT,
            "login fails with 503 since writes are refused",
            cause=_CAUSE,
        ),
        240.0,
    ),
    (
        "cluster",
        Finding(
            "cluster.guest-stopped",
            "guest/106",
            CRIT,
            "guest 106 (db1) is stopped on pve2, and HA gave up after 3 restarts",
            ("/cluster/ha/status/current: vm:106 error",),
        ),
        255.0,
    ),
    (
        "monitoring",
        Finding(
            "monitoring.problems",
            "mon1",
            WARN,
            "Zabbix has 4 problems, 1 of them disaster, none acknowledged",
            cause=_CAUSE,
        ),
        180.0,
    ),
    (
        "redundancy",
        Finding(
            "redundancy.database-no-standby",
            "database",
            CRIT,
            "database: no standby; a second failure loses data",
            cause=_CAUSE,
        ),
        252.0,
    ),
    (
        "hosts",
        Finding("hosts.unreachable", "host/db1", UNKNOWN, "db1 does not answer by SSH", cause=_CAUSE),
        250.0,
    ),
)

_EVENTS = (
    Event(
        NOW - 240,
        Actor.PLATFORM,
        "saitotui",
        "journey/login",
        "login fails with 503 since writes are refused",
    ),
    Event(NOW - 252, Actor.PLATFORM, "saitotui", "db1", "db1 is dead and nobody takes writes"),
    Event(NOW - 254, Actor.ROBOT, "HAProxy", "lb1", "mysql_write/db1 is DOWN: L4TOUT"),
    Event(NOW - 256, Actor.ROBOT, "HAProxy", "lb2", "mysql_write/db1 is DOWN: L4TOUT"),
    Event(NOW - 290, Actor.ROBOT, "Proxmox HA", "guest/106", "vm:106 error: 3 restarts failed"),
    Event(NOW - 1_900, Actor.PERSON, "ben@pam", "guest/106", "vmconfig 106 on pve2: memory 64 GiB to 96 GiB"),
)


def _tables(picture: Picture) -> tuple[Table, ...]:
    """The database tier's, after its master died."""
    base = picture.tier("database")
    assert base is not None
    servers = table(
        "servers",
        "Servers",
        base.tables[0].columns,
        (CRIT, ("db1", Cell("master?", UNKNOWN), "?", "?", "?", "?", "?", "?", "?", "?")),
        (
            WARN,
            (
                *("db2", "replica", "ON", Cell("Connecting", CRIT), "Yes", Cell("?", UNKNOWN)),
                *("0-1-48211937", "11/600", "0s", Cell("off", WARN)),
            ),
        ),
    )
    proxies = table(
        "haproxy",
        "HAProxy: who gets the writes",
        base.tables[1].columns,
        (CRIT, ("lb1", "mysql_write", "db1", Cell("DOWN", CRIT), "0", "L4TOUT", "4m ago")),
        (WARN, ("lb1", "mysql_write", "db2 (backup)", Cell("MAINT", WARN), "0", "-", "12d ago")),
        (CRIT, ("lb2", "mysql_write", "db1", Cell("DOWN", CRIT), "0", "L4TOUT", "4m ago")),
        (WARN, ("lb2", "mysql_write", "db2 (backup)", Cell("MAINT", WARN), "0", "-", "12d ago")),
    )
    return servers, proxies


def master_dead() -> Picture:
    picture = _with(
        healthy(),
        _FOUND,
        {
            "db1": Node("db1", "database", "mariadb", CRIT, "master", "no answer; was master", (), "db1"),
            "db2": Node("db2", "database", "mariadb", WARN, "replica", "waits for db1", (), "db2"),
            "guest/106": Node("guest/106", "cluster", "guest", CRIT, "stopped", "stopped on pve2"),
            "host/db1": Node("host/db1", "hosts", "host", UNKNOWN, "", "no answer", (), "db1"),
        },
        {
            ("db1", "db2"): Edge("db1", "db2", "replication", CRIT, "IO connecting"),
            ("lb1", "db1"): Edge("lb1", "db1", "writes", CRIT, "DOWN L4TOUT"),
            ("lb2", "db1"): Edge("lb2", "db1", "writes", CRIT, "DOWN L4TOUT"),
        },
    )
    tables = _tables(picture)
    journeys = (
        Journey("home", OK, "200 by lb 10.20.0.200", 0.043),
        Journey("login", CRIT, "503 from /login since 03:12:52Z", None),
    )
    picture = _tier(picture, "database", headline="nobody takes writes", tables=tables)
    picture = _tier(picture, "application", journeys=journeys)
    return replace(picture, events=(*_EVENTS, *EVENTS))


def unreachable() -> Picture:
    """Everything from disk, four hours old, and nothing answers."""
    picture = healthy()
    blind = Finding(
        "platform.console-cut-off",
        "platform",
        UNKNOWN,
        "I see 0 of 15 hosts: it is probably me, not the platform",
        ("ssh: 15 of 15 no route to host", "this machine: no default route"),
    )
    failed = Failure(FailureKind.UNREACHABLE, "no route to host 10.20.0.16")
    tiers = tuple(
        replace(
            tier,
            headline="no answer",
            nodes=tuple(replace(node, health=UNKNOWN, role="") for node in tier.nodes),
            edges=tuple(replace(edge, health=UNKNOWN) for edge in tier.edges),
            tables=(),
            findings=(blind,) if tier.tier == "redundancy" else (),
            journeys=tuple(
                replace(j, health=UNKNOWN, sentence="not tried", latency=None) for j in tier.journeys
            ),
            robots=tuple(replace(robot, armed=None) for robot in tier.robots),
        )
        for tier in picture.tiers
    )
    old = {
        key: replace(reading, value=failed, good=reading.raw and "", good_at=NOW - 14_400)
        for key, reading in picture.snapshot.readings.items()
    }
    return replace(
        picture,
        snapshot=Snapshot(NOW - 14_400, old),
        tiers=tiers,
        findings=(blind,),
        since={(blind.code, blind.subject): NOW - 14_400},
        restored=True,
    )
