"""A run carried out on a small world where any command may be refused, lost, or lost after it took effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saitotui.engine.journal.entry import JournalError
from saitotui.engine.runs.asking import fill
from saitotui.engine.runs.execution import Execution, preflight
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind
from saitotui.model.plan import (
    Act,
    Capture,
    Check,
    Grade,
    Outcome,
    Plan,
    Precondition,
    Stage,
    Step,
    Verdict,
)
from saitotui.model.run import Decision, Kind, Result, RunEvent

OK, REFUSED, LOST, LOST_DONE = "ok", "refused", "lost", "lost after it took effect"


def command(text: str) -> Command:
    return Command(Client.SSH, "h", text, danger=Danger.REVERSIBLE if text.startswith("set") else Danger.READ)


def check(name: str, value: str) -> Check:
    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure):
            return Verdict(None, answer.sentence)
        return Verdict(answer.text == value, answer.text)

    return Check(f"{name} is {value}", command(f"get {name}"), judge, 0.05)


@dataclass
class World:
    """Names with values; `fates` says what happens to the n-th `set`; of `blind` names nothing is heard."""

    values: dict[str, str]
    fates: Sequence[str] = ()
    blind: frozenset[str] = frozenset()
    sets: list[str] = field(default_factory=list)
    journal: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    journal_full_after: int = 10**9

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        return [self._one(one.text) for one in commands]

    def _one(self, text: str) -> Answer | Failure:
        verb, name, *value = text.split()
        if verb == "get":
            if name in self.blind:
                return Failure(FailureKind.TIMEOUT, f"no answer about {name}")
            return Answer(self.values[name])
        assert ("intent", text) in [(kind, body.get("text")) for kind, body in self.journal] or (
            len(self.journal) >= self.journal_full_after
        ), f"{text!r} was sent before its intent was written"
        fate = self.fates[len(self.sets)] if len(self.sets) < len(self.fates) else OK
        self.sets.append(text)
        if fate in (OK, LOST_DONE):
            self.values[name] = value[0]
        if fate in (LOST, LOST_DONE):
            return Failure(FailureKind.TIMEOUT, "no answer")
        return Answer("ok") if fate == OK else Failure(FailureKind.ERROR, "refused by the server")

    def append_all(self, items: list[tuple[str, Mapping[str, Any]]], run: str = "") -> Sequence[object]:
        if len(self.journal) + len(items) > self.journal_full_after:
            raise JournalError("no space left for the journal")
        self.journal += items
        return items


def step(name: str, new: str = "1", old: str = "0", requires: tuple[Check, ...] = ()) -> Step:
    return Step(
        f"set {name}",
        (Act(command(f"set {name} {new}")),),
        check(name, new),
        requires,
        (Act(command(f"set {name} {old}")),),
        check(name, old),
        deadline=0.1,
    )


def plan(*stages: Stage, disarm: tuple[Step, ...] = (), conditions: tuple[Precondition, ...] = ()) -> Plan:
    return Plan("toy", "toy", "h", {}, "", stages, conditions, disarm)


TWO_STAGES = plan(
    Stage("one", "one", (step("a"), step("b"))),
    Stage("two", "two", (step("c"), step("d")), critical=True),
    disarm=(step("robot", "off", "on"),),
)
START = {"a": "0", "b": "0", "c": "0", "d": "0", "robot": "on"}


async def carry_out(
    what: Plan, world: World, decisions: Mapping[int, Decision] | None = None
) -> tuple[Result, list[RunEvent]]:
    events: list[RunEvent] = []
    troubles = 0

    async def gate(stage: int, trouble: str) -> Decision:
        nonlocal troubles
        troubles += bool(trouble)
        if troubles > 3:
            return Decision.ABANDON
        return (decisions or {}).get(stage, Decision.GO)

    record = Record(world, "0001", events.append)
    return await Execution(what, world, record, gate).run(), events


async def test_a_plan_is_carried_out_proven_and_its_robots_are_armed_again() -> None:
    world = World(dict(START))
    result, events = await carry_out(TWO_STAGES, world)
    assert result.outcome is Outcome.DONE
    assert world.values == {"a": "1", "b": "1", "c": "1", "d": "1", "robot": "on"}
    assert world.sets[0] == "set robot off"
    assert world.sets[-1] == "set robot on"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[-1].kind is Kind.OUTCOME


async def test_what_already_holds_is_not_done_again() -> None:
    world = World({"a": "1", "b": "1", "c": "1", "d": "1", "robot": "on"})
    result, _ = await carry_out(TWO_STAGES, world)
    assert result.outcome is Outcome.ALREADY
    assert world.sets == ["set robot off", "set robot on"]


async def test_the_intents_of_a_critical_stage_are_all_written_before_its_first_command() -> None:
    world = World(dict(START))
    await carry_out(plan(Stage("two", "two", (step("c"), step("d")), critical=True)), world)
    kinds = [(kind, body.get("text")) for kind, body in world.journal]
    assert kinds.index(("intent", "set d 1")) < min(i for i, (k, _) in enumerate(kinds) if k == "result")


FATES = st.lists(st.sampled_from([OK, OK, REFUSED, LOST, LOST_DONE]), max_size=12)


@settings(max_examples=400, deadline=None)
@given(fates=FATES, start=st.fixed_dictionaries({name: st.sampled_from("01") for name in "abcd"}))
async def test_whatever_fails_the_outcome_says_what_is_so(fates: list[str], start: dict[str, str]) -> None:
    world = World({**start, "robot": "on"}, fates)
    result, _ = await carry_out(TWO_STAGES, world)
    now = {name: world.values[name] for name in "abcd"}
    if result.outcome in (Outcome.DONE, Outcome.ALREADY):
        assert now == dict.fromkeys("abcd", "1")
    if result.outcome in (Outcome.UNDONE, Outcome.REFUSED):
        assert now == start
    if result.outcome not in (Outcome.INDETERMINATE, Outcome.FAILED):
        assert world.values["robot"] == "on"
    assert result.sentence


@settings(max_examples=200, deadline=None)
@given(fates=FATES, room=st.integers(0, 30))
async def test_a_journal_that_fills_up_stops_the_acting_and_undoes_it(fates: list[str], room: int) -> None:
    world = World(dict(START), fates, journal_full_after=room)
    result, _ = await carry_out(TWO_STAGES, world)
    if result.outcome is Outcome.DONE:
        assert [world.values[name] for name in "abcd"] == ["1"] * 4
    if result.outcome in (Outcome.UNDONE, Outcome.REFUSED):
        assert world.values == START
    if room == 0:
        assert (result.outcome, world.sets) == (Outcome.REFUSED, [])


async def test_a_lost_answer_is_settled_by_asking_the_goal() -> None:
    world = World(dict(START), [OK, LOST_DONE])
    result, _ = await carry_out(TWO_STAGES, world)
    assert result.outcome is Outcome.DONE


async def test_a_goal_that_nobody_can_tell_is_indeterminate_and_names_its_probe() -> None:
    world = World(dict(START), [LOST])
    what = plan(Stage("one", "one", (Step("set a", (Act(command("set a 1")),), deadline=0.05),)))
    result, _ = await carry_out(what, world)
    assert result.outcome is Outcome.INDETERMINATE or result.outcome is Outcome.UNDONE
    blind = World(dict(START), [OK], blind=frozenset({"b"}))
    result, _ = await carry_out(plan(Stage("one", "one", (step("a"), step("b")))), blind)
    assert result.outcome is Outcome.UNDONE
    assert blind.values == START


async def test_requirements_that_cannot_be_told_count_as_no() -> None:
    world = World(dict(START), blind=frozenset({"b"}))
    what = plan(Stage("one", "one", (step("a", requires=(check("b", "0"),)),)))
    result, _ = await carry_out(what, world)
    assert result.outcome is Outcome.REFUSED
    assert "cannot tell whether b is 0" in result.sentence
    assert world.sets == []


async def test_past_the_point_of_no_return_nothing_is_undone_and_the_run_asks() -> None:
    world = World(dict(START), [OK, OK, REFUSED, REFUSED, REFUSED, REFUSED])
    what = plan(
        Stage("one", "one", (step("a"), step("b")), point_of_no_return=True),
        Stage("two", "two", (step("c"),)),
    )
    result, _ = await carry_out(what, world)
    assert result.outcome is Outcome.FAILED
    assert (world.values["a"], world.values["b"], world.values["c"]) == ("1", "1", "0")


@pytest.mark.parametrize(
    ("decision", "outcome", "a"),
    [(Decision.UNDO, Outcome.UNDONE, "0"), (Decision.ABANDON, Outcome.FAILED, "1")],
)
async def test_the_operator_may_stop_at_a_gate(decision: Decision, outcome: Outcome, a: str) -> None:
    world = World(dict(START))
    result, _ = await carry_out(TWO_STAGES, world, {1: decision})
    assert result.outcome is outcome
    assert world.values["a"] == a
    assert world.values["robot"] == "on"


async def test_an_act_may_be_repeated_until_it_is_let_through() -> None:
    world = World(dict(START), [REFUSED, REFUSED, OK])
    acts = (Act(command("set a 1"), again=True),)
    what = plan(Stage("one", "one", (Step("set a", acts, check("a", "1"), deadline=1.0),), critical=True))
    result, _ = await carry_out(what, world)
    assert result.outcome is Outcome.DONE
    assert world.sets == ["set a 1"] * 3


async def test_a_captured_value_reaches_the_commands_after_it() -> None:
    world = World({"a": "7", "b": "0"})
    read = Act(command("get a"), capture=Capture("seven", lambda answer: answer.text))
    steps = (Step("read", (read,)), Step("write", (Act(command("set b {seven}")),), check("b", "7")))
    journalled = World({"a": "7", "b": "0"})
    result, _ = await carry_out(plan(Stage("one", "one", steps)), journalled)
    assert (result.outcome, journalled.values["b"]) == (Outcome.DONE, "7")
    assert fill(command("get {"), {}).text == "get {"
    assert world.values["b"] == "0"


async def test_preflight_grades_what_does_not_hold_and_what_cannot_be_told() -> None:
    world = World({"a": "1", "b": "0", "c": "0"}, blind=frozenset({"c"}))
    conditions = (
        Precondition(check("a", "1"), "why a"),
        Precondition(check("b", "1"), "why b", Grade.AMBER),
        Precondition(check("c", "1"), "why c", Grade.AMBER, Grade.RED),
    )
    lines = await preflight(world, conditions)
    assert [line.word for line in lines] == ["green", "amber", "red"]
    assert lines[1].sentence == "b is 1: 0 (why b)"


async def test_the_decisive_part_of_the_preflight_is_asked_again_before_the_first_act() -> None:
    world = World(dict(START))
    condition = Precondition(check("b", "1"), "why b", decisive=True)
    result, _ = await carry_out(plan(Stage("one", "one", (step("a"),)), conditions=(condition,)), world)
    assert (result.outcome, world.sets) == (Outcome.REFUSED, [])


def test_a_digest_covers_everything_an_operator_sees_and_only_that() -> None:
    assert TWO_STAGES.digest == plan(*TWO_STAGES.stages, disarm=TWO_STAGES.disarm).digest
    other = plan(
        Stage("one", "one", (step("a"), step("b", "2"))), TWO_STAGES.stages[1], disarm=TWO_STAGES.disarm
    )
    assert other.digest != TWO_STAGES.digest
