"""What the parts of the platform that speak HTTP have in common: their services, and how a door stands."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from saitotui.simulator.door import DARK, HUNG, OPEN, REFUSED
from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.world import Machine, World


def _secret() -> str:
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True)
class Passwords:
    """The secrets of one simulation, made anew for each."""

    pve_token: str = field(default_factory=_secret, repr=False)
    pve_password: str = field(default_factory=_secret, repr=False)
    tomcat: str = field(default_factory=_secret, repr=False)
    zabbix_token: str = field(default_factory=_secret, repr=False)
    zabbix_password: str = field(default_factory=_secret, repr=False)
    robot: str = field(default_factory=_secret, repr=False)


@dataclass(frozen=True, slots=True)
class Service:
    """Something that answers HTTP: unit `unit` on machine `machine` (empty: somewhere outside)."""

    name: str
    machine: str
    unit: str
    handle: Callable[[Request], Reply] = field(repr=False)
    tls: bool = False


def door_state(machine: Machine, unit: str) -> str:
    """How the door of a machine's service stands."""
    if not machine.reachable:
        return DARK
    if machine.hung:
        return HUNG
    return {"running": OPEN, "stopped": REFUSED}.get(machine.services.get(unit, "stopped"), HUNG)


def restart(world: World, host: str, unit: str) -> str:
    """`systemctl restart` of a unit on a host that is up; says what came of it."""
    machine = world.machines[host]
    if not machine.up or unit not in machine.services:
        return f"Failed to restart {unit}.service: Unit {unit}.service not found."
    if machine.disk_full:
        return f"Job for {unit}.service failed because the control process exited with error code."
    world.service(host, unit, "stopped")
    world.service(host, unit, "running")
    return f"{unit} restarted"
