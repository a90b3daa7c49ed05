"""Findings about journeys and about nginx."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from saitotui.model.command import FailureKind
from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health
from saitotui.model.text import duration, one_line
from saitotui.tiers.application import situations as s
from saitotui.tiers.application.questions import journey_id
from saitotui.tiers.application.view import RECENT, JourneyView, NginxView, State, View

ENOUGH = 20
"""Requests from which a share says something."""
FEW = 3
"""Failures that may be chance."""
ERROR_SHARE, ERROR_SHARE_CRIT = 0.01, 0.10
GATEWAY = frozenset({0, 502, 503, 504})
"""What nginx notes for an upstream that gave no answer of its own."""

_BAD: dict[State, tuple[Situation, str]] = {
    State.HUNG: (s.NGINX_HUNG, "nginx on {} accepts connections and does not answer"),
    State.UNREACHABLE: (s.NGINX_UNREACHABLE, "nginx on {} cannot be reached"),
    State.DENIED: (s.NGINX_UNREADABLE, "nginx on {} does not let this console see its status"),
    State.UNREADABLE: (s.NGINX_UNREADABLE, "nginx on {} does not answer with its status"),
}


def journey_findings(view: View) -> Iterator[Finding]:
    for journey in view.journeys:
        found = _journey(journey)
        if found is not None:
            yield found


def _journey(journey: JourneyView) -> Finding | None:
    check, visit, failure = journey.check, journey.visit, journey.failure
    subject, address = journey_id(check.name), f"GET {one_line(check.service.url)}"
    if journey.pending:
        return None
    if visit is None:
        said = one_line(failure.sentence) if failure else ""
        if failure is not None and failure.kind is FailureKind.UNREACHABLE:
            return s.JOURNEY_UNREACHABLE.found(subject, f"{check.name} cannot be tried from here", said)
        return s.JOURNEY_FAILED.found(subject, f"{check.name} fails: {_why(journey)}", said)
    took = f"{address}: HTTP {visit.status} after {journey.seconds:.2f} s"
    if visit.status != check.status or not visit.contains:
        return s.JOURNEY_FAILED.found(subject, f"{check.name} fails: {_why(journey)}", took)
    if journey.seconds > check.slow:
        limit = duration(check.slow)
        sentence = f"{check.name} takes {duration(round(journey.seconds, 1))}, more than {limit}"
        return s.JOURNEY_SLOW.found(subject, sentence, took)
    return None


def _why(journey: JourneyView) -> str:
    visit, failure = journey.visit, journey.failure
    if visit is None:
        words = {FailureKind.TIMEOUT: "no answer in time", FailureKind.REFUSED: "nobody listens there"}
        return words.get(failure.kind, one_line(failure.sentence, limit=80)) if failure else "no answer"
    if visit.status != journey.check.status:
        return f"HTTP {visit.status} instead of {journey.check.status}"
    return f"the answer lacks {one_line(journey.check.contains, limit=40)!r}"


def nginx_findings(view: View) -> Iterator[Finding]:
    for front in view.nginx.values():
        yield from _service(front)
        yield from _traffic(view, front)
    yield from upstream_findings(view)


def _service(front: NginxView) -> Iterator[Finding]:
    said = one_line(front.failure.sentence) if front.failure else ""
    processes = process_evidence(front.processes, "nginx", front.profile.host)
    if front.state is State.DOWN or front.state is State.STARTING:
        none = ", and no nginx process runs" if front.processes == () else ""
        yield s.NGINX_DOWN.found(front.name, f"nginx on {front.name} is down{none}", said, *processes)
    elif front.state in _BAD:
        situation, words = _BAD[front.state]
        yield situation.found(front.name, words.format(front.name), said, *processes)
    if front.dropping:
        sentence = f"nginx on {front.name} drops {front.dropping:.1f} connections a second"
        dropped = f"stub_status: {front.status.dropped} since it started" if front.status else ""
        yield s.NGINX_DROPPING.found(front.name, sentence, dropped)
    if front.log_failure is not None and front.log_failure.kind is FailureKind.UNPARSABLE:
        sentence = f"the access log of nginx on {front.name} cannot be read"
        yield s.NGINX_LOG_UNREADABLE.found(front.name, sentence, one_line(front.log_failure.sentence))


def process_evidence(processes: tuple[object, ...] | None, name: str, host: str) -> tuple[str, ...]:
    """What the process list of the host says; nothing when it is not known."""
    if processes is None:
        return ()
    if not processes:
        return (f"ps on {host}: no {name} process runs",)
    many = len(processes) > 1
    return (f"ps on {host}: {len(processes)} {name} process{'es run' if many else ' runs'}",)


def _traffic(view: View, front: NginxView) -> Iterator[Finding]:
    recent, share = front.recent or (), front.errors or 0.0
    failed = [request for request in recent if request.status >= 500]
    if len(recent) >= ENOUGH and len(failed) >= FEW and share >= ERROR_SHARE:
        culprits = [hits.evidence(view) for hits in upstreams(front).values() if hits.bad]
        health = Health.CRIT if share >= ERROR_SHARE_CRIT else None
        sentence = f"{share:.0%} of the requests through {front.name} fail with a server error"
        yield s.NGINX_ERRORS.found(front.name, sentence, _statuses(front), *culprits, health=health)


@dataclass(slots=True)
class Hits:
    """How one upstream answered one nginx lately; `bad` by status (0: none)."""

    front: str
    address: str
    tried: int = 0
    bad: Counter[int] = field(default_factory=Counter)

    def evidence(self, view: View) -> str:
        said = ", ".join(f"{count} x {code or 'no answer'}" for code, count in self.bad.most_common())
        name = view.upstream(self.address)
        where = self.address if name == self.address else f"{name} ({self.address})"
        window = f"access log of {self.front}, last {RECENT:.0f} s"
        return f"{window}: {where} was tried {self.tried} times, {said or 'all well'}"


def upstreams(front: NginxView) -> Mapping[str, Hits]:
    """What the recent requests say of each upstream, by address."""
    found: dict[str, Hits] = {}
    for request in front.recent or ():
        for one in request.tries:
            hits = found.setdefault(one.address, Hits(front.name, one.address))
            hits.tried += 1
            if one.status in GATEWAY:
                hits.bad[one.status] += 1
    return found


def upstream_findings(view: View) -> Iterator[Finding]:
    """One finding for each upstream, whichever nginx met it."""
    failing: dict[str, list[Hits]] = {}
    for front in view.nginx.values():
        for hits in upstreams(front).values():
            if hits.bad.total() >= FEW:
                failing.setdefault(view.upstream(hits.address), []).append(hits)
    for name, met in failing.items():
        fronts = " and ".join(hits.front for hits in met)
        sentence = f"nginx on {fronts} gets no good answer from {name}"
        yield s.UPSTREAM_FAILING.found(name, sentence, *(hits.evidence(view) for hits in met))


def _statuses(front: NginxView) -> str:
    counts = Counter(request.status for request in front.recent or () if request.status >= 500)
    said = ", ".join(f"{count} x {code}" for code, count in counts.most_common())
    return f"access log, last {RECENT:.0f} s: {said} of {len(front.recent or ())} requests"
