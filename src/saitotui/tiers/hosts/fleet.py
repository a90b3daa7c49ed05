"""Hosts that Zabbix watches and this console does not log in to: as many as there are, by Zabbix's values.

One question brings one kind of value of all hosts: thousands of them cost some questions a minute. The keys
are those of the templates that Zabbix ships (`Linux by Zabbix agent`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from saitotui.facts import zabbix_values
from saitotui.facts.host import FileSystem, HostFacts
from saitotui.facts.zabbix_values import Member, Value
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind, Json, Question
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import coarse
from saitotui.tiers.hosts.judge import HostView

T = TypeVar("T")

LOAD = "system.cpu.load[all,avg1]"
"""What every host must have a value of: its age says whether Zabbix still hears it."""
KEYS: Mapping[str, Sequence[str]] = {
    "load": (LOAD,),
    "load5": ("system.cpu.load[all,avg5]",),
    "load15": ("system.cpu.load[all,avg15]",),
    "cpus": ("system.cpu.num",),
    "memory": ("vm.memory.size[total]",),
    "available": ("vm.memory.size[available]",),
    "swap": ("system.swap.size[,total]",),
    "swapfree": ("system.swap.size[,free]",),
    "uptime": ("system.uptime",),
    "root": ("vfs.fs.size[/,pused]", "vfs.fs.dependent.size[/,pused]"),
}
EVERY, APART = 60.0, 3.0
"""Seconds between two questions for the same kind of value (the shipped templates sample once a minute), and
by how much the kinds differ, so that they do not fall together."""
DEADLINE = 20.0
OLD = 300.0
"""Seconds after which a value says nothing any more."""
SUBJECT = "fleet"


@dataclass(frozen=True, slots=True)
class FleetQuestions:
    """What is asked about the hosts of `group`."""

    group: str
    members: Question[tuple[Member, ...]]
    silent: Question[Mapping[str, str]]
    values: Mapping[str, Question[Mapping[str, Value]]]

    @property
    def all(self) -> Sequence[Question[Any]]:
        return (self.members, self.silent, *self.values.values())


def ask(profile: Profile) -> FleetQuestions | None:
    """The questions; None where the profile has no fleet."""
    group = profile.monitoring.fleet if profile.monitoring else ""
    if not group:
        return None
    known: Json = {
        "output": ["groupid", "name"],
        "filter": {"name": [group]},
        "selectHosts": ["hostid", "host", "status", "maintenance_status"],
    }
    mute: Json = {
        "output": ["hostid", "available", "error"],
        "filter": {"available": 2, "main": 1, "type": 1},
    }
    return FleetQuestions(
        group,
        _question("members", "hostgroup.get", known, zabbix_values.members, EVERY),
        _question("silent", "hostinterface.get", mute, zabbix_values.silent, 5 * profile.poll),
        {
            name: _question(
                name,
                "item.get",
                {
                    "output": ["hostid", "lastvalue", "lastclock"],
                    "group": group,
                    "filter": {"key_": list(keys), "status": 0},
                    "monitored": True,
                },
                zabbix_values.values,
                EVERY + number * APART,
            )
            for number, (name, keys) in enumerate(KEYS.items())
        },
    )


def _question(name: str, method: str, body: Json, parse: Callable[[Answer], T], every: float) -> Question[T]:
    # Each on a line of its own: an answer has its size, and all together would be too large for one.
    command = Command(Client.ZABBIX, "zabbix", method, json.dumps(body), session=f"{SUBJECT}-{name}")
    return Question(f"monitoring/zabbix/{SUBJECT}-{name}", "zabbix", command, parse, every, DEADLINE)


def views(asked: FleetQuestions, snapshot: Snapshot, own: Mapping[str, object]) -> tuple[HostView, ...]:
    """What Zabbix says of each host of the group; those of the profile (`own`) are asked themselves."""
    members = snapshot.get(asked.members) or ()
    silent = snapshot.get(asked.silent) or {}
    values = {name: snapshot.get(question) or {} for name, question in asked.values.items()}
    # By the server's own clock, which need not be this console's.
    newest = max((value.at for value in values["load"].values()), default=0.0)
    waits = snapshot.reading(asked.values["load"]).failure
    return tuple(
        _view(
            member,
            silent.get(member.id),
            {name: found.get(member.id) for name, found in values.items()},
            newest,
            waits,
        )
        for member in members
        if member.name not in own
    )


def _view(
    member: Member, mute: str | None, found: Mapping[str, Value | None], newest: float, waits: Failure | None
) -> HostView:
    load, failure = found["load"], None
    if mute is not None:
        failure = Failure(FailureKind.UNREACHABLE, f"Zabbix does not hear it: {mute}")
    elif load is None:
        failure = waits or Failure(FailureKind.UNPARSABLE, f"Zabbix has no value of {LOAD} of it")
    elif newest - load.at > OLD:
        sentence = f"Zabbix's last value of it is {coarse(newest - load.at)} old"
        failure = Failure(FailureKind.TIMEOUT, sentence)
    if failure is not None or load is None:
        return HostView(member.name, None, failure, source="Zabbix")
    root = found["root"]
    disks = (FileSystem("/", "/", 0.0, 0.0, root.value),) if root is not None else None
    source = f"Zabbix, {coarse(newest - load.at)}"
    return HostView(member.name, _facts(load, found), None, disks, source=source)


def _facts(load: Value, found: Mapping[str, Value | None]) -> HostFacts:
    """What there is no value of is none: no processors, no memory."""
    memory = _of(found["memory"])
    return HostFacts(
        now=load.at,
        boot_id="",
        uptime=_of(found["uptime"], OLD * 10),
        load=(load.value, _of(found["load5"], load.value), _of(found["load15"], load.value)),
        cpus=int(_of(found["cpus"])),
        memory_total=memory,
        memory_available=_of(found["available"], memory),
        swap_total=_of(found["swap"]),
        swap_free=_of(found["swapfree"]),
        kernel="",
    )


def _of(value: Value | None, otherwise: float = 0.0) -> float:
    return value.value if value is not None else otherwise
