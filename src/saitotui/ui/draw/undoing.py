"""What undoing a run would do now."""

from __future__ import annotations

from saitotui.model.plan import Outcome, Step
from saitotui.ui.draw.acts import Followed
from saitotui.ui.draw.words import no_return, undo_words

_CHANGED = (Outcome.DONE, Outcome.FAILED, Outcome.INDETERMINATE)


def done_steps(run: Followed) -> list[Step]:
    """The steps of stages that changed something, in the order of the plan."""
    if run.plan is None:
        return []
    return [
        step
        for number, stage in enumerate(run.plan.stages)
        for index, step in enumerate(stage.steps)
        if run.where.outcomes.get((number, index), (None, ""))[0] in _CHANGED
    ]


def returnable(run: Followed) -> bool:
    """Whether the point of no return lies still ahead."""
    last = no_return(run.plan) if run.plan else -1
    if last < 0 or run.plan is None:
        return True
    steps = range(len(run.plan.stages[last].steps))
    return not all(
        run.where.outcomes.get((last, index), (None, ""))[0] in (Outcome.DONE, Outcome.ALREADY)
        for index in steps
    )


def undo_sentence(run: Followed) -> str:
    """Always on the screen: what `u` would do now."""
    if run.plan is None:
        return "as the run's own plan says; this console makes another one"
    if not returnable(run):
        return "the point of no return is passed: nothing is undone any more"
    return undo_words(done_steps(run)) or "nothing was done yet: undoing ends the run"
