"""Begins or ends a maintenance of one host in Zabbix: its problems call nobody.

A maintenance is no disarm: it takes effect at the next full minute, and recovery actions may run in it.
See docs/runbooks/zabbix-maintenance.md. Zabbix API reference, `maintenance`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from saitotui.facts import zabbix_hosts
from saitotui.facts.zabbix_hosts import Maintenance, ZabbixHost
from saitotui.model.command import Answer, Command
from saitotui.model.plan import (
    Act,
    Check,
    Grade,
    Parameter,
    Plan,
    Precondition,
    Refusal,
    Stage,
    Step,
    Verdict,
)
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading, waiting
from saitotui.runbooks.zabbix import asked, next_time, told
from saitotui.tiers.monitoring.questions import HOSTS, MAINTENANCES, ask
from saitotui.tiers.monitoring.view import View, look

ID = "zabbix-maintenance"
TITLE = "Begin a maintenance in Zabbix"
DAY = 86_400
MINUTES = 150.0
"""Seconds in which Zabbix's timer must have taken it up: it looks once a minute."""
LOOK = 2.0


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the host that the parameters name."""
    if profile.monitoring is None:
        return Refusal(ID, ("the profile has no Zabbix",))
    view = look(profile, profile.monitoring, ask(profile.poll), snapshot)
    if view.hosts is None or view.maintenances is None:
        return Refusal(ID, ("Zabbix does not say which hosts and maintenances it has",))
    host = _host(view, parameters.get("host", ""))
    if isinstance(host, str):
        return Refusal(ID, (host,))
    if parameters.get("end", "") == "yes":
        return _ended(view, host, parameters)
    until = next_time(parameters.get("until", ""), snapshot.at)
    if isinstance(until, str):
        return Refusal(ID, (until,))
    if any(one.name == _name(host) for one in view.maintenances):
        return Refusal(ID, (f"there is a maintenance {_name(host)!r} already: end=yes ends it",))
    when = until.strftime("%H:%MZ")
    return Plan(
        ID,
        TITLE,
        host.name,
        dict(parameters),
        f"problems of {host.name} call nobody until {when}; recovery actions are not disarmed by it",
        (_begin(host, until, when),),
        tuple(_preflight(host)),
    )


def _name(host: ZabbixHost) -> str:
    """What this console calls its own."""
    return f"saitotui: {host.name}"


def _host(view: View, wanted: str) -> ZabbixHost | str:
    names = {view.machine(host.name) or host.name: host for host in view.hosts or ()}
    found = names.get(wanted) or next((host for host in view.hosts or () if host.name == wanted), None)
    if found is not None:
        return found
    return (
        f"Zabbix monitors no host {wanted!r}"
        if wanted
        else f"give host=, one of {', '.join(sorted(names)[:12])}"
    )


def _preflight(host: ZabbixHost) -> Iterator[Precondition]:
    why = "two maintenances of one host: it stays in one until both are over"
    yield Precondition(_maintained(host, wanted=False), why, Grade.AMBER, Grade.AMBER)


def _begin(host: ZabbixHost, until: datetime, when: str) -> Stage:
    """Its period begins a day before its end: what `now` is does not change the plan."""
    till = int(until.timestamp())
    body = {
        "name": _name(host),
        "active_since": till - DAY,
        "active_till": till,
        "maintenance_type": 0,
        "hosts": [{"hostid": host.id}],
        "timeperiods": [{"timeperiod_type": 0, "start_date": till - DAY, "period": DAY}],
    }
    made = Step(
        f"Zabbix has a maintenance of {host.name} until {when}",
        (told("maintenance.create", body),),
        goal=_made(host, till),
        no_undo="end it with end=yes",
        deadline=20.0,
        expected=1.0,
    )
    return Stage(
        "begin",
        "The maintenance begins",
        (made, _taken_up(host, wanted=True)),
        confirm="y",
        notice="nobody is called for it",
    )


def _ended(view: View, host: ZabbixHost, parameters: Mapping[str, str]) -> Plan | Refusal:
    ours = [one for one in view.maintenances or () if one.name == _name(host)]
    if not ours:
        others = [
            one.name for one in view.maintenances or () if any(ref.name == host.name for ref in one.hosts)
        ]
        hint = f" (there is {', '.join(others)}: end it in Zabbix)" if others else ""
        return Refusal(ID, (f"this console began no maintenance of {host.name}{hint}",))
    over = Step(
        f"Zabbix has no maintenance {_name(host)!r} any more",
        (told("maintenance.delete", [one.id for one in ours]),),
        goal=_gone(ours),
        no_undo="begin another one",
        deadline=20.0,
        expected=1.0,
    )
    notice = "problems of it that are still open call people now"
    stage = Stage(
        "end", "The maintenance ends", (over, _taken_up(host, wanted=False)), confirm="y", notice=notice
    )
    summary = f"problems of {host.name} call people again"
    return Plan(ID, "End a maintenance in Zabbix", host.name, dict(parameters), summary, (stage,), ())


def _taken_up(host: ZabbixHost, *, wanted: bool) -> Step:
    return Step(
        f"Zabbix takes {host.name} {'into' if wanted else 'out of'} it, at the next full minute",
        (_wait(host, wanted=wanted),),
        goal=_maintained(host, wanted=wanted),
        deadline=MINUTES,
        expected=45.0,
        parks=True,
    )


def _status(host: ZabbixHost) -> Command:
    return asked("host.get", HOSTS, hostids=[host.id])


def _maintained(host: ZabbixHost, *, wanted: bool) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = next((one for one in zabbix_hosts.hosts(answer) if one.id == host.id), None)
        if found is None:
            return Verdict(None, "Zabbix does not name it")
        return Verdict(
            found.maintenance is wanted, "in maintenance" if found.maintenance else "not in maintenance"
        )

    word = "is" if wanted else "is not"
    return Check(f"{host.name} {word} in maintenance", _status(host), reading(judge), deadline=5.0, pause=1.0)


def _wait(host: ZabbixHost, *, wanted: bool) -> Act:
    def left(answer: Answer) -> str:
        found = next((one for one in zabbix_hosts.hosts(answer) if one.id == host.id), None)
        return (
            ""
            if found is not None and found.maintenance is wanted
            else f"{host.name} waits for the full minute"
        )

    return Act(_status(host), pause=LOOK, pending=waiting(left, "Zabbix"))


def _made(host: ZabbixHost, till: int) -> Check:
    def judge(found: tuple[Maintenance, ...]) -> Verdict:
        ours = next((one for one in found if one.name == _name(host)), None)
        if ours is None:
            return Verdict(False, "there is none")
        right = ours.till == till and any(ref.name == host.name for ref in ours.hosts)
        return Verdict(right, "as it should be" if right else "another of that name")

    return _by_maintenances(f"Zabbix has a maintenance {_name(host)!r}", judge)


def _gone(ours: list[Maintenance]) -> Check:
    ids = {one.id for one in ours}

    def judge(found: tuple[Maintenance, ...]) -> Verdict:
        left = [one.name for one in found if one.id in ids]
        return Verdict(not left, ", ".join(left) or "none")

    return _by_maintenances(f"{ours[0].name!r} is over", judge)


def _by_maintenances(sentence: str, judge: Callable[[tuple[Maintenance, ...]], Verdict]) -> Check:
    command = asked("maintenance.get", MAINTENANCES)
    return Check(
        sentence, command, reading(lambda answer: judge(zabbix_hosts.maintenances(answer))), deadline=5.0
    )


RUNBOOK = Runbook(
    ID,
    "monitoring",
    TITLE,
    "Problems of one host call nobody until a given time; `end` ends it before.",
    plan,
    (
        Parameter("host", "the host, by the profile's name or Zabbix's"),
        Parameter("until", "the time of day (UTC) at which it ends: 04:30"),
        Parameter("end", "`yes` ends the one that this console began"),
    ),
)
