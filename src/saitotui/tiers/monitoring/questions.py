"""What the monitoring tier asks of Zabbix's API: one batch a poll, since all share one connection.

Every parameter is known to every version from 6.0 to 7.4, or is one that the older ones ignore (`output`
names of `get` methods; recorded for `active_available` on 6.0). The account needs a role that may call these
methods and may read the platform's host groups; without `action.get` the recovery actions are unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from saitotui.facts import zabbix, zabbix_actions, zabbix_hosts
from saitotui.facts.zabbix import Problem, RaisedEvent, Trigger
from saitotui.facts.zabbix_actions import Action, RemoteCommand
from saitotui.facts.zabbix_hosts import Interface, Maintenance, ServerHealth, UnsupportedItem, ZabbixHost
from saitotui.model.command import Answer, Client, Command, Json, Question

T = TypeVar("T")

DEADLINE = 5.0
"""Seconds; a server with 1,000 open problems takes 0.4 s for the batch."""
SLOW = 15
"""What only people and configuration change is asked each so many polls, in the same batch."""
MOST_PROBLEMS = 1001
"""One more than is counted exactly."""
MOST_ROWS = 101

ID_HOST = ["hostid", "host", "name", "status", "maintenance_status"]


@dataclass(frozen=True, slots=True)
class MonitoringQuestions:
    """Everything that is asked of one Zabbix."""

    problems: Question[tuple[Problem, ...]]
    triggers: Question[tuple[Trigger, ...]]
    commands: Question[tuple[RemoteCommand, ...]]
    silent: Question[tuple[Interface, ...]]
    actions: Question[tuple[Action, ...]]
    events: Question[tuple[RaisedEvent, ...]]
    hosts: Question[tuple[ZabbixHost, ...]]
    maintenances: Question[tuple[Maintenance, ...]]
    unsupported: Question[tuple[UnsupportedItem, ...]]
    health: Question[ServerHealth]

    @property
    def all(self) -> Sequence[Question[Any]]:
        return (
            self.problems,
            self.triggers,
            self.commands,
            self.silent,
            self.actions,
            self.events,
            self.hosts,
            self.maintenances,
            self.unsupported,
            self.health,
        )


def ask(poll: float) -> MonitoringQuestions:
    """The questions; `poll` is the profile's interval (seconds)."""
    slow = SLOW * poll
    return MonitoringQuestions(
        problems=_question("problems", "problem.get", PROBLEMS, zabbix.problems, poll),
        triggers=_question("triggers", "trigger.get", TRIGGERS, zabbix.triggers, poll),
        commands=_question("commands", "alert.get", COMMANDS, zabbix_actions.commands, poll),
        silent=_question("silent", "hostinterface.get", SILENT, zabbix_hosts.interfaces, poll),
        actions=_question("actions", "action.get", ACTIONS, zabbix_actions.actions, poll),
        events=_question("events", "event.get", EVENTS, zabbix.events, poll),
        hosts=_question("hosts", "host.get", HOSTS, zabbix_hosts.hosts, slow),
        maintenances=_question(
            "maintenances", "maintenance.get", MAINTENANCES, zabbix_hosts.maintenances, slow
        ),
        unsupported=_question("unsupported", "item.get", UNSUPPORTED, zabbix_hosts.unsupported, slow),
        health=_question("health", "item.get", HEALTH, zabbix_hosts.health, slow),
    )


def _question(
    key: str, method: str, parameters: Json, parse: Callable[[Answer], T], every: float
) -> Question[T]:
    command = Command(Client.ZABBIX, "zabbix", method, json.dumps(parameters))
    return Question(f"monitoring/zabbix/{key}", "zabbix", command, parse, every, DEADLINE)


PROBLEMS: Json = {
    "output": ["eventid", "objectid", "clock", "name", "acknowledged", "severity", "suppressed", "opdata"],
    "source": 0,
    "object": 0,
    "selectTags": "extend",
    "selectAcknowledges": ["clock", "message", "action"],
    "selectSuppressionData": "extend",
    "sortfield": ["eventid"],
    "sortorder": "DESC",
    "limit": MOST_PROBLEMS,
}
"""Open problems, newest first. It knows no hosts: they come with the triggers, by `objectid`."""

TRIGGERS: Json = {
    "output": ["triggerid", "description", "priority", "lastchange", "manual_close", "status", "value"],
    # `only_true` alone also gives triggers that recovered within the last five minutes.
    "filter": {"value": 1},
    "expandDescription": True,
    "selectHosts": [*ID_HOST],
    "limit": MOST_PROBLEMS,
}
"""Triggers that are in problem, with their hosts."""

COMMANDS: Json = {
    "output": [
        "alertid",
        "actionid",
        "eventid",
        "clock",
        "message",
        "status",
        "error",
        "retries",
        "esc_step",
    ],
    "filter": {"alerttype": 1},
    "selectHosts": ["hostid", "host"],
    "sortfield": ["alertid"],
    "sortorder": "DESC",
    "limit": 50,
}
"""Remote commands that actions ran lately, newest first."""

SILENT: Json = {
    "output": ["interfaceid", "hostid", "type", "available", "error", "errors_from", "ip", "dns", "port"],
    "filter": {"available": 2},
    "selectHosts": [*ID_HOST],
    "limit": MOST_ROWS,
}
"""Interfaces that do not answer."""

ACTIONS: Json = {
    "output": ["actionid", "name", "eventsource", "status", "pause_suppressed"],
    "filter": {"eventsource": 0},
    "selectOperations": "extend",
    "selectFilter": "extend",
    "limit": 500,
}
"""Actions on triggers, with what they do."""

EVENTS: Json = {
    "output": ["eventid", "objectid", "clock", "value", "name", "severity"],
    "source": 0,
    "object": 0,
    "selectHosts": ["hostid", "host"],
    "sortfield": ["eventid"],
    "sortorder": "DESC",
    "limit": 50,
}
"""Problems that were raised (value 1) and resolved (value 0) lately."""

HOSTS: Json = {
    "output": ["hostid", "host", "name", "status", "maintenance_status", "maintenanceid", "active_available"],
    "filter": {"status": 0},
    "selectInterfaces": ["interfaceid", "type", "main", "available", "error"],
    "limit": 5000,
}

MAINTENANCES: Json = {
    "output": ["maintenanceid", "name", "maintenance_type", "description", "active_since", "active_till"],
    "selectHosts": ["hostid", "host"],
    "selectTimeperiods": "extend",
}

UNSUPPORTED: Json = {
    "output": ["itemid", "hostid", "key_", "error"],
    "filter": {"state": 1, "status": 0},
    "monitored": True,
    "selectHosts": ["hostid", "host"],
    "limit": MOST_ROWS,
}

HEALTH: Json = {
    "output": ["itemid", "hostid", "key_", "lastvalue", "lastclock"],
    "filter": {
        "key_": [
            "zabbix[queue,10m]",
            "zabbix[queue]",
            "zabbix[wcache,values]",
            "zabbix[rcache,buffer,pused]",
            "zabbix[uptime]",
            "zabbix[version]",
            "agent.ping",
        ],
        "status": 0,
    },
    "monitored": True,
    "limit": MOST_ROWS,
}
"""Items whose newest value proves that the server works: the API itself answers from the database, and goes
on when the server is dead. `agent.ping` stands in where the server does not watch itself."""
