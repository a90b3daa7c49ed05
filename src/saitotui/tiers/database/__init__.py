"""The database tier: a master and its replica behind HAProxy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.model.command import Question
from saitotui.model.finding import Finding
from saitotui.model.health import Health, worst
from saitotui.model.profile import Database, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import duration
from saitotui.model.tier import Tier, TierKind
from saitotui.model.topology import TierPicture
from saitotui.tiers.database.explain import explain
from saitotui.tiers.database.judge_haproxy import route, route_findings
from saitotui.tiers.database.judge_members import member_findings
from saitotui.tiers.database.judge_replication import replication_findings
from saitotui.tiers.database.judge_roles import role_findings
from saitotui.tiers.database.judge_semisync import semisync_findings
from saitotui.tiers.database.judge_servers import dead_servers, server_findings
from saitotui.tiers.database.judge_use import use_findings
from saitotui.tiers.database.locks import lock_findings
from saitotui.tiers.database.nodes import edges, nodes
from saitotui.tiers.database.questions import DatabaseQuestions, ask
from saitotui.tiers.database.situations_use import SITUATIONS
from saitotui.tiers.database.tables import robots, samples, tables
from saitotui.tiers.database.view import View, look

__all__ = ["TIER", "DatabaseTier"]


@dataclass(frozen=True, slots=True)
class DatabaseTier:
    """One database of one profile."""

    profile: Profile
    database: Database
    asked: DatabaseQuestions

    @property
    def questions(self) -> Sequence[Question[Any]]:
        return self.asked.all

    def picture(self, snapshot: Snapshot) -> TierPicture:
        view = look(self.profile, self.database, self.asked, snapshot)
        findings = judge(view)
        drawn = nodes(view, _by_subject(findings))
        return TierPicture(
            "database",
            headline(view, findings),
            nodes=drawn,
            edges=tuple(edges(view)),
            findings=findings,
            tables=tables(view, drawn),
            samples=tuple(samples(view)),
            robots=robots(view),
            dead=dead_servers(view),
        )


def judge(view: View) -> tuple[Finding, ...]:
    """All findings, worst first, causes before consequences."""
    every = explain(
        [
            *server_findings(view),
            *role_findings(view),
            *replication_findings(view),
            *semisync_findings(view),
            *lock_findings(view),
            *use_findings(view),
            *route_findings(view),
            *member_findings(view),
        ]
    )
    return tuple(
        sorted(every, key=lambda found: (bool(found.cause), -found.health, found.code, found.subject))
    )


def headline(view: View, findings: Sequence[Finding]) -> str:
    """The worst thing, or what is well."""
    if findings:
        return findings[0].sentence
    master = view.live_master
    if master is None:
        return "not asked yet" if view.pending else "no master is known yet"
    parts = [f"{master.name} is master"]
    for server in view.replicas:
        if server is not master:
            lag = "" if server.lag is None else f" {duration(server.lag)} behind"
            parts.append(f"{server.name} follows{lag}")
    routes = {route(balancer) for balancer in view.balancers.values() if balancer.answers}
    if routes == {master.name}:
        parts.append("HAProxy agrees")
    return ", ".join(parts)


def _by_subject(findings: Sequence[Finding]) -> Mapping[str, Health]:
    """How well each node itself is. What somebody else causes is no more than a warning there: a replica that
    lost its master can still be promoted."""
    found: dict[str, Health] = {}
    for finding in findings:
        own = min(finding.health, Health.WARN) if finding.cause else finding.health
        found[finding.subject] = worst([own, found.get(finding.subject, Health.OK)])
    return found


def build(profile: Profile) -> Tier | None:
    if profile.database is None:
        return None
    return DatabaseTier(profile, profile.database, ask(profile.database, profile.poll))


TIER = TierKind("database", "Database", 2, build, SITUATIONS, needs=("cluster", "hosts"))
