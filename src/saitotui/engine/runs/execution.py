"""A whole run: preflight, robots disarmed, stages between gates, undo, robots re-armed, the outcome.

Every decision gives its reason. Nothing here knows who watches or holds the controls: a `Gate` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from saitotui.engine.journal.entry import JournalError
from saitotui.engine.poll import Asker
from saitotui.engine.runs.asking import ask_all
from saitotui.engine.runs.earlier import Earlier
from saitotui.engine.runs.hold import Hold, Nothing
from saitotui.engine.runs.record import Record
from saitotui.engine.runs.steps import Ended, Steps
from saitotui.engine.runs.waits import Waits
from saitotui.model.plan import Grade, Outcome, Plan, Precondition, Stage, Step, Verdict
from saitotui.model.run import Decision, Kind, Result

Gate: TypeAlias = Callable[[int, str], Awaitable[Decision]]
"""Asked before stage `int` with a sentence ('' for the ordinary confirmation, else what went wrong)."""

NOTHING = Earlier()

PREFLIGHT_LIFE = 30.0
"""Seconds for which a preflight is believed: it is a photograph."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a preflight with what was measured; `grade` None is green."""

    condition: Precondition
    verdict: Verdict
    grade: Grade | None

    @property
    def word(self) -> str:
        return self.grade.name.lower() if self.grade else "green"

    @property
    def sentence(self) -> str:
        text = f"{self.condition.check.sentence}: {self.verdict.measured}"
        return f"{text} ({self.condition.why})" if self.grade else text


async def preflight(asker: Asker, conditions: Sequence[Precondition]) -> list[Line]:
    """Asks all conditions at the same time and grades each."""
    verdicts = await ask_all(asker, [condition.check for condition in conditions], {})
    return [
        Line(condition, verdict, _grade(condition, verdict))
        for condition, verdict in zip(conditions, verdicts, strict=True)
    ]


def _grade(condition: Precondition, verdict: Verdict) -> Grade | None:
    if verdict.holds:
        return None
    return condition.unknown if verdict.holds is None else condition.grade


@dataclass(frozen=True, slots=True)
class _Did:
    """A step that acted, and so may have to be undone."""

    step: Step
    stage: int
    index: int


class Execution:
    """Carries out `plan` once. `before` is what an earlier attempt at the same run did and read; `waits` is
    for whoever may stop a wait; `hold` is given back while the plan only waits."""

    def __init__(
        self,
        plan: Plan,
        asker: Asker,
        record: Record,
        gate: Gate,
        before: Earlier = NOTHING,
        waits: Waits | None = None,
        hold: Hold | None = None,
    ) -> None:
        self._plan = plan
        self._asker = asker
        self._record = record
        self._gate = gate
        self._steps = Steps(asker, record, dict(before.values), waits or Waits())
        self._before = before
        self._hold = hold or Nothing()
        self._resting = before.rests(plan)
        self._reached = False
        self._did = [_Did(plan.stages[stage].steps[index], stage, index) for stage, index in before.did]
        # An earlier process may have been cut off while it armed them.
        self._armed = [_Did(step, -1, index) for index, step in enumerate(plan.disarm) if self._resting]
        self._ends: list[Ended] = []
        begun = [stage for number, stage in enumerate(plan.stages) if number in before.begun]
        # How far one got that was cut off is not known: nobody may have written since, or everybody.
        self._returnable = not any(stage.point_of_no_return for stage in begun)

    async def run(self) -> Result:
        """Runs to an outcome. A journal that cannot be written refuses, or undoes what was begun."""
        try:
            result = await self._all()
        except JournalError as error:
            result = await self._without_journal(str(error))
        self._record.tell(Kind.OUTCOME, result.sentence, outcome=result.outcome.value, probe=result.probe)
        return result

    async def _all(self) -> Result:
        # Half-way through, the platform is not as it was before, and must not be.
        refused = "" if self._before.begun else await self._decisive()
        if refused:
            return Result(Outcome.REFUSED, refused)
        if self._resting:
            # The process before may have been cut off while it gave the platform back, or had it back.
            await self._stand_back()
        result = (None if self._resting else await self._disarm()) or await self._stages()
        rearmed = await self._rearm()
        if rearmed and result.outcome in (Outcome.DONE, Outcome.ALREADY, Outcome.UNDONE):
            return Result(Outcome.INDETERMINATE, f"{result.sentence}; but {rearmed}", rearmed)
        return result

    async def _decisive(self) -> str:
        """Asks the decisive part of the preflight once more, inside the lease; why it refuses, or ''."""
        conditions = [condition for condition in self._plan.preflight if condition.decisive]
        for line in await preflight(self._asker, conditions):
            self._record.tell(Kind.PREFLIGHT, line.sentence, grade=line.word, measured=line.verdict.measured)
            if line.grade is Grade.RED:
                return line.sentence
        return ""

    async def _disarm(self) -> Result | None:
        for index, step in enumerate(self._plan.disarm):
            ended = await self._steps.run(step, -1, index)
            if ended.acted or ended.outcome is Outcome.ALREADY:
                self._armed.append(_Did(step, -1, index))
            if not ended.good:
                return Result(
                    Outcome.REFUSED if not ended.acted else Outcome.UNDONE,
                    f"a robot is not disarmed: {ended.sentence}",
                )
        return None

    async def _rearm(self) -> str:
        """Re-arms what this run disarmed, newest first; what is not proven re-armed, or ''."""
        failed, left = [], []
        for did in reversed(self._armed):
            ended = await self._steps.undo(did.step, did.stage, did.index)
            if ended.outcome is not Outcome.UNDONE:
                failed.append(f"{did.step.title} is not proven undone: {ended.sentence}")
                left.append(did)
        self._armed = left[::-1]
        return "; ".join(failed)

    async def _stand_back(self) -> None:
        """Leaves the platform to its robots and to others: nothing but a wait comes next. A robot that is not
        proven armed is armed again at the end."""
        await self._rearm()
        await self._hold.give_back()
        self._resting = True

    async def _return(self) -> str:
        """Has the platform for itself again after a rest; '' or why not."""
        if not self._resting:
            return ""
        refused = await self._hold.take()
        if refused:
            return refused
        self._resting = False
        disarmed = await self._disarm()
        if disarmed is None:
            return ""
        await self._stand_back()
        return disarmed.sentence

    def _first(self) -> tuple[int, str]:
        """The stage to begin with, and what is wrong already. What was proven before a rest is not asked
        again: others may have acted since."""
        if not self._resting:
            return 0, ""
        return self._before.last, "it was being undone when it was cut off" if self._before.undoing else ""

    @property
    def _undoes(self) -> bool:
        """Whether what goes wrong now is a reason to undo everything: not once the run has reached what it is
        for, nor while others may act."""
        return self._returnable and not self._reached and not self._resting

    async def _stages(self) -> Result:
        number, trouble = self._first()
        while number < len(self._plan.stages):
            stage = self._plan.stages[number]
            if stage.once and self._before.last > number:
                number += 1
                continue
            self._reached = stage.optional
            asks = trouble or number not in self._before.confirmed
            decision = await self._gate(number, trouble) if asks else Decision.GO
            refused = await self._ready(decision, stage)
            if refused:
                trouble = refused
                continue
            if decision is not Decision.GO:
                return await self._leave(decision, number, trouble or f"stopped before: {stage.title}")
            bad = await self._stage(stage, number)
            if bad is None:
                self._returnable = self._returnable and not stage.point_of_no_return
                self._ends = [ended for ended in self._ends if ended.good]
                number, trouble = number + 1, ""
            elif self._undoes and not bad.parked:
                return await self._undo_all(bad)
            else:
                trouble = bad.sentence
        return self._finished()

    async def _ready(self, decision: Decision, stage: Stage) -> str:
        """Has, or leaves to others, what the decision needs; '' or why it cannot be carried out now."""
        if decision is Decision.GO and stage.rests:
            await self._stand_back()
            return ""
        acts = decision is Decision.GO or (decision is Decision.UNDO and self._returnable)
        return await self._return() if acts else ""

    async def _leave(self, decision: Decision, number: int, why: str) -> Result:
        """The end before stage `number`, as somebody decided."""
        if decision is Decision.UNDO and self._returnable:
            return await self._undo_all(Ended(Outcome.UNDONE, why))
        bad = [ended for ended in self._ends if not ended.good]
        stages = self._plan.stages[number:]
        if all(stage.optional for stage in stages) and all(ended.parked for ended in bad):
            left = ", ".join(stage.title for stage in stages)
            return Result(Outcome.DONE, f"{self._plan.title}: done, and proven; what is left to do: {left}")
        if not self._did and not bad:
            return Result(Outcome.REFUSED, f"{why}; nothing was done")
        outcome = bad[-1].outcome if bad else Outcome.FAILED
        if outcome is Outcome.REFUSED:
            # A step was refused; the run before it was not.
            outcome = Outcome.FAILED
        return Result(outcome, f"{why}; ended with everything as it is", self._probe(bad))

    async def _stage(self, stage: Stage, number: int) -> Ended | None:
        """Carries out one stage; the end of the step that went wrong, or None."""
        self._record.journal(("stage", {"number": number + 1, "title": stage.title}))
        self._record.tell(Kind.STAGE, stage.title, number)
        if stage.critical:
            return await self._critical(stage, number)
        for index, step in enumerate(stage.steps):
            ended = await self._steps.run(step, number, index)
            self._note(ended, step, number, index)
            if not ended.good:
                return ended
        return None

    async def _critical(self, stage: Stage, number: int) -> Ended | None:
        ends, through = await self._steps.critical(stage, number)
        self._ends += ends
        if through and stage.point_of_no_return:
            # What users see has changed: what cannot be proven of it is no reason to change it back.
            self._returnable = False
        for index, (step, ended) in enumerate(zip(stage.steps, ends, strict=True)):
            if ended.outcome is Outcome.UNDONE:
                self._did = [did for did in self._did if (did.stage, did.index) != (number, index)]
            elif ended.acted:
                self._has_done(_Did(step, number, index))
        return next((ended for ended in ends if not ended.good), None)

    def _note(self, ended: Ended, step: Step, stage: int, index: int) -> None:
        if step.prepares and ended.good:
            # What was read for steps that then have nothing to do is no work.
            return
        self._ends.append(ended)
        if ended.acted:
            self._has_done(_Did(step, stage, index))

    def _has_done(self, did: _Did) -> None:
        """Each step is undone once, however often this run and the processes before it acted."""
        if did not in self._did:
            self._did.append(did)

    async def _undo_all(self, bad: Ended) -> Result:
        """Undoes what this run did, newest first, up to the first that is not proven undone: what came before
        may be what keeps that one harmless."""
        if not self._did and bad.outcome is Outcome.REFUSED:
            return Result(Outcome.REFUSED, bad.sentence)
        for number, did in enumerate(reversed(self._did), 1):
            ended = await self._steps.undo(did.step, did.stage, did.index)
            if ended.outcome is not Outcome.UNDONE:
                known = ended.outcome is not Outcome.INDETERMINATE
                left = "; what came before stays as it is" if number < len(self._did) else ""
                sentence = f"{bad.sentence}; not undone: {ended.sentence}{left}"
                return Result(Outcome.FAILED if known else Outcome.INDETERMINATE, sentence, ended.sentence)
        return Result(Outcome.UNDONE, f"{bad.sentence}; what was done is undone")

    async def _without_journal(self, why: str) -> Result:
        """The journal failed: nothing more is done but to undo, which needs no permission to be safe."""
        self._record.strict = False
        if self._did and not self._returnable:
            said = f"{why}; past the point of no return: nothing is undone, and its robots stay disarmed"
            return Result(Outcome.INDETERMINATE, said, why)
        if self._did and not self._undoes:
            result = Result(Outcome.INDETERMINATE, f"{why}; nothing is undone", why)
        else:
            result = await self._undo_all(Ended(Outcome.REFUSED, why))
        rearmed = await self._rearm()
        return Result(Outcome.INDETERMINATE, f"{why}; but {rearmed}", rearmed) if rearmed else result

    def _finished(self) -> Result:
        untouched = self._ends and all(ended.outcome is Outcome.ALREADY for ended in self._ends)
        if untouched and not self._did:
            return Result(Outcome.ALREADY, f"{self._plan.title}: everything already is as it should be")
        return Result(Outcome.DONE, f"{self._plan.title}: done, and proven")

    @staticmethod
    def _probe(bad: Sequence[Ended]) -> str:
        return bad[-1].sentence if bad else ""
