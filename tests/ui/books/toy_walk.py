"""A runbook for tests of the console: names are set in two stages, past the second nothing returns."""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.model.command import Answer, Client, Command, Danger, Failure
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


def command(text: str, danger: Danger = Danger.READ) -> Command:
    return Command(Client.MYSQL, "db1", text, danger=danger)


def check(name: str, value: str) -> Check:
    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure):
            return Verdict(None, answer.sentence)
        return Verdict(answer.text == value, f"it is {answer.text}")

    return Check(f"{name} is {value}", command(f"get {name}"), judge, 0.05)


def step(name: str, new: str = "1", old: str = "0") -> Step:
    return Step(
        f"set {name}",
        (Act(command(f"set {name} {new}", Danger.DISRUPTIVE)),),
        check(name, new),
        (),
        (Act(command(f"set {name} {old}", Danger.DISRUPTIVE)),),
        check(name, old),
        deadline=0.5,
        expected=0.004,
    )


def patience() -> Stage:
    """Waits until somebody else has set b."""

    def pending(answer: Answer | Failure) -> str:
        return "" if isinstance(answer, Answer) and answer.text == "1" else "b is not set yet"

    wait = Step(
        "wait for b",
        (Act(command("get b"), lambda answer: "", pause=0.01, pending=pending),),
        check("b", "1"),
        deadline=600.0,
        parks=True,
    )
    return Stage("two", "Wait for b then", (wait,))


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    if parameters["mood"] == "no":
        return Refusal("toy-walk", ("the mood is wrong",))
    return Plan(
        "toy-walk",
        "Walk a toy",
        "db1",
        parameters,
        "Two stages of one step each.",
        (
            Stage("one", "Set a first", (step("a"),), notice="writes wait for a moment"),
            patience()
            if parameters["mood"] == "patient"
            else Stage("two", "Set b then", (step("b"),), confirm="demote db1", point_of_no_return=True),
        ),
        (
            Precondition(check("calm", "yes"), "it must be calm", decisive=True),
            Precondition(check("sure", "yes"), "nobody is sure", grade=Grade.AMBER),
        ),
        (step("robot", "off", "on"),),
    )


RUNBOOK = Runbook(
    "toy-walk",
    "database",
    "Walk a toy",
    "Sets two names and changes nothing that matters.",
    plan,
    (Parameter("mood", "how the one who asks feels", "fine"),),
)
