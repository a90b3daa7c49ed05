"""The local resource manager of a node (pve-ha-lrm): does what the master's book says for its own node.

It holds the node's agent lock while it has services, and feeds the watchdog while it holds the lock. A node
that loses quorum cannot renew: 60 s after the last feeding its watchdog resets it (pve-ha-manager 5.2,
`PVE/HA/LRM.pm`; watchdog-mux).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from saitotui.simulator.pve_book import Book, LrmStatus, Result, Service
from saitotui.simulator.pve_crm import agent_lock

WATCHDOG = 60.0
IDLE_ROUNDS = 60

Done = Callable[[int], None]
"""Called with the exit code of a worker."""


class Workers(Protocol):
    """What a local resource manager can do with a guest; each calls `done` once, later."""

    def running(self, vmid: int, node: str) -> bool: ...
    def start(self, vmid: int, node: str, done: Done) -> None: ...
    def shutdown(self, vmid: int, node: str, done: Done) -> None: ...
    def migrate(self, vmid: int, node: str, target: str, done: Done) -> None: ...


class Lrm:
    """One node's local resource manager; `round` is called each 10 s while the node runs and has quorum."""

    def __init__(self, node: str, workers: Workers, quorate: Callable[[str], bool]) -> None:
        self.node = node
        self._workers = workers
        self._quorate = quorate
        self._results: dict[str, Result] = {}
        self._status: LrmStatus | None = None
        self._busy: set[str] = set()
        self._tries: dict[str, int] = {}
        self._idle = 0
        self.active = False
        self.fed = 0.0
        self.leaving = ""
        """`restart` or `shutdown` while the node is being taken down in good order."""
        self.leave: Callable[[], None] = _nothing

    def knows(self, uid: str, result: Result) -> None:
        """It has already done `uid`: how a platform begins."""
        self._results[uid] = result

    def forget(self) -> None:
        """The node lost power."""
        self._results.clear()
        self._status = None
        self._busy.clear()
        self._tries.clear()
        self._idle = 0
        self.active = False
        self.leaving = ""

    def bites(self, now: float) -> bool:
        """Whether the watchdog has waited too long."""
        return self.active and now - self.fed > WATCHDOG

    def round(self, book: Book, now: float) -> None:
        status = self._status = book.lrms.setdefault(self.node, LrmStatus())
        status.timestamp = now
        status.mode = self.leaving or _mode(book, self.node)
        mine = [service for service in book.services.values() if service.node == self.node]
        known = {service.uid for service in mine}
        self._results = {uid: result for uid, result in self._results.items() if uid in known}
        status.results = dict(self._results)
        if self.leaving and self._left(book, mine):
            self.leave()
            return
        if status.mode == "disarm":
            book.release(agent_lock(self.node))
            self.active, status.state = False, "wait_for_agent_lock"
            return
        if not self.active and not self._begin(book, now, mine, status):
            return
        if not book.take(agent_lock(self.node), self.node, now):
            return
        self.fed = now
        status.state = "maintenance" if status.mode == "maintenance" else "active"
        for service in mine:
            self._work(book, service)
        self._idle = 0 if mine or status.mode == "maintenance" else self._idle + 1
        if self._idle > IDLE_ROUNDS:
            book.release(agent_lock(self.node))
            self.active, status.state, self._idle = False, "wait_for_agent_lock", 0

    def _left(self, book: Book, mine: list[Service]) -> bool:
        """Whether the node may go: its services are frozen for a restart, or stopped for a shutdown, which
        also gives the lock back, so that they may be recovered early."""
        if self.leaving == "restart":
            return all(service.state in ("freeze", "stopped", "error") for service in mine)
        for service in mine:
            vmid = int(service.sid.partition(":")[2])
            if self._workers.running(vmid, self.node):
                if service.uid not in self._busy:
                    self._run(service, partial(self._workers.shutdown, vmid, self.node))
                return False
        book.release(agent_lock(self.node))
        return True

    def _begin(self, book: Book, now: float, mine: list[Service], status: LrmStatus) -> bool:
        if not mine or not book.take(agent_lock(self.node), self.node, now):
            status.state = "wait_for_agent_lock"
            return False
        self.active = True
        return True

    def _work(self, book: Book, service: Service) -> None:
        vmid = book.resources[service.sid].vmid if service.sid in book.resources else 0
        if not vmid or service.uid in self._busy:
            return
        finished = self._results.get(service.uid)
        running = self._workers.running(vmid, self.node)
        if service.state == "started" and (finished is None or finished.exit_code == 0):
            if running:
                self._report(service.uid, service, 0)
            else:
                self._start(book, service, vmid)
        elif finished is None and service.state == "request_stop":
            if running:
                self._run(service, lambda done: self._workers.shutdown(vmid, self.node, done))
            else:
                self._report(service.uid, service, 0)
        elif finished is None and service.state in ("migrate", "relocate"):
            self._move(service, vmid, running)
        elif finished is None and service.state in ("stopped", "error"):
            self._report(service.uid, service, 0)

    def _start(self, book: Book, service: Service, vmid: int) -> None:
        uid = service.uid
        tries = self._tries.get(uid, 0)

        def done(code: int) -> None:
            self._busy.discard(uid)
            self._tries[uid] = tries + 1
            if code == 0 or tries >= book.resources[service.sid].max_restart:
                self._note(uid, Result(service.sid, "started", code))
                self._tries.pop(uid, None)

        self._busy.add(uid)
        self._workers.start(vmid, self.node, done)

    def _move(self, service: Service, vmid: int, running: bool) -> None:
        target = service.target
        if running and service.state == "relocate":

            def stopped(code: int) -> None:
                self._busy.discard(service.uid)
                if code == 0:
                    self._run(service, lambda done: self._workers.migrate(vmid, self.node, target, done))

            self._busy.add(service.uid)
            self._workers.shutdown(vmid, self.node, stopped)
            return
        self._run(service, lambda done: self._workers.migrate(vmid, self.node, target, done))

    def _run(self, service: Service, work: Callable[[Done], None]) -> None:
        uid, sid, state = service.uid, service.sid, service.state

        def done(code: int) -> None:
            self._busy.discard(uid)
            self._note(uid, Result(sid, state, code))

        self._busy.add(uid)
        work(done)

    def _report(self, uid: str, service: Service, code: int) -> None:
        if uid not in self._results:
            self._note(uid, Result(service.sid, service.state, code))

    def _note(self, uid: str, result: Result) -> None:
        self._results[uid] = result
        if self._status is not None and self._quorate(self.node):
            self._status.results[uid] = result


def _mode(book: Book, node: str) -> str:
    if book.disarm:
        return "disarm"
    return "maintenance" if book.maintenance.get(node) else "active"


def _nothing() -> None:
    """Nobody waits for the node to leave."""
