"""Plans: what a runbook would do, as data that can be shown whole, hashed, approved and run.

A plan is made by a pure function of a snapshot and parameters, so it need not be stored as code: whoever
resumes a run makes it again from the same snapshot and compares digests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum, StrEnum
from pathlib import PurePath
from typing import Any

from saitotui.model.command import Answer, Client, Command, Danger, Failure


class Outcome(StrEnum):
    """How a step, a stage or a run ended. A lost answer is INDETERMINATE, never FAILED."""

    ALREADY = "already"
    """The goal held before anything was done."""
    DONE = "done"
    """Acted, and the goal was proven by fresh facts."""
    REFUSED = "refused"
    """Nothing was done: something required does not hold, or cannot be told."""
    FAILED = "failed"
    """Acted, the goal does not hold, and not everything could be undone."""
    UNDONE = "undone"
    """Acted, the goal does not hold, and what was done is proven undone."""
    INDETERMINATE = "indeterminate"
    """Acted, and nobody can tell yet; the step's goal is the probe that settles it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: True, False or None (cannot tell), with the measured value as a person reads it."""

    holds: bool | None
    measured: str


@dataclass(frozen=True, slots=True)
class Check:
    """A sentence that is true or not, and the question to fresh facts that settles it.

    `judge` is pure; a Failure may be an answer too ("nobody listens there"). `{name}` in the command's text
    stands for a value captured earlier in the run, already quoted; `against` names one that the answer is set
    against (`Answer.against`). Asked over and over, it is asked every `pause` seconds at most: who answers
    may count the questions.
    """

    sentence: str
    command: Command
    judge: Callable[[Answer | Failure], Verdict] = field(compare=False)
    deadline: float = 3.0
    against: str = ""
    pause: float = 0.0


class Grade(IntEnum):
    """What a preflight line that does not hold means."""

    AMBER = 1
    """Explained, and accepted by typing."""
    RED = 2
    """Refused."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """One line of the preflight. `grade` is for a check that does not hold, `unknown` for one that cannot be
    told. A `decisive` one is asked again inside the lease, right before the first act."""

    check: Check
    why: str
    grade: Grade = Grade.RED
    unknown: Grade = Grade.RED
    decisive: bool = False


@dataclass(frozen=True, slots=True)
class Capture:
    """A value read from a command's answer for later commands: `read` is pure and raises ValueError."""

    name: str
    read: Callable[[Answer], str] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Act:
    """One command of a step, and how its answer is taken.

    `accept` gives the reason why an answer is not success ('' is success); without it any Answer is, and any
    Failure is not. `again` says whether a refused attempt may be repeated until the step's deadline, and
    `pause` how long (seconds) to wait before that. `pending` makes it a wait: the command only reads, and is
    repeated while `pending` gives what is still waited for; whoever holds the controls may stop it. `tells`
    says what a good answer means, where its text does not. `keeps` names the evidence that its text is: it is
    kept whole, in a file of its own.
    """

    command: Command
    accept: Callable[[Answer | Failure], str] | None = field(default=None, compare=False)
    capture: Capture | None = None
    again: bool = False
    pause: float = 0.001
    pending: Callable[[Answer | Failure], str] | None = field(default=None, compare=False)
    tells: Callable[[Answer], str] | None = field(default=None, compare=False)
    keeps: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A goal and the commands that reach it.

    The goal is asked first (it holds: ALREADY). `requires` are asked before acting; None counts as no.
    `undo` reaches `undone` again, or `no_undo` says why there is none; `undo_requires` must hold before a
    step is undone after which others have begun. `deadline` and `expected` are seconds.
    """

    title: str
    acts: tuple[Act, ...]
    goal: Check | None = None
    requires: tuple[Check, ...] = ()
    undo: tuple[Act, ...] = ()
    undone: Check | None = None
    undo_requires: tuple[Check, ...] = ()
    no_undo: str = ""
    deadline: float = 10.0
    expected: float = 1.0
    together: bool = False
    """Whether the acts are sent at the same time: each to another target, none waits for another's answer."""
    proof: float = 0.0
    """Seconds within which the goal must hold once the acts are over; 0: what is left of the deadline."""
    parks: bool = False
    """Whether not to come to its goal is no reason to undo anything: the run waits at the stage's gate."""

    @property
    def danger(self) -> Danger:
        return max((act.command.danger for act in self.acts), default=Danger.READ)

    @property
    def prepares(self) -> bool:
        """Whether all that it does is to read values for later steps."""
        return bool(self.acts) and self.danger is Danger.READ and all(act.capture for act in self.acts)


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps that run without stopping between two confirmations.

    In a `critical` stage commands follow each other with nothing between them: intents are on disk before
    the first, goals are asked after the last. Past `point_of_no_return` nothing earlier is undone any more.
    `confirm` is what the operator types to begin it (empty: just go on; `y`; `demote db1`).
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    confirm: str = ""
    notice: str = ""
    """What users will notice, and for how long."""
    critical: bool = False
    point_of_no_return: bool = False
    budget: float = 0.0
    """Seconds after which a critical stage undoes itself; 0: the sum of its steps' deadlines."""
    once: bool = False
    """Whether what it reached need not hold any more once a later stage has begun: a run that comes back does
    not ask it again."""
    rests: bool = False
    """Whether it only waits, maybe for hours: robots are armed and the leases given back until the run acts
    again."""
    optional: bool = False
    """Whether what the run is for is reached before it: to leave the run here is DONE, with what is left."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run will do.

    `leases` names the tiers that nobody else may act on meanwhile. `disarm` are steps that stop robots from
    interfering, and wait until none is at work; the former are undone (re-armed), and proven so, at the end,
    however the run ends. `absent` are hosts that it takes for dead: while they do not answer they need not
    grant a lease, if another host of the tier does.
    """

    runbook: str
    title: str
    subject: str
    parameters: Mapping[str, str]
    summary: str
    stages: tuple[Stage, ...]
    preflight: tuple[Precondition, ...] = ()
    disarm: tuple[Step, ...] = ()
    leases: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What the operator approves: SHA-256 of the plan's text, in hex."""
        return hashlib.sha256(json.dumps(as_data(self), sort_keys=True).encode()).hexdigest()

    @property
    def expected(self) -> float:
        return sum(step.expected for step in self.steps)

    @property
    def robots(self) -> int:
        """How many are disarmed first: the other steps of `disarm`, which come after theirs, only wait."""
        return sum(bool(step.undo) for step in self.disarm)

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.disarm, *(step for stage in self.stages for step in stage.steps))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A runbook that makes no plan of this snapshot, and why: sentences."""

    runbook: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a runbook may be told. With `file` it is a file on this machine, which is kept by its content
    before a plan is made of it: what is approved is what is sent, whatever becomes of the file."""

    name: str
    sentence: str
    default: str = ""
    required: bool = False
    file: bool = False


def as_data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-able data: everything an operator sees, and nothing that is code."""
    return {
        "runbook": plan.runbook,
        "title": plan.title,
        "subject": plan.subject,
        "parameters": dict(plan.parameters),
        "summary": plan.summary,
        "leases": list(plan.leases),
        **({"absent": list(plan.absent)} if plan.absent else {}),
        "preflight": [
            {
                "sentence": p.check.sentence,
                "why": p.why,
                "grade": p.grade.name,
                "unknown": p.unknown.name,
                "decisive": p.decisive,
                "command": _command(p.check.command),
            }
            for p in plan.preflight
        ],
        "disarm": [_step(step) for step in plan.disarm],
        "stages": [
            {
                "name": stage.name,
                "title": stage.title,
                "confirm": stage.confirm,
                "notice": stage.notice,
                "critical": stage.critical,
                "point_of_no_return": stage.point_of_no_return,
                "budget": stage.budget,
                **{word: True for word in ("once", "rests", "optional") if getattr(stage, word)},
                "steps": [_step(step) for step in stage.steps],
            }
            for stage in plan.stages
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "title": step.title,
        "goal": _check(step.goal),
        "requires": [_check(check) for check in step.requires],
        "acts": [_act(act) for act in step.acts],
        "undo": [_act(act) for act in step.undo],
        "undone": _check(step.undone),
        "undo_requires": [_check(check) for check in step.undo_requires],
        "no_undo": step.no_undo,
        "deadline": step.deadline,
        "expected": step.expected,
        "together": step.together,
        **({"proof": step.proof} if step.proof else {}),
        **({"parks": True} if step.parks else {}),
    }


def _act(act: Act) -> dict[str, Any]:
    return {
        **_command(act.command),
        "capture": act.capture.name if act.capture else "",
        "again": act.again,
        **({"keeps": act.keeps} if act.keeps else {}),
    }


def _check(check: Check | None) -> dict[str, Any] | None:
    if check is None:
        return None
    against = {"against": check.against} if check.against else {}
    return {"sentence": check.sentence, "command": _command(check.command), **against}


def _command(command: Command) -> dict[str, Any]:
    return {
        "client": command.client.value,
        "target": command.target,
        "text": command.text,
        "body": command.body,
        "danger": command.danger.name,
        "session": command.session,
        **({"file": asdict(command.file)} if command.file else {}),
    }


def lines(plan: Plan) -> Iterator[str]:
    """The plan as people read and diff it, one fact a line."""
    yield f"{plan.title} ({plan.runbook}), digest {plan.digest[:12]}"
    yield plan.summary
    for condition in plan.preflight:
        grade = condition.grade.name.lower()
        yield f"preflight: {condition.check.sentence} [{grade} otherwise: {condition.why}]"
    for step in plan.disarm:
        yield f"{'disarm' if step.undo else 'wait'}: {step.title}"
        yield from _step_lines(step)
    for number, stage in enumerate(plan.stages, 1):
        mark = "; POINT OF NO RETURN" if stage.point_of_no_return else ""
        confirm = f"; type `{stage.confirm}` to begin" if stage.confirm else ""
        yield f"stage {number}: {stage.title}{mark}{confirm}"
        if stage.notice:
            yield f"  users: {stage.notice}"
        if stage.rests:
            yield "  meanwhile: robots are armed, and others may act"
        for step in stage.steps:
            yield f"  step: {step.title} (about {step.expected:g}s, at most {step.deadline:g}s)"
            yield from _step_lines(step)


LONG = 1000
"""Characters that an API is told which are shown; of more there is the sum, as of a file."""


def _sent(command: Command) -> str:
    """What goes with it: a file, or what an API is told (a script on standard input is shown elsewhere)."""
    file = command.file
    if command.body and command.client is not Client.SSH:
        sum = hashlib.sha256(command.body.encode()).hexdigest()
        return (
            f" {command.body}"
            if len(command.body) <= LONG
            else f" (with {len(command.body)} characters, SHA-256 {sum})"
        )
    return f" (with {PurePath(file.path).name}, SHA-256 {file.sha256})" if file else ""


def _step_lines(step: Step) -> Iterator[str]:
    for check in step.requires:
        yield f"    requires: {check.sentence}"
    for act in step.acts:
        command = act.command
        yield f"    run on {command.target} ({command.client}): {command.text}{_sent(command)}"
        if act.keeps:
            yield f"    keep as evidence: {act.keeps}"
    if step.goal:
        yield f"    proof: {step.goal.sentence}"
    for act in step.undo:
        command = act.command
        yield f"    undo on {command.target} ({command.client}): {command.text}{_sent(command)}"
    for check in step.undo_requires:
        yield f"    undo requires: {check.sentence}"
    if step.no_undo:
        yield f"    no undo: {step.no_undo}"
