"""Causes across tiers: which finding explains which.

A finding keeps the cause that its own tier gave it. `cause` is the code of the finding that is to be dealt
with first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.topology import TierPicture
from saitotui.tiers.redundancy.situations import CUT_OFF


def explain(findings: Sequence[Finding], pictures: Sequence[TierPicture]) -> list[Finding]:
    """`findings` with their causes."""
    if any(finding.code == CUT_OFF.code for finding in findings):
        return [_blinded(finding) for finding in findings]
    return list(findings)


def blind(finding: Finding) -> bool:
    """The finding rests on an answer that did not come."""
    return finding.health is Health.UNKNOWN or "unreachable" in finding.code


def _blinded(finding: Finding) -> Finding:
    if finding.code == CUT_OFF.code or not blind(finding):
        return finding
    return replace(finding, cause=CUT_OFF.code)
