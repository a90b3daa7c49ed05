"""The same questions, asked of a simulated Zabbix in each of its dialects, lead to the same findings."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from saitotui.model.command import Answer, Failure, FailureKind
from saitotui.model.profile import Host, HttpService, Monitoring, Profile
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import TierPicture
from saitotui.simulator.http_types import Request
from saitotui.simulator.zabbix_access import Access
from saitotui.simulator.zabbix_api import ZabbixApi
from saitotui.simulator.zabbix_server import ZabbixServer, platform
from saitotui.tiers.monitoring import MonitoringTier, build

VERSIONS = ("6.0.14", "6.4.0", "7.0.12", "7.4.0")


class Fabric:
    """What the simulated server reaches, in virtual time."""

    def __init__(self) -> None:
        self.time = 1795448500.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = itertools.count()
        self.down: set[tuple[str, str]] = set()
        self.silent: set[str] = set()
        self.running = True

    def now(self) -> float:
        return self.time

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        heapq.heappush(self._queue, (self.time + delay, next(self._serial), do))
        return None

    def alive(self) -> bool:
        return self.running

    def agent(self, host: str) -> bool:
        return host not in self.silent

    def value(self, host: str, what: str) -> float:
        return 0 if (host, what) in self.down else 1

    def said(self, host: str, key: str) -> str:
        return ""

    def restart(self, host: str, service: str) -> str:
        return f"{service} on {host} does not start"

    def run(self, seconds: float) -> None:
        end = self.time + seconds
        while self._queue and self._queue[0][0] <= end:
            self.time, _, do = heapq.heappop(self._queue)
            do()
        self.time = end


class Zabbix:
    """A server of one version, and the tier that reads it."""

    def __init__(self, version: str) -> None:
        self.fabric = Fabric()
        self.modern = tuple(int(part) for part in version.split(".")[:2]) >= (6, 4)
        hosts = {"web1": ("10.0.0.1", "nginx"), "tc1": ("10.0.0.2", "tomcat"), "st1": ("10.0.0.3", "storage")}
        self.server: ZabbixServer = platform(self.fabric, hosts, version)
        self.api = ZabbixApi(self.server, Access(self.fabric.now, {"Admin": "x"}, {"token"}))
        self.server.start()
        self.fabric.run(30)

    def picture(self) -> TierPicture:
        hosts = {name: Host("127.0.0.1") for name in ("web1", "tc1", "st1")}
        profile = Profile("test", hosts, monitoring=Monitoring(HttpService("http://zabbix.test")))
        tier = build(profile)
        assert isinstance(tier, MonitoringTier)
        readings = {}
        for question in tier.questions:
            answer = self._ask(question.command.text, json.loads(question.command.body))
            readings[question.key] = Reading(question.read(answer), self.fabric.time)
        return tier.picture(Snapshot(self.fabric.time, readings))

    def _ask(self, method: str, parameters: Any) -> Answer | Failure:
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
        headers = {"content-type": "application/json-rpc"}
        if self.modern:
            headers["authorization"] = "Bearer token"
        else:
            body["auth"] = "token"
        request = Request("POST", "/api_jsonrpc.php", {}, headers, json.dumps(body).encode())
        said = json.loads(self.api.handle(request).body)
        if "error" in said:
            return Failure(FailureKind.ERROR, str(said["error"]["data"]))
        return Answer(status=200, data=said["result"])


@pytest.fixture(params=VERSIONS)
def server(request: pytest.FixtureRequest) -> Zabbix:
    return Zabbix(request.param)


def codes(picture: TierPicture) -> list[str]:
    return [f"{one.code.removeprefix('monitoring.')} {one.subject}" for one in picture.findings]


def test_healthy(server: Zabbix) -> None:
    picture = server.picture()
    assert codes(picture) == []
    assert all(robot.armed for robot in picture.robots)
    assert [row.cells[1].text for row in picture.tables[2].rows] == ["answers"] * 3


def test_web_server_down_and_recovery_at_work(server: Zabbix) -> None:
    server.fabric.down.add(("web1", "nginx"))
    server.fabric.run(30)
    picture = server.picture()
    assert codes(picture) == ["problem-high zabbix/web1", "recovery-running zabbix"]
    assert any("Zabbix ran" in event.sentence for event in picture.events)


def test_agent_silent(server: Zabbix) -> None:
    server.fabric.silent.add("st1")
    server.fabric.run(120)
    assert "agents-silent zabbix" in codes(server.picture())


def test_disarmed(server: Zabbix) -> None:
    for action in server.server.actions:
        action.enabled = False
    assert codes(server.picture()) == ["recovery-disarmed zabbix"]


def test_server_dead(server: Zabbix) -> None:
    """The API answers on from the database."""
    server.fabric.running = False
    server.fabric.run(400)
    assert codes(server.picture()) == ["server-down zabbix"]
