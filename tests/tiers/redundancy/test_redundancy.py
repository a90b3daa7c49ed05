"""What stops if a node dies now, and causes across tiers, on a platform of twelve nodes."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from saitotui.engine.registry import situations
from saitotui.model.command import Answer, Failure, FailureKind
from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health
from saitotui.model.profile import Cluster, Guest, Host, Profile
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import Node, Table, TierPicture
from saitotui.tiers.cluster import build as build_cluster
from saitotui.tiers.hosts import build as build_hosts
from saitotui.tiers.redundancy import SITUATIONS, explain, judge
from saitotui.tiers.redundancy.explain import DOWNSTREAM

AT = 1_795_516_572.0
GIB = 1024.0**3
INSIDE = {
    "101": ("db1", "pve1"),
    "102": ("db2", "pve2"),
    "103": ("lb1", "pve1"),
    "104": ("lb2", "pve3"),
    "105": ("tc1", "pve2"),
    "106": ("tc2", "pve3"),
    "107": ("web1", "pve1"),
    "108": ("st1", "pve1"),
    "109": ("st2", "pve2"),
}
HYPERVISORS = ("pve1", "pve2", "pve3")
QUORUM = """Node ID:          {id}
Quorate:          {quorate}
Expected votes:   3
Total votes:      {total}
Quorum:           2
"""


@dataclass
class World:
    """A platform in memory: who is where, and how it is."""

    where: dict[str, str] = field(default_factory=lambda: {vmid: node for vmid, (_, node) in INSIDE.items()})
    roles: dict[str, str] = field(
        default_factory=lambda: {"db1": "master", "db2": "replica", "st1": "primary", "st2": "secondary"}
    )
    health: dict[str, Health] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    memory: float = 4 * GIB
    unseen: set[str] = field(default_factory=set)
    refusing: bool = True
    findings: list[Finding] = field(default_factory=list)
    dead: dict[str, str] = field(default_factory=dict)

    @property
    def profile(self) -> Profile:
        hosts = {name: Host(name) for name in (*HYPERVISORS, *(host for host, _ in INSIDE.values()))}
        guests = {vmid: Guest(host, "started", host) for vmid, (host, _) in INSIDE.items()}
        return Profile(
            "test",
            hosts,
            cluster=Cluster({name: name for name in HYPERVISORS}, ("https://pve1:8006",), guests=guests),
        )

    def look(self) -> tuple[Snapshot, list[TierPicture]]:
        cluster, hosts = build_cluster(self.profile), build_hosts(self.profile)
        assert cluster is not None
        assert hosts is not None
        answers = self._answers()
        readings: dict[str, Reading[Any]] = {}
        for question in (*cluster.questions, *hosts.questions):
            answer = answers.get(question.key)
            if answer is not None:
                readings[question.key] = Reading(question.read(answer), AT)
        snapshot = Snapshot(AT, readings)
        return snapshot, [cluster.picture(snapshot), hosts.picture(snapshot), *self._services()]

    def judged(self) -> tuple[TierPicture, list[Finding]]:
        snapshot, pictures = self.look()
        across = judge(self.profile, snapshot, pictures)
        every = [finding for picture in (*pictures, across) for finding in picture.findings]
        return across, explain(every, [*pictures, across])

    def _services(self) -> list[TierPicture]:
        def node(name: str, tier: str, kind: str) -> Node:
            return Node(
                name, tier, kind, self.health.get(name, Health.OK), self.roles.get(name, ""), host=name
            )

        tiers = {
            "database": [
                node("db1", "database", "mysql"),
                node("db2", "database", "mysql"),
                node("lb1", "database", "haproxy"),
                node("lb2", "database", "haproxy"),
            ],
            "storage": [node("st1", "storage", "drbd"), node("st2", "storage", "drbd")],
            "application": [
                node("tc1", "application", "tomcat"),
                node("tc2", "application", "tomcat"),
                node("web1", "application", "nginx"),
            ],
        }
        return [
            TierPicture(
                tier,
                "",
                nodes=tuple(nodes),
                findings=tuple(found for found in self.findings if found.code.startswith(tier)),
                dead={name: why for name, why in self.dead.items() if name in {node.id for node in nodes}},
            )
            for tier, nodes in tiers.items()
        ]

    def _answers(self) -> dict[str, Answer | Failure]:
        online = [name for name in HYPERVISORS if name not in self.lost]
        answers: dict[str, Answer | Failure] = {
            "cluster/cluster/status": Answer(data=self._status(online)),
            "cluster/cluster/resources": Answer(data=[*self._hypervisors(online), *self._guests()]),
            "cluster/cluster/ha/status/current": Answer(data=self._ha(online)),
            "cluster/cluster/ha/status/manager_status": Answer(
                data={
                    "manager_status": {"node_status": {}},
                    "lrm_status": {name: {"state": "active"} for name in HYPERVISORS},
                }
            ),
            "cluster/cluster/tasks": Answer(data=[]),
            "cluster/cluster/ha/resources": Answer(
                data=[{"sid": f"vm:{vmid}", "state": "started"} for vmid in INSIDE]
            ),
        }
        gone = {INSIDE[vmid][0] for vmid, node in self.where.items() if node in self.lost} | self.lost
        for number, name in enumerate(HYPERVISORS, 1):
            said = QUORUM.format(id=number, quorate="Yes", total=len(online))
            answers[f"cluster/{name}/quorum"] = self._by(name, gone, Answer(said))
            answers[f"cluster/{name}/links"] = self._by(name, gone, Answer(_links(number)))
            answers[f"cluster/{name}/status"] = self._by(name, gone, Answer(data={}))
        for name in self.profile.hosts:
            answers[f"hosts/{name}/facts"] = self._by(name, gone, Answer(FACTS))
        if self.unseen >= set(HYPERVISORS):
            answers |= {key: _no_route("api") for key in answers if key.startswith("cluster/cluster/")}
        return answers

    def _by(self, host: str, gone: set[str], answer: Answer) -> Answer | Failure:
        return _no_route(host) if host in gone or host in self.unseen else answer

    def _status(self, online: Sequence[str]) -> list[Any]:
        nodes = [
            {
                "type": "node",
                "name": name,
                "nodeid": number,
                "local": int(name == online[0]),
                "online": int(name in online),
            }
            for number, name in enumerate(HYPERVISORS, 1)
        ]
        return [{"type": "cluster", "name": "c", "quorate": 1, "nodes": 3}, *nodes]

    def _hypervisors(self, online: Sequence[str]) -> list[Any]:
        return [
            {
                "type": "node",
                "node": name,
                "status": "online",
                "maxcpu": 8,
                "cpu": 0.1,
                "mem": 20 * GIB,
                "maxmem": 64 * GIB,
            }
            if name in online
            else {"type": "node", "node": name, "status": "offline"}
            for name in HYPERVISORS
        ]

    def _guests(self) -> list[Any]:
        return [
            {
                "type": "qemu",
                "vmid": int(vmid),
                "name": INSIDE[vmid][0],
                "node": node,
                "status": "running",
                "maxmem": self.memory,
            }
            for vmid, node in self.where.items()
        ]

    def _ha(self, online: Sequence[str]) -> list[Any]:
        return [
            {"type": "quorum", "quorate": 1, "status": "OK", "node": online[0]},
            {"type": "master", "node": online[0], "status": f"{online[0]} (active, x)", "timestamp": AT},
            *(
                {
                    "type": "lrm",
                    "node": name,
                    "timestamp": AT if name in online else AT - 30,
                    "status": f"{name} ({'active' if name in online else 'old timestamp - dead?'}, x)",
                }
                for name in HYPERVISORS
            ),
            *(
                {
                    "type": "service",
                    "sid": f"vm:{vmid}",
                    "node": node,
                    "state": "started",
                    "crm_state": "started",
                    "request_state": "started",
                }
                for vmid, node in self.where.items()
            ),
        ]


FACTS = f"""now {AT}
boot b
load 0.1 0.1 0.1 1/9 9
uptime 90000 1
cpus 2
MemTotal: 1000 kB
MemAvailable: 900 kB
"""


def _no_route(name: str) -> Failure:
    return Failure(FailureKind.UNREACHABLE, f"{name}: no route to host")


def _links(node: int) -> str:
    text = f"Local node ID {node}, transport knet\n"
    for link in (0, 1):
        text += f"LINK ID {link} udp\n\taddr\t= 10.0.{link}.{node}\n\tstatus:\n"
        for peer in (1, 2, 3):
            text += f"\t\tnodeid:          {peer}:\t{'localhost' if peer == node else 'connected'}\n"
    return text


def dies(across: TierPicture) -> dict[str, tuple[str, str]]:
    table: Table = across.tables[0]
    return {row.key: (row.cells[2].text, row.cells[3].text) for row in table.rows}


def codes(findings: Sequence[Finding]) -> list[str]:
    return sorted(f"{finding.code} {finding.subject}" for finding in findings)


def test_healthy_platform() -> None:
    across, findings = World().judged()
    assert findings == []
    assert across.health is Health.OK
    found = dies(across)
    assert found["db1"] == ("down", "database: writes to the database stop until db2 is promoted")
    assert found["db2"] == ("degraded", "database: goes on without a standby")
    assert found["lb1"] == ("degraded", "proxy: lb2 alone goes on")
    assert found["st1"] == ("degraded", "storage: st2 takes over after a pause")
    assert found["web1"] == ("down", "web: all web traffic stops, nobody is left")
    assert found["host/tc1"] == ("degraded", "application: tc2 alone goes on")
    assert found["guest/105"] == found["host/tc1"]
    assert found["pve3"] == (
        "degraded",
        "proxy: lb1 alone goes on; application: tc1 alone goes on; cluster: one vote less",
    )
    assert found["pve1"][0] == "down"
    assert found["pve1"][1].endswith("HA restarts its guests in 2-3 minutes")
    assert found["host/pve1"] == found["pve1"]
    assert "cluster" not in found
    assert "console" not in found


def test_every_node_has_an_answer() -> None:
    world = World()
    _, pictures = world.look()
    across, _ = world.judged()
    expected = {node.id for picture in pictures for node in picture.nodes} - {"cluster"}
    assert set(dies(across)) == expected


USED_UP: list[tuple[World, str]] = [
    (World(health={"db2": Health.CRIT}), "redundancy.database-no-standby db1"),
    (World(dead={"db2": "killed"}), "redundancy.database-no-standby db1"),
    (World(health={"st2": Health.CRIT}), "redundancy.storage-no-standby st1"),
    (World(health={"tc1": Health.CRIT}), "redundancy.application-single tc2"),
    (World(health={"lb2": Health.CRIT}), "redundancy.proxy-single lb1"),
    (World(where={**World().where, "102": "pve1"}), "redundancy.shared-host pve1"),
]


@pytest.mark.parametrize(("world", "expected"), USED_UP)
def test_used_up(world: World, expected: str) -> None:
    across, _ = world.judged()
    assert codes(across.findings) == [expected]
    assert across.findings[0].evidence


def test_what_is_unknown_is_not_well() -> None:
    across, _ = World(health={"db2": Health.UNKNOWN}).judged()
    assert codes(across.findings) == [
        "redundancy.database-no-standby db1",
        "redundancy.unknown redundancy",
    ]
    assert across.health is Health.UNKNOWN
    assert dies(across)["db1"][0] == "cannot tell"


def test_a_database_that_stands_still_has_one_way_back() -> None:
    across, _ = World(dead={"db1": "no process"}, roles={**World().roles, "db1": ""}).judged()
    assert codes(across.findings) == ["redundancy.database-no-standby db2"]
    assert "only one left" in across.findings[0].sentence
    assert dies(across)["db2"] == ("down", "database: it stands still, and nobody else could bring it back")


def test_two_masters_are_none() -> None:
    across, _ = World(roles={**World().roles, "db2": "master"}).judged()
    assert codes(across.findings) == ["redundancy.unknown redundancy"]
    assert dies(across)["db1"] == ("cannot tell", "database: more than one claims to be master")


def test_standby_that_resyncs_is_none() -> None:
    behind = Situation("storage.resyncing", Health.WARN, "", "", "")
    world = World(findings=[behind.found("st2", "st2 resyncs")], health={"st2": Health.WARN})
    across, _ = world.judged()
    assert codes(across.findings) == ["redundancy.storage-no-standby st1"]
    assert across.findings[0].sentence == ("storage: no standby; a second failure stops shared files (NFS)")
    assert dies(across)["st1"] == ("down", "storage: shared files (NFS) stop, no standby")


def test_no_room() -> None:
    across, _ = World(memory=40 * GIB).judged()
    assert codes(across.findings) == [
        "redundancy.cluster-no-room pve1",
        "redundancy.cluster-no-room pve2",
    ]
    assert "its guests need" in dies(across)["pve1"][1]


def test_master_unknown_cannot_be_told() -> None:
    across, _ = World(roles={"db1": "", "db2": ""}).judged()
    assert dies(across)["db1"][0] == "cannot tell"


def test_lost_hypervisor_explains_everything_on_it() -> None:
    world = World(lost={"pve1"})
    unreachable = Situation("database.server-unreachable", Health.UNKNOWN, "", "", "")
    bad = Situation("application.nginx-down", Health.CRIT, "", "", "")
    other = Situation("database.lag", Health.WARN, "", "", "")
    world.findings = [
        unreachable.found("db1", "db1 does not answer"),
        bad.found("web1", "web1 is down"),
        other.found("db2", "db2 lags"),
    ]
    across, findings = world.judged()
    causes = {f"{finding.code} {finding.subject}": finding.cause for finding in findings}
    offline = "cluster.node-offline"
    assert causes["cluster.node-offline pve1"] == ""
    assert causes["database.server-unreachable db1"] == offline
    assert causes["application.nginx-down web1"] == offline
    assert causes["hosts.unreachable host/db1"] == offline
    assert causes["hosts.unreachable host/pve1"] == offline
    assert causes["cluster.guest-state-unknown guest/101"] == offline
    assert causes["database.lag db2"] == ""
    assert causes["redundancy.cluster-no-margin cluster"] == "cluster.quorum-margin-gone"
    assert dies(across)["pve1"] == ("nothing", "it is gone already")
    assert dies(across)["pve2"][0] == "down"
    assert "quorum is lost" in dies(across)["pve2"][1]


def test_a_database_without_a_master_explains_failing_pages() -> None:
    world = World()
    dead = Situation("database.master-dead", Health.CRIT, "", "", "")
    page = Situation("application.journey-failed", Health.CRIT, "", "", "")
    world.findings = [
        page.found("journey/login", "login fails: HTTP 500 instead of 200"),
        replace(page.found("journey/home", "home fails: refused"), cause="application.nginx-down"),
    ]
    assert [finding.cause for finding in world.judged()[1]] == ["", "application.nginx-down"]
    world.findings.append(dead.found("db1", "db1 is dead"))
    causes = {finding.subject: finding.cause for finding in world.judged()[1]}
    assert causes["journey/login"] == "database.master-dead"
    assert causes["journey/home"] == "application.nginx-down"


def test_rules_across_tiers_name_codes_that_exist() -> None:
    codes = set(situations())
    for cause, pattern in DOWNSTREAM:
        assert cause in codes
        assert fnmatch.filter(codes, pattern)


def test_unseen_host_explains_only_what_was_not_answered() -> None:
    world = World(unseen={"db2"})
    blind = Situation("database.server-unreachable", Health.UNKNOWN, "", "", "")
    seen = Situation("database.replica-broken", Health.CRIT, "", "", "")
    world.findings = [blind.found("db2", "no answer"), seen.found("db2", "the master says so")]
    _, findings = world.judged()
    causes = {f"{finding.code} {finding.subject}": finding.cause for finding in findings}
    assert causes["database.server-unreachable db2"] == "hosts.unreachable"
    assert causes["database.replica-broken db2"] == ""
    assert causes["hosts.unreachable host/db2"] == ""


def test_blind_console() -> None:
    """Nothing answers: one cause, and it is this console."""
    world = World()
    world.unseen = set(world.profile.hosts)
    across, findings = world.judged()
    assert across.findings[0].code == "platform.console-cut-off"
    assert across.headline == "I see 0 of 12 hosts, and nothing else answers: it is probably me"
    assert across.health is Health.UNKNOWN
    causes = {finding.cause for finding in findings if finding.code != "platform.console-cut-off"}
    assert causes == {"platform.console-cut-off"}


def test_one_dead_host_is_not_a_blind_console() -> None:
    across, _ = World(unseen={"db2"}).judged()
    assert "platform.console-cut-off" not in {finding.code for finding in across.findings}


def test_nothing_asked_yet() -> None:
    profile = replace(World().profile, cluster=None)
    across = judge(profile, Snapshot(AT), [])
    assert across.findings == ()
    assert across.health is Health.UNKNOWN


def test_web_single() -> None:
    nodes = tuple(
        Node(name, "application", "nginx", health, host=name)
        for name, health in (("web1", Health.OK), ("web2", Health.CRIT))
    )
    across = judge(Profile("p", {}), Snapshot(AT), [TierPicture("application", "", nodes=nodes)])
    assert codes(across.findings) == ["redundancy.web-single web1"]


def test_every_situation_is_met() -> None:
    worlds = [world for world, _ in USED_UP] + [World(memory=40 * GIB), World(lost={"pve1"})]
    worlds.append(World(unseen=set(World().profile.hosts)))
    worlds.append(World(health={"db2": Health.UNKNOWN}))
    met = {finding.code for world in worlds for finding in world.judged()[0].findings}
    # Its own test: test_web_single.
    met.add("redundancy.web-single")
    assert met == {situation.code for situation in SITUATIONS}
