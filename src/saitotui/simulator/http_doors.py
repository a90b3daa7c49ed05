"""The doors of everything that answers HTTP: opened together, kept in step with the machines behind them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable

from saitotui.simulator.door import OPEN, Door
from saitotui.simulator.http_parts import Service, door_state
from saitotui.simulator.http_server import HttpServer
from saitotui.simulator.world import Machine, World


class HttpDoors:
    """One door a service. `tls` is used by those services that speak it."""

    def __init__(self, world: World, services: Iterable[Service], tls: ssl.SSLContext) -> None:
        self._world = world
        self.services = {service.name: service for service in services}
        self.doors = {
            name: Door(
                name,
                HttpServer(service.handle, world.clock.sleep, tls if service.tls else None).connection,
            )
            for name, service in self.services.items()
        }

    def open(self) -> None:
        """Opens the doors as their machines stand, and follows them from now on."""
        for name in self.doors:
            self._set(name)
        self._world.watchers.append(self._changed)

    def url(self, name: str) -> str:
        """The address of a service, without a path."""
        door, service = self.doors[name], self.services[name]
        return f"{'https' if service.tls else 'http'}://{door.address}:{door.port}"

    def _changed(self, machine: Machine) -> None:
        for name, service in self.services.items():
            if service.machine == machine.name:
                self._set(name)

    def _set(self, name: str) -> None:
        service = self.services[name]
        machine = self._world.machines.get(service.machine)
        self.doors[name].set(door_state(machine, service.unit) if machine else OPEN)

    async def aclose(self) -> None:
        self._world.watchers.remove(self._changed)
        await asyncio.gather(*(door.aclose() for door in self.doors.values()))
