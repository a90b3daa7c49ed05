"""A Proxmox VE cluster in motion: corosync, pmxcfs, HA, guests and what every node has heard of the others.

Nothing here speaks a protocol; `pve_answers` shows it as the API does, `pve_tools` as the programs do.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from saitotui.simulator.pve_book import Apart, Book, GuestConfig, LrmStatus, Resource, Result, Service
from saitotui.simulator.pve_corosync import Corosync, on_links
from saitotui.simulator.pve_crm import MANAGER_LOCK, ROUND, Crm, agent_lock
from saitotui.simulator.pve_guests import Fabric, Guests
from saitotui.simulator.pve_load import grown, wave
from saitotui.simulator.pve_lrm import Lrm
from saitotui.simulator.pve_tasks import Tasks

COROSYNC_START = 5.0
HA_START = 15.0
"""Seconds from the kernel's boot until corosync joins, and until CRM and LRM run."""
RUNNING_SINCE = 86_400 * 12 - 300.0
"""Seconds that guests have been running for when a platform begins."""
BROADCAST = 10.0
"""Seconds between two reports of a node's figures (pvestatd)."""

Figures = dict[str, float]


@dataclass(slots=True)
class Heard:
    """What a node last heard about a node or a guest, and when."""

    at: float
    figures: Figures


@dataclass(slots=True)
class Node:
    """One node: its own daemons and its own view of the cluster."""

    name: str
    address: str
    crm: Crm
    lrm: Lrm
    memory: int = 128 << 30
    cores: int = 32
    disk: int = 480 << 30
    boot: float | None = None
    frozen: Book | None = None
    """Its copy of the book while it has no quorum."""
    heard: dict[str, Heard] = field(default_factory=dict)
    last_boot: float = 0.0
    daemon_hung: bool = False
    """pvedaemon does not answer (its API calls that need root hang)."""
    own: Book = field(default_factory=Book)
    """What it has in /etc/pve while it is in no cluster."""


class PveCluster:
    """`nodes` maps names to addresses. It starts healthy: every guest runs where it is configured."""

    def __init__(
        self,
        name: str,
        fabric: Fabric,
        nodes: dict[str, str],
        guests: Sequence[GuestConfig],
        managed: Sequence[int],
        apart: Sequence[Apart] = (),
    ) -> None:
        self.name, self.fabric = name, fabric
        self.book = Book(guests={guest.vmid: guest for guest in guests}, rules=list(apart))
        self.tasks = Tasks(fabric.now)
        self.guests = Guests(fabric, self.book, self.tasks)
        self.corosync = Corosync(tuple(nodes), fabric.now, self.running, fabric.connected)
        self.events: list[tuple[float, str]] = []
        self.dead_links: set[tuple[str, int]] = set()
        """Nodes and numbers of corosync links that carry nothing, while the other does."""
        self.mtu: dict[int, int] = {}
        """What passes over a corosync link, in octets, where it is less than usual."""
        self.round_trip = 0.25
        """Milliseconds between two nodes."""
        self.listeners: list[Callable[[str], None]] = []
        self.nodes = {
            node: Node(
                node,
                address,
                Crm(node, lambda: self.corosync.nodes, self._say),
                Lrm(node, self.guests, self.corosync.quorate),
            )
            for node, address in nodes.items()
        }
        self._settle(managed)

    def running(self, node: str) -> bool:
        """Whether corosync runs on a node."""
        boot = self.fabric.boot(node)
        if boot is None or self.fabric.stuck(node) or not self.fabric.corosync(node):
            return False
        return self.fabric.now() - boot >= COROSYNC_START

    def member(self, node: str) -> bool:
        """Whether corosync.conf names it; one that it does not name is in no cluster."""
        return node in self.corosync.nodes

    def known(self, here: str) -> dict[str, Node]:
        """The nodes that `here` knows, itself among them."""
        if not self.member(here):
            return {here: self.nodes[here]}
        return {node: self.nodes[node] for node in self.corosync.nodes}

    def quorate(self, node: str) -> bool:
        return self.corosync.quorate(node)

    def link_addresses(self, node: str) -> tuple[str, str]:
        return on_links(self.nodes[node].address)

    def view(self, node: str) -> Book:
        """The cluster file system as `node` reads it."""
        return (self.nodes[node].frozen or self.book) if self.member(node) else self.nodes[node].own

    def start(self) -> None:
        """Sets the daemons going; the phases are those of a recorded cluster."""
        self._every(1.0, 0.5, self._tick)
        for index, node in enumerate(self.nodes.values()):
            self._every(ROUND, 1.0 + 1.3 * index, partial(self._crm_round, node))
            self._every(ROUND, 2.6 + 0.7 * index, partial(self._lrm_round, node))
            self._every(BROADCAST, 0.8 + 2.1 * index, partial(self._broadcast, node))

    def _every(self, period: float, first: float, do: Callable[[], None]) -> None:
        def again() -> None:
            self.fabric.call_later(period, again)
            do()

        self.fabric.call_later(first, again)

    def leave(self, node: str, command: str) -> None:
        """`reboot` or `shutdown` in good order (policy conditional); at once where HA has no say."""
        lrm = self.nodes[node].lrm
        go = self.fabric.reset if command == "reboot" else self.fabric.power_off
        if not lrm.active or not self.quorate(node):
            go(node)
            return
        lrm.leaving, lrm.leave = {"reboot": "restart"}.get(command, command), partial(go, node)

    def _say(self, text: str) -> None:
        self.events.append((self.fabric.now(), text))
        del self.events[:-500]
        for listener in self.listeners:
            listener(text)

    def _settle(self, managed: Sequence[int]) -> None:
        """The state of a cluster that has been healthy for a while."""
        now, book = self.fabric.now(), self.book
        for node in self.nodes.values():
            node.boot = self.fabric.boot(node.name)
            node.last_boot = node.boot if node.boot is not None else now
            book.verdicts[node.name] = "online"
            book.lrms[node.name] = LrmStatus("active", "active", now - 3)
            book.take(agent_lock(node.name), node.name, now - 3)
            node.lrm.active, node.lrm.fed = True, now - 3
        for guest in book.guests.values():
            self.guests.begin(guest.vmid, guest.node, RUNNING_SINCE)
        for vmid in managed:
            sid = f"vm:{vmid}"
            book.resources[sid] = Resource(sid)
            service = Service(sid, book.guests[vmid].node)
            book.change(service, "started")
            service.running = True
            book.services[sid] = service
            book.lrms[service.node].results[service.uid] = Result(sid, "started", 0)
            self.nodes[service.node].lrm.knows(service.uid, Result(sid, "started", 0))
        first = next(iter(self.nodes.values()))
        book.take(MANAGER_LOCK, first.name, now - 6)
        book.master, book.timestamp = first.name, now - 6
        first.crm.begin(now)
        for node in self.nodes.values():
            self._broadcast(node)

    def _tick(self) -> None:
        for node in self.nodes.values():
            boot = self.fabric.boot(node.name)
            if boot != node.boot:
                self._machine_changed(node, boot)
        self.corosync.tick()
        for node in self.nodes.values():
            if self.quorate(node.name):
                node.frozen = None
            elif node.frozen is None:
                node.frozen = copy.deepcopy(self.book)
            self._watchdog(node)

    def _machine_changed(self, node: Node, boot: float | None) -> None:
        if node.boot is not None:
            self.guests.node_died(node.name)
            node.crm.forget()
            node.lrm.forget()
        node.boot = boot
        if boot is not None:
            node.last_boot, node.daemon_hung = boot, False

    def _watchdog(self, node: Node) -> None:
        now = self.fabric.now()
        hungry_crm = node.crm.leads and now - node.crm.fed > 60
        if node.boot is not None and (node.lrm.bites(now) or hungry_crm):
            self._say(f"watchdog-mux on {node.name}: client watchdog expired - disable watchdog updates")
            self.fabric.reset(node.name)

    def _ha_runs(self, node: Node) -> bool:
        boot = self.fabric.boot(node.name)
        awake = boot is not None and self.fabric.now() - boot >= HA_START
        return awake and self.member(node.name) and self.quorate(node.name)

    def _crm_round(self, node: Node) -> None:
        if self._ha_runs(node):
            node.crm.round(self.book, self.fabric.now(), self.corosync.members(node.name))

    def _lrm_round(self, node: Node) -> None:
        if self._ha_runs(node):
            node.lrm.round(self.book, self.fabric.now())

    def _broadcast(self, node: Node) -> None:
        """pvestatd: tells the partition this node's figures and its guests'."""
        if not self.running(node.name):
            return
        now = self.fabric.now()
        news = {f"node/{node.name}": Heard(now, self.node_figures(node))}
        for vmid, guest in self.view(node.name).guests.items():
            process = self.guests.processes.get(vmid)
            if process is not None and process.node == node.name:
                news[f"qemu/{vmid}"] = Heard(now, self.guest_figures(vmid))
            elif guest.node == node.name:
                news[f"qemu/{vmid}"] = Heard(now, {})
        for other in self.corosync.members(node.name):
            self.nodes[other].heard.update(news)

    def node_figures(self, node: Node) -> Figures:
        """A node's figures now: cpu (0..1), mem and disk (bytes), uptime (s)."""
        now = self.fabric.now()
        used = 9 << 30
        for vmid, process in self.guests.processes.items():
            if process.node == node.name:
                used += int(self.book.guests[vmid].memory * 0.72)
        return {
            "cpu": wave(node.name, now, 0.06, 0.24),
            "mem": used + int(wave(node.name + "m", now, 0, 1 << 30)),
            "disk": 38 << 30,
            "uptime": int(now - node.last_boot),
        }

    def guest_figures(self, vmid: int) -> Figures:
        """A running guest's figures now."""
        now, guest = self.fabric.now(), self.book.guests[vmid]
        up = now - self.guests.processes[vmid].since
        return {
            "cpu": wave(guest.name, now, 0.03, 0.35),
            "mem": int(guest.memory * wave(guest.name + "m", now, 0.55, 0.72, 400)),
            "uptime": int(up),
            "netin": grown(guest.name + "i", up, 61_000),
            "netout": grown(guest.name + "o", up, 84_000),
            "diskread": grown(guest.name + "r", up, 9_000),
            "diskwrite": grown(guest.name + "w", up, 31_000),
        }
