"""Very many hosts that only Zabbix knows: values once a minute, as the templates that it ships sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

GROUP, GROUP_ID = "Fleet", "900"
FIRST = 1_000_000
"""The number of the first host."""
GIB = 1 << 30


@dataclass(slots=True)
class Fleet:
    """`count` hosts, `node-00001` and on; `mute` do not answer, `forgotten` have old values, `loaded` too
    much to do."""

    count: int
    mute: set[int] = field(default_factory=set)
    forgotten: set[int] = field(default_factory=set)
    loaded: set[int] = field(default_factory=set)

    def group(self) -> dict[str, Any]:
        """The row of `hostgroup.get`, hosts and all."""
        hosts = [
            {"hostid": str(FIRST + number), "host": name(number), "status": "0", "maintenance_status": "0"}
            for number in range(1, self.count + 1)
        ]
        return {"groupid": GROUP_ID, "name": GROUP, "hosts": hosts}

    def interfaces(self) -> list[dict[str, Any]]:
        """The rows of `hostinterface.get` of those that do not answer."""
        return [
            {"interfaceid": str(FIRST + number), "hostid": str(FIRST + number), "available": "2", "main": "1",
             "type": "1", "error": "Get value from agent failed: cannot connect: [113] No route to host"}
            for number in sorted(self.mute)
        ]  # fmt: skip

    def items(self, parameters: Mapping[str, Any], now: float) -> list[dict[str, Any]]:
        """The rows of `item.get` of one kind of value."""
        keys = (parameters.get("filter") or {}).get("key_") or []
        return [row for key in keys for row in self._rows(key, now)]

    def _rows(self, key: str, now: float) -> Iterator[dict[str, Any]]:
        for number in range(1, self.count + 1):
            value = self._value(key, number, now)
            if value is None:
                return
            age = 3600.0 if number in self.forgotten | self.mute else (number * 7 + now) % 60
            yield {
                "itemid": str(FIRST * 10 + number), "hostid": str(FIRST + number), "lastvalue": f"{value:g}",
                "lastclock": str(int(now - age)),
            }  # fmt: skip

    def _value(self, key: str, number: int, now: float) -> float | None:
        """What a host says to a key; None: no host has such an item."""
        load = 40.0 if number in self.loaded else 0.1 + number % 7 / 10
        known = {
            "system.cpu.load[all,avg1]": load,
            "system.cpu.load[all,avg5]": load,
            "system.cpu.load[all,avg15]": load,
            "system.cpu.num": 8,
            "vm.memory.size[total]": 16 * GIB,
            "vm.memory.size[available]": (4 + number % 8) * GIB,
            "system.swap.size[,total]": 0,
            "system.swap.size[,free]": 0,
            "system.uptime": 86_400 + number,
            "vfs.fs.dependent.size[/,pused]": 20 + number % 50,
        }
        return known.get(key)


def name(number: int) -> str:
    return f"node-{number:05}"
