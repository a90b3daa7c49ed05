"""A plan, whole, before anything runs: what is checked, done and undone where, and what users notice."""

from __future__ import annotations

from saitotui.engine.runs.baselines import Baseline
from saitotui.engine.runs.execution import Line as Checked
from saitotui.engine.runs.planning import Prepared
from saitotui.model.health import Health
from saitotui.model.plan import Plan, Refusal, Stage, Step
from saitotui.ui.ages import clock
from saitotui.ui.draw.acts import Acts
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.words import act_rows, labelled, run_seconds, stage_seconds, step_seconds
from saitotui.ui.line import BLANK, Line, Look, Page, Span, crop, fit, heading, paragraph, plain, wrap

GRADES = {
    "green": (Span("● GREEN ", Look.OK), Health.OK),
    "amber": (Span("▲ AMBER ", Look.WARN), Health.WARN),
    "red": (Span("✗ RED   ", Look.CRIT), Health.CRIT),
}


def plan_page(subject: str, room: Room) -> Page:
    """What Enter opens on a runbook."""
    prepared = room.acts.prepared.get(subject)
    if prepared is None:
        return Page((heading(subject, room.width), plain("making the plan and asking its preflight")))
    if isinstance(prepared.plan, Refusal):
        return Page(tuple(_refusal(prepared.plan, subject, room)))
    plan = prepared.plan
    lines = [
        heading(plan.title, room.width, note=f"{plan.runbook}, digest {plan.digest[:12]}"),
        *paragraph(plan.summary, room.width, Look.STRONG),
        *labelled("about", plan.subject, room.width),
        *labelled("takes", run_seconds(plan, room.acts.baselines.get(plan.runbook)), room.width),
        *_parameters(plan, room),
        *labelled("to begin", _how(prepared, subject, room.acts), room.width),
        *_preflight(prepared, room),
    ]
    if plan.disarm:
        lines.append(heading("Robots that are disarmed first, and armed again at the end", room.width))
        for step in plan.disarm:
            lines += _step(step, room)
    for number, stage in enumerate(plan.stages, 1):
        lines += _stage(number, stage, room, room.acts.baselines.get(plan.runbook))
    return Page(tuple(lines))


def _refusal(refusal: Refusal, subject: str, room: Room) -> list[Line]:
    lines = [heading(subject, room.width), plain("There is no plan now, because", Look.STRONG)]
    for reason in refusal.reasons:
        parts = wrap(reason, room.width - 12)
        mark = GRADES["red"][0]
        lines += [
            Line((Span(" "), mark if n == 0 else Span("        "), Span(part)))
            for n, part in enumerate(parts)
        ]
    return lines


def _parameters(plan: Plan, room: Room) -> list[Line]:
    given = ", ".join(f"{name}={value}" for name, value in plan.parameters.items() if value)
    return labelled("with", given, room.width) if given else []


def _how(prepared: Prepared, subject: str, acts: Acts) -> str:
    if not acts.able:
        return f"saitotui run {subject}: nothing is begun from here"
    if prepared.refused:
        return "not now: the preflight is red"
    if acts.armed is None:
        return "this console is read-only: :arm 15m and why, then b"
    return "b, and answer what it asks; nothing runs before that"


def _preflight(prepared: Prepared, room: Room) -> list[Line]:
    """Each line with what was measured, what refuses first."""
    checked = sorted(prepared.lines or (), key=lambda line: -(line.grade or 0))
    note = f"as of {clock(prepared.at)}; it is asked again before anything is done"
    lines = [heading(f"Preflight: {verdict(prepared)}", room.width, note=note)]
    for one in checked:
        lines += _checked(one, room)
    return lines


def _checked(one: Checked, room: Room) -> list[Line]:
    mark, health = GRADES[one.word]
    text = f"{one.condition.check.sentence}: {one.verdict.measured}"
    parts = wrap(text, room.width - 11, limit=3)
    rows = [
        Line((Span(" "), mark if n == 0 else Span("        "), Span(" " + part)), health=health)
        for n, part in enumerate(parts)
    ]
    if one.grade is not None:
        why = wrap(one.condition.why, room.width - 12, limit=3)
        rows += [Line((Span(" " * 10), Span(part, Look.DIM)), health=health) for part in why]
    return rows


def verdict(prepared: Prepared) -> str:
    """`2 red, 1 amber, 9 green`; what there is none of is left out."""
    if prepared.lines is None:
        return "not asked"
    if isinstance(prepared.plan, Refusal):
        return "no plan"
    counts = [f"{count} {word}" for word in ("red", "amber", "green") if (count := prepared.count(word))]
    return ", ".join(counts) or "nothing to check"


def _stage(number: int, stage: Stage, room: Room, before: Baseline | None) -> list[Line]:
    lines = [] if room.small else [BLANK]
    lines.append(
        heading(f"Stage {number}: {stage.title}", room.width, note=stage_seconds(stage, number, before))
    )
    if stage.point_of_no_return:
        lines.append(plain("▲ POINT OF NO RETURN: once this is done, nothing is undone any more", Look.WARN))
    if stage.confirm:
        lines += labelled("confirm", f"type `{stage.confirm}`", room.width, Look.STRONG)
    if stage.notice:
        lines += labelled("users notice", stage.notice, room.width)
    if stage.rests:
        lines += labelled("meanwhile", "robots are armed, and others may act", room.width)
    if stage.critical:
        lines += labelled("in one go", "a refused command undoes all of it at once", room.width)
    for step in stage.steps:
        lines += _step(step, room)
    return lines


def _step(step: Step, room: Room) -> list[Line]:
    took = step_seconds(step)
    title = fit(step.title, max(10, room.width - len(took) - 6))
    lines = [Line((Span(" » ", Look.STRONG), Span(title, Look.STRONG), Span(f" {took}", Look.DIM)))]
    for check in step.requires:
        lines.append(plain(crop(f"requires: {check.sentence}", room.width - 6), indent=5))
    lines += act_rows(step.acts, room.width, indent=5)
    if step.goal is not None:
        lines.append(plain(crop(f"proof: {step.goal.sentence}", room.width - 6), indent=5))
    lines += act_rows(step.undo, room.width, indent=5, word="undo")
    for check in step.undo_requires:
        lines.append(plain(crop(f"undo requires: {check.sentence}", room.width - 6), indent=5))
    if step.no_undo:
        lines.append(plain(crop(f"no undo: {step.no_undo}", room.width - 6), indent=5))
    return lines
