"""Robot as a part of the world: it reaches the physical machines, whatever runs on them."""

from __future__ import annotations

from collections.abc import Callable

from saitotui.simulator.http_parts import Passwords, Service
from saitotui.simulator.robot import LIMITS, Failover, Robot, Server
from saitotui.simulator.world import Machine, World, targets

USER = "#ws+fsn1"
NUMBERS = {"pve1": 1402311, "pve2": 1402312, "pve3": 1402313, "st1": 1402321, "st2": 1402322}
ADDRESSES = {name: f"203.0.113.{11 + at}" for at, name in enumerate(NUMBERS)}
KEY = "15:28:b0:03:95:f0:77:b3:10:56:15:6b:77:22:a5:bb"
"""The fingerprint of a key that Robot knows."""
FAILOVER_IP, FAILOVER_HOST = "203.0.113.200", "pve1"


class RobotPart:
    """Implements world.Part and robot.Fabric. The webservice is outside: it always answers."""

    name = "hardware"

    def __init__(self, world: World, passwords: Passwords) -> None:
        self.world = world
        servers = [
            Server(number, name, ADDRESSES[name], "SX65" if name.startswith("st") else "AX102")
            for name, number in NUMBERS.items()
        ]
        failover = Failover(FAILOVER_IP, NUMBERS[FAILOVER_HOST], ADDRESSES[FAILOVER_HOST])
        self.robot = Robot(self, USER, passwords.robot, servers, [failover])
        self._faults(failover)
        world.join(self)

    def now(self) -> float:
        return self.world.clock.now()

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        return self.world.clock.call_later(delay, do)

    def press(self, host: str, kind: str) -> None:
        """`sw` asks the kernel, so it does nothing to a machine that hangs; `man` takes a technician."""
        machine = self.world.machines[host]
        self.world.note(f"Robot: {kind} reset of {host}")
        if kind == "man":
            self.call_later(600, lambda: self.world.reset(host))
        elif kind == "power" and not machine.powered:
            self._boots(machine)
            self.world.power_on(host)
        elif kind in ("power", "power_long"):
            self.world.power_off(host)
        elif kind == "hw" or machine.up:
            self._boots(machine)
            self.world.reset(host)

    def _boots(self, machine: Machine) -> None:
        """Another system, where nothing of the machine's own runs; or its own again."""
        machine.rescued = self.robot.boots(machine.name)

    def running(self, host: str) -> bool:
        return self.world.machines[host].powered

    def routed(self, address: str, host: str) -> None:
        self.world.note(f"Robot: {address} leads to {host or 'nowhere'}")

    def changed(self, machine: Machine) -> None:
        """Nothing that happens to a machine changes Robot."""

    def services(self) -> list[Service]:
        return [Service("robot", "", "", self.robot.handle, tls=True)]

    def _faults(self, failover: Failover) -> None:
        def elsewhere(target: str) -> str:
            failover.active = ADDRESSES["pve2"]
            return f"{target} leads to pve2"

        def home(target: str) -> str:
            failover.active = ADDRESSES[FAILOVER_HOST]
            return f"{target} leads to {FAILOVER_HOST}"

        def deny(target: str) -> str:
            self.robot.denied = True
            return "Robot refuses the web service user"

        def allow(target: str) -> str:
            self.robot.denied = False
            return "Robot knows the web service user again"

        def exhaust(target: str) -> str:
            self.robot.limits = dict.fromkeys(self.robot.limits, 0)
            return "Robot's request limit is used up"

        def refill(target: str) -> str:
            self.robot.limits = dict(LIMITS)
            return "Robot answers again"

        world, address, service = self.world, targets({FAILOVER_IP: 0}), targets({"robot": 0})
        world.fault("failover-ip-elsewhere", "route a failover address elsewhere", address, elsewhere, home)
        world.fault("robot-denied", "take the web service user away", service, deny, allow)
        world.fault("robot-limit", "use up the request limit", service, exhaust, refill)
