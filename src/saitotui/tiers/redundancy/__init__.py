"""Redundancy, across tiers: what stops if a node dies now, and which finding explains which.

Not a tier of its own: it reads what the tiers found. The engine calls `judge`, then `explain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from saitotui.tiers.redundancy.situations import SITUATIONS, UNKNOWN
from saitotui.tiers.redundancy.table import Answer, answers, table

__all__ = ["SITUATIONS", "explain", "judge"]


def judge(profile: Profile, snapshot: Snapshot, pictures: Sequence[TierPicture]) -> TierPicture:
    """The picture named `redundancy` of what `pictures` show together."""
    seen = sight(snapshot)
    carriers = machines(profile, snapshot, pictures)
    offered = tuple(services(pictures))
    given = tuple(answers(carriers, offered))
    # A blind console knows nothing of redundancy either.
    findings = cut_off(seen) or (*used_up(carriers, offered), *_untold(given))
    return TierPicture(
        "redundancy",
        _headline(findings, given),
        nodes=(console(seen),),
        findings=findings,
        tables=(table(given),),
    )


def _untold(given: Sequence[Answer]) -> Iterator[Finding]:
    """What is unknown is a finding of its own: it is not well, and not known to be down."""
    unknown = [answer for answer in given if answer.loss.impact is Impact.UNKNOWN]
    if unknown:
        names = ", ".join(answer.node.id for answer in unknown[:3])
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        evidence = dict.fromkeys(answer.loss.why for answer in unknown)
        yield UNKNOWN.found("redundancy", f"cannot tell what stops without {names}{more}", *evidence)


def _headline(findings: Sequence[Finding], given: Sequence[Answer]) -> str:
    if findings:
        return findings[0].sentence
    fatal = [answer.node.id for answer in given if answer.loss.impact is Impact.DOWN]
    if fatal:
        return f"no reserve is used up; losing {', '.join(fatal[:4])} would stop something"
    return "any one node may die"
