"""The walk-through of a run: where it is, what comes, what undoing would do, what it says."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.model.health import Health
from saitotui.model.plan import Outcome, Stage, Step
from saitotui.model.run import Kind, RunEvent
from saitotui.model.text import coarse, duration, one_line
from saitotui.ui.ages import clock
from saitotui.ui.draw.acts import Followed
from saitotui.ui.draw.room import Room, side_width
from saitotui.ui.draw.undoing import returnable, undo_sentence
from saitotui.ui.draw.words import act_rows, budget, labelled, stage_seconds
from saitotui.ui.line import Line, Look, Page, Span, crop, fit, heading, plain, wrap

OUTCOMES = {
    Outcome.DONE: (Span("● DONE      ", Look.OK), Health.OK),
    Outcome.ALREADY: (Span("● ALREADY   ", Look.OK), Health.OK),
    Outcome.REFUSED: (Span("▲ REFUSED   ", Look.WARN), Health.WARN),
    Outcome.UNDONE: (Span("◐ UNDONE    ", Look.MAINT), Health.WARN),
    Outcome.FAILED: (Span("✗ FAILED    ", Look.CRIT), Health.CRIT),
    Outcome.INDETERMINATE: (Span("? UNSETTLED ", Look.UNKNOWN), Health.UNKNOWN),
}
GUTTER = 2
TOLD = 400
"""Events that the page holds; `saitotui attach` and the journal have all."""


def walk_page(name: str, room: Room) -> Page:
    """The run `name`, if it is the one that is followed."""
    run = room.acts.followed
    if run is None or run.name != name:
        return Page(
            (heading(f"Run {name}", room.width), plain("no such run on this platform, or not read yet"))
        )
    aside = side_width(room.width)
    main = room.narrowed(room.width - aside - GUTTER) if aside else room
    lines = [*_state(run, main), *_stages(run, main)]
    told = _told(run, room.narrowed(aside) if aside else room)
    if aside:
        return Page(tuple(lines), tuple(told))
    return Page((*lines, *told))


def _state(run: Followed, room: Room) -> list[Line]:
    """How it stands, who holds it, what may be done now, what undoing would do: never scrolled away."""
    title = run.plan.title if run.plan else run.runbook
    mark, words = _standing(run, room.now)
    lines = [
        Line((Span(f" {title}", Look.STRONG), Span(f"  run {run.name}, {run.who}: {run.why}", Look.DIM))),
        *labelled("state", words, room.width, mark, most=4),
    ]
    if run.where.waits and run.live:
        lines += labelled("waits for", run.where.waits, room.width, Look.STRONG, most=3)
    if run.where.result is None:
        lines += labelled("controls", _holder(run), room.width)
        lines += labelled("keys", _keys(run), room.width, Look.STRONG)
        look = Look.PLAIN if returnable(run) else Look.WARN
        lines += labelled("undo now", undo_sentence(run), room.width, look, most=2)
    elif run.where.result.probe:
        lines += labelled("to settle it", run.where.result.probe, room.width, Look.UNKNOWN)
    return lines


def _standing(run: Followed, now: float) -> tuple[Look, str]:
    where = run.where
    if where.result is not None:
        mark = OUTCOMES[where.result.outcome][0]
        return mark.look, f"{mark.text.strip()}: {where.result.sentence}"
    if not run.live:
        return Look.WARN, "LEFT BEHIND: no process carries it and it has no outcome"
    if where.waiting is not None:
        waited = coarse(now - where.waiting.at)
        word = "IN TROUBLE" if where.waiting.trouble else "WAITS"
        return (
            Look.WARN,
            f"▲ {word} before stage {where.waiting.stage + 1}, for {waited}: {where.waiting.sentence}",
        )
    if where.undoing:
        return Look.STRONG, "◐ UNDOING what was done, newest first"
    if where.stage < 0:
        return Look.STRONG, f"» BEGINNING: {_last(run)}"
    return Look.STRONG, f"» RUNNING stage {where.stage + 1}: {_clock(run, now)}"


def _last(run: Followed) -> str:
    return run.events[-1].sentence if run.events else "nothing is told yet"


def _clock(run: Followed, now: float) -> str:
    """Seconds since the stage began, against what was declared."""
    took = max(0, int(now - run.where.stage_at))
    if run.plan is None:
        return f"{took}s"
    stage = run.plan.stages[run.where.stage]
    over = " OVER ITS BUDGET" if took > budget(stage) else ""
    return f"{took}s of {stage_seconds(stage, run.where.stage + 1, run.before)}{over}"


def _holder(run: Followed) -> str:
    if run.mine:
        return "yours"
    return f"{run.where.holder} has them" if run.where.holder else "nobody's: it goes no further by itself"


def _keys(run: Followed) -> str:
    if not run.live:
        return ":resume goes on from the first goal that does not hold"
    if not run.mine:
        return "t take the controls"
    if run.where.waits:
        return "w stop waiting; it goes on when this is over"
    if run.where.waiting is None:
        return "none inside a stage: it completes, or undoes itself"
    confirm = run.where.waiting.confirm
    go = "c try again" if run.where.waiting.trouble else "c continue"
    approve = ", second person: :approve" if run.second_person and run.where.waiting.stage == 0 else ""
    undo = " · u undo" if returnable(run) else ""
    return f"{go}{f' (type `{confirm}`)' if confirm else ''}{undo} · a leave it as it is{approve}"


def _stages(run: Followed, room: Room) -> list[Line]:
    if run.plan is None:
        return [plain("this console makes another plan of it: its stages are told, not shown")]
    lines = [heading("Stages", room.width)]
    if run.plan.robots:
        lines.append(_robots_line(run, run.plan.robots))
    for number, stage in enumerate(run.plan.stages):
        title = stage.title + ("  ▲ no return" if stage.point_of_no_return else "")
        lines.append(_stage_line(run, number, title, stage.steps, room))
        if number == _shown(run) or _went_wrong(run, number, stage):
            lines += _open_stage(run, number, stage, room)
    return lines


def _shown(run: Followed) -> int:
    """The stage that is opened: the one that comes next, else the one under way."""
    if run.where.result is not None:
        return -1
    return run.where.waiting.stage if run.where.waiting else run.where.stage


def _robots_line(run: Followed, count: int) -> Line:
    """The robots: off from before the first stage until they are proven to act again."""
    off = len(run.where.disarmed)
    ends = [run.where.outcomes.get((-1, index), (None, ""))[0] for index in range(count)]
    if off:
        rests = run.plan is not None and any(stage.rests for stage in run.plan.stages)
        until = "only waits" if rests else "ends"
        mark, words = Span("▲ DISARMED  ", Look.WARN), f"{off} of {count} robots, until the run {until}"
    elif ends and all(end is Outcome.UNDONE for end in ends):
        mark, words = Span("● ARMED     ", Look.OK), "robots act again, proven"
    else:
        mark, words = Span("· later     ", Look.DIM), f"disarm {count} robots"
    return Line((Span(" 0 "), mark, Span(words, Look.STRONG)))


def _went_wrong(run: Followed, number: int, stage: Stage) -> bool:
    ends = [
        run.where.outcomes.get((number, index), (Outcome.DONE, ""))[0] for index in range(len(stage.steps))
    ]
    return any(end not in (Outcome.DONE, Outcome.ALREADY) for end in ends)


def _stage_line(run: Followed, number: int, title: str, steps: Sequence[Step], room: Room) -> Line:
    ends = [run.where.outcomes.get((number, index), (None, ""))[0] for index in range(len(steps))]
    mark, health = _mark(run, number, ends)
    seconds = run.where.windows.get(number)
    took = f" {seconds * 1000:.1f} ms" if seconds is not None else ""
    width = room.width - 17 - len(took)
    return Line(
        (Span(f" {number + 1} "), mark, Span(fit(title, width), Look.STRONG), Span(took)), health=health
    )


_WORSE = (Outcome.REFUSED, Outcome.UNDONE, Outcome.FAILED, Outcome.INDETERMINATE)
"""A stage is as bad as its worst step; what nobody can tell is worst, because it must be settled."""


def _mark(run: Followed, number: int, ends: Sequence[Outcome | None]) -> tuple[Span, Health]:
    bad = [end for end in ends if end is not None and end not in (Outcome.DONE, Outcome.ALREADY)]
    waiting = run.where.waiting
    if bad:
        return OUTCOMES[max(bad, key=_WORSE.index)]
    if ends and all(end is not None for end in ends):
        return OUTCOMES[Outcome.DONE if Outcome.DONE in ends else Outcome.ALREADY]
    if waiting is not None and waiting.stage == number:
        return Span("▲ NEXT      ", Look.WARN), Health.WARN
    if run.where.stage == number and run.where.result is None:
        return Span("» RUNNING   ", Look.STRONG), Health.OK
    return Span("· later     " if run.where.result is None else "· not begun ", Look.DIM), Health.OK


def _open_stage(run: Followed, number: int, stage: Stage, room: Room) -> list[Line]:
    """The stage that comes or runs: what users notice, and each step with exactly what it does."""
    lines: list[Line] = []
    if run.where.result is None:
        lines += labelled("  takes", stage_seconds(stage, number + 1, run.before), room.width)
        if stage.notice:
            lines += labelled("  users notice", stage.notice, room.width, most=2)
        if stage.rests:
            lines += labelled("  meanwhile", "robots are armed, and others may act", room.width)
    for index, step in enumerate(stage.steps):
        ended = run.where.outcomes.get((number, index))
        if ended is not None:
            lines += _ended(step, *ended, room)
            continue
        here = run.where.step == (number, index) and run.where.waiting is None
        lead = Span("   » " if here else "   · ", Look.STRONG if here else Look.DIM)
        lines.append(Line((lead, Span(crop(step.title, room.width - 6), Look.STRONG))))
        lines += act_rows(step.acts, room.width, indent=5, fold=2)
    return lines


def _ended(step: Step, outcome: Outcome, sentence: str, room: Room) -> list[Line]:
    mark, health = OUTCOMES[outcome]
    parts = wrap(f"{step.title}: {sentence}", room.width - 19, limit=3)
    return [
        Line((Span("   "), mark if n == 0 else Span(" " * 12), Span(" " + part)), health=health)
        for n, part in enumerate(parts)
    ]


def _told(run: Followed, room: Room) -> list[Line]:
    """What happened, newest first."""
    lines = [heading("What it says", room.width, note="newest first")]
    for event in list(reversed(run.events))[:TOLD]:
        lines += _event(event, room)
    return lines if run.events else [*lines, plain("nothing yet")]


_LOOKS = {"red": Look.CRIT, "amber": Look.WARN, "green": Look.OK}


def _event(event: RunEvent, room: Room) -> list[Line]:
    word, look = _word(event)
    text = event.sentence
    if event.kind is Kind.ACT:
        text = f"on {event.data.get('target')} ({event.data.get('client')}): {text}"
    if event.kind is Kind.ANSWER:
        text = f"{one_line(text, limit=600)} ({duration(float(event.data.get('cost', 0)))})".strip()
    lead = Span(f" {clock(event.at)} ", Look.DIM)
    parts = wrap(text, max(10, room.width - 22), limit=2)
    first = Line((lead, Span(fit(word, 10), look), Span(" " + parts[0])))
    return [first, *(Line((Span(" " * 22), Span(part))) for part in parts[1:])]


def _word(event: RunEvent) -> tuple[str, Look]:
    if event.kind is Kind.PREFLIGHT:
        grade = str(event.data.get("grade", ""))
        return grade.upper(), _LOOKS.get(grade, Look.PLAIN)
    outcome = event.data.get("outcome")
    if outcome:
        mark = OUTCOMES[Outcome(outcome)][0]
        return str(outcome).upper()[:10], mark.look
    if event.kind is Kind.ANSWER:
        return ("ok", Look.DIM) if event.data.get("ok") else ("NOT OK", Look.WARN)
    words = {Kind.ACT: "runs", Kind.GATE: "WAITS", Kind.STAGE: "STAGE", Kind.UNDO: "undo"}
    loud = event.kind in (Kind.GATE, Kind.STAGE, Kind.OUTCOME)
    return words.get(event.kind, event.kind.value), Look.STRONG if loud else Look.DIM
