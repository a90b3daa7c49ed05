"""A Zabbix server at work: samples, problems, recovery actions, maintenance.

Timing as measured on 6.0.14: a passive item is sampled each interval; the escalator looks each 3 s; a step of
an action comes at most each 60 s; maintenance begins and ends with a full minute; a dead agent's interface is
called unavailable after about 17 s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from saitotui.simulator.zabbix_fleet import Fleet

TICK = 1.0
SAMPLE = 5.0
ESCALATOR = 3
INTERNAL = 10
"""Seconds between two values of the server's items about itself."""
STEP = 60.0
UNAVAILABLE = 17.0
OK_PERIOD = 300.0
"""Seconds for which a resolved problem still is `recent`, and its trigger still `only_true`."""
CLOSE, ACK, MESSAGE, SEVERITY, UNACK, SUPPRESS, UNSUPPRESS = 1, 2, 4, 8, 16, 32, 64


class Fabric(Protocol):
    """What the server can reach of the platform."""

    def now(self) -> float: ...
    def call_later(self, delay: float, do: Callable[[], None]) -> object: ...
    def alive(self) -> bool:
        """Whether the server's own process runs."""

    def agent(self, host: str) -> bool:
        """Whether a host's agent answers."""

    def value(self, host: str, what: str) -> float:
        """What a host's agent says of a service: 1 up, 0 down (or a figure)."""

    def said(self, host: str, key: str) -> str:
        """What a host's agent says to a key that its own configuration defines; '' when it does not."""

    def restart(self, host: str, service: str) -> str:
        """Runs a recovery script through a host's agent; returns its output."""


@dataclass(slots=True)
class Host:
    hostid: str
    name: str
    address: str
    groups: tuple[str, ...]
    tags: dict[str, str]
    enabled: bool = True
    maintenanceid: str = "0"
    maintenance_from: int = 0
    silent_since: float = 0.0
    unavailable: bool = False
    errors_from: int = 0


@dataclass(slots=True)
class Item:
    itemid: str
    host: Host
    name: str
    key: str
    what: str
    """What the fabric is asked for; empty for an item that is never sampled."""
    error: str = ""
    """Not empty: the item is not supported, for this reason."""
    value: float = 1.0
    clock: int = 0
    enabled: bool = True
    template: str = ""
    """The number of the template that brought it, if one did."""
    every: int = 0
    """Seconds between two of its texts; 0 for an item that is a figure."""
    text: str = ""


@dataclass(slots=True)
class Trigger:
    """It is in problem while its item's value is at most `limit`, or the host's agent is silent (`agent`)."""

    triggerid: str
    host: Host
    item: Item
    description: str
    priority: int
    tags: dict[str, str]
    limit: float = 0.0
    agent: bool = False
    depends: Trigger | None = None
    samples: int = 1
    """Bad samples in a row that it takes."""
    bad: int = 0
    value: int = 0
    lastchange: int = 0
    enabled: bool = True
    sampled: bool = True
    template: str = ""


@dataclass(slots=True)
class Acknowledge:
    acknowledgeid: str
    userid: str
    clock: int
    message: str
    action: int
    old_severity: int = 0
    new_severity: int = 0


@dataclass(slots=True)
class Problem:
    eventid: str
    trigger: Trigger
    clock: float
    severity: int
    r_eventid: str = "0"
    r_clock: float = 0.0
    userid: str = "0"
    acknowledged: bool = False
    acknowledges: list[Acknowledge] = field(default_factory=list)
    suppressed: str = ""
    """The maintenance that suppresses it."""
    steps: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Of each action: the last step and when it ran."""

    @property
    def open(self) -> bool:
        return self.r_eventid == "0"


@dataclass(slots=True)
class Script:
    scriptid: str
    name: str
    command: str
    service: str
    scope: int


@dataclass(slots=True)
class Action:
    """Runs `script` on the problem's host, up to three times, while nobody has acknowledged."""

    actionid: str
    name: str
    tag_value: str
    script: Script
    enabled: bool = True
    messages: list[tuple[str, str]] = field(default_factory=list)
    """Steps in which a group of users is told, and the group's number."""


@dataclass(slots=True)
class Alert:
    alertid: str
    action: Action
    problem: Problem
    clock: int
    message: str
    status: int
    step: int
    error: str = ""


@dataclass(slots=True)
class Maintenance:
    maintenanceid: str
    name: str
    description: str
    since: int
    till: int
    hosts: list[str]
    period: int = 3600
    tags: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class ZabbixServer:
    """`version` decides the dialect of the API (`6.0.14`, `7.0.5`, `7.4.0` ...)."""

    fabric: Fabric
    version: str = "6.0.14"
    hosts: list[Host] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    maintenances: list[Maintenance] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    """Group id to name."""
    fleet: Fleet | None = None
    """Hosts beside those of the platform."""
    started: float = 0.0
    asked_now: list[tuple[str, float]] = field(default_factory=list)
    """The items that somebody wanted a value of at once, and when."""
    _ticks: int = 0
    _minute: int = -1
    _ids: dict[str, int] = field(default_factory=dict)

    def id(self, kind: str, first: int = 1) -> str:
        """The next id of a kind."""
        number = self._ids.get(kind, first - 1) + 1
        self._ids[kind] = number
        return str(number)

    def start(self) -> None:
        self._again()

    def _again(self) -> None:
        self.fabric.call_later(TICK, self._again)
        self.tick()

    def tick(self) -> None:
        """One second of the server's life."""
        if not self.fabric.alive():
            self.started = 0.0
            return
        now = self.fabric.now()
        self._ticks += 1
        if int(now / 60) != self._minute:
            self._minute = int(now / 60)
            self._maintain(now)
        for host in self.hosts:
            if host.enabled:
                self._availability(host, now)
        for number, trigger in enumerate(self.triggers):
            if (self._ticks + number) % SAMPLE == 0:
                self._sample(trigger, now)
        self._ask(now)
        if self._ticks % ESCALATOR == 0:
            self._escalate(now)
        if self._ticks % INTERNAL == 0:
            self._watch_itself(now)
        self._forget(now)

    def _ask(self, now: float) -> None:
        """Items whose values are what agents print."""
        for item in self.items:
            if item.every and self._ticks % item.every == 0 and item.enabled and not item.host.silent_since:
                item.text, item.clock = self.fabric.said(item.host.name, item.key), int(now)

    def _availability(self, host: Host, now: float) -> None:
        if self.fabric.agent(host.name):
            host.silent_since, host.unavailable, host.errors_from = 0.0, False, 0
        elif not host.silent_since:
            host.silent_since = now
        elif now - host.silent_since >= UNAVAILABLE and not host.unavailable:
            host.unavailable, host.errors_from = True, int(host.silent_since)

    def _sample(self, trigger: Trigger, now: float) -> None:
        if not trigger.sampled or not trigger.enabled or not trigger.host.enabled or not trigger.item.enabled:
            return
        host, item = trigger.host, trigger.item
        if trigger.agent:
            bad = host.unavailable
            if not host.silent_since:
                item.value, item.clock = 1, int(now)
        elif host.silent_since:
            return  # no new value, so nothing is judged
        else:
            item.value, item.clock = self.fabric.value(host.name, item.what), int(now)
            bad = item.value <= trigger.limit
        trigger.bad = trigger.bad + 1 if bad else 0
        if trigger.bad >= trigger.samples and not trigger.value:
            if trigger.depends is None or not trigger.depends.value:
                self._raise(trigger, now)
        elif not bad and trigger.value:
            self._resolve(trigger, now)

    def _raise(self, trigger: Trigger, now: float) -> None:
        trigger.value, trigger.lastchange = 1, int(now)
        problem = Problem(self.id("event", 23), trigger, now, trigger.priority)
        problem.suppressed = trigger.host.maintenanceid if trigger.host.maintenanceid != "0" else ""
        self.problems.append(problem)

    def _resolve(self, trigger: Trigger, now: float, userid: str = "0") -> None:
        trigger.value, trigger.lastchange, trigger.bad = 0, int(now), 0
        for problem in self.problems:
            if problem.trigger is trigger and problem.open:
                problem.r_eventid, problem.r_clock = self.id("event", 23), now
                problem.userid = userid

    def sample_now(self, item: Item) -> None:
        """A person wants a value before the item's turn."""
        self.asked_now.append((item.itemid, self.fabric.now()))
        judged = [trigger for trigger in self.triggers if trigger.item is item]
        self.fabric.call_later(TICK, lambda: self._sample_all(judged, item))

    def _sample_all(self, judged: list[Trigger], item: Item) -> None:
        for trigger in judged:
            self._sample(trigger, self.fabric.now())
        if not judged:
            item.clock = int(self.fabric.now())

    def raise_problem(self, trigger: Trigger) -> None:
        """A problem begins now."""
        self._raise(trigger, self.fabric.now())

    def resolve(self, trigger: Trigger) -> None:
        """Its problem is over now."""
        self._resolve(trigger, self.fabric.now())

    def _escalate(self, now: float) -> None:
        for action in self.actions:
            if not action.enabled:
                continue
            for problem in self.problems:
                wanted = problem.trigger.tags.get("recovery") == action.tag_value
                if wanted and problem.open and not problem.suppressed and not problem.acknowledged:
                    self._step(action, problem, now)

    def _step(self, action: Action, problem: Problem, now: float) -> None:
        step, at = problem.steps.get(action.actionid, (0, 0.0))
        if step >= 3 or (step and now - at < STEP):
            return
        problem.steps[action.actionid] = step + 1, now
        host = problem.trigger.host
        message = f"{host.name}:{action.script.command.replace('{HOST.HOST}', host.name)}"
        error = "" if self.fabric.agent(host.name) else agent_error(host)
        if not error:
            self.fabric.restart(host.name, action.script.service)
        status = 2 if error else 1
        alert = Alert(self.id("alert"), action, problem, int(now), message, status, step + 1, error)
        self.alerts.append(alert)

    def _maintain(self, now: float) -> None:
        """At each full minute: which hosts are in maintenance."""
        for host in self.hosts:
            held = next(
                (
                    one
                    for one in self.maintenances
                    if host.hostid in one.hosts and one.since <= now < one.till
                ),
                None,
            )
            if held is None:
                host.maintenanceid, host.maintenance_from = "0", 0
            elif host.maintenanceid != held.maintenanceid:
                host.maintenanceid, host.maintenance_from = held.maintenanceid, int(now - now % 60)
        for problem in self.problems:
            # What a person suppressed (`0`) is no maintenance's.
            if problem.open and problem.suppressed != "0":
                held_id = problem.trigger.host.maintenanceid
                problem.suppressed = held_id if held_id != "0" else ""

    def _watch_itself(self, now: float) -> None:
        """Internal items: how the server fares. They stand still when it does not run."""
        self.started = self.started or now
        silent = sum(host.unavailable for host in self.hosts)
        figures = {
            "zabbix[queue,10m]": 2.0 * silent,
            "zabbix[wcache,values]": 5.0 * len(self.items),
            "zabbix[rcache,buffer,pused]": 21.0,
            "zabbix[uptime]": now - self.started,
        }
        for item in self.items:
            if item.key in figures and item.enabled:
                item.value, item.clock = figures[item.key], int(now)

    def _forget(self, now: float) -> None:
        if len(self.problems) > 2000:
            self.problems = [
                problem for problem in self.problems if problem.open or now - problem.r_clock < 86_400
            ]
        del self.alerts[:-1000]

    def acknowledge(self, problem: Problem, bits: int, userid: str, message: str, severity: int) -> None:
        """event.acknowledge: closes, acknowledges, comments, changes the severity."""
        now = int(self.fabric.now())
        note = Acknowledge(self.id("acknowledge"), userid, now, message, bits)
        if bits & SEVERITY:
            note.old_severity, note.new_severity = problem.severity, severity
            problem.severity = severity
        if bits & ACK:
            problem.acknowledged = True
        if bits & UNACK:
            problem.acknowledged = False
        problem.acknowledges.append(note)
        if bits & CLOSE and problem.open:
            self.fabric.call_later(TICK, lambda: self._close(problem, userid))

    def _close(self, problem: Problem, userid: str) -> None:
        if problem.open:
            self._resolve(problem.trigger, self.fabric.now(), userid)

    def host(self, name: str) -> Host:
        """The host of that name; KeyError when there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)


def agent_error(host: Host) -> str:
    """What the server says of an agent that does not answer."""
    return (
        f"Get value from agent failed: cannot connect to [[{host.address}]:10050]: [111] Connection refused"
    )


SERVICES: Mapping[str, tuple[str, str, int, str]] = {
    "nginx": ("nginx", "nginx is down on {}", 4, "restart-nginx"),
    "haproxy": ("haproxy", "HAProxy is down on {}", 4, "restart-haproxy"),
    "tomcat": ("tomcat", "Tomcat is down on {}", 4, "restart-tomcat"),
    "database": ("mysql", "Database server is down on {}", 5, ""),
}
"""Role: component, trigger text, severity, recovery. Nobody but a person promotes a database."""


INTERNAL_ITEMS = {
    "zabbix[queue,10m]": "Queue over 10 minutes",
    "zabbix[wcache,values]": "Number of processed values per second",
    "zabbix[rcache,buffer,pused]": "Configuration cache, % used",
    "zabbix[uptime]": "Uptime",
}


def platform(fabric: Fabric, hosts: Mapping[str, tuple[str, str]], version: str = "6.0.14") -> ZabbixServer:
    """A server that watches `hosts`: name to address and role (a key of SERVICES, or any other word).

    The last of them is the one that it runs on itself.
    """
    server = ZabbixServer(fabric, version, started=fabric.now() - 86_400)
    group = server.id("group", 20)
    server.groups[group] = "Platform/Nodes"
    for name, (address, role) in hosts.items():
        host = Host(server.id("host", 10559), name, address, (group,), {"role": role})
        server.hosts.append(host)
        ping = Item(
            server.id("item", 44520), host, "Agent ping", "agent.ping", "ping", clock=int(fabric.now())
        )
        server.items.append(ping)
        agent = Trigger(
            server.id("trigger", 23133), host, ping, f"Agent on {name} is unreachable", 4,
            {"component": "agent"}, agent=True, lastchange=int(fabric.now()) - 86_400,
        )  # fmt: skip
        server.triggers.append(agent)
        if role in SERVICES:
            _watch(server, host, agent, role)
    for key, name in INTERNAL_ITEMS.items():
        server.items.append(Item(server.id("item", 44520), server.hosts[-1], name, key, ""))
    for component, _, _, recovery in SERVICES.values():
        if recovery:
            script = Script(
                server.id("script", 4), f"Restart {component}", f"/opt/recovery/svc.sh restart {component}",
                component, 1,
            )  # fmt: skip
            server.scripts.append(script)
            action = Action(server.id("action", 7), f"Auto-recovery: {recovery}", recovery, script)
            server.actions.append(action)
    server.scripts.append(Script(server.id("script", 4), "Show uptime", "uptime", "", 2))
    return server


def _watch(server: ZabbixServer, host: Host, agent: Trigger, role: str) -> None:
    component, text, priority, recovery = SERVICES[role]
    item = Item(
        server.id("item", 44520), host, f"{component} is running", f"service.state[{component}]", component,
        clock=int(server.fabric.now()),
    )  # fmt: skip
    server.items.append(item)
    tags = {"component": component} | ({"recovery": recovery} if recovery else {})
    watch = Trigger(server.id("trigger", 23133), host, item, text.format(host.name), priority, tags)
    watch.depends, watch.lastchange = agent, int(server.fabric.now()) - 86_400
    server.triggers.append(watch)
