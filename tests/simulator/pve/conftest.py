"""A Proxmox cluster on machines made of nothing: time passes when a test says so."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from pathlib import Path

import pytest

from saitotui.simulator.pve_access import Access
from saitotui.simulator.pve_answers import Answers
from saitotui.simulator.pve_api import PveApi
from saitotui.simulator.pve_book import GuestConfig
from saitotui.simulator.pve_cluster import PveCluster

RECORDINGS = Path(__file__).parents[2] / "recordings" / "simulator" / "pve"


class Machines:
    """Implements pve_guests.Fabric. `boots`: when each node booted; None while it is off."""

    def __init__(self) -> None:
        self.time = 1795446900.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self.boots: dict[str, float | None] = {f"pve{n}": self.time - 5000 for n in (1, 2, 3)}
        self.cut: set[str] = set()
        self.hung: set[str] = set()
        self.resets: list[tuple[float, str]] = []
        self.guests_on: dict[int, str] = {}
        self.watch: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        self._serial += 1
        heapq.heappush(self._queue, (self.time + delay, self._serial, do))
        return None

    def boot(self, node: str) -> float | None:
        return self.boots[node]

    def stuck(self, node: str) -> bool:
        return node in self.hung

    def corosync(self, node: str) -> bool:
        return True

    def connected(self, a: str, b: str) -> bool:
        return a == b or not self.cut & {a, b}

    def reset(self, node: str) -> None:
        self.resets.append((self.time, node))
        self.power_off(node)

    def power_off(self, node: str) -> None:
        self.boots[node] = None

    def power_on(self, node: str) -> None:
        self.boots[node] = self.time

    def guest_on(self, vmid: int, node: str) -> None:
        self.guests_on[vmid] = node

    def guest_off(self, vmid: int) -> None:
        self.guests_on.pop(vmid, None)

    def run(self, seconds: float) -> None:
        """Lets time pass; `watch` looks after everything that happens."""
        end = self.time + seconds
        while self._queue and self._queue[0][0] <= end:
            self.time, _, do = heapq.heappop(self._queue)
            do()
            self.watch()
        self.time = end


class Bench:
    """The recorded cluster: three nodes, a guest on each, one stopped guest on pve1."""

    def __init__(self) -> None:
        self.machines = Machines()
        guests = [
            GuestConfig(100, "web1", "pve1", 1, 64 << 20, 1 << 30),
            GuestConfig(101, "db1", "pve2", 1, 64 << 20, 1 << 30, "feas"),
            GuestConfig(102, "app1", "pve3", 1, 64 << 20, 1 << 30, "feas"),
            GuestConfig(103, "cache1", "pve1", 1, 64 << 20, 1 << 30, "feas"),
            GuestConfig(110, "alone", "pve1", 1, 64 << 20, 1 << 30),
        ]
        addresses = {f"pve{n}": f"10.84.0.1{n}" for n in (1, 2, 3)}
        self.cluster = PveCluster("feas", self.machines, addresses, guests, (100, 101, 102, 103))
        self.cluster.start()
        self.cluster.book.resources["vm:103"].state = "stopped"
        self.access = Access(
            self.machines.now,
            {"root@pam!ops": "right", "root@pam!weak": "feeble"},
            {"root@pam": "password"},
            {"root@pam!weak"},
        )
        self.api = PveApi(self.cluster, self.access)
        self.machines.run(61)

    def answers(self, node: str = "pve1") -> Answers:
        return Answers(self.cluster, node)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def recordings() -> Path:
    return RECORDINGS
