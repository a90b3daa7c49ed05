"""Answers a problem of Zabbix: somebody has seen it, says a word about it, closes it, or wants quiet.

See docs/runbooks/answer-problem.md. Zabbix API reference, `event.acknowledge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from saitotui.facts import zabbix
from saitotui.facts.zabbix import Problem
from saitotui.model.command import Answer, Command
from saitotui.model.plan import Check, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.zabbix import asked, next_time, told
from saitotui.tiers.monitoring.questions import PROBLEMS, TRIGGERS, ask
from saitotui.tiers.monitoring.view import OpenProblem, look

ID = "answer-problem"
TITLE = "Answer a problem of Zabbix"
CLOSE, ACKNOWLEDGE, MESSAGE, TAKE_BACK, SUPPRESS = 1, 2, 4, 16, 32
"""Bits of `action` (6.0 to 7.4; `SUPPRESS` from 6.2)."""
SUPPRESSES = (6, 2)
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
    said = _said(one.problem, parameters, snapshot.at)
    if isinstance(said, str):
        return Refusal(ID, (said,))
    return Plan(
        ID,
        TITLE,
        one.host or "zabbix",
        dict(parameters),
        _summary(one, said),
        (_stage(one.problem, said),),
        tuple(_preflight(one.problem, said)),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What Zabbix is told. `until`: how long the problem is suppressed; None: it is not."""

    closes: bool
    message: str
    until: datetime | None


def _said(problem: Problem, parameters: Mapping[str, str], now: float) -> _Said | str:
    """What the parameters say, or why it cannot be said."""
    closes, message = parameters.get("close", "") == "yes", parameters.get("message", "").strip()
    if len(message) > MOST:
        return f"message has {len(message)} characters: {MOST} at most"
    until = next_time(parameters["until"], now) if parameters.get("until") else None
    if isinstance(until, str):
        return until
    if closes and until is not None:
        return "close=yes ends it: there is nothing to be quiet about until then"
    if problem.acknowledged and not (closes or message or until):
        return f"problem {problem.id} is acknowledged: give a message, until=, or close=yes"
    return _Said(closes, message, until)


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


def _summary(one: OpenProblem, said: _Said) -> str:
    words = ["is closed" if said.closes else "", "" if one.problem.acknowledged else "is acknowledged"]
    words.append("gets a message" if said.message else "")
    words.append(f"calls nobody until {said.until:%H:%MZ}" if said.until else "")
    return (
        f"problem {one.problem.id} of {one.host or '?'}, {one.problem.name}: {', '.join(filter(None, words))}"
    )


def _preflight(problem: Problem, said: _Said) -> Iterator[Precondition]:
    yield Precondition(_open(problem), "what is over needs no answer", decisive=True)
    if said.closes:
        why = (
            "Zabbix refuses: only its trigger can end it (set `Allow manual close`, or repair what is wrong)"
        )
        yield Precondition(_closable(problem), why, decisive=True)
    if said.until is not None:
        why = "only Zabbix 6.2 and later suppress one problem: before, zabbix-maintenance does it for a host"
        yield Precondition(_suppresses(), why)


def _stage(problem: Problem, said: _Said) -> Stage:
    bits = (0 if problem.acknowledged else ACKNOWLEDGE) | (MESSAGE if said.message else 0)
    bits |= (CLOSE if said.closes else 0) | (SUPPRESS if said.until else 0)
    body: dict[str, object] = {"eventids": [problem.id], "action": bits}
    if said.message:
        body["message"] = said.message
    if said.until is not None:
        body["suppress_until"] = int(said.until.timestamp())
    take_back = told("event.acknowledge", {"eventids": [problem.id], "action": TAKE_BACK})
    back = () if problem.acknowledged or said.closes else (take_back,)
    step = Step(
        f"Zabbix {'closes' if said.closes else 'notes it for'} problem {problem.id}",
        (told("event.acknowledge", body),),
        goal=_closed(problem) if said.closes else _noted(problem, said),
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


def _noted(problem: Problem, said: _Said) -> Check:
    def noted(one: Problem) -> bool:
        heard = not said.message or one.message == said.message
        return one.acknowledged and heard and (said.until is None or one.suppressed)

    words = "is acknowledged" + (", with the message" if said.message else "")
    return _open_and(problem, noted, words + (", and calls nobody" if said.until else ""))


def _suppresses() -> Check:
    """Whether this Zabbix can suppress one problem."""

    def judge(answer: Answer) -> Verdict:
        parts = str(answer.data).split(".")[:2]
        if len(parts) != 2 or not all(part.isdigit() for part in parts):
            return Verdict(None, f"its version is {answer.data!r}")
        return Verdict((int(parts[0]), int(parts[1])) >= SUPPRESSES, f"it is {answer.data}")

    return Check("this Zabbix can suppress a problem", asked("apiinfo.version", {}), reading(judge))


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
    "It is acknowledged in Zabbix, with a message, quiet until a time, or closed; colleagues see who has it.",
    plan,
    (
        Parameter("event", "the problem's event id; without it the only one that nobody has acknowledged"),
        Parameter("message", "what colleagues should know"),
        Parameter("until", "the time of day (UTC) until which it calls nobody: 04:30 (Zabbix 6.2 and later)"),
        Parameter("close", "`yes` closes it, where its trigger allows that"),
    ),
)
