"""Robots that could act on what people act on: Zabbix's recovery actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saitotui.facts import zabbix_actions
from saitotui.facts.zabbix_actions import Action
from saitotui.model.command import Answer
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.zabbix import asked, told
from saitotui.tiers.monitoring.questions import ACTIONS, ask

DATABASE = ("mysql", "mariadb", "haproxy", "database")
STORAGE = ("drbd", "heartbeat", "pacemaker", "nfs", "storage")
APPLICATION = ("tomcat", "java", "nginx", "application")
"""What the name or the tags of an action that acts on a tier hold."""


def disarm(profile: Profile, snapshot: Snapshot, words: Sequence[str] = DATABASE) -> Iterator[Step]:
    """A step for each armed action that one of `words` names; undone, it is armed again."""
    if profile.monitoring is None:
        return
    actions = snapshot.get(ask(profile.poll).actions) or ()
    for action in actions:
        if action.armed and action.recovers(profile.monitoring.recovery_tag) and concerns(action, words):
            yield Step(
                f"disarm Zabbix's action {action.name!r}",
                (told_armed(action, armed=False),),
                goal=is_armed(action, armed=False),
                undo=(told_armed(action, armed=True),),
                undone=is_armed(action, armed=True),
                expected=0.2,
            )


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
