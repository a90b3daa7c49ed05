"""What the console's own tiers make of the simulated platform: the findings that each trouble leads to."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from saitotui.config import load_profile
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind, Question
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.tier import Tier
from saitotui.simulator.door import OPEN
from saitotui.simulator.http_parts import door_state
from saitotui.simulator.http_profile import sections
from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.pve_part import NODES, TOKEN
from saitotui.simulator.robot_part import USER as ROBOT_USER
from saitotui.simulator.scenario import begin, scenario
from saitotui.tiers import cluster, hardware

KINDS = {401: FailureKind.DENIED, 403: FailureKind.DENIED, 595: FailureKind.UNREACHABLE,
         596: FailureKind.TIMEOUT}  # fmt: skip


class Addresses:
    """Stands in for doors that nobody opens."""

    def url(self, name: str) -> str:
        return f"https://127.0.0.1:1/{name}"


class Eye:
    """Asks the parts directly, in no time; answers go through the tiers' own parsers."""

    def __init__(self, platform: Any, folder: Path) -> None:
        self.platform, self.world = platform, platform.world
        platform.application.front.rate = platform.application.tomcats.arrivals = 0  # nobody visits: quicker
        hosts = {name: {"address": "127.0.0.1"} for name in self.world.machines}
        text = {"name": "fsn1", "hosts": hosts, **sections(Addresses(), "ca.pem", str(folder))}
        file = folder / "fsn1.yaml"
        file.write_text(yaml.safe_dump(text))
        profile = load_profile(file)
        built = {kind.TIER.name: kind.TIER.build(profile) for kind in (cluster, hardware)}
        self.tiers: dict[str, Tier] = {name: tier for name, tier in built.items() if tier is not None}

    def codes(self, name: str) -> set[str]:
        """The codes that a tier finds now."""
        tier, now = self.tiers[name], self.world.clock.now()
        readings = {question.key: self._read(question, now) for question in tier.questions}
        return {finding.code for finding in tier.picture(Snapshot(now, readings)).findings}

    def _read(self, question: Question[Any], now: float) -> Reading[Any]:
        answer = self._ask(question.command)
        return Reading(question.read(answer), now, raw=None if isinstance(answer, Failure) else answer)

    def _ask(self, command: Command) -> Answer | Failure:
        if command.client is Client.SSH:
            return self._shell(command.target, shlex.split(command.text))
        if command.client is Client.ROBOT:
            robot = self.platform.hardware.robot
            code = base64.b64encode(f"{ROBOT_USER}:{self.platform.passwords.robot}".encode()).decode()
            path = command.text.split()[1]
            return _outcome(robot.handle(Request("GET", path, {}, {"authorization": f"Basic {code}"})), "")
        return self._proxmox(command.text.split()[1])

    def _shell(self, host: str, words: Sequence[str]) -> Answer | Failure:
        machine = self.world.machines.get(host)
        if machine is None or words[0] not in machine.programs:
            return Failure(FailureKind.ERROR, f"{words[0]}: not found")
        if not machine.reachable:
            return Failure(FailureKind.UNREACHABLE, f"{host} does not answer")
        if machine.hung:
            return Failure(FailureKind.TIMEOUT, f"{host} does not answer in time")
        printed = machine.programs[words[0]](machine, words, "")
        return Answer(printed.out + printed.err, printed.status)

    def _proxmox(self, url: str) -> Answer | Failure:
        token = {"authorization": f"PVEAPIToken={TOKEN}={self.platform.passwords.pve_token}"}
        parts = urlsplit(url)
        for node in NODES:
            if door_state(self.world.machines[node], "pveproxy") == OPEN:
                request = Request("GET", "/api2/json" + parts.path, dict(parse_qsl(parts.query)), token)
                return _outcome(self.platform.cluster.api.handle(node, request), "data")
        return Failure(FailureKind.UNREACHABLE, "no node of the cluster answers")


def _outcome(reply: Reply, member: str) -> Answer | Failure:
    if reply.status != 200:
        text = reply.reason or json.loads(reply.body)["error"]["code"]
        return Failure(KINDS.get(reply.status, FailureKind.ERROR), text)
    body = json.loads(reply.body)
    return Answer(reply.body.decode(), 200, data=body[member] if member else body)


@pytest.fixture
def eye(platform: Any, tmp_path: Path) -> Eye:
    return Eye(platform, tmp_path)


def test_a_healthy_platform_has_no_findings(eye: Eye) -> None:
    eye.world.clock.advance(30)
    assert eye.codes("cluster") == set()
    assert eye.codes("hardware") == set()
    eye.world.clock.advance(3600)
    assert eye.codes("cluster") == set()
    assert eye.codes("hardware") == set()


LOST = {"cluster.node-offline", "cluster.quorum-margin-gone"}
FENCING = {"cluster.node-fencing", "cluster.guest-state-unknown"}

CASES: list[tuple[str, str, float, str, set[str]]] = [
    ("power-loss", "pve2", 25, "cluster", LOST | FENCING),
    ("power-loss", "pve2", 75, "cluster", LOST | FENCING),
    ("power-loss", "pve2", 160, "cluster", LOST | {"cluster.node-fenced"}),
    ("power-loss", "pve1", 60, "cluster", LOST | FENCING | {"cluster.ha-no-master"}),
    ("power-loss", "pve1", 230, "cluster", LOST | {"cluster.node-fenced"}),
    ("pve-partition", "pve3", 30, "cluster", LOST | FENCING),
    ("hung-host", "pve3", 30, "cluster", LOST | FENCING),
    ("pve-maintenance", "pve3", 60, "cluster", {"cluster.node-maintenance"}),
    ("corosync-link-down", "pve3", 10, "cluster", {"cluster.link-down"}),
    ("guest-broken", "web1", 100, "cluster", {"cluster.guest-error", "cluster.task-failed"}),
    ("failover-ip-elsewhere", "203.0.113.200", 5, "hardware", {"hardware.failover-ip-elsewhere"}),
    ("robot-denied", "robot", 5, "hardware", {"hardware.api-denied"}),
    ("robot-limit", "robot", 5, "hardware", {"hardware.rate-limited"}),
]


@pytest.mark.parametrize(("fault", "target", "after", "tier", "expected"), CASES)
def test_findings(eye: Eye, fault: str, target: str, after: float, tier: str, expected: set[str]) -> None:
    eye.world.inject(fault, target)
    eye.world.clock.advance(after)
    assert eye.codes(tier) == expected


def test_quorum_lost(eye: Eye) -> None:
    eye.world.inject("power-loss", "pve2")
    eye.world.inject("power-loss", "pve3")
    eye.world.clock.advance(30)
    assert "cluster.quorum-lost" in eye.codes("cluster")


def test_everything_heals(eye: Eye) -> None:
    for fault, target, *_ in CASES:
        if "power" not in fault and "hung" not in fault:
            eye.world.inject(fault, target)
    eye.world.inject("power-loss", "pve2")
    eye.world.clock.advance(90)
    eye.world.heal()
    eye.world.clock.advance(400)
    eye.platform.cluster.cluster.book.resources["vm:121"].state = "disabled"
    eye.world.clock.advance(30)
    eye.platform.cluster.cluster.book.resources["vm:121"].state = "started"
    eye.world.clock.advance(3700)
    assert eye.codes("cluster") == set()
    assert eye.codes("hardware") == set()


OURS = """
pve-node-lost pve-node-fencing pve-node-recovered pve-master-lost pve-partition pve-node-hung pve-maintenance
quorum-lost corosync-link-down guest-error failover-ip-elsewhere robot-denied tomcat-dead tomcat-hung
version-order-trap draining context-failed replication-broken nginx-down zabbix-disarmed zabbix-storm
agents-silent
"""


@pytest.mark.parametrize("name", OURS.split())
def test_scenarios_lead_where_they_say(eye: Eye, name: str) -> None:
    played = scenario(name)
    begin(eye.world, played)
    eye.world.clock.advance(played.advance)
    seen = {code for tier in eye.tiers for code in eye.codes(tier)}
    known = {code for code in played.expect if code.partition(".")[0] in eye.tiers}
    assert known <= seen
    assert eye.world.heal()
