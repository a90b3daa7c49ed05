"""What stands above a question: exactly what a confirmation means, as briefly as it can be said."""

from __future__ import annotations

from saitotui.model.picture import Picture
from saitotui.model.plan import Plan
from saitotui.ui.draw.acts import Followed
from saitotui.ui.draw.undoing import done_steps
from saitotui.ui.draw.words import labelled, no_return, roles, short, stage_seconds, targets, undo_words
from saitotui.ui.line import Line, Look


def start_lines(plan: Plan, picture: Picture | None, width: int) -> list[Line]:
    """Before a run is started."""
    stages = len(plan.stages)
    robots = f"robots are disarmed first ({plan.robots}); " if plan.robots else ""
    lines = labelled("start", f"{plan.title}, about {short(plan.expected)} in {stages} stages", width)
    lines += labelled("where", roles(targets(plan.steps), picture), width, most=2)
    lines += labelled("then", f"{robots}every stage waits for you, and says what it will do", width)
    if (last := no_return(plan)) >= 0:
        lines += labelled("no return", f"after stage {last + 1}: {plan.stages[last].title}", width, Look.WARN)
    return lines


def gate_lines(run: Followed, picture: Picture | None, width: int) -> list[Line]:
    """Before a stage begins."""
    waiting = run.where.waiting
    if waiting is None:
        return []
    lines = labelled(
        "run " + run.name, waiting.sentence, width, Look.WARN if waiting.trouble else Look.STRONG
    )
    if run.plan is None:
        return lines
    stage = run.plan.stages[waiting.stage]
    where = roles(targets(stage.steps), picture)
    lines += labelled("where", where, width, most=2)
    if stage.notice:
        lines += labelled("users notice", stage.notice, width, most=2)
    lines += labelled(
        "takes", stage_seconds(stage) + (", then undoes itself" if stage.critical else ""), width
    )
    if stage.point_of_no_return:
        lines += labelled("no return", "once this is done, nothing is undone any more", width, Look.WARN)
    else:
        lines += labelled("undo", undo_words(stage.steps) or "nothing to undo", width, most=2)
    return lines


def undo_lines(run: Followed, width: int, *, leave: bool) -> list[Line]:
    """Before a run is undone, or left as it is."""
    done = done_steps(run)
    if leave:
        kept = ", ".join(step.title for step in done) or "nothing was done"
        return [
            *labelled("stays done", kept, width),
            *labelled("also", "robots that this run disarmed are armed again", width),
        ]
    return labelled("undo", undo_words(done) or "nothing was done yet that could be undone", width, most=4)
