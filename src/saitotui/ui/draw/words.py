"""Plans in lines: what is run where, what undoes it. Shared by the plan, the walk-through and questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saitotui.engine.runs.baselines import Baseline
from saitotui.model.picture import Picture
from saitotui.model.plan import Act, Plan, Stage, Step
from saitotui.model.text import duration, one_line
from saitotui.ui.line import Line, Look, Span, crop, wrap


def act_rows(acts: Iterable[Act], width: int, *, indent: int, word: str = "run", fold: int = 3) -> list[Line]:
    """Each command exactly as it is sent, with its host and client before it. What does not fit on `fold`
    lines ends in an ellipsis."""
    lines: list[Line] = []
    for act in acts:
        command = act.command
        lead = f"{word} on {command.target} ({command.client.value}): "
        text = command.text + (f" <<< {command.body}" if command.body else "")
        parts = wrap(lead + text, width - indent - 3, limit=fold)
        for number, part in enumerate(parts):
            label = lead if number == 0 and part.startswith(lead) else ""
            spans = (Span(" " * (indent if number == 0 else indent + 2)), Span(label, Look.DIM))
            lines.append(Line((*spans, Span(crop(part[len(label) :], width - indent - 2 - len(label))))))
    return lines


def labelled(label: str, text: str, width: int, look: Look = Look.PLAIN, *, most: int = 3) -> list[Line]:
    """` label        text`, the text on up to `most` lines."""
    parts = wrap(text, max(10, width - 17), limit=most)
    lead = Span(f" {label:<14} ", Look.DIM)
    return [Line((lead if n == 0 else Span(" " * 16), Span(part, look))) for n, part in enumerate(parts)]


def short(seconds: float) -> str:
    """Seconds, in milliseconds below one: `4 ms`, `1.7s`, `1m15s`."""
    return f"{seconds * 1000:.0f} ms" if 0 < seconds < 1 else duration(seconds)


def step_seconds(step: Step) -> str:
    return f"about {short(step.expected)}, at most {short(step.deadline)}"


def stage_seconds(stage: Stage, number: int = 0, before: Baseline | None = None) -> str:
    """How long a stage is expected to take and may take; and how long stage `number` took here before."""
    expected = sum(step.expected for step in stage.steps)
    took = before.stage(number) if before is not None else None
    here = f", here {short(round(took, 3))}" if took is not None else ""
    return f"about {short(expected)}, at most {short(budget(stage))}{here}"


def run_seconds(plan: Plan, before: Baseline | None) -> str:
    """The same of a whole run."""
    words = f"about {short(plan.expected)}, waiting for you not counted"
    if before is None:
        return words
    runs = f"{len(before.runs)} runs" if len(before.runs) > 1 else "the run before"
    return f"{words}; here {short(round(before.seconds, 3))}, at most {short(round(before.most, 3))} ({runs})"


def budget(stage: Stage) -> float:
    """Seconds that a stage may take."""
    return stage.budget or sum(step.deadline for step in stage.steps)


def targets(steps: Iterable[Step]) -> list[str]:
    """Where the steps run their commands, each once."""
    return list(dict.fromkeys(act.command.target for step in steps for act in step.acts))


def roles(names: Iterable[str], picture: Picture | None) -> str:
    """`db1: master, db2: replica, lb1: haproxy`, by what was seen last."""
    said = []
    for name in names:
        node = picture.node(name) if picture else None
        said.append(f"{name}: {node.role or node.kind}" if node else name)
    return ", ".join(said)


def undo_words(steps: Sequence[Step]) -> str:
    """What undoing these steps does, newest first, in one sentence; then what cannot be undone."""
    undone = [
        f"{step.title}: {'; '.join(one_line(act.command.text) for act in step.undo)}"
        for step in reversed(steps)
        if step.undo
    ]
    lasting = [f"{step.title} ({step.no_undo})" for step in steps if step.no_undo and not step.undo]
    if lasting:
        undone.append(f"stays: {', '.join(lasting)}")
    return " · ".join(undone)


def no_return(plan: Plan) -> int:
    """The number of the stage after which nothing earlier is undone (from 0); -1: there is none."""
    return next((n for n, stage in enumerate(plan.stages) if stage.point_of_no_return), -1)
