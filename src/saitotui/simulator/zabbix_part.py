"""Zabbix as a part of the world: it runs on mon1, and reaches what mon1 reaches."""

from __future__ import annotations

from collections.abc import Callable

from saitotui.simulator.http_parts import Passwords, Service, restart
from saitotui.simulator.world import Machine, World, targets
from saitotui.simulator.zabbix_access import Access
from saitotui.simulator.zabbix_agents import AGENT, Agents
from saitotui.simulator.zabbix_api import ZabbixApi
from saitotui.simulator.zabbix_server import Trigger, platform

HOST, SERVER, FRONTEND = "mon1", "zabbix-server", "zabbix-frontend"
USER = "saitotui"
ROLES = {
    "web1": "nginx", "web2": "nginx", "lb1": "haproxy", "lb2": "haproxy", "tc1": "tomcat", "tc2": "tomcat",
    "tc3": "tomcat", "db1": "database", "db2": "database",
}  # fmt: skip
UNITS = {"nginx": ("nginx",), "haproxy": ("haproxy",), "tomcat": ("tomcat10",),
         "mysql": ("mariadb", "mysql", "mysqld")}  # fmt: skip
"""Component: the units that may be it."""
STORM = 240


class ZabbixPart:
    """Implements world.Part and zabbix_server.Fabric."""

    name = "monitoring"

    def __init__(self, world: World, passwords: Passwords, version: str = "6.0.14") -> None:
        self.world = world
        home = world.machines[HOST].services
        home.setdefault(SERVER, "running")
        home.setdefault(FRONTEND, "running")
        for machine in world.machines.values():
            machine.services.setdefault(AGENT, "running")
        names = sorted(world.machines, key=lambda name: name == HOST)
        hosts = {name: (world.machines[name].address, ROLES.get(name, "host")) for name in names}
        self._agents = Agents(world)
        self.server = platform(self, hosts, version)
        self.access = Access(world.clock.now, {USER: passwords.zabbix_password}, {passwords.zabbix_token})
        self.api = ZabbixApi(self.server, self.access)
        self.content = self.api.content
        self._faults()
        world.join(self)
        self.server.start()

    def now(self) -> float:
        return self.world.clock.now()

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        return self.world.clock.call_later(delay, do)

    def alive(self) -> bool:
        return self.world.machines[HOST].runs(SERVER)

    def agent(self, host: str) -> bool:
        return self.world.machines[host].runs(AGENT) and self.world.connected(HOST, host)

    def _unit(self, host: str, component: str) -> str:
        services = self.world.machines[host].services
        return next((unit for unit in UNITS.get(component, ()) if unit in services), "")

    def value(self, host: str, what: str) -> float:
        if what == "ping":
            return 1
        return float(self.world.machines[host].runs(self._unit(host, what)))

    def said(self, host: str, key: str) -> str:
        return self._agents.said(host, key) if self.agent(host) else ""

    def restart(self, host: str, service: str) -> str:
        if not service:
            return " 03:14:07 up 12 days,  1:06,  0 users,  load average: 0.31, 0.28, 0.25"
        self.world.note(f"Zabbix restarts {service} on {host}")
        return restart(self.world, host, self._unit(host, service))

    def changed(self, machine: Machine) -> None:
        """It samples; nobody tells it. An agent that was started again has read its configuration."""
        self._agents.changed(machine)

    def services(self) -> list[Service]:
        return [Service("zabbix", HOST, FRONTEND, self.api.handle, tls=True)]

    def _faults(self) -> None:
        only = targets({"zabbix": 0})
        for name, summary, inject, heal in (
            ("zabbix-disarmed", "disable Zabbix's recovery actions", self._disarm, self._arm),
            ("zabbix-storm", "raise 240 problems at once", self._storm, self._calm),
            ("zabbix-unsupported", "make items unsupported", self._break_items, self._mend_items),
        ):
            self.world.fault(name, summary, only, inject, heal)

    def _disarm(self, target: str) -> str:
        for action in self.server.actions:
            action.enabled = False
        return "Zabbix's recovery actions are disabled"

    def _arm(self, target: str) -> str:
        for action in self.server.actions:
            action.enabled = True
        return "Zabbix's recovery actions are enabled"

    def _storm(self, target: str) -> str:
        server = self.server
        for number in range(STORM):
            port, at = divmod(number, len(server.hosts))
            host = server.hosts[at]
            item = next(item for item in server.items if item.host is host)
            text = f"Interface eth{port}: link down on {host.name}"
            # Nobody samples it: the problem stays until it is healed.
            trigger = Trigger(server.id("trigger"), host, item, text, 1 + number % 4, {"storm": "1"})
            trigger.sampled = False
            server.triggers.append(trigger)
            server.raise_problem(trigger)
        return f"Zabbix has {STORM} problems more"

    def _calm(self, target: str) -> str:
        for trigger in [one for one in self.server.triggers if one.tags.get("storm")]:
            self.server.resolve(trigger)
            self.server.triggers.remove(trigger)
        return "the storm is over"

    def _break_items(self, target: str) -> str:
        for item in self.server.items:
            if item.key.startswith("service.state"):
                item.error = "Unsupported item key."
        return "items are not supported"

    def _mend_items(self, target: str) -> str:
        for item in self.server.items:
            item.error = ""
        return "items are supported again"
