"""The monitoring tier: what a Zabbix server says, does and cannot see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.model.command import Question
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.profile import Monitoring, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.tier import Tier, TierKind
from saitotui.model.topology import TierPicture
from saitotui.tiers.monitoring.judge_problems import problem_findings
from saitotui.tiers.monitoring.judge_server import server_findings
from saitotui.tiers.monitoring.questions import MonitoringQuestions, ask
from saitotui.tiers.monitoring.situations import SITUATIONS
from saitotui.tiers.monitoring.tables import events, nodes, robots, samples, tables
from saitotui.tiers.monitoring.view import View, look

__all__ = ["TIER", "MonitoringTier"]


@dataclass(frozen=True, slots=True)
class MonitoringTier:
    """One Zabbix of one profile."""

    profile: Profile
    monitoring: Monitoring
    asked: MonitoringQuestions

    @property
    def questions(self) -> Sequence[Question[Any]]:
        return self.asked.all

    def picture(self, snapshot: Snapshot) -> TierPicture:
        view = look(self.profile, self.monitoring, self.asked, snapshot)
        findings = judge(view)
        return TierPicture(
            "monitoring",
            headline(view, findings),
            nodes=nodes(view, findings),
            findings=findings,
            tables=tables(view),
            samples=tuple(samples(view)),
            events=tuple(events(view)),
            robots=robots(view),
        )


def judge(view: View) -> tuple[Finding, ...]:
    """All findings, worst first, causes before consequences."""
    every = [*server_findings(view), *problem_findings(view)]
    return tuple(sorted(every, key=lambda one: (bool(one.cause), -one.health, one.code, one.subject)))


def headline(view: View, findings: Sequence[Finding]) -> str:
    """The worst thing, or what is well."""
    if findings and findings[0].health is not Health.MAINT:
        return findings[0].sentence
    if view.pending or not view.answers:
        return "not asked yet"
    minor = len(view.counted)
    problems = f"{minor} minor problem{'s' * (minor != 1)}" if minor else "no problem"
    armed = sum(action.armed for action in view.robots)
    quiet = f", {findings[0].sentence}" if findings else ""
    return f"Zabbix answers, {problems}, {armed} recovery actions armed{quiet}"


def build(profile: Profile) -> Tier | None:
    if profile.monitoring is None:
        return None
    return MonitoringTier(profile, profile.monitoring, ask(profile.poll))


TIER = TierKind("monitoring", "Monitoring", 5, build, SITUATIONS)
