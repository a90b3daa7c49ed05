"""Answers a problem of Zabbix: somebody has seen it, says a word about it, or closes it.

See docs/runbooks/answer-problem.md. Zabbix API reference, `event.acknowledge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from saitotui.facts import zabbix
from saitotui.facts.zabbix import Problem
from saitotui.model.command import Answer, Command
from saitotui.model.plan import Check, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.zabbix import asked, told
from saitotui.tiers.monitoring.questions import PROBLEMS, TRIGGERS, ask
from saitotui.tiers.monitoring.view import OpenProblem, look

ID = "answer-problem"
TITLE = "Answer a problem of Zabbix"
CLOSE, ACKNOWLEDGE, MESSAGE, TAKE_BACK = 1, 2, 4, 16
"""Bits of `action` (6.0 to 7.4)."""
MOST = 2000
"""Characters that a message may have (the field holds 2048)."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the problem that the parameters name."""
    if profile.monitoring is None:
        return Refusal(ID, ("the profile has no Zabbix",))
    found = look(profile, profile.monitoring, ask(profile.poll), snapshot)
    if found.problems is None:
        return Refusal(ID, ("Zabbix does not say which problems are open",))
    one = _problem(found.problems, parameters.get("event", ""))
    if isinstance(one, str):
        return Refusal(ID, (one,))
    closes, message = parameters.get("close", "") == "yes", parameters.get("message", "").strip()
    if len(message) > MOST:
        return Refusal(ID, (f"message has {len(message)} characters: {MOST} at most",))
    if one.problem.acknowledged and not (closes or message):
        return Refusal(ID, (f"problem {one.problem.id} is acknowledged: give a message, or close=yes",))
    return Plan(
        ID,
        TITLE,
        one.host or "zabbix",
        dict(parameters),
        _summary(one, closes, message),
        (_stage(one.problem, closes, message),),
        tuple(_preflight(one.problem, closes)),
    )


def _problem(problems: Sequence[OpenProblem], wanted: str) -> OpenProblem | str:
    """The one that is asked for, or the only one that nobody has acknowledged."""
    if wanted:
        found = next((one for one in problems if one.problem.id == wanted), None)
        return found or f"no problem {wanted!r} is open"
    new = [one for one in problems if not one.problem.acknowledged and not one.problem.suppressed]
    if len(new) == 1:
        return new[0]
    named = ", ".join(f"{one.problem.id} ({one.host}: {one.problem.name})" for one in new[:3])
    return f"give event=: {len(new)} problems are new: {named}" if new else "no problem is new: give event="


def _summary(one: OpenProblem, closes: bool, message: str) -> str:
    words = ["is closed" if closes else "", "" if one.problem.acknowledged else "is acknowledged"]
    words.append("gets a message" if message else "")
    return (
        f"problem {one.problem.id} of {one.host or '?'}, {one.problem.name}: {', '.join(filter(None, words))}"
    )


def _preflight(problem: Problem, closes: bool) -> Iterator[Precondition]:
    yield Precondition(_open(problem), "what is over needs no answer", decisive=True)
    if closes:
        why = (
            "Zabbix refuses: only its trigger can end it (set `Allow manual close`, or repair what is wrong)"
        )
        yield Precondition(_closable(problem), why, decisive=True)


def _stage(problem: Problem, closes: bool, message: str) -> Stage:
    bits = (
        (0 if problem.acknowledged else ACKNOWLEDGE) | (MESSAGE if message else 0) | (CLOSE if closes else 0)
    )
    body = {"eventids": [problem.id], "action": bits, **({"message": message} if message else {})}
    take_back = told("event.acknowledge", {"eventids": [problem.id], "action": TAKE_BACK})
    back = () if problem.acknowledged or closes else (take_back,)
    step = Step(
        f"Zabbix {'closes' if closes else 'notes it for'} problem {problem.id}",
        (told("event.acknowledge", body),),
        goal=_closed(problem) if closes else _noted(problem, message),
        undo=back,
        undone=_open_and(problem, lambda one: not one.acknowledged, "is not acknowledged") if back else None,
        no_undo="" if back else "what was said in Zabbix stays said",
        deadline=20.0,
        expected=2.0,
    )
    notice = "nothing; whoever was to be called next is not called" if not problem.acknowledged else "nothing"
    return Stage("answer", "Zabbix is told", (step,), confirm="y", notice=notice)


def _asked(problem: Problem) -> Command:
    return asked("problem.get", PROBLEMS, eventids=[problem.id])


def _open_and(problem: Problem, holds: Callable[[Problem], bool], words: str) -> Check:
    """Whether it is open, and something holds of it."""

    def judge(answer: Answer) -> Verdict:
        found = next((one for one in zabbix.problems(answer) if one.id == problem.id), None)
        if found is None:
            return Verdict(False, "it is over")
        noted = "acknowledged" if found.acknowledged else "not acknowledged"
        return Verdict(holds(found), f"{noted}, {found.message!r} said last" if found.message else noted)

    return Check(f"problem {problem.id} {words}", _asked(problem), reading(judge), deadline=5.0)


def _open(problem: Problem) -> Check:
    return _open_and(problem, lambda one: True, "is open")


def _noted(problem: Problem, message: str) -> Check:
    def noted(one: Problem) -> bool:
        return one.acknowledged and (not message or one.message == message)

    return _open_and(
        problem, noted, "is acknowledged" if not message else "is acknowledged, with the message"
    )


def _closed(problem: Problem) -> Check:
    def judge(answer: Answer) -> Verdict:
        still = any(one.id == problem.id for one in zabbix.problems(answer))
        return Verdict(not still, "it is open" if still else "it is over")

    return Check(f"problem {problem.id} is closed", _asked(problem), reading(judge), deadline=5.0)


def _closable(problem: Problem) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = next((one for one in zabbix.triggers(answer) if one.id == problem.trigger), None)
        if found is None:
            return Verdict(None, "Zabbix does not name its trigger")
        return Verdict(found.closable, "it allows that" if found.closable else "it does not allow that")

    command = asked("trigger.get", TRIGGERS, triggerids=[problem.trigger])
    return Check(f"problem {problem.id} may be closed by hand", command, reading(judge), deadline=5.0)


RUNBOOK = Runbook(
    ID,
    "monitoring",
    TITLE,
    "It is acknowledged in Zabbix, with a message, or closed; colleagues see who has it.",
    plan,
    (
        Parameter("event", "the problem's event id; without it the only one that nobody has acknowledged"),
        Parameter("message", "what colleagues should know"),
        Parameter("close", "`yes` closes it, where its trigger allows that"),
    ),
)
