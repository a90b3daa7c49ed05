"""The application tier: nginx in front of a Tomcat cluster, and what users do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.model.command import Question
from saitotui.model.finding import Finding
from saitotui.model.health import Health, worst
from saitotui.model.profile import Application, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.tier import Tier, TierKind
from saitotui.model.topology import Journey, TierPicture
from saitotui.tiers.application.explain import explain
from saitotui.tiers.application.judge_cluster import cluster_findings, membership
from saitotui.tiers.application.judge_fronts import journey_findings, nginx_findings
from saitotui.tiers.application.judge_tomcats import TIER as NAME
from saitotui.tiers.application.judge_tomcats import tomcat_findings
from saitotui.tiers.application.judge_versions import version_findings
from saitotui.tiers.application.logs import logs
from saitotui.tiers.application.nodes import edges, nodes
from saitotui.tiers.application.questions import ApplicationQuestions, ask, journey_id
from saitotui.tiers.application.situations_deploy import SITUATIONS
from saitotui.tiers.application.tables import samples, tables
from saitotui.tiers.application.view import JourneyView, State, View, look

__all__ = ["TIER", "ApplicationTier"]


@dataclass(frozen=True, slots=True)
class ApplicationTier:
    """One application of one profile."""

    profile: Profile
    application: Application
    asked: ApplicationQuestions

    @property
    def questions(self) -> Sequence[Question[Any]]:
        return self.asked.all

    def picture(self, snapshot: Snapshot) -> TierPicture:
        view = look(self.profile, self.application, self.asked, snapshot)
        findings = judge(view)
        members = membership(view)
        drawn = nodes(view, _by_subject(findings))
        return TierPicture(
            NAME,
            headline(view, findings),
            nodes=drawn,
            edges=tuple(edges(view, members)),
            findings=findings,
            tables=tables(view, drawn, members, findings),
            samples=tuple(samples(view)),
            journeys=tuple(_journeys(view, findings)),
            dead=dict(_dead(view)),
        )


def judge(view: View) -> tuple[Finding, ...]:
    """All findings, worst first, causes before consequences."""
    every = explain(
        view,
        [
            *journey_findings(view),
            *nginx_findings(view),
            *tomcat_findings(view),
            *version_findings(view),
            *cluster_findings(view),
        ],
    )
    return tuple(
        sorted(every, key=lambda found: (bool(found.cause), -found.health, found.code, found.subject))
    )


def headline(view: View, findings: Sequence[Finding]) -> str:
    """The worst thing, or what is well."""
    if findings:
        return findings[0].sentence
    if view.pending:
        return "not asked yet"
    serving = [tomcat for tomcat in view.tomcats.values() if tomcat.serving]
    fronts = sum(front.state is State.ANSWERS for front in view.nginx.values())
    served = sorted({view.named(tomcat.serves or "") for tomcat in serving})
    what = f"{len(serving)} of {len(view.tomcats)} Tomcats serve {' and '.join(served) or 'nothing yet'}"
    return f"{what}, {fronts} of {len(view.nginx)} nginx answer"


def _by_subject(findings: Sequence[Finding]) -> Mapping[str, Health]:
    found: dict[str, Health] = {}
    for finding in findings:
        found[finding.subject] = worst([finding.health, found.get(finding.subject, Health.OK)])
    return found


def _journeys(view: View, findings: Sequence[Finding]) -> Iterator[Journey]:
    said = {finding.subject: finding for finding in findings}
    for journey in view.journeys:
        latency = None if journey.visit is None else journey.seconds
        finding = said.get(journey_id(journey.check.name))
        if finding is not None:
            yield Journey(journey.check.name, finding.health, finding.sentence, latency)
        elif journey.visit is None:
            yield Journey(journey.check.name, Health.UNKNOWN, _untried(journey), None)
        else:
            yield Journey(journey.check.name, Health.OK, f"{journey.check.name} works", latency)


def _untried(journey: JourneyView) -> str:
    return f"{journey.check.name} was not tried {'lately' if journey.stale else 'yet'}"


def _dead(view: View) -> Iterator[tuple[str, str]]:
    """Services that do not answer and have no process."""
    for front in view.nginx.values():
        if front.state is State.DOWN and front.processes == ():
            yield front.name, f"no nginx process runs on {front.profile.host}"
    for tomcat in view.tomcats.values():
        if tomcat.state is State.DOWN and tomcat.processes == ():
            yield tomcat.name, f"no Java process runs on {tomcat.profile.host}"


def build(profile: Profile) -> Tier | None:
    if profile.application is None:
        return None
    return ApplicationTier(profile, profile.application, ask(profile.application, profile.poll))


TIER = TierKind("application", "Application", 4, build, SITUATIONS, ("database", "storage"), logs)
