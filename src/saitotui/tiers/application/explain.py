"""Which finding of this tier is the consequence of which: the cause is what to deal with first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from saitotui.model.command import FailureKind
from saitotui.model.finding import Finding, Situation
from saitotui.tiers.application import situations as s
from saitotui.tiers.application import situations_deploy as d
from saitotui.tiers.application.questions import journey_id
from saitotui.tiers.application.view import JourneyView, State, View

_GONE = (s.TOMCAT_DOWN, s.TOMCAT_HUNG, s.TOMCAT_STARTING)
_SPLIT = (d.MEMBERS_MISSING, d.MEMBERSHIP_DISAGREE)

SAME: Mapping[str, tuple[Situation, ...]] = {
    s.UPSTREAM_FAILING.code: (*_GONE, s.THREADS_BUSY),
    d.VERSION_MISSING.code: (d.VERSION_STOPPED,),
}
"""By code: what explains it when it is about the same Tomcat."""

ANY: Mapping[str, tuple[Situation, ...]] = {
    s.NGINX_ERRORS.code: (s.NO_TOMCAT, s.TOMCAT_HUNG, s.TOMCAT_DOWN, d.VERSION_MISSING),
    s.SINGLE_NODE_LEFT.code: (*_GONE, d.VERSION_MISSING),
    d.VERSIONS_DIFFER.code: (d.VERSION_STOPPED,),
    d.NOT_REPLICATED.code: _SPLIT,
}
"""By code: what explains it wherever it is met."""

_WAITING = (s.TOMCAT_HUNG, s.THREADS_BUSY)


def explain(view: View, findings: Sequence[Finding]) -> list[Finding]:
    """`findings` with their causes."""
    journeys = {journey_id(journey.check.name): journey for journey in view.journeys}
    return [_explained(view, finding, findings, journeys) for finding in findings]


def _explained(
    view: View, finding: Finding, findings: Sequence[Finding], journeys: Mapping[str, JourneyView]
) -> Finding:
    present = {other.code for other in findings}
    here = {other.code for other in findings if other.subject == finding.subject}
    causes = [*_among(SAME.get(finding.code, ()), here), *_among(ANY.get(finding.code, ()), present)]
    if not causes and (journey := journeys.get(finding.subject)) is not None:
        causes = _among(_of_journey(view, journey), present)
    return replace(finding, cause=causes[0]) if causes else finding


def _among(situations: Sequence[Situation], codes: set[str]) -> list[str]:
    return [situation.code for situation in situations if situation.code in codes]


def _of_journey(view: View, journey: JourneyView) -> list[Situation]:
    """What may explain that a journey fails or is slow: only what could give that very answer."""
    kind = journey.failure.kind if journey.failure else None
    cut = kind in (FailureKind.REFUSED, FailureKind.UNREACHABLE)
    causes = [] if cut else [s.NO_TOMCAT]
    if _front_gone(view, journey):
        causes += [s.NGINX_DOWN, s.NGINX_HUNG, s.NGINX_UNREACHABLE]
    status = journey.visit.status if journey.visit else 0
    succeeded = journey.visit is not None and status == journey.check.status
    if kind is FailureKind.TIMEOUT or status == 504 or succeeded:
        causes += _WAITING
    if status == 502:
        causes += [s.TOMCAT_DOWN, s.TOMCAT_STARTING]
    if status == 404:
        causes += [d.VERSION_MISSING]
    return causes


def _front_gone(view: View, journey: JourneyView) -> bool:
    """Every nginx is gone, or the very one that the journey goes through."""
    gone = [
        front
        for front in view.nginx.values()
        if front.state not in (State.ANSWERS, State.PENDING, State.STALE, State.DENIED, State.UNREADABLE)
    ]
    if gone and len(gone) == len(view.nginx):
        return True
    host = urlsplit(journey.check.service.url).hostname
    through = [front for front in view.nginx.values() if host in front.addresses]
    return len(through) == 1 and through[0] in gone
