"""Arms Zabbix's recovery actions again, or disarms them for work by hand.

A maintenance is no disarm: it neither stops them nor what they have begun. See docs/runbooks/arm-recovery.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from saitotui.facts import zabbix
from saitotui.facts.zabbix_actions import Action
from saitotui.model.command import Answer
from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.robots import is_armed, told_armed
from saitotui.runbooks.zabbix import asked
from saitotui.tiers.monitoring.questions import PROBLEMS, ask
from saitotui.tiers.monitoring.view import View, look

ID = "arm-recovery"
TITLE = "Arm automatic recovery"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the actions that the parameters name, or for all that are not as wanted."""
    if profile.monitoring is None:
        return Refusal(ID, ("the profile has no Zabbix",))
    view = look(profile, profile.monitoring, ask(profile.poll), snapshot)
    if view.actions is None:
        return Refusal(ID, ("Zabbix does not say which actions it has",))
    armed = parameters.get("disarm", "") != "yes"
    found = _actions(view, parameters.get("action", ""), armed)
    if isinstance(found, str):
        return Refusal(ID, (found,))
    names = ", ".join(action.name for action in found)
    verb = "acts" if armed else "no longer acts"
    return Plan(
        ID,
        TITLE if armed else "Disarm automatic recovery",
        "zabbix",
        dict(parameters),
        f"Zabbix {verb} by itself: {names}",
        (_stage(found, armed),),
        tuple(_preflight(found)) if armed else (),
        (),
        _tiers(profile),
    )


def _actions(view: View, wanted: str, armed: bool) -> Sequence[Action] | str:
    """The recovery actions to change, or why there is none."""
    if not view.robots:
        return "Zabbix has no recovery action: zabbix-recovery installs some"
    named = [action for action in view.robots if wanted in ("", action.name)]
    if not named:
        return (
            f"no recovery action is called {wanted!r}: there are {', '.join(one.name for one in view.robots)}"
        )
    found = [action for action in named if action.armed is not armed]
    word = "armed" if armed else "disarmed"
    return found or (f"{wanted} is {word}" if wanted else f"every recovery action is {word}")


def _tiers(profile: Profile) -> tuple[str, ...]:
    """Where robots act: a runbook that is at work there has disarmed them on purpose."""
    there = {
        "database": profile.database, "storage": profile.storage, "application": profile.application
    }  # fmt: skip
    return tuple(name for name, section in there.items() if section is not None)


def _preflight(actions: Sequence[Action]) -> Iterator[Precondition]:
    why = "an action only acts on what begins after it is armed: on that somebody has to act"
    for action in actions:
        yield Precondition(_calm(action), why, Grade.AMBER, Grade.AMBER)


def _calm(action: Action) -> Check:
    """Whether nothing is open that it would act on."""

    def judge(answer: Answer) -> Verdict:
        tags = {(name, value) for name, value in action.tags if value}
        found = [one.name for one in zabbix.problems(answer) if tags & set(one.tags)]
        return Verdict(not found, "; ".join(found[:5]) or "none")

    sentence = f"no problem is open that {action.name!r} acts on"
    return Check(sentence, asked("problem.get", PROBLEMS), reading(judge), deadline=5.0)


def _stage(actions: Sequence[Action], armed: bool) -> Stage:
    steps = tuple(
        Step(
            f"{'arm' if armed else 'disarm'} Zabbix's action {action.name!r}",
            (told_armed(action, armed=armed),),
            goal=is_armed(action, armed=armed),
            undo=(told_armed(action, armed=not armed),),
            undone=is_armed(action, armed=not armed),
            expected=0.2,
        )
        for action in actions
    )
    title = "Zabbix acts by itself again" if armed else "Zabbix acts no more by itself"
    notice = "nothing" if armed else "nothing; what dies stays dead until somebody starts it"
    return Stage("arm" if armed else "disarm", title, steps, confirm="y", notice=notice)


RUNBOOK = Runbook(
    ID,
    "monitoring",
    TITLE,
    "Recovery actions that are disarmed are armed again; `disarm` takes them off for work by hand.",
    plan,
    (
        Parameter("action", "one action by its name; without it all that are not as wanted"),
        Parameter("disarm", "`yes` disarms instead"),
    ),
)
