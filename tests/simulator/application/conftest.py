"""Three Tomcats and two nginx on machines made of nothing: time passes when a test says so."""

from __future__ import annotations

import base64
import heapq
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.nginx_front import NginxFront
from saitotui.simulator.tomcat_cluster import TomcatCluster
from saitotui.simulator.tomcat_http import Backends, TomcatHttp

RECORDINGS = Path(__file__).parents[2] / "recordings" / "simulator" / "application"
USERS = {
    "deploy": ("deploypw", frozenset({"manager-script"})),
    "monitor": ("monitorpw", frozenset({"manager-jmx", "manager-status"})),
}


class Machines:
    """Implements the fabrics of tomcat_cluster and nginx_front."""

    def __init__(self) -> None:
        self.time = 1795450082.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self.processes: dict[str, float | None] = dict.fromkeys(
            ("tc1", "tc2", "tc3", "web1", "web2"), self.time - 900
        )
        self.off: set[str] = set()
        self.stopped: set[str] = set()
        self.full: set[str] = set()
        self.logs: dict[str, list[str]] = {"web1": [], "web2": []}

    def now(self) -> float:
        return self.time

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        self._serial += 1
        heapq.heappush(self._queue, (self.time + delay, self._serial, do))
        return None

    def serving(self, name: str) -> float | None:
        return self.processes[name]

    def powered(self, name: str) -> bool:
        return name not in self.off

    def hung(self, name: str) -> bool:
        return name in self.stopped

    def connected(self, a: str, b: str) -> bool:
        return True

    def disk_full(self, name: str) -> bool:
        return name in self.full

    def writes(self, name: str, level: str, text: str) -> None:
        return

    def store(self, name: str, file: str, war: bytes | None) -> None:
        return

    def crash(self, name: str) -> None:
        self.processes[name] = None

    def log(self, name: str, line: str) -> None:
        self.logs[name].append(line)

    def run(self, seconds: float) -> None:
        end = self.time + seconds
        while self._queue and self._queue[0][0] <= end:
            self.time, _, do = heapq.heappop(self._queue)
            do()
        self.time = end


class Platform:
    def __init__(self) -> None:
        self.machines = Machines()
        self.problems = {"read": "", "write": "", "upload": ""}
        addresses = {f"tc{number}": f"127.82.0.2{number}" for number in (1, 2, 3)}
        self.tomcats = TomcatCluster(self.machines, addresses)
        backends = Backends(*(lambda name, what=what: self.problems[what] for what in self.problems))
        self.http = TomcatHttp(self.tomcats, USERS, backends)
        self.front = NginxFront(self.machines, ("web1", "web2"), self.tomcats, self.http)
        self.tomcats.start()
        self.front.start()

    def ask(self, name: str, url: str, user: str = "", method: str = "GET", body: bytes = b"") -> Reply:
        """Asks a Tomcat directly; `user` is `name:password`."""
        parts = urlsplit(url)
        query = dict(item.split("=", 1) for item in parts.query.split("&") if item)
        headers = {"authorization": "Basic " + base64.b64encode(user.encode()).decode()} if user else {}
        return self.http.handle(name, Request(method, parts.path, query, headers, body))

    def manager(self, name: str, command: str, method: str = "GET", body: bytes = b"") -> str:
        reply = self.ask(name, f"/manager/text/{command}", "deploy:deploypw", method, body)
        assert reply.status == 200
        return reply.body.decode()

    def beans(self, name: str, pattern: str) -> str:
        headers = {"authorization": "Basic " + base64.b64encode(b"monitor:monitorpw").decode()}
        reply = self.http.handle(name, Request("GET", "/manager/jmxproxy/", {"qry": pattern}, headers))
        assert reply.status == 200
        return reply.body.decode()


@pytest.fixture
def shop() -> Platform:
    return Platform()


@pytest.fixture
def recordings() -> Path:
    return RECORDINGS
