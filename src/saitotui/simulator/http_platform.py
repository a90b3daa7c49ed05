"""Puts everything that answers HTTP into a world that has its machines."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.simulator.http_doors import HttpDoors
from saitotui.simulator.http_parts import Passwords
from saitotui.simulator.http_profile import Section, secrets, sections
from saitotui.simulator.pve_part import PvePart
from saitotui.simulator.robot_part import RobotPart
from saitotui.simulator.tomcat_part import TomcatPart
from saitotui.simulator.world import World
from saitotui.simulator.zabbix_fleet import GROUP
from saitotui.simulator.zabbix_part import ZabbixPart


@dataclass(slots=True)
class HttpPlatform:
    """The parts, and their doors once `open` was called inside the loop that serves them."""

    world: World
    passwords: Passwords
    cluster: PvePart
    application: TomcatPart
    monitoring: ZabbixPart
    hardware: RobotPart
    doors: HttpDoors | None = None

    def open(self, tls: ssl.SSLContext) -> HttpDoors:
        """Opens a door for each service."""
        parts = (self.cluster, self.application, self.monitoring, self.hardware)
        services = [service for part in parts for service in part.services()]
        self.doors = HttpDoors(self.world, services, tls)
        self.doors.open()
        return self.doors

    def profile(self, ca: str, folder: str) -> Mapping[str, Section]:
        """The profile's sections of these parts; `secrets` says what the files in `folder` must hold."""
        assert self.doors is not None, "open comes first"
        found = sections(self.doors, ca, folder)
        if self.monitoring.server.fleet is not None:
            found["monitoring"]["fleet"] = GROUP
        return found

    def secrets(self) -> Mapping[str, str]:
        return secrets(self.passwords)

    async def aclose(self) -> None:
        if self.doors is not None:
            await self.doors.aclose()


def attach(world: World, zabbix: str = "6.0.14") -> HttpPlatform:
    """Joins cluster, application, monitoring and hardware to `world`; `zabbix` is that server's version."""
    passwords = Passwords()
    hardware = RobotPart(world, passwords)
    cluster = PvePart(world, passwords)
    application = TomcatPart(world, passwords)
    monitoring = ZabbixPart(world, passwords, zabbix)
    return HttpPlatform(world, passwords, cluster, application, monitoring, hardware)
