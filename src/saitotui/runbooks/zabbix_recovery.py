"""Installs automatic recovery: what hosts and Zabbix need to watch the platform and start again what died.

Starting a dead nginx, HAProxy, Tomcat or database replica is automatic. Promoting, fencing and split brain
never are. See docs/runbooks/zabbix-recovery.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer
from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Monitoring, Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.recovery import actions, install, readings
from saitotui.runbooks.recovery.content import Template, differences, imported, templates
from saitotui.runbooks.recovery.hosts import Watched, watched
from saitotui.runbooks.zabbix import asked
from saitotui.tiers.monitoring.questions import ask
from saitotui.tiers.monitoring.view import look

ID = "zabbix-recovery"
TITLE = "Install automatic recovery in Zabbix"
_WORDS: Mapping[str, tuple[str, ...]] = {
    "nginx": ("nginx",),
    "haproxy": ("haproxy",),
    "tomcat": ("tomcat", "java"),
    "database": ("mysql", "mariadb", "replica"),
}


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for all hosts of the profile that Zabbix knows."""
    monitoring = profile.monitoring
    if monitoring is None:
        return Refusal(ID, ("the profile has no Zabbix",))
    view = look(profile, monitoring, ask(profile.poll), snapshot)
    if view.hosts is None:
        return Refusal(ID, ("Zabbix does not say which hosts it has",))
    hosts = watched(profile, view)
    if not hosts:
        return Refusal(ID, ("Zabbix watches no host of the profile: add them in Zabbix, by the same names",))
    if parameters.get("remove", "") == "yes":
        return _removal(monitoring, hosts, parameters)
    recoveries = _recoveries(hosts)
    what = ", ".join(actions.TITLES[one] for one in recoveries)
    unknown = [name for name in profile.hosts if name not in {host.name for host in hosts}]
    left = f"; Zabbix does not watch {', '.join(unknown)}" if unknown else ""
    used = tuple(_used((*templates(), *readings.templates(profile)), hosts))
    return Plan(
        ID,
        TITLE,
        "zabbix",
        dict(parameters),
        f"Zabbix watches {len(hosts)} hosts by the second, and acts by itself: {what or 'nowhere'}{left}",
        tuple(_stages(monitoring, hosts, recoveries, used)),
        tuple(_preflight(monitoring, hosts, recoveries, used)),
    )


def _recoveries(hosts: Sequence[Watched]) -> tuple[str, ...]:
    return tuple(one for one in actions.TITLES if any(one in host.recoveries for host in hosts))


_Used: TypeAlias = tuple[tuple[Template, list[Watched]], ...]
"""Templates, each with the hosts that it watches."""


def _used(every: Sequence[Template], hosts: Sequence[Watched]) -> Iterator[tuple[Template, list[Watched]]]:
    """The templates that have something to watch."""
    for template in every:
        found = [host for host in hosts if template.role in host.roles]
        if found:
            yield template, found


def _stages(
    monitoring: Monitoring, hosts: Sequence[Watched], recoveries: Sequence[str], used: _Used
) -> Iterator[Stage]:
    prepared = [install.put(host, monitoring) for host in hosts]
    yield Stage(
        "hosts",
        "Every host gets what its agent needs",
        tuple(prepared),
        confirm="y",
        notice="nothing; each agent is started again",
    )
    wanted = {template.name for template, _ in used}
    unwanted = [name for name in readings.names() if name not in wanted]
    content = [
        step
        for template, found in used
        for step in (install.bring(template), install.read_template(template), install.link(template, found))
    ]
    yield Stage(
        "templates",
        "Zabbix watches them",
        (*content, *install.settle_readings(unwanted), install.heard(hosts)),
        notice="nothing; problems may be raised that nobody saw before",
    )
    robots: list[Step] = [actions.read_called(monitoring.calls)]
    for one in recoveries:
        robots += [
            actions.read(one),
            actions.bring_script(one),
            actions.read_script(one),
            actions.bring_action(one),
        ]
    if recoveries:
        notice = "from now on Zabbix starts again what died, by itself"
        yield Stage("robots", "Zabbix acts by itself", tuple(robots), confirm="y", notice=notice)


def _preflight(
    monitoring: Monitoring, hosts: Sequence[Watched], recoveries: Sequence[str], used: _Used
) -> Iterator[Precondition]:
    for template, _ in used:
        yield Precondition(_untouched(template), "what was changed by hand is overwritten", Grade.AMBER)
    for host in hosts:
        why = "without these the agent is not told, or may not do it"
        yield Precondition(_able(host, monitoring), why)
    if recoveries:
        yield Precondition(_group(monitoring.calls), "nobody would be called (the profile's `calls`)")
    for one in recoveries:
        why = "two robots that act on one service start it twice"
        yield Precondition(actions.alone(one, _WORDS[one]), why, Grade.AMBER)


def _untouched(template: Template) -> Check:
    """The difference, as Zabbix tells it. A template that is not there yet is no difference."""

    def judge(answer: Answer) -> Verdict:
        found = differences(answer.data)
        if f"template {template.name!r} added" in found:
            return Verdict(True, "not there yet")
        return Verdict(not found, "; ".join(found) or "as shipped")

    command = asked("configuration.importcompare", imported(template))
    sentence = f"the template {template.name!r} is as shipped, or not there"
    return Check(sentence, command, reading(judge), deadline=20.0)


def _able(host: Watched, monitoring: Monitoring) -> Check:
    programs = "pgrep"
    if host.recoveries:
        programs += " sudo visudo flock awk"
    if host.asked:
        programs += f" {readings.PROGRAMS}"
    text = (
        f'for p in {programs}; do command -v $p >/dev/null || echo "no program $p"; done; '
        f"[ -d {shell(monitoring.agent_folder)} ] || echo no folder {shell(monitoring.agent_folder)}; "
        f"id {shell(monitoring.agent_user)} >/dev/null 2>&1 || echo no user {shell(monitoring.agent_user)}; "
        "true"
    )

    def judge(answer: Answer) -> Verdict:
        lacking = answer.text.strip()
        return Verdict(not lacking, "; ".join(lacking.split("\n")) if lacking else "all there")

    return Check(f"{host.name} has an agent and what recovery needs", install.on(host, text), reading(judge))


def _group(name: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        return Verdict(bool(answer.data), "there is" if answer.data else "there is none")

    return Check(f"Zabbix has a user group {name!r}", actions.groups(name), reading(judge))


def _removal(monitoring: Monitoring, hosts: Sequence[Watched], parameters: Mapping[str, str]) -> Plan:
    recoveries = tuple(actions.TITLES)
    robots = [step for one in recoveries for step in (actions.read(one), *actions.gone(one))]
    # Those whose triggers stand on another's go before it.
    content = [
        step
        for template in reversed(templates())
        for step in (install.read_template(template), install.unlink(template, hosts))
    ]
    content += install.settle_readings(readings.names())
    files = [install.clean(host, monitoring) for host in hosts]
    stages = (
        Stage(
            "robots",
            "Zabbix acts no more",
            tuple(robots),
            confirm="y",
            notice="nothing is started again by itself",
        ),
        Stage("templates", "Zabbix forgets what it watched so", tuple(content), notice="its problems end"),
        Stage("hosts", "Hosts forget it, too", tuple(files), notice="nothing; each agent is started again"),
    )
    summary = f"automatic recovery of this console is removed from Zabbix and {len(hosts)} hosts"
    return Plan(ID, "Remove automatic recovery from Zabbix", "zabbix", dict(parameters), summary, stages, ())


RUNBOOK = Runbook(
    ID,
    "monitoring",
    TITLE,
    "Zabbix watches the platform by the second and starts again what died; `remove` takes it away.",
    plan,
    (Parameter("remove", "`yes` takes everything away again"),),
)
