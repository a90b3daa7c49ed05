"""The storage tier: a DRBD pair under heartbeat or pacemaker that exports NFS on a floating address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.model.command import Question
from saitotui.model.finding import Finding
from saitotui.model.profile import Profile, Storage
from saitotui.model.snapshot import Snapshot
from saitotui.model.tier import Tier, TierKind
from saitotui.model.topology import TierPicture
from saitotui.tiers.storage.causes import explained
from saitotui.tiers.storage.judge_drbd import drbd_findings
from saitotui.tiers.storage.judge_manager import heartbeat_findings
from saitotui.tiers.storage.judge_nodes import node_findings
from saitotui.tiers.storage.judge_pacemaker import pacemaker_findings
from saitotui.tiers.storage.judge_service import service_findings
from saitotui.tiers.storage.nodes import edges, nodes
from saitotui.tiers.storage.nudges import nudges
from saitotui.tiers.storage.questions import StorageQuestions, ask
from saitotui.tiers.storage.situations import SITUATIONS
from saitotui.tiers.storage.tables import events, robots, samples, tables
from saitotui.tiers.storage.view import View, look

__all__ = ["TIER", "StorageTier"]


@dataclass(frozen=True, slots=True)
class StorageTier:
    """One pair of one profile."""

    storage: Storage
    asked: StorageQuestions

    @property
    def questions(self) -> Sequence[Question[Any]]:
        return self.asked.all

    def picture(self, snapshot: Snapshot) -> TierPicture:
        view = look(self.storage, self.asked, snapshot)
        findings = judge(view)
        drawn = nodes(view, findings)
        return TierPicture(
            "storage",
            headline(view, findings),
            nodes=drawn,
            edges=tuple(edges(view)),
            findings=findings,
            tables=tables(view, {node.id: node.health for node in drawn}),
            samples=tuple(samples(view)),
            events=tuple(events(view)),
            robots=robots(view),
        )


def judge(view: View) -> tuple[Finding, ...]:
    """All findings, worst first, causes before consequences."""
    by_heartbeat = view.storage.manager == "heartbeat"
    found = [
        *node_findings(view),
        *drbd_findings(view),
        *(heartbeat_findings(view) if by_heartbeat else pacemaker_findings(view)),
        *service_findings(view),
    ]
    every = explained(found)
    return tuple(sorted(every, key=lambda one: (bool(one.cause), -one.health, one.code, one.subject)))


def headline(view: View, findings: Sequence[Finding]) -> str:
    """The worst thing, or what is well."""
    if findings:
        return findings[0].sentence
    if view.pending or view.active is None:
        return "not asked yet"
    others = [node.name for node in view.all if not node.primary]
    return f"{view.active.name} is primary and exports, {' and '.join(others)} stands by, in sync"


def build(profile: Profile) -> Tier | None:
    if profile.storage is None:
        return None
    return StorageTier(profile.storage, ask(profile.storage, profile.poll))


TIER = TierKind("storage", "Storage", 3, build, SITUATIONS, nudges=nudges)
