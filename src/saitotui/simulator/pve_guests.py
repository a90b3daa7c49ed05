"""Guests as running processes, and what it takes to start, stop and move them.

Durations are those recorded: a start takes about 3 s, a graceful shutdown 8 s, a live migration 20 s
(locked after 2 s, on its new node after 13 s, unlocked after 18 s).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from saitotui.simulator.pve_book import Book
from saitotui.simulator.pve_lrm import Done
from saitotui.simulator.pve_tasks import Task, Tasks

START, BROKEN_START, SHUTDOWN = 3.0, 4.0, 8.0
LOCKED, FLIPPED, UNLOCKED, MOVED = 2.0, 13.0, 18.0, 20.0


class Fabric(Protocol):
    """The machines and wires under a cluster."""

    def now(self) -> float: ...
    def call_later(self, delay: float, do: Callable[[], None]) -> object: ...
    def boot(self, node: str) -> float | None:
        """When the node booted; None while it is off."""

    def stuck(self, node: str) -> bool:
        """Whether nothing on the node gets on, though it has power."""

    def corosync(self, node: str) -> bool:
        """Whether the node's corosync is not stopped."""

    def connected(self, a: str, b: str) -> bool:
        """Whether packets pass between two nodes."""

    def reset(self, node: str) -> None:
        """The node's watchdog bites: power off and on at once."""

    def power_off(self, node: str) -> None:
        """Somebody shut the node down."""

    def guest_on(self, vmid: int, node: str) -> None:
        """A guest's virtual machine was switched on."""

    def guest_off(self, vmid: int) -> None:
        """A guest's virtual machine was switched off, or its node died."""


@dataclass(slots=True)
class Process:
    """A guest's kvm process."""

    node: str
    since: float
    pid: int
    paused: bool = False


class Guests:
    """The processes of all guests; implements what a local resource manager needs (pve_lrm.Workers)."""

    def __init__(self, fabric: Fabric, book: Book, tasks: Tasks) -> None:
        self._fabric, self._book, self._tasks = fabric, book, tasks
        self.processes: dict[int, Process] = {}
        self.broken: set[int] = set()
        """Guests that cannot start, wherever."""
        self._pids = 1200

    def running(self, vmid: int, node: str) -> bool:
        process = self.processes.get(vmid)
        return process is not None and process.node == node

    def node_died(self, node: str) -> None:
        """Its guests are gone with it."""
        for vmid in [vmid for vmid, process in self.processes.items() if process.node == node]:
            del self.processes[vmid]
            self._fabric.guest_off(vmid)
        for config in self._book.guests.values():
            if config.node == node:
                config.lock = ""

    def begin(self, vmid: int, node: str, ago: float = 0.0) -> None:
        """The guest runs, since `ago` seconds, without a start: how a platform begins."""
        self._pids += 11
        self.processes[vmid] = Process(node, self._fabric.now() - ago, self._pids)

    def kill(self, vmid: int) -> None:
        """The process dies."""
        if self.processes.pop(vmid, None) is not None:
            self._fabric.guest_off(vmid)

    def start(self, vmid: int, node: str, done: Done, task: Task | None = None) -> None:
        task = task or self._tasks.begin(node, "qmstart", str(vmid))
        if vmid in self.broken:
            self._later(
                node, BROKEN_START, lambda: self._end(task, "start failed: QEMU exited with code 1", done)
            )
            return

        def started() -> None:
            if vmid not in self.processes:
                self.begin(vmid, node)
                self._fabric.guest_on(vmid, node)
            self._end(task, "OK", done)

        self._later(node, START, started)

    def shutdown(
        self, vmid: int, node: str, done: Done, task: Task | None = None, seconds: float = SHUTDOWN
    ) -> None:
        task = task or self._tasks.begin(node, "qmshutdown" if seconds else "qmstop", str(vmid))

        def stopped() -> None:
            if self.running(vmid, node):
                self.kill(vmid)
            self._end(task, "OK", done)

        self._later(node, seconds or 1.0, stopped)

    def migrate(self, vmid: int, node: str, target: str, done: Done, task: Task | None = None) -> None:
        task = task or self._tasks.begin(node, "qmigrate", str(vmid))
        config = self._book.guests[vmid]
        online = self.running(vmid, node)
        task.log.append(f"starting migration of VM {vmid} to node '{target}'")

        def possible() -> bool:
            return self._fabric.boot(target) is not None and self._fabric.connected(node, target)

        def flip() -> None:
            if not possible():
                config.lock = ""
                self._end(task, "migration aborted", done)
                return
            config.node = target
            if online:
                self.processes[vmid].node = target
                task.log.append("migration status: completed")
            self._later(node, UNLOCKED - FLIPPED if online else 3.0, lambda: setattr(config, "lock", ""))
            self._later(node, MOVED - FLIPPED if online else 3.5, lambda: self._end(task, "OK", done))

        self._later(node, LOCKED if online else 0.5, lambda: setattr(config, "lock", "migrate"))
        self._later(node, FLIPPED if online else 1.0, flip)

    def _end(self, task: Task, status: str, done: Done) -> None:
        task.finish(self._fabric.now(), status)
        done(0 if status == "OK" else 1)

    def _later(self, node: str, delay: float, do: Callable[[], None]) -> None:
        """Does it then, unless the node has died meanwhile: its worker processes are gone with it."""
        boot = self._fabric.boot(node)

        def if_alive() -> None:
            if boot is not None and self._fabric.boot(node) == boot:
                do()

        self._fabric.call_later(delay, if_alive)
