"""Redundancy, across tiers: what stops if a node dies now, and which finding explains which.

Not a tier of its own: it reads what the tiers found. The engine calls `judge`, then `explain`.
"""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.redundancy.explain import explain
from saitotui.tiers.redundancy.sight import console, cut_off, sight
from saitotui.tiers.redundancy.situations import SITUATIONS

__all__ = ["SITUATIONS", "explain", "judge"]


def judge(profile: Profile, snapshot: Snapshot, pictures: Sequence[TierPicture]) -> TierPicture:
    """The picture named `redundancy` of what `pictures` show together."""
    seen = sight(snapshot)
    findings = cut_off(seen)
    headline = findings[0].sentence if findings else "what stops if a node dies now"
    return TierPicture("redundancy", headline, nodes=(console(seen),), findings=findings)
