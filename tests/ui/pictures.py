"""Hand-made pictures of the platform fsn1, as its tiers would make them."""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.model.command import Answer, Client, Command, Question
from saitotui.model.finding import Situation
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.profile import Environment, Host, Profile
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import (
    Actor,
    Cell,
    Edge,
    Event,
    Fact,
    Journey,
    Node,
    Robot,
    Row,
    Sample,
    Table,
    TierPicture,
)

NOW = 1_772_939_812.0
"""2026-03-08 03:16:52Z."""
OK, MAINT, WARN, UNKNOWN, CRIT = Health.OK, Health.MAINT, Health.WARN, Health.UNKNOWN, Health.CRIT

HOSTS = (
    *("pve1", "pve2", "pve3", "st1", "st2", "db1", "db2", "lb1", "lb2"),
    *("web1", "web2", "tc1", "tc2", "tc3", "mon1"),
)

PROFILE = Profile(
    name="fsn1",
    hosts={name: Host(address=f"10.20.0.{n}") for n, name in enumerate(HOSTS, 11)},
    environment=Environment("prod"),
)

SITUATIONS = {
    situation.code: situation
    for situation in (
        Situation(
            "database.master-dead",
            CRIT,
            "The database master is dead",
            "Nobody can write: logins, orders and uploads fail until a server takes writes again.",
            "Promote the replica. The master must stay fenced, or both would take writes.",
            ("promote-db-replica",),
        ),
        Situation(
            "storage.split-brain",
            CRIT,
            "Both sides of DRBD went on alone",
            "Each side has changes that the other lacks. Whatever is discarded is lost.",
            "Stop writers, keep a copy of both sides, choose the victim by what changed, then let it resync.",
            ("solve-drbd-split-brain",),
        ),
    )
}


def table(
    name: str, title: str, columns: tuple[str, ...], *rows: tuple[Health, tuple[str | Cell, ...]]
) -> Table:
    """Rows of (health, texts); the first text is the key."""
    made = tuple(
        Row(
            cells[0].text if isinstance(cells[0], Cell) else cells[0],
            tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells),
            health,
        )
        for health, cells in rows
    )
    return Table(name, title, columns, made)


def cluster() -> TierPicture:
    nodes = [
        Node(
            n, "cluster", "hypervisor", OK, "manager" if n == "pve1" else "member", "online, 4 guests", (), n
        )
        for n in ("pve1", "pve2", "pve3")
    ]
    guests = [Node(f"guest/{100 + n}", "cluster", "guest", OK, "running", "running") for n in range(1, 13)]
    links = [
        Edge(a, b, "corosync", OK, f"link {link}")
        for link in (0, 1)
        for a, b in (("pve1", "pve2"), ("pve1", "pve3"), ("pve2", "pve3"))
    ]
    return TierPicture(
        "cluster",
        "quorate, 3 of 3 nodes online, 12 guests run",
        tuple([*nodes, *guests]),
        tuple(links),
        tables=(
            table(
                "nodes",
                "Cluster nodes",
                ("node", "state", "quorum", "HA", "LRM", "cpu", "memory", "load", "version"),
                (
                    OK,
                    (
                        "pve1",
                        "online",
                        "3 of 3",
                        "manager",
                        "active",
                        "12%",
                        "41% of 252 GiB",
                        "2.10",
                        "8.4.1",
                    ),
                ),
                (OK, ("pve2", "online", "3 of 3", "", "active", "18%", "47% of 252 GiB", "3.42", "8.4.1")),
                (OK, ("pve3", "online", "3 of 3", "", "active", "9%", "39% of 252 GiB", "1.05", "8.4.1")),
            ),
        ),
        samples=(Sample("guests", "guests that surely run", 12),),
        robots=(Robot("Proxmox HA", True, "led by pve1, manages 12 guests"),),
    )


def database() -> TierPicture:
    nodes = (
        Node(
            "db1",
            "database",
            "mariadb",
            OK,
            "master",
            "takes writes, 214 connections",
            (
                Fact("version", "10.11.11-MariaDB"),
                Fact("read_only", "OFF", OK),
                Fact("server_id", "1"),
                Fact("GTID position", "0-1-48211937"),
                Fact("connections", "214 of 600", OK),
                Fact("longest transaction", "0.4s", OK),
                Fact("semi-sync", "master on, 1 acker", OK),
            ),
            "db1",
        ),
        Node("db2", "database", "mariadb", OK, "replica", "both threads run, lag 0s", (), "db2"),
        Node("lb1", "database", "haproxy", OK, "", "sends writes to db1", (), "lb1"),
        Node("lb2", "database", "haproxy", OK, "", "sends writes to db1", (), "lb2"),
    )
    edges = (
        Edge("db1", "db2", "replication", OK, "0s"),
        Edge("lb1", "db1", "writes", OK, "107 sessions"),
        Edge("lb2", "db1", "writes", OK, "107 sessions"),
        *(Edge(tc, lb, "sql", OK) for tc in ("tc1", "tc2", "tc3") for lb in ("lb1", "lb2")),
    )
    columns = ("server", "role", "read_only", "IO", "SQL", "lag", "GTID", "conns", "longest", "semi-sync")
    servers = table(
        "servers",
        "Servers",
        columns,
        (OK, ("db1", "master", "OFF", "-", "-", "-", "0-1-48211937", "214/600", "0.4s", "1 acker")),
        (OK, ("db2", "replica", "ON", "Yes", "Yes", "0s", "0-1-48211937", "11/600", "0s", "acks")),
    )
    proxies = table(
        "haproxy",
        "HAProxy: who gets the writes",
        ("node", "backend", "server", "state", "sessions", "check", "changed"),
        (OK, ("lb1", "mysql_write", "db1", "UP", "107", "L7OK 1ms", "12d ago")),
        (OK, ("lb1", "mysql_write", "db2 (backup)", "UP", "0", "L7OK 1ms", "12d ago")),
        (OK, ("lb2", "mysql_write", "db1", "UP", "107", "L7OK 1ms", "12d ago")),
        (OK, ("lb2", "mysql_write", "db2 (backup)", "UP", "0", "L7OK 1ms", "12d ago")),
    )
    return TierPicture(
        "database",
        "db1 is master, db2 follows with 0s lag, both HAProxy agree",
        nodes,
        edges,
        tables=(servers, proxies),
        samples=(
            Sample("lag", "replication lag of db2", 0.0, "s"),
            Sample("connections", "connections to db1", 214.0),
            Sample("commits", "commits on db1", 482.0, "/s"),
        ),
        robots=(Robot("HAProxy fallback", True, "lb1 and lb2 send writes to db2 when db1's checks fail"),),
    )


def storage() -> TierPicture:
    nodes = (
        Node("st1", "storage", "nfs", OK, "primary", "UpToDate, mounted, holds 10.20.0.100", (), "st1"),
        Node("st2", "storage", "nfs", OK, "standby", "UpToDate", (), "st2"),
    )
    edges = (
        Edge("st1", "st2", "drbd", OK, "Connected"),
        *(Edge(tc, "st1", "nfs", OK) for tc in ("tc1", "tc2", "tc3")),
    )
    drbd = table(
        "drbd",
        "DRBD r0: what each side says",
        ("node", "role", "disk", "peer disk", "connection", "out of sync", "resync"),
        (OK, ("st1", "Primary", "UpToDate", "UpToDate", "Connected", "0 B", "-")),
        (OK, ("st2", "Secondary", "UpToDate", "UpToDate", "Connected", "0 B", "-")),
    )
    beat = table(
        "heartbeat",
        "Heartbeat",
        ("node", "state", "resources", "links", "deadtime"),
        (OK, ("st1", "active", "all", "eth1 up, ttyS0 up", "15s")),
        (OK, ("st2", "active", "none", "eth1 up, ttyS0 up", "15s")),
    )
    nfs = table(
        "exports",
        "NFS exports and clients",
        ("export", "node", "clients", "used", "floating IP"),
        (OK, (Cell("/srv/nfs"), "st1", "tc1 tc2 tc3", "61% of 3.6 TiB", "10.20.0.100 on st1")),
    )
    return TierPicture(
        "storage",
        "st1 is primary and exports, st2 stands by, in sync",
        nodes,
        edges,
        tables=(drbd, beat, nfs),
        samples=(
            Sample("out-of-sync", "out of sync", 0.0, "MiB"),
            Sample("writes", "written to r0", 3.4, "MiB/s"),
        ),
        robots=(Robot("heartbeat", True, "st2 takes over 15s after st1 falls silent"),),
    )


def application() -> TierPicture:
    webs = [Node(n, "application", "nginx", OK, "", "84 requests/s", (), n) for n in ("web1", "web2")]
    cats = [
        Node(n, "application", "tomcat", OK, "", "app##0042, 412 sessions", (), n)
        for n in ("tc1", "tc2", "tc3")
    ]
    edges = [Edge(w, t, "http", OK) for w in ("web1", "web2") for t in ("tc1", "tc2", "tc3")]
    edges += [
        Edge(a, b, "sessions", OK) for a in ("tc1", "tc2", "tc3") for b in ("tc1", "tc2", "tc3") if a != b
    ]
    return TierPicture(
        "application",
        "2 nginx, 3 Tomcats with app##0042, 1,236 sessions",
        tuple([*webs, *cats]),
        tuple(edges),
        tables=(
            table(
                "tomcats",
                "Tomcats",
                ("node", "version", "sessions", "threads", "heap", "members seen"),
                (OK, ("tc1", "app##0042", "412", "18/200", "52%", "tc2 tc3")),
                (OK, ("tc2", "app##0042", "409", "21/200", "49%", "tc1 tc3")),
                (OK, ("tc3", "app##0042", "415", "17/200", "55%", "tc1 tc2")),
            ),
        ),
        samples=(Sample("requests", "requests", 168.0, "/s"),),
        journeys=(
            Journey("home", OK, "200 by lb 10.20.0.200", 0.041),
            Journey("login", OK, "200, session kept", 0.084),
        ),
    )


def monitoring() -> TierPicture:
    return TierPicture(
        "monitoring",
        "Zabbix 7.0 answers, no problem above information",
        (Node("mon1", "monitoring", "zabbix", OK, "", "7.0.12, 15 agents answer", (), "mon1"),),
        robots=(
            Robot("Zabbix: restart tomcat", True, "runs `systemctl restart tomcat10` after 3 failed checks"),
        ),
    )


def hardware() -> TierPicture:
    servers = [
        Node(f"robot/{321 + n}", "hardware", "server", OK, "", f"AX102 for {host}", (), host)
        for n, host in enumerate(("pve1", "pve2", "pve3"))
    ]
    return TierPicture("hardware", "3 servers, reset available, failover IP on lb1", tuple(servers))


def hosts() -> TierPicture:
    machines = [
        Node(f"host/{name}", "hosts", "host", OK, "", "load 0.4, clock +2 ms", (), name) for name in HOSTS
    ]
    return TierPicture("hosts", "15 of 15 hosts answer", tuple(machines))


def redundancy() -> TierPicture:
    rows = [
        (OK, (name, "nothing", "two more carry it")) for name in ("pve1", "db2", "st2", "lb1", "web1", "tc1")
    ]
    rows += [(OK, (name, "degraded", "fails over")) for name in ("db1", "st1")]
    what = table("losses", "What stops if it dies now", ("node", "what stops", "why"), *rows)
    node = Node("redundancy", "redundancy", "platform", OK)
    return TierPicture(
        "redundancy", "every tier survives the loss of any one machine", (node,), tables=(what,)
    )


EVENTS = (
    Event(NOW - 8_040, Actor.PERSON, "anna@pam", "guest/107", "qmigrate 107 on pve2: OK"),
    Event(NOW - 15_000, Actor.ROBOT, "Zabbix", "tc2", "restart tomcat: ran `systemctl restart tomcat10`"),
)


def questions() -> Mapping[str, Question[str]]:
    asked = [
        ("database/db1/variables", "db1", Client.MYSQL, "db1", "SHOW GLOBAL VARIABLES LIKE 'read_only'"),
        ("database/db1/status", "db1", Client.MYSQL, "db1", "SHOW ALL SLAVES STATUS"),
        ("hosts/db1/facts", "host/db1", Client.SSH, "db1", "cat /proc/loadavg /proc/meminfo"),
        ("storage/st1/drbd", "st1", Client.SSH, "st1", "cat /proc/drbd"),
    ]
    return {
        key: Question(key, subject, Command(client, target, text), lambda answer: answer.text)
        for key, subject, client, target, text in asked
    }


PROC_DRBD = """version: 8.4.11 (api:1/proto:86-101)
 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
    ns:81923 nr:0 dw:81923 dr:2121 al:9 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
"""


def readings() -> Mapping[str, Reading[str]]:
    rows = ({"Variable_name": "read_only", "Value": "OFF"},)
    return {
        "database/db1/variables": Reading("", NOW - 1, 0.0021, Answer(rows=rows)),
        "database/db1/status": Reading("", NOW - 1, 0.0018, Answer()),
        "hosts/db1/facts": Reading("", NOW - 1, 0.031, Answer(text="0.42 0.40 0.39 1/812 4711\n")),
        "storage/st1/drbd": Reading("", NOW - 1, 0.012, Answer(text=PROC_DRBD)),
    }


HISTORY = {
    "database/lag": tuple(float(n % 7 == 3) * 0.4 for n in range(60)),
    "database/connections": tuple(200.0 + (n * 7) % 31 for n in range(60)),
    "database/commits": tuple(430.0 + (n * 13) % 90 for n in range(60)),
    "storage/out-of-sync": (0.0,) * 60,
    "storage/writes": tuple(2.0 + (n * 5) % 17 / 4 for n in range(60)),
    "application/requests": tuple(150.0 + (n * 11) % 40 for n in range(60)),
    "cluster/guests": (12.0,) * 60,
}


def healthy() -> Picture:
    return Picture(
        PROFILE,
        Snapshot(NOW, readings()),
        (
            cluster(), database(), storage(), application(), monitoring(), hardware(), hosts(), redundancy(),
        ),
        (),
        EVENTS,
        HISTORY,
        questions=questions(),
        situations=SITUATIONS,
    )  # fmt: skip
