"""Carrying out one step, or one critical stage: intent on disk, act, proof by fresh facts, undo."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from saitotui.engine.poll import Asker
from saitotui.engine.runs.asking import (
    Missing,
    ask_all,
    ask_check,
    ask_one,
    fill,
    learn,
    settle,
    success,
    uncertain,
)
from saitotui.engine.runs.record import Record, answer_body, command_body
from saitotui.engine.runs.waits import Waits
from saitotui.model.command import Answer, Danger, Failure
from saitotui.model.plan import Act, Check, Outcome, Stage, Step, Verdict
from saitotui.model.run import Kind

LOOK = 10.0
"""Seconds for one look at something that is waited for."""
PATIENCE = 3.0
"""Seconds for which a goal that cannot be told is asked again before anything is done: a service
that is started again in the middle of a run is back by then."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended, and why in a sentence. `acted`: something was sent, so there is something to undo;
    `parked`: it did not come to its goal, and that is no reason to undo anything."""

    outcome: Outcome
    sentence: str
    acted: bool = False
    parked: bool = False

    @property
    def good(self) -> bool:
        return self.outcome in (Outcome.DONE, Outcome.ALREADY)


@dataclass(frozen=True, slots=True)
class Tried:
    """One act, carried out: what came back, its cost in seconds, why it is not success ('': it is), and the
    value that was read from the answer, by name."""

    act: Act
    answer: Answer | Failure
    cost: float
    refused: str
    captured: Mapping[str, str] = field(default_factory=dict)


def waves(step: Step) -> Sequence[tuple[Act, ...]]:
    """The acts of a step in the groups that are sent at the same time."""
    return (step.acts,) if step.together else [(act,) for act in step.acts]


def _told(tried: Tried) -> str:
    """What the answer means, where the plan says; '' otherwise."""
    if tried.act.tells is None or not isinstance(tried.answer, Answer):
        return ""
    try:
        return tried.act.tells(tried.answer)
    except (ValueError, LookupError, TypeError):
        return ""


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage is collected in the block: a full collection would hold up everything for tens of
    milliseconds."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Steps:
    """Carries out steps of one plan. `values` are the captured ones, shared by the whole run."""

    def __init__(self, asker: Asker, record: Record, values: dict[str, str], waits: Waits) -> None:
        self._asker = asker
        self._record = record
        self._waits = waits
        self.values = values

    async def run(self, step: Step, stage: int, index: int) -> Ended:
        """Asks the goal, then what the step requires; writes the intent; acts; asks the goal again."""
        self._record.tell(Kind.STEP, step.title, stage, index)
        ended = await self._before(step) or await self._act_and_prove(step, stage, index)
        self._record.late(
            ("verdict", {"step": step.title, "outcome": ended.outcome.value, "why": ended.sentence})
        )
        told = {"outcome": ended.outcome.value, **({"reads": True} if step.danger is Danger.READ else {})}
        self._record.tell(Kind.STEP, ended.sentence, stage, index, **told)
        return replace(ended, parked=step.parks and not ended.good)

    async def _before(self, step: Step) -> Ended | None:
        """An end before anything was done, if there is one."""
        if self._was_read(step):
            return Ended(Outcome.ALREADY, "read before")
        if step.goal is not None:
            verdict = await learn(self._asker, step.goal, self.values, min(step.deadline, PATIENCE))
            if verdict.holds:
                return Ended(Outcome.ALREADY, f"{step.goal.sentence}: {verdict.measured}")
            if verdict.holds is None:
                return Ended(Outcome.REFUSED, f"cannot tell whether {step.goal.sentence}: {verdict.measured}")
        return await self._missing(step.requires)

    def _was_read(self, step: Step) -> bool:
        """Whether all that a step does is to read values that an earlier process of this run has read: what
        they are read from may be gone by now."""
        names = [act.capture.name for act in step.acts if act.capture]
        return step.prepares and all(name in self.values for name in names)

    async def _missing(self, requires: Sequence[Check]) -> Ended | None:
        verdicts = await ask_all(self._asker, requires, self.values)
        for check, verdict in zip(requires, verdicts, strict=True):
            if not verdict.holds:
                word = "cannot tell whether " if verdict.holds is None else "it must hold that "
                return Ended(Outcome.REFUSED, f"{word}{check.sentence}: {verdict.measured}")
        return None

    async def _act_and_prove(self, step: Step, stage: int, index: int) -> Ended:
        try:
            acts = [self._filled(act) for act in step.acts]
        except Missing as error:
            return Ended(Outcome.REFUSED, f"the value {error} was not read yet")
        self._record.journal(*[("intent", {"step": step.title, **command_body(a.command)}) for a in acts])
        until = time.monotonic() + step.deadline
        tried: list[Tried] = []
        for wave in waves(replace(step, acts=tuple(acts))):
            for act in wave:
                self._record.tell(Kind.ACT, act.command.text, stage, index, **command_body(act.command))
            found = await asyncio.gather(*(self._try(act, until, (stage, index)) for act in wave))
            for one in found:
                self._tell_answer(one, stage, index)
            tried += found
            if any(one.refused for one in found):
                break
        self._record.late(*[("result", {"cost": round(t.cost, 6), **answer_body(t.answer)}) for t in tried])
        bad = sorted((one for one in tried if one.refused), key=lambda one: not uncertain(one.answer))
        return await self._prove(step, (bad or tried)[0 if bad else -1] if tried else None, until)

    async def _prove(self, step: Step, last: Tried | None, until: float) -> Ended:
        refused = last.refused if last else ""
        if step.goal is None:
            if last is not None and uncertain(last.answer):
                return Ended(Outcome.INDETERMINATE, refused, acted=True)
            return Ended(Outcome.FAILED if refused else Outcome.DONE, refused or step.title, acted=True)
        certain = bool(refused and last and not uncertain(last.answer))
        patience = 0.0 if certain else step.proof or until - time.monotonic()
        verdict = await settle(self._asker, step.goal, self.values, max(patience, step.goal.deadline / 3))
        return self._proven(step.goal, verdict, refused)

    @staticmethod
    def _proven(goal: Check, verdict: Verdict, refused: str) -> Ended:
        """A goal that holds is success whatever an act said: the platform is asked, not the client."""
        if verdict.holds:
            return Ended(Outcome.DONE, f"{goal.sentence}: {verdict.measured}", acted=True)
        why = f"{refused}; " if refused else ""
        if verdict.holds is None:
            sentence = f"{why}cannot tell whether {goal.sentence}: {verdict.measured}"
            return Ended(Outcome.INDETERMINATE, sentence, acted=True)
        return Ended(
            Outcome.FAILED, f"{why}it does not hold that {goal.sentence}: {verdict.measured}", acted=True
        )

    def _filled(self, act: Act) -> Act:
        """`act` with the values known by now; those it captures itself come later."""
        command = fill(act.command, self.values)
        return replace(act, command=command)

    async def _try(self, act: Act, until: float, place: tuple[int, int] | None = None) -> Tried:
        """One act, repeated while it may be and there is time. Nothing else stands between its attempts, but
        that at a `place` what a wait waits for is told whenever that is news."""
        if act.pending is None:
            return await self._attempts(act, until, None)
        with self._waits.wait():
            return await self._attempts(act, until, place)

    async def _attempts(self, act: Act, until: float, place: tuple[int, int] | None) -> Tried:
        began = time.perf_counter()
        accept = act.accept or success
        told, tell_at = "", began
        while True:
            left = until - time.monotonic()
            answer = await ask_one(self._asker, act.command, max(left, 0.05) if act.pending is None else LOOK)
            pending = act.pending(answer) if act.pending is not None else ""
            refused = pending or accept(answer)
            if pending and self._waits.stopped:
                refused = f"{self._waits.stopped} stopped the wait: {pending}"
                break
            if not refused or time.monotonic() + act.pause >= until:
                break
            if not pending and (not act.again or uncertain(answer)):
                break
            if place is not None and pending not in ("", told) and time.perf_counter() >= tell_at:
                told = pending
                # The longer it takes, the less often it is worth a line.
                tell_at = time.perf_counter() + 0.05 * (time.perf_counter() - began)
                self._record.tell(Kind.NOTE, pending, *place, waits=True)
            await self._waits.pause(act.pause)
        captured: dict[str, str] = {}
        if not refused and act.capture is not None and isinstance(answer, Answer):
            try:
                captured = {act.capture.name: act.capture.read(answer)}
            except (ValueError, LookupError, TypeError) as error:
                refused = f"no {act.capture.name} in the answer: {error}"
        if not refused and act.keeps and isinstance(answer, Answer):
            refused = self._record.keep(act.keeps, answer.text)
        self.values.update(captured)
        return Tried(act, answer, time.perf_counter() - began, refused, captured)

    def _tell_answer(self, tried: Tried, stage: int, index: int) -> None:
        body = answer_body(tried.answer)
        text = tried.refused or _told(tried) or body["text"]
        if tried.captured:
            body["captured"] = dict(tried.captured)
        self._record.tell(
            Kind.ANSWER, text, stage, index, ok=not tried.refused, cost=round(tried.cost, 6), **body
        )

    async def undo(self, step: Step, stage: int, index: int) -> Ended:
        """Undoes one step, and proves it."""
        if not step.undo:
            why = step.no_undo or "it changed nothing"
            return Ended(Outcome.UNDONE if not step.no_undo else Outcome.FAILED, f"{step.title}: {why}")
        self._record.tell(Kind.UNDO, f"undo: {step.title}", stage, index)
        back = Step(f"undo: {step.title}", step.undo, step.undone, step.undo_requires, deadline=step.deadline)
        ended = (
            await self._undo_goal(back)
            or await self._missing(back.requires)
            or await self._act_and_prove(back, stage, index)
        )
        if ended.good:
            ended = Ended(Outcome.UNDONE, ended.sentence, acted=True)
        self._record.late(
            ("verdict", {"step": back.title, "outcome": ended.outcome.value, "why": ended.sentence})
        )
        self._record.tell(Kind.UNDO, ended.sentence, stage, index, outcome=ended.outcome.value)
        return ended

    async def _undo_goal(self, back: Step) -> Ended | None:
        """The end of an undo that has nothing to do. What cannot be told is acted upon all the same."""
        if back.goal is None:
            return None
        verdict = await ask_check(self._asker, back.goal, self.values)
        return Ended(Outcome.ALREADY, f"{back.goal.sentence}: {verdict.measured}") if verdict.holds else None

    async def critical(self, stage: Stage, index: int) -> tuple[list[Ended], bool]:
        """All steps of a critical stage, back to back; an end for each step, and whether all commands went
        through, whatever is proven of them.

        Steps whose goal holds already are left out. What the others require is asked before, all intents
        (the undo's too) are on disk before the first command, and nothing but the commands stands in
        between. When one is refused, the steps begun are undone at once.
        """
        already = await self._already(stage)
        begin = [step for number, step in enumerate(stage.steps) if number not in already]
        missing = await self._missing([check for step in begin for check in step.requires])
        if missing is not None or not any(step.goal for step in begin):
            end = missing or Ended(Outcome.ALREADY, "nothing is left to do")
            return [already.get(number, end) for number in range(len(stage.steps))], False
        self._record.journal(
            *[
                ("intent", {"step": step.title, "only": only, **command_body(act.command)})
                for step in begin
                for acts, only in ((step.acts, ""), (step.undo, "to undo"))
                for act in acts
            ]
        )
        with no_collection():
            window = await self._window(stage, already)
        return await self._after_critical(stage, index, window, already), not window.refused

    async def _already(self, stage: Stage) -> dict[int, Ended]:
        """The steps whose goal holds before anything is done."""
        asked = [(number, step.goal) for number, step in enumerate(stage.steps) if step.goal is not None]
        verdicts = await ask_all(self._asker, [goal for _, goal in asked], self.values)
        return {
            number: Ended(Outcome.ALREADY, f"{goal.sentence}: {verdict.measured}")
            for (number, goal), verdict in zip(asked, verdicts, strict=True)
            if verdict.holds
        }

    async def _window(self, stage: Stage, already: Mapping[int, Ended]) -> _Window:
        """The commands, back to back, until the last or until one is refused; then the undo, at once."""
        began = time.monotonic()
        until = began + (stage.budget or sum(step.deadline for step in stage.steps))
        tried: list[tuple[int, Tried]] = []
        for number, step in enumerate(stage.steps):
            for acts in () if number in already else waves(step):
                limit = min(until, time.monotonic() + step.deadline)
                ones = await asyncio.gather(*(self._try_filled(act, limit) for act in acts))
                tried += [(number, one) for one in ones]
                refused = next((one.refused for one in ones if one.refused), "")
                if refused:
                    undone = await self._undo_critical(stage, number, already)
                    return _Window([*tried, *undone], refused, number, time.monotonic() - began)
        return _Window(tried, "", len(stage.steps), time.monotonic() - began)

    async def _undo_critical(
        self, stage: Stage, reached: int, already: Mapping[int, Ended]
    ) -> list[tuple[int, Tried]]:
        tried: list[tuple[int, Tried]] = []
        for number in range(reached, -1, -1):
            step = stage.steps[number]
            if number in already or (number < reached and await self._missing(step.undo_requires)):
                continue
            for act in step.undo:
                tried.append((number, await self._try_filled(act, time.monotonic() + step.deadline)))
        return tried

    async def _try_filled(self, act: Act, until: float) -> Tried:
        try:
            return await self._try(self._filled(act), until)
        except Missing as error:
            return Tried(act, Answer(), 0.0, f"the value {error} was not read")

    async def _after_critical(
        self, stage: Stage, index: int, window: _Window, already: Mapping[int, Ended]
    ) -> list[Ended]:
        """Only now is written down what happened, and proven."""
        self._record.late(
            *[
                ("result", {"step": stage.steps[n].title, "cost": round(t.cost, 6), **answer_body(t.answer)})
                for n, t in window.tried
            ],
            ("window", {"stage": stage.title, "seconds": round(window.seconds, 6)}),
        )
        for number, one in window.tried:
            self._record.tell(Kind.ACT, one.act.command.text, index, number, **command_body(one.act.command))
            self._tell_answer(one, index, number)
        said = f"{stage.title}: {window.seconds * 1000:.1f} ms"
        self._record.tell(Kind.NOTE, said, index, seconds=window.seconds)
        return [
            already.get(number) or await self._critical_end(step, number, index, window)
            for number, step in enumerate(stage.steps)
        ]

    async def _critical_end(self, step: Step, number: int, index: int, window: _Window) -> Ended:
        if window.refused and number > window.reached:
            ended = Ended(Outcome.REFUSED, f"not begun: {window.refused}")
        elif window.refused:
            verdict = await self._undone_verdict(step)
            word = {True: Outcome.UNDONE, False: Outcome.FAILED, None: Outcome.INDETERMINATE}[verdict.holds]
            ended = Ended(word, f"{window.refused}; undo: {verdict.measured}", acted=True)
        elif step.goal is None:
            ended = Ended(Outcome.DONE, step.title, acted=True)
        else:
            verdict = await settle(self._asker, step.goal, self.values, step.deadline)
            ended = self._proven(step.goal, verdict, "")
        self._record.late(
            ("verdict", {"step": step.title, "outcome": ended.outcome.value, "why": ended.sentence})
        )
        self._record.tell(Kind.STEP, ended.sentence, index, number, outcome=ended.outcome.value)
        return ended

    async def _undone_verdict(self, step: Step) -> Verdict:
        if step.undone is not None:
            return await settle(self._asker, step.undone, self.values, step.deadline)
        if step.no_undo:
            return Verdict(False, step.no_undo)
        return Verdict(True, "nothing to undo")


@dataclass(frozen=True, slots=True)
class _Window:
    """What happened in a critical stage: acts by step, why the last was refused (''), the step reached."""

    tried: list[tuple[int, Tried]]
    refused: str
    reached: int
    seconds: float
