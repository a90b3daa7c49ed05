"""Redundancy, across tiers: what stops if a node dies now, and which finding explains which.

Not a tier of its own: it reads what the tiers found. The engine calls `judge`, then `explain`.
"""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.model.finding import Finding
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.redundancy.explain import explain
from saitotui.tiers.redundancy.findings import used_up
from saitotui.tiers.redundancy.impact import Impact
from saitotui.tiers.redundancy.machines import machines
from saitotui.tiers.redundancy.services import services
from saitotui.tiers.redundancy.sight import console, cut_off, sight
from saitotui.tiers.redundancy.situations import SITUATIONS
from saitotui.tiers.redundancy.table import Answer, answers, table

__all__ = ["SITUATIONS", "explain", "judge"]


def judge(profile: Profile, snapshot: Snapshot, pictures: Sequence[TierPicture]) -> TierPicture:
    """The picture named `redundancy` of what `pictures` show together."""
    seen = sight(snapshot)
    carriers = machines(profile, snapshot, pictures)
    offered = tuple(services(pictures))
    blind = cut_off(seen)
    # A blind console knows nothing of redundancy either.
    findings = blind or tuple(used_up(carriers, offered))
    given = tuple(answers(carriers, offered))
    return TierPicture(
        "redundancy",
        _headline(findings, given),
        nodes=(console(seen),),
        findings=findings,
        tables=(table(given),),
    )


def _headline(findings: Sequence[Finding], given: Sequence[Answer]) -> str:
    if findings:
        return findings[0].sentence
    fatal = [answer.node.id for answer in given if answer.loss.impact is Impact.DOWN]
    if fatal:
        return f"no reserve is used up; losing {', '.join(fatal[:4])} would stop something"
    unknown = sum(answer.loss.impact is Impact.UNKNOWN for answer in given)
    return f"cannot tell for {unknown} nodes" if unknown else "any one node may die"
