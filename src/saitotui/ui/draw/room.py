"""What a view is given to draw with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from saitotui.model.finding import Finding
from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.ui.ages import age
from saitotui.ui.draw.acts import NOTHING, Acts

SIDE_FROM = 110
"""Columns from which a view may use a second column."""


@dataclass(frozen=True, slots=True)
class Room:
    """Cells to fill, and the present: `now` in UTC seconds, `zone` for the one local time."""

    width: int
    height: int
    now: float
    zone: tzinfo | None = None
    screens: Sequence[ScreenSpec] = ()
    acts: Acts = NOTHING

    @property
    def small(self) -> bool:
        """Less than 80x24 (header and footer take two lines)."""
        return self.width < 80 or self.height < 22

    def narrowed(self, width: int) -> Room:
        return replace(self, width=width)


def side_width(width: int) -> int:
    """Cells of the second column of a terminal that is `width` wide."""
    return width * 2 // 5 if width >= SIDE_FROM else 0


def tier_title(name: str) -> str:
    return name.replace("_", " ")


def tier_key(screens: Sequence[ScreenSpec], tier: str) -> str:
    """The digit that opens the tier's screen, or a space."""
    return next((screen.key for screen in screens if screen.tier == tier and screen.key), " ")


def since(picture: Picture, finding: Finding, now: float) -> str:
    """How long `finding` has been standing, or ``."""
    first = picture.since.get((finding.code, finding.subject))
    return "" if first is None else age(now - first)


def finding_key(finding: Finding) -> str:
    """What Enter opens for a finding. Codes hold no spaces, so the two parts stay apart."""
    return f"{finding.code} {finding.subject}"


def find(picture: Picture, key: str) -> Finding | None:
    """The finding that `key` names; a code alone names the first of that code."""
    code, _, subject = key.partition(" ")
    return next(
        (f for f in picture.findings if f.code == code and (not subject or f.subject == subject)), None
    )


def own_findings(picture: Picture, tier: str) -> tuple[Finding, ...]:
    """The findings of a tier, worst first, causes first (as `picture.findings` are)."""
    found = picture.tier(tier)
    return () if found is None else found.findings


def cause_name(picture: Picture, finding: Finding) -> str:
    """What the finding is a consequence of, in a word or two."""
    cause = next((f for f in picture.findings if f.code == finding.cause), None)
    return cause.subject if cause else finding.cause
