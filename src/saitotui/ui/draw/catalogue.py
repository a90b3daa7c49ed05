"""The runbooks: what helps now on top, each with what its preflight says; then all others, and the runs."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.engine.runs.catalogue import catalogue
from saitotui.engine.runs.standing import Standing
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.plan import Refusal
from saitotui.model.runbook import Runbook
from saitotui.ui.ages import age
from saitotui.ui.draw.plan import verdict
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.rows import advice_rows, finding_rows
from saitotui.ui.draw.walk import OUTCOMES
from saitotui.ui.line import BLANK, Line, Look, Page, Span, fit, heading, plain, wrap


def catalogue_page(picture: Picture, room: Room) -> Page:
    """Runs that wait, what helps with what is found (causes, worst first), consequences, everything else."""
    wrong = [finding for finding in picture.findings if finding.health > Health.MAINT]
    causes = [finding for finding in wrong if not finding.cause]
    lines = run_rows(room.acts.unfinished, room)
    if lines:
        lines = [heading("Under way", room.width, note="Enter attaches"), *lines, BLANK]
    lines.append(heading("What helps", room.width, note="worst first; consequences need no hand"))
    shown: set[str] = set()
    for finding in causes:
        lines += _entry(picture, finding, shown, room)
    if not causes:
        lines.append(plain("all is well: nothing needs to be done"))
    lines += _consequences(picture, [finding for finding in wrong if finding.cause], room)
    lines += _others([book for name, book in catalogue().items() if name not in shown], room)
    lines += _ended([run for run in room.acts.runs if run.finished], room)
    return Page(tuple(lines))


def _entry(picture: Picture, finding: Finding, shown: set[str], room: Room) -> list[Line]:
    """A finding, its advice, and its runbooks; one that stands above already is only named."""
    lines = finding_rows(picture, [finding], room)
    lines += advice_rows(picture, finding, room)
    for name in finding.runbooks:
        book = catalogue().get(name)
        if book is not None and name not in shown:
            lines += book_rows(book, room)
        else:
            words = "above" if book is not None else "described, not yet walked by this console"
            lines.append(Line((Span("   runbook ", Look.DIM), Span(name, Look.STRONG), Span(f"  {words}"))))
        shown.add(name)
    return [*lines, BLANK]


def book_rows(book: Runbook, room: Room) -> list[Line]:
    """One runbook: id, title, preflight, summary."""
    key = f"runbook {book.id}"
    said, look = preflight_words(book.id, room)
    name = fit(book.id, 24)
    title = fit(book.title, max(0, room.width - len(name) - len(said) - 6))
    first = Line(
        (Span(" » ", Look.STRONG), Span(name, Look.STRONG), Span(f" {title} "), Span(said, look)), key=key
    )
    parts = wrap(book.summary, room.width - 5, limit=2)
    return [first, *(Line((Span("   " + part, Look.DIM),), key=key) for part in parts)]


def preflight_words(name: str, room: Room) -> tuple[str, Look]:
    """What the preflight of a runbook said, in a few words; '' when nobody asked."""
    prepared = room.acts.prepared.get(name)
    if prepared is None:
        return ("preflight not asked yet" if room.acts.able else ""), Look.DIM
    if isinstance(prepared.plan, Refusal):
        return "no plan for this now", Look.DIM
    look = Look.CRIT if prepared.count("red") else Look.WARN if prepared.count("amber") else Look.OK
    return f"preflight: {verdict(prepared)}", look


def run_rows(runs: Sequence[Standing], room: Room) -> list[Line]:
    """One run a line, with how it stands."""
    return [_run(run, room) for run in runs]


def _run(run: Standing, room: Room) -> Line:
    if run.outcome is not None:
        mark, health = OUTCOMES[run.outcome]
    else:
        look = Look.WARN if run.parked else Look.STRONG
        mark = Span(f"{'▲' if run.parked else '»'} {run.word.upper():<9}", look)
        health = Health.WARN if run.parked else Health.OK
    said = run.where.waiting.sentence if run.where.waiting else run.why
    lead = f" run {run.name} "
    since = age(room.now - run.where.last) if run.where.last else ""
    rest = room.width - len(lead) - mark.width - 32
    return Line(
        (
            Span(lead, Look.STRONG),
            mark,
            Span(f" {fit(run.runbook, 22)} "),
            Span(fit(f"{run.who}: {said}", rest)),
            Span(fit(since, 7, right=True), Look.DIM),
        ),
        key=f"run {run.name}",
        health=health,
    )


def _consequences(picture: Picture, findings: Sequence[Finding], room: Room) -> list[Line]:
    if not findings:
        return []
    return [heading("Consequences", room.width), *finding_rows(picture, findings, room), BLANK]


def _others(books: Sequence[Runbook], room: Room) -> list[Line]:
    if not books:
        return []
    rows = [line for book in books for line in book_rows(book, room)]
    return [heading("All other runbooks", room.width, note="Enter shows the plan, whole"), *rows]


def _ended(runs: Sequence[Standing], room: Room) -> list[Line]:
    return [heading("Ended", room.width), *run_rows(runs, room)] if runs else []
