"""Robots that could act on what people act on: Zabbix's recovery actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saitotui.facts import zabbix_actions
from saitotui.facts.zabbix_actions import Action
from saitotui.model.command import Answer, Client, Command, Failure
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import one_line
from saitotui.runbooks.judging import reading, whatever
from saitotui.runbooks.zabbix import asked, told
from saitotui.tiers.monitoring.questions import ACTIONS, ask

DATABASE = ("mysql", "mariadb", "haproxy", "database")
STORAGE = ("drbd", "heartbeat", "pacemaker", "nfs", "storage")
APPLICATION = ("tomcat", "java", "nginx", "application")
"""What the name or the tags of an action that acts on a tier hold."""
LOCKS = "/run/lock/saitotui-recover"
"""Where robots hold one while they are at work (`recovery/recover.sh`)."""
_AT_WORK = f'for f in {LOCKS}/*.lock; do [ ! -e "$f" ] || flock -n "$f" true || echo "$f"; done'
AT_REST = 120.0
"""Seconds in which a robot ends what it began: systemd gives a service 90 s to stop, and as many to start."""


def disarm(
    profile: Profile,
    snapshot: Snapshot,
    words: Sequence[str] = DATABASE,
    hosts: Sequence[str] | None = None,
) -> Iterator[Step]:
    """A step for each armed action that one of `words` names; undone, it is armed again. Then one that waits
    until no robot is at work any more on `hosts` (those of the tier, unless only some are acted on)."""
    if profile.monitoring is None:
        return
    actions = [
        action
        for action in snapshot.get(ask(profile.poll).actions) or ()
        if action.armed and action.recovers(profile.monitoring.recovery_tag) and concerns(action, words)
    ]
    for action in actions:
        yield Step(
            f"disarm Zabbix's action {action.name!r}",
            (told_armed(action, armed=False),),
            goal=is_armed(action, armed=False),
            undo=(told_armed(action, armed=True),),
            undone=is_armed(action, armed=True),
            expected=0.2,
        )
    acted_on = _hosts(profile, words) if hosts is None else tuple(dict.fromkeys(hosts))
    if actions and acted_on:
        yield _at_rest(acted_on)


def _hosts(profile: Profile, words: Sequence[str]) -> tuple[str, ...]:
    """The hosts of a tier on which a robot may act (`recover.sh`)."""
    found: list[str] = []
    if words == DATABASE and profile.database is not None:
        found += [server.host for server in profile.database.servers.values()]
        found += [node.host for node in profile.database.haproxy.values()]
    if words == APPLICATION and profile.application is not None:
        found += [front.host for front in profile.application.nginx.values()]
        found += [tomcat.host for tomcat in profile.application.tomcats.values()]
    return tuple(dict.fromkeys(found))


def _at_rest(hosts: Sequence[str]) -> Step:
    """An action tells an agent what to run and forgets it (`system.run` with `nowait`): nobody but the host
    knows when that ends. There `recover.sh` holds a lock (flock(1)) while it works."""
    return Step(
        f"no robot is at work any more on {', '.join(hosts)}",
        tuple(
            Act(
                Command(Client.SSH, host, _AT_WORK),
                accept=whatever,
                pause=1.0,
                pending=_at_work,
                tells=_none,
            )
            for host in hosts
        ),
        deadline=AT_REST,
        expected=0.1,
        together=True,
    )


def _at_work(answer: Answer | Failure) -> str:
    """Which robots are. A host that does not answer holds nobody up: a robot only starts what is dead."""
    if isinstance(answer, Failure):
        return ""
    names = [one_line(line.rpartition("/")[2].removesuffix(".lock")) for line in answer.text.split()]
    return f"a robot is at work: {', '.join(names)}" if names else ""


def _none(answer: Answer) -> str:
    return "no robot is at work"


def concerns(action: Action, words: Sequence[str]) -> bool:
    """Whether the name or a tag of an action holds one of `words`."""
    text = " ".join((action.name, *(f"{name}={value}" for name, value in action.tags))).lower()
    return any(word in text for word in words)


def told_armed(action: Action, *, armed: bool) -> Act:
    """Arms it, or disarms it."""
    return told("action.update", {"actionid": action.id, "status": 0 if armed else 1})


def is_armed(action: Action, *, armed: bool) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = [one for one in zabbix_actions.actions(answer) if one.id == action.id]
        if not found:
            return Verdict(None, "Zabbix does not name it")
        return Verdict(found[0].armed is armed, "armed" if found[0].armed else "disarmed")

    word = "armed" if armed else "disarmed"
    command = asked("action.get", ACTIONS, actionids=[action.id])
    return Check(f"Zabbix's action {action.name!r} is {word}", command, reading(judge))
