"""Steps that make Zabbix act by itself: a script and an action for each thing that is started again."""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.facts import zabbix_actions
from saitotui.facts.zabbix_actions import Action
from saitotui.facts.zabbix_fields import rows
from saitotui.model.command import Answer, Command
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.runbooks.judging import reading, whatever
from saitotui.runbooks.recovery.content import TAG
from saitotui.runbooks.recovery.hosts import command
from saitotui.runbooks.recovery.install import LATER
from saitotui.runbooks.robots import concerns
from saitotui.runbooks.zabbix import asked, number, told
from saitotui.tiers.monitoring.questions import ACTIONS

TITLES: Mapping[str, str] = {
    "nginx": "restart nginx",
    "haproxy": "restart HAProxy",
    "tomcat": "restart Tomcat",
    "database": "start a database replica",
}
"""What a robot may start again."""
TRIES = 3
"""Steps in which it tries, a minute apart; then it calls."""
STEP = "60s"
_UNANSWERED = {"conditiontype": 14, "operator": 0, "value": "0"}
CALLED = "called"
"""The value that the called group's number is read as."""


def name(recovery: str) -> str:
    """What Zabbix's script and action are called."""
    return f"saitotui: {TITLES[recovery]}"


def tag(recovery: str) -> str:
    """The value of the tag by which triggers ask for it."""
    return f"saitotui-{recovery}"


def read_called(group: str) -> Step:
    return Step(
        f"read which number the user group {group!r} has", (number(CALLED, groups(group), "usrgrpid"),)
    )


def groups(group: str) -> Command:
    return asked("usergroup.get", {"output": ["usrgrpid", "name"], "filter": {"name": [group]}})


def _scripts(recovery: str) -> Command:
    fields = ["scriptid", "name", "command", "scope", "execute_on"]
    return asked("script.get", {"output": fields, "filter": {"name": [name(recovery)]}})


def _actions(recovery: str) -> Command:
    assert isinstance(ACTIONS, dict)
    return asked("action.get", {**ACTIONS, "filter": {"name": [name(recovery)]}})


def read(recovery: str) -> Step:
    """Which of it Zabbix has already: 0 for none."""
    acts = (
        number(f"old_script_{recovery}", _scripts(recovery), "scriptid"),
        number(f"old_action_{recovery}", _actions(recovery), "actionid"),
    )
    return Step(f"read what Zabbix has of {name(recovery)!r}", acts, expected=0.05)


def bring_script(recovery: str) -> Step:
    fields = {"name": name(recovery), "type": 0, "scope": 1, "execute_on": 0, "command": command(recovery)}
    return Step(
        f"Zabbix has the script {name(recovery)!r}",
        _either("script", recovery, fields),
        goal=_script_is(recovery),
        no_undo=LATER,
        deadline=20.0,
        expected=0.2,
    )


def _either(kind: str, recovery: str, fields: Mapping[str, object], **new: object) -> tuple[Act, Act]:
    """Changes the one that is there, or makes it, with what only a `new` one may be given: one of both is
    refused."""
    known = {f"{kind}id": f"{{old_{kind}_{recovery}}}", **fields}
    return (told(f"{kind}.update", known, whatever), told(f"{kind}.create", {**fields, **new}, whatever))


def _script_is(recovery: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = zabbix_actions.scripts(answer)
        if not found:
            return Verdict(False, "there is none")
        right = (found[0].command, found[0].scope, found[0].on) == (command(recovery), 1, 0)
        return Verdict(right, found[0].command if right else f"another: {found[0].command}")

    return Check(f"the script {name(recovery)!r} is as shipped", _scripts(recovery), reading(judge))


def read_script(recovery: str) -> Step:
    act = number(f"script_{recovery}", _scripts(recovery), "scriptid")
    return Step(f"read which number the script {name(recovery)!r} has", (act,), expected=0.05)


def bring_action(recovery: str) -> Step:
    script = f"{{script_{recovery}}}"
    fields = {
        "name": name(recovery),
        "status": 0,
        "esc_period": STEP,
        # What began in a maintenance is acted on when it ends; a condition on suppression would forget it.
        "pause_suppressed": 1,
        "filter": {
            "evaltype": 0,
            "conditions": [
                {"conditiontype": 26, "operator": 0, "value2": TAG, "value": tag(recovery)},
            ],
        },
        "operations": [_restarts(script), _calls()],
    }
    return Step(
        f"Zabbix acts by itself: {name(recovery)}",
        _either("action", recovery, fields, eventsource=0),
        goal=_action_is(recovery),
        no_undo=LATER,
        deadline=20.0,
        expected=0.2,
    )


def _restarts(script: str) -> dict[str, object]:
    return {
        "operationtype": 1,
        "esc_period": STEP,
        "esc_step_from": 1,
        "esc_step_to": TRIES,
        "evaltype": 0,
        "opcommand": {"scriptid": script},
        # The host that the problem is on.
        "opcommand_hst": [{"hostid": "0"}],
        "opconditions": [_UNANSWERED],
    }


def _calls() -> dict[str, object]:
    return {
        "operationtype": 0,
        "esc_period": STEP,
        "esc_step_from": TRIES + 1,
        "esc_step_to": TRIES + 1,
        "evaltype": 0,
        "opmessage": {"default_msg": 1, "mediatypeid": "0"},
        "opmessage_grp": [{"usrgrpid": f"{{{CALLED}}}"}],
        "opconditions": [_UNANSWERED],
    }


def _action_is(recovery: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = zabbix_actions.actions(answer)
        if not found:
            return Verdict(False, "there is none")
        wrong = _wrong(found[0], zabbix_actions.operations(answer)[found[0].name], answer.against, recovery)
        return Verdict(not wrong, wrong or "armed, as shipped")

    return Check(
        f"the action {name(recovery)!r} is armed, and as shipped",
        _actions(recovery),
        reading(judge),
        against=f"script_{recovery}",
    )


def _wrong(action: Action, does: tuple[zabbix_actions.Operation, ...], script: str, recovery: str) -> str:
    """What is not as shipped, '' when all is."""
    if not action.armed:
        return "disarmed"
    if action.tags != ((TAG, tag(recovery)),):
        return f"it acts on other problems: {action.tags}"
    runs = [(one.first, one.last) for one in does if one.script == script]
    calls = [one.first for one in does if one.groups]
    right = runs == [(1, TRIES)] and calls == [TRIES + 1] and len(does) == 2
    return "" if right else "its operations are others"


def gone(recovery: str) -> tuple[Step, Step]:
    """The robot is taken away: the action before its script."""
    return (
        _removed("action", recovery, _actions(recovery)),
        _removed("script", recovery, _scripts(recovery)),
    )


def _removed(kind: str, recovery: str, question: Command) -> Step:
    def judge(answer: Answer) -> Verdict:
        there = rows(answer)
        return Verdict(not there, "it is there" if there else "none")

    return Step(
        f"Zabbix has no {kind} {name(recovery)!r} any more",
        (told(f"{kind}.delete", [f"{{old_{kind}_{recovery}}}"]),),
        goal=Check(f"Zabbix has no {kind} {name(recovery)!r}", question, reading(judge)),
        no_undo="install it again",
        deadline=20.0,
        expected=0.2,
    )


def alone(recovery: str, words: tuple[str, ...]) -> Check:
    """Whether no other armed action acts on the same."""

    def judge(answer: Answer) -> Verdict:
        others = [
            one.name
            for one in zabbix_actions.actions(answer)
            if one.armed and one.commands and one.name != name(recovery) and concerns(one, words)
        ]
        return Verdict(not others, ", ".join(others) or "none")

    return Check(f"no other robot of Zabbix acts on {recovery}", asked("action.get", ACTIONS), reading(judge))
