"""The Proxmox cluster as a part of the world: its nodes are machines, and its guests are machines on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from saitotui.simulator.http_parts import Passwords, Service
from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.pve_access import Access
from saitotui.simulator.pve_api import HEADERS, PveApi
from saitotui.simulator.pve_book import Apart, GuestConfig, Resource
from saitotui.simulator.pve_cluster import PveCluster
from saitotui.simulator.pve_membership import Membership
from saitotui.simulator.pve_network import Network
from saitotui.simulator.pve_tools import Tools
from saitotui.simulator.world import Machine, Printed, Program, World, targets

UNITS = ("pveproxy", "pvedaemon", "pve-cluster", "corosync", "pve-ha-crm", "pve-ha-lrm", "watchdog-mux")
NODES = ("pve1", "pve2", "pve3")
GUESTS: Mapping[str, tuple[int, str, int, int]] = {
    "db1": (101, "pve1", 4, 16),
    "db2": (102, "pve2", 4, 16),
    "lb1": (111, "pve1", 2, 2),
    "lb2": (112, "pve3", 2, 2),
    "web1": (121, "pve2", 2, 4),
    "web2": (122, "pve3", 2, 4),
    "tc1": (131, "pve1", 4, 8),
    "tc2": (132, "pve2", 4, 8),
    "tc3": (133, "pve3", 4, 8),
    "mon1": (141, "pve3", 4, 8),
}
"""Guest: its number, the node it begins on, cores, memory in GiB."""
APART = (("db1", "db2"), ("lb1", "lb2"), ("web1", "web2"))
TOKEN, USER = "saitotui@pve!console", "saitotui@pve"
REFUSED = 3.0
"""Seconds for which PVE holds back that a token is wrong."""
BOOT = 9.0
"""Seconds a guest needs to boot."""


class PvePart:
    """Implements world.Part and pve_guests.Fabric. The machines that GUESTS names live on it."""

    name = "cluster"

    def __init__(self, world: World, passwords: Passwords) -> None:
        self.world = world
        self._partitioned: set[str] = set()
        self._dragged: dict[str, set[str]] = {"hung": set(), "cut": set()}
        for node in NODES:
            for unit in UNITS:
                world.machines[node].services.setdefault(unit, "running")
        self._names = {vmid: name for name, (vmid, *_) in GUESTS.items() if name in world.machines}
        guests = [
            GuestConfig(vmid, name, node, cores, memory << 30, 32 << 30)
            for name, (vmid, node, cores, memory) in GUESTS.items()
        ]
        self.cluster = PveCluster(
            "fsn1",
            self,
            {node: world.machines[node].address for node in NODES},
            guests,
            [vmid for vmid, *_ in GUESTS.values()],
            [Apart("-".join(names), tuple(f"vm:{GUESTS[name][0]}" for name in names)) for names in APART],
        )
        self.access = Access(world.clock.now, {TOKEN: passwords.pve_token}, {USER: passwords.pve_password})
        self.api = PveApi(self.cluster, self.access)
        self.cluster.listeners.append(world.note)
        self.members = Membership(self.cluster, {node: world.machines[node] for node in NODES})
        self._install()
        self._faults()
        world.join(self)
        self.cluster.start()

    def now(self) -> float:
        return self.world.clock.now()

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        return self.world.clock.call_later(delay, do)

    def boot(self, node: str) -> float | None:
        machine = self.world.machines[node]
        return machine.boot_at if machine.powered and machine.booted else None

    def stuck(self, node: str) -> bool:
        return self.world.machines[node].hung

    def corosync(self, node: str) -> bool:
        return self.world.machines[node].services["corosync"] == "running"

    def connected(self, a: str, b: str) -> bool:
        return a == b or (not self._partitioned & {a, b} and self.world.connected(a, b))

    def reset(self, node: str) -> None:
        self.world.reset(node)

    def power_off(self, node: str) -> None:
        self.world.power_off(node)

    def guest_on(self, vmid: int, node: str) -> None:
        name = self._names.get(vmid)
        if name is not None:
            self.world.power_on(name, BOOT)
            self._drag(node)

    def guest_off(self, vmid: int) -> None:
        name = self._names.get(vmid)
        if name is not None:
            for dragged in self._dragged.values():
                dragged.discard(name)
            self.world.machines[name].cut = False
            self.world.power_off(name)

    def node_of(self, guest: str) -> str:
        """The node that a guest runs on; empty while it runs nowhere."""
        process = self.cluster.guests.processes.get(GUESTS[guest][0])
        return process.node if process is not None else ""

    def changed(self, machine: Machine) -> None:
        if machine.name in NODES:
            node = self.cluster.nodes[machine.name]
            node.daemon_hung = machine.services["pvedaemon"] == "hung"
            if not machine.powered:
                self.cluster.guests.node_died(machine.name)
            self._drag(machine.name)
        elif machine.name in GUESTS and not machine.powered:
            vmid = GUESTS[machine.name][0]
            if vmid in self.cluster.guests.processes:
                self.cluster.guests.kill(vmid)

    def _drag(self, node: str) -> None:
        """A node that hangs or is cut off takes the guests on it along."""
        host = self.world.machines[node]
        for what, dragged in self._dragged.items():
            for name in GUESTS:
                machine = self.world.machines.get(name)
                if machine is None or self.node_of(name) != node:
                    continue
                if getattr(host, what) and not getattr(machine, what):
                    dragged.add(name)
                    setattr(machine, what, True)
                    self.world.changed(machine)
                elif not getattr(host, what) and name in dragged:
                    dragged.discard(name)
                    setattr(machine, what, False)
                    self.world.changed(machine)

    def services(self) -> list[Service]:
        """The API of each node."""
        return [Service(f"{node}/api", node, "pveproxy", self._api(node), tls=True) for node in NODES]

    def _api(self, node: str) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            # Its administrator gave the first node the token; a node that joins gets it with the rest.
            if not self.cluster.member(node) and node != NODES[0]:
                return Reply(401, b"", "Authentication failed!", HEADERS, REFUSED)
            return self.api.handle(node, request)

        return answer

    def _install(self) -> None:
        for node in NODES:
            tools = Tools(self.cluster, node, self.members)
            network = Network(self.cluster, node, self.members)
            tools.programs |= network.programs
            self.world.machines[node].files["/dev/kvm"] = ""
            for name, program in tools.programs.items():
                self.world.machines[node].programs[name] = _program(program)

    def _faults(self) -> None:
        world = self.world

        def split(node: str) -> str:
            self._partitioned.add(node)
            world.note(f"{node} is cut off from the cluster's own network")
            return f"{node} hears the other nodes no more; it still answers you"

        def unite(node: str) -> str:
            self._partitioned.discard(node)
            world.note(f"{node} is on the cluster's own network again")
            return f"{node} hears the other nodes again"

        def link(node: str, down: bool) -> str:
            (self.cluster.dead_links.add if down else self.cluster.dead_links.discard)((node, 1))
            return f"the second corosync link of {node} is {'down' if down else 'up'}"

        nodes = targets(dict.fromkeys(NODES))
        world.fault("pve-partition", "cut a node off the cluster network", nodes, split, unite)
        world.fault(
            "corosync-link-down", "take a node's second corosync link down", nodes,
            lambda node: link(node, True), lambda node: link(node, False),
        )  # fmt: skip
        self._guest_faults()

        def fresh(node: str) -> str:
            self.members.fresh(node)
            return f"{node} is installed anew, and in no cluster"

        world.fault("pve-fresh", "install a node anew", nodes, fresh, lambda node: "only joining helps")

    def _guest_faults(self) -> None:
        world, guests = self.world, self.cluster.guests

        def broken(name: str) -> str:
            guests.broken.add(GUESTS[name][0])
            guests.kill(GUESTS[name][0])
            return f"{name} has died and cannot start"

        def mended(name: str) -> str:
            guests.broken.discard(GUESTS[name][0])
            return f"{name} can start again"

        def unguarded(name: str) -> str:
            self.cluster.book.resources.pop(f"vm:{GUESTS[name][0]}", None)
            return f"HA does not manage {name} any more"

        def guarded(name: str) -> str:
            sid = f"vm:{GUESTS[name][0]}"
            self.cluster.book.resources.setdefault(sid, Resource(sid))
            return f"HA manages {name}"

        world.fault("guest-unguarded", "take a guest away from HA", targets(GUESTS), unguarded, guarded)
        world.fault("guest-broken", "let a guest die, and fail to start", targets(GUESTS), broken, mended)

        def enter(node: str) -> str:
            self.cluster.book.maintenance[node] = True
            return f"{node} is asked into maintenance"

        def leave(node: str) -> str:
            self.cluster.book.maintenance[node] = False
            return f"{node} is asked out of maintenance"

        def disarm(node: str) -> str:
            self.cluster.book.commands.append("disarm-ha freeze")
            return "HA is disarmed: somebody works on the network"

        def arm(node: str) -> str:
            self.cluster.book.commands.append("arm-ha")
            return "HA is armed"

        world.fault("ha-disarmed", "disarm HA", targets({"cluster": ""}), disarm, arm)
        world.fault(
            "pve-maintenance", "put a node into HA maintenance", targets(dict.fromkeys(NODES)), enter, leave
        )


def _program(tool: Callable[[Sequence[str]], tuple[int, str]]) -> Program:
    """A tool as a program of a machine; what fails is said on standard error."""

    def run(machine: Machine, arguments: Sequence[str], text: str) -> Printed:
        status, said = tool(arguments[1:])
        return Printed(out=said) if status == 0 else Printed(err=said, status=status)

    return run
