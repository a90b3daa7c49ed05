"""The cluster resource manager of a node (pve-ha-crm): a master is elected by a lock; it fences and recovers.

Constants and paths are those of pve-ha-manager 5.2 (`PVE/HA/Manager.pm`, `NodeStatus.pm`), timed against
recordings of real clusters: a round each 10 s, 60 s from a node's last sign of life to `fence`, and recovery
once the dead node's lock has run out (120 s after its last renewal).
"""

from __future__ import annotations

from collections.abc import Callable

from saitotui.simulator.pve_book import Book, Service

ROUND = 10.0
FENCE_DELAY = 60.0
MANAGER_LOCK = "ha_manager_lock"

Event = Callable[[str], None]


def agent_lock(node: str) -> str:
    return f"ha_agent_{node}_lock"


class Crm:
    """One node's manager. `round` is called each 10 s while the node runs and has quorum."""

    def __init__(self, node: str, nodes: Callable[[], tuple[str, ...]], say: Event) -> None:
        self.node = node
        self._all = nodes
        self._say = say
        self._last_online: dict[str, float] = {}
        self.leads = False
        self.fed = 0.0
        """When it last fed its watchdog (only a master does)."""

    @property
    def _nodes(self) -> tuple[str, ...]:
        return self._all()

    def begin(self, now: float) -> None:
        """It has led for a while: how a platform begins."""
        self.leads, self.fed = True, now
        self._last_online = dict.fromkeys(self._nodes, now)

    def forget(self) -> None:
        """The node lost power: what was in memory is gone."""
        self.leads = False
        self._last_online.clear()

    def round(self, book: Book, now: float, members: tuple[str, ...]) -> None:
        """One look at the cluster; `members` are the nodes of this node's (quorate) partition."""
        if not book.take(MANAGER_LOCK, self.node, now):
            self.leads = False
            return
        if not self.leads:
            self.leads = True
            self._say(f"{self.node}/crm: status change slave => master")
            # A new master has not seen the absent: it counts from its election, less the round it waited.
            self._last_online = dict.fromkeys(self._nodes, now - ROUND)
        self.fed = now
        book.master, book.timestamp = self.node, now
        self._judge_nodes(book, now, members)
        self._read_resources(book)
        self._read_commands(book)
        if book.disarm:
            self._disarmed(book)
            return
        for service in list(book.services.values()):
            self._manage(book, service, now)

    def _to(self, book: Book, service: Service, state: str, *, node: str = "", target: str = "") -> None:
        """Moves a service to a state, and says so as pve-ha-crm logs it."""
        was = service.state
        book.change(service, state, node=node, target=target)
        self._say(f"{self.node}/crm: service '{service.sid}': state changed from '{was}' to '{state}'")

    def _verdict(self, book: Book, node: str, state: str) -> None:
        was = book.verdicts.get(node, "unknown")
        if was != state:
            book.verdicts[node] = state
            self._say(f"{self.node}/crm: node '{node}': state changed from '{was}' => '{state}'")

    def _judge_nodes(self, book: Book, now: float, members: tuple[str, ...]) -> None:
        for node in self._nodes:
            was = book.verdicts.get(node, "unknown")
            if node in members:
                self._last_online[node] = now
                lrm = book.lrms.get(node)
                kept = book.maintenance.get(node) and lrm is not None and lrm.mode == "maintenance"
                self._verdict(book, node, "maintenance" if kept else "online")
            elif was in ("online", "maintenance"):
                self._verdict(book, node, "unknown")
            elif was == "fence" and book.take(agent_lock(node), self.node, now):
                # Whoever gets a dead node's lock knows that its watchdog has bitten.
                book.release(agent_lock(node))
                self._say(f"{self.node}/crm: fencing: acknowledged - got agent lock for node '{node}'")
                self._verdict(book, node, "unknown")
                self._recover_from(book, node)

    def _recover_from(self, book: Book, node: str) -> None:
        for service in book.services.values():
            if service.node == node and service.state == "fence":
                self._to(book, service, "recovery")

    def _overdue(self, node: str, now: float) -> bool:
        return now - self._last_online.get(node, now) > FENCE_DELAY

    def _read_resources(self, book: Book) -> None:
        for sid, resource in book.resources.items():
            if sid not in book.services:
                service = Service(sid, book.guests[resource.vmid].node)
                self._to(book, service, "request_start" if resource.state == "started" else "request_stop")
                book.services[sid] = service
        for sid in [sid for sid in book.services if sid not in book.resources]:
            del book.services[sid]

    def _read_commands(self, book: Book) -> None:
        commands, book.commands = book.commands, []
        for command in commands:
            if self._order(book, command):
                continue
            verb, sid, node = command.split()
            service = book.services.get(sid)
            if service is None or service.state != "started" or node == service.node:
                continue
            if book.verdicts.get(node) == "online":
                service.maintenance_node = ""
                self._to(book, service, verb, target=node)

    def _order(self, book: Book, command: str) -> bool:
        """An order to the whole stack: disarm-ha MODE, arm-ha."""
        verb, _, mode = command.partition(" ")
        if verb == "disarm-ha" and not book.disarm:
            book.disarm, book.disarm_mode = "disarming", mode
            for service in book.services.values() if mode == "freeze" else ():
                self._say(
                    f"{self.node}/crm: disarm: freezing service '{service.sid}' (was '{service.state}')"
                )
                book.change(service, "freeze")
        elif verb == "arm-ha" and book.disarm:
            book.disarm = book.disarm_mode = ""
            self._say(f"{self.node}/crm: re-arming HA stack")
        return verb in ("disarm-ha", "arm-ha")

    def _disarmed(self, book: Book) -> None:
        """Nobody is fenced, recovered, started or moved. It is done once every agent has let its lock go."""
        if book.disarm == "disarming" and all(lrm.mode == "disarm" for lrm in book.lrms.values()):
            book.disarm = "disarmed"
            self._say(f"{self.node}/crm: all LRMs disarmed, HA stack is now fully disarmed")

    def _manage(self, book: Book, service: Service, now: float) -> None:
        step = {
            "request_start": self._request_start,
            "started": self._started,
            "request_stop": self._stopping,
            "stopped": self._stopped,
            "migrate": self._moving,
            "relocate": self._moving,
            "error": self._error,
            "freeze": self._frozen,
        }.get(service.state)
        held = service.state not in ("fence", "recovery", "error", "stopped", "freeze")
        if not (held and self._fence(book, service, now)) and step is not None:
            step(book, service)
        if service.state == "recovery":
            self._recovery(book, service)

    def _fence(self, book: Book, service: Service, now: float) -> bool:
        node = service.node
        if book.verdicts.get(node) == "fence" or (
            book.verdicts.get(node) == "unknown" and self._overdue(node, now)
        ):
            self._to(book, service, "fence")
            if book.verdicts[node] != "fence":
                self._verdict(book, node, "fence")
                self._say(f"{self.node}/crm: FENCE: Try to fence node '{node}'")
                self._fence_now(book, node, now)
            return True
        return book.verdicts.get(node) == "unknown"

    def _fence_now(self, book: Book, node: str, now: float) -> None:
        """A lock that has already run out (the master died with the node) is had at once."""
        if book.take(agent_lock(node), self.node, now):
            book.release(agent_lock(node))
            self._verdict(book, node, "unknown")
            for service in book.services.values():
                if service.node == node and service.state in ("started", "fence", "migrate", "relocate"):
                    self._to(book, service, "recovery")

    def _request_start(self, book: Book, service: Service) -> None:
        if book.resources[service.sid].state == "started":
            self._to(book, service, "started")
        else:
            self._to(book, service, "request_stop")

    def _frozen(self, book: Book, service: Service) -> None:
        """Frozen services wait for their node, however long it takes."""
        lrm = book.lrms.get(service.node)
        if (
            lrm is not None
            and lrm.mode not in ("restart", "disarm")
            and book.verdicts.get(service.node) == "online"
        ):
            self._to(book, service, "started")

    def _started(self, book: Book, service: Service) -> None:
        lrm = book.lrms.get(service.node)
        if lrm is not None and lrm.mode == "restart":
            self._to(book, service, "freeze")
            return
        wanted = book.resources[service.sid].state
        if wanted in ("stopped", "disabled"):
            self._to(book, service, "request_stop")
            return
        result = self._result(book, service)
        if result is not None and result != 0:
            self._start_failed(book, service)
        elif result == 0:
            service.running = True
            service.failed_nodes = []
            self._keep_house(book, service)

    def _start_failed(self, book: Book, service: Service) -> None:
        service.failed_nodes.append(service.node)
        target = self._choose(book, service, avoid=service.failed_nodes)
        if len(service.failed_nodes) <= book.resources[service.sid].max_relocate and target:
            self._to(book, service, "migrate", target=target)
        else:
            self._to(book, service, "error")

    def _keep_house(self, book: Book, service: Service) -> None:
        """Empties a node in maintenance, and fills it again afterwards."""
        if book.verdicts.get(service.node) == "maintenance":
            if target := self._choose(book, service, avoid=[service.node]):
                home = service.maintenance_node or service.node
                self._to(book, service, "migrate", target=target)
                service.maintenance_node = home
        elif (home := service.maintenance_node) and book.verdicts.get(home) == "online":
            service.maintenance_node = ""
            self._to(book, service, "migrate", target=home)

    def _stopping(self, book: Book, service: Service) -> None:
        if self._result(book, service) is not None:
            self._to(book, service, "stopped")

    def _stopped(self, book: Book, service: Service) -> None:
        if book.resources[service.sid].state == "started":
            if book.verdicts.get(service.node) != "online":
                target = self._choose(book, service, avoid=[service.node])
                if not target:
                    return
                book.guests[book.resources[service.sid].vmid].node = target
                service.node = target
            self._to(book, service, "request_start")
            self._request_start(book, service)

    def _moving(self, book: Book, service: Service) -> None:
        result = self._result(book, service)
        if result is None:
            return
        self._to(book, service, "started", node=service.target if result == 0 else service.node)

    def _error(self, book: Book, service: Service) -> None:
        if book.resources[service.sid].state == "disabled":
            service.failed_nodes = []
            self._to(book, service, "stopped")

    def _recovery(self, book: Book, service: Service) -> None:
        target = self._choose(book, service, avoid=[service.node])
        if not target:
            return
        self._say(
            f"{self.node}/crm: recover service '{service.sid}' from fenced node '{service.node}' "
            f"to node '{target}'"
        )
        book.guests[book.resources[service.sid].vmid].node = target
        wanted = book.resources[service.sid].state
        self._to(book, service, "started" if wanted == "started" else "request_stop", node=target)

    def _result(self, book: Book, service: Service) -> int | None:
        lrm = book.lrms.get(service.node)
        result = lrm.results.get(service.uid) if lrm is not None else None
        return result.exit_code if result is not None else None

    def _choose(self, book: Book, service: Service, avoid: list[str]) -> str:
        """The online node with the fewest services that no rule forbids; empty when there is none."""
        online = [node for node in self._nodes if book.verdicts.get(node) == "online" and node not in avoid]
        busy = {
            self._place(other)
            for rule in book.rules
            if service.sid in rule.sids
            for other in book.services.values()
            if other.sid in rule.sids and other is not service
        }
        working = [other for other in book.services.values() if other.state not in ("stopped", "error")]
        load = {node: sum(self._place(other) == node for other in working) for node in online}
        allowed = [node for node in online if node not in busy]
        return min(allowed, key=lambda node: (load[node], node), default="")

    @staticmethod
    def _place(service: Service) -> str:
        return service.target or service.node
