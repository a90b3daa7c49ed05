"""Zabbix's agents on the machines: what they have read of their configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence

from saitotui.simulator.shell import Shell
from saitotui.simulator.world import Machine, Printed, World

AGENT = "zabbix-agent"
FOLDER = "/etc/zabbix/zabbix_agentd.conf.d"
_PARAMETER = re.compile(r"^UserParameter=([\w.-]+),(.*)$", re.MULTILINE)


class Agents:
    """An agent reads its configuration when it starts."""

    def __init__(self, world: World) -> None:
        self._machines = world.machines
        self._read: dict[str, str] = {}
        self._ran: set[str] = set()
        for machine in world.machines.values():
            machine.files[f"{FOLDER}/."] = ""
            machine.files["/etc/sudoers.d/."] = ""
            for name in ("visudo", "chown", "chmod", "awk"):
                machine.programs.setdefault(name, _nothing)

    def changed(self, machine: Machine) -> None:
        """The agent of `machine` was started or stopped."""
        name, runs = machine.name, machine.runs(AGENT)
        if runs and name not in self._ran:
            files = [path for path in machine.files if path.startswith(FOLDER) and path.endswith(".conf")]
            self._read[name] = "\n".join(machine.read(path) or "" for path in sorted(files))
        (self._ran.add if runs else self._ran.discard)(name)

    def said(self, host: str, key: str) -> str:
        """What it prints who is told to by the agent's configuration; '' when nobody is."""
        found = [text for name, text in _PARAMETER.findall(self._read.get(host, "")) if name == key]
        return Shell(self._machines[host]).run(found[-1]).out.rstrip() if found else ""


def _nothing(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
    return Printed()
