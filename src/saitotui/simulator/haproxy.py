"""HAProxy 2.6 on lb1 and lb2: write and read backends, checks, the runtime API (management guide, 9)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from saitotui.simulator.haproxy_show import Show
from saitotui.simulator.haproxy_state import (
    CHECK_EVERY,
    CONFIG,
    FALL,
    READ,
    RISE,
    STATE_FILE,
    UNIT,
    WRITE,
    BackendServer,
    Node,
)
from saitotui.simulator.world import Machine, World


class HaproxyPart:
    """Both nodes. `alive` is asked for each check whether a database server answers a login."""

    name = "haproxy"

    def __init__(self, world: World, names: tuple[str, ...] = ("lb1", "lb2")) -> None:
        self.world = world
        self.alive: Callable[[str, str], str] = lambda node, server: "L7OK"
        """The check's code for a server seen from a node."""
        self.nodes: dict[str, Node] = {}
        self._show = Show(world)
        for name in names:
            machine = world.machines[name]
            machine.services.setdefault(UNIT, "running")
            self.nodes[name] = self._node(name, machine)
        world.join(self)
        world.clock.every(CHECK_EVERY, self._check)
        self._faults()

    def _node(self, name: str, machine: Machine) -> Node:
        now = self.world.clock.now()
        node = Node(name, machine, started=now - 86_400 * 3)
        for number, server in enumerate(("db1", "db2"), 1):
            off = server == "db2"
            write = BackendServer(
                WRITE, server, number, 1, "maint" if off else "ready", off, changed=now - 9000
            )
            node.servers[WRITE, server] = write
            node.servers[READ, server] = BackendServer(
                READ, server, number, 10 if server == "db1" else 100, changed=now - 9000
            )
        machine.files[CONFIG] = lambda: self._show.config(node)
        # As it was last saved: what is set at run time stands there only when somebody writes it.
        machine.files[STATE_FILE] = self._show.servers_state(node)
        return node

    def changed(self, machine: Machine) -> None:
        node = self.nodes.get(machine.name)
        if node is not None and not machine.runs(UNIT):
            for server in node.servers.values():
                server.sessions = 0

    def route(self, name: str, backend: str = WRITE) -> str:
        """The server that a new connection through a node gets to; empty when none or the node is down."""
        node = self.nodes[name]
        if not node.machine.runs(UNIT) or node.machine.cut:
            return ""
        takes = [server for server in node.backend(backend) if server.takes]
        active = [server for server in takes if not server.backup] or takes
        return active[0].name if active else ""

    def _check(self) -> None:
        for node in self.nodes.values():
            if not node.machine.runs(UNIT):
                continue
            for server in node.servers.values():
                self._check_one(node, server)
            self._spread(node)

    def _check_one(self, node: Node, server: BackendServer) -> None:
        if server.admin == "maint":
            return
        code = self.alive(node.name, server.name)
        good = code == "L7OK"
        server.score = server.score + 1 if good != server.healthy else 0
        if good == server.healthy:
            server.check = code
        if server.score >= (RISE if good else FALL):
            server.healthy, server.score, server.check = good, 0, code
            server.changed = self.world.clock.now()
            if not good:
                self.shut(node, server)

    def _spread(self, node: Node) -> None:
        """Applications keep their pools full: eight sessions a node on the server that takes them."""
        target = self.route(node.name)
        for server in node.backend(WRITE):
            if server.name == target:
                server.sessions = 8
                server.total += 1

    def shut(self, node: Node, server: BackendServer) -> None:
        """Cuts the sessions of a server."""
        server.sessions = 0
        for hook in node.cut_hooks:
            hook(server.name)

    async def serve_socket(self, name: str, connected: socket.socket) -> None:
        """The runtime API on one connection: one line, the answers, end."""
        reader, writer = await asyncio.open_connection(sock=connected)
        try:
            line = await reader.readline()
            writer.write(self.command(name, line.decode("utf-8", "replace").strip()).encode())
            await writer.drain()
        finally:
            writer.close()

    def command(self, name: str, line: str) -> str:
        """What a line of commands, separated by `;`, is answered."""
        node = self.nodes[name]
        return "".join(self._one(node, part.strip()) + "\n" for part in line.split(";"))

    def _one(self, node: Node, text: str) -> str:
        words = text.split()
        match words:
            case ["show", "stat", *_]:
                return self._show.show_stat(node)
            case ["show", "info", *_]:
                return self._show.show_info(node)
            case ["show", "servers", "state", *_]:
                return self._show.servers_state(node)
            case ["show", "servers", "conn", *_]:
                return self._show.servers_conn(node)
            case ["show", "backend"]:
                return f"# name\n{WRITE}\n{READ}\n"
            case ["show", "sess", *_]:
                return self._show.sessions(node)
            case ["set", "server", target, "state", state]:
                return self._set_state(node, target, state)
            case ["shutdown", "sessions", "server", target]:
                return self._shutdown(node, target)
            case _:
                return f"Unknown command: '{words[0] if words else ''}', but maybe one of the following ones:"

    def _find(self, node: Node, target: str) -> BackendServer | None:
        backend, _, server = target.partition("/")
        return node.servers.get((backend, server))

    def _set_state(self, node: Node, target: str, state: str) -> str:
        server = self._find(node, target)
        if server is None:
            return "No such server."
        if state not in ("ready", "maint", "drain"):
            return "'set server <srv> state' expects 'ready', 'drain' and 'maint'."
        if server.admin != state:
            server.admin, server.changed, server.score = state, self.world.clock.now(), 0
            if state == "ready":
                server.check = self.alive(node.name, server.name)
                server.healthy = server.check == "L7OK"
        return ""

    def _shutdown(self, node: Node, target: str) -> str:
        server = self._find(node, target)
        if server is None:
            return "No such server."
        self.shut(node, server)
        return ""

    def _faults(self) -> None:
        def names() -> list[str]:
            return list(self.nodes)

        def turn(target: str) -> str:
            node = self.nodes[target]
            for server in node.backend(WRITE):
                server.admin = "maint" if server.admin == "ready" else "ready"
                server.changed = self.world.clock.now()
            return f"somebody turned {target}'s write servers round"

        def classic(target: str) -> str:
            for server in self.nodes[target].backend(WRITE):
                server.admin, server.configured_off = "ready", False
                server.backup = server.name == "db2"
            return f"{target} runs the classic configuration: db2 is a backup server"

        def safe(target: str) -> str:
            for server in self.nodes[target].backend(WRITE):
                server.backup, server.configured_off = False, server.name == "db2"
                server.admin = "maint" if server.name == "db2" else "ready"
            return f"{target} runs the safe configuration again"

        world = self.world
        world.fault("haproxy-turned", "a node that sends writes elsewhere", names, turn, turn)
        world.fault("haproxy-classic", "a backup server in the write backend", names, classic, safe)
