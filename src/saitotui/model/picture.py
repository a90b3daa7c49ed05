"""The one immutable thing that the watch publishes and every screen draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saitotui.model.command import Question
from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health, worst
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.topology import Event, Journey, Node, Robot, TierPicture


@dataclass(frozen=True, slots=True)
class Picture:
    """A platform at one moment, judged.

    `tiers` are in profile order (screens sort them worst first); `findings` are all findings, worst first,
    causes before consequences; `events` newest first; `history` holds recent values of each sample by
    `tier/name` (oldest first, None where unknown); `since` when each finding (code, subject) was first seen.
    `restored` is set while what is shown comes from disk and no answer has come yet, `whole` once everything
    was asked. `questions` are all questions asked, by key; `situations` all that may be found, by code.
    """

    profile: Profile
    snapshot: Snapshot
    tiers: tuple[TierPicture, ...]
    findings: tuple[Finding, ...]
    events: tuple[Event, ...] = ()
    history: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    since: Mapping[tuple[str, str], float] = field(default_factory=dict)
    noted_at: float = 0.0
    restored: bool = False
    whole: bool = True
    paused: bool = False
    questions: Mapping[str, Question[Any]] = field(default_factory=dict)
    situations: Mapping[str, Situation] = field(default_factory=dict)

    @property
    def at(self) -> float:
        return self.snapshot.at

    @property
    def health(self) -> Health:
        return worst([tier.health for tier in self.tiers])

    @property
    def journeys(self) -> tuple[Journey, ...]:
        return tuple(journey for tier in self.tiers for journey in tier.journeys)

    @property
    def robots(self) -> tuple[Robot, ...]:
        return tuple(robot for tier in self.tiers for robot in tier.robots)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(node for tier in self.tiers for node in tier.nodes)

    def tier(self, name: str) -> TierPicture | None:
        return next((tier for tier in self.tiers if tier.tier == name), None)

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)
