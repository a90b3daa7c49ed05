"""What may be done about what is wrong: for every finding its advice and the runbooks that help."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.rows import advice_rows, finding_rows
from saitotui.ui.line import BLANK, Line, Look, Page, Span, heading, plain


def helps_page(picture: Picture, room: Room) -> Page:
    """Causes before consequences, as the findings are ordered."""
    wrong = [finding for finding in picture.findings if finding.health > Health.MAINT]
    causes = [finding for finding in wrong if not finding.cause]
    lines: list[Line] = [heading("What helps", room.width, note="worst first; consequences need no hand")]
    for finding in causes:
        lines += _entry(picture, finding, room)
    if not causes:
        lines.append(plain("all is well: nothing needs to be done"))
    lines += _consequences(picture, [finding for finding in wrong if finding.cause], room)
    return Page(tuple(lines))


def _entry(picture: Picture, finding: Finding, room: Room) -> list[Line]:
    lines = finding_rows(picture, [finding], room)
    lines += advice_rows(picture, finding, room)
    if finding.runbooks:
        names = ", ".join(finding.runbooks)
        lines.append(Line((Span("   runbooks: ", Look.DIM), Span(names, Look.STRONG))))
    return [*lines, BLANK]


def _consequences(picture: Picture, findings: Sequence[Finding], room: Room) -> list[Line]:
    if not findings:
        return []
    return [heading("Consequences", room.width), *finding_rows(picture, findings, room)]
