"""Who answers users: what each Tomcat got of the requests that came through nginx, and how well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from saitotui.facts.nginx_log import Request
from saitotui.tiers.application.view import View


@dataclass(frozen=True, slots=True)
class Service:
    """How well requests were served: their number, failures, and the 95th percentile (s; None: none were
    timed)."""

    requests: int
    failed: int
    p95: float | None


def for_users(requests: Sequence[Request]) -> Service:
    """What users got, whoever answered."""
    failed = sum(request.status >= 500 for request in requests)
    return Service(len(requests), failed, _p95(requests))


def by_tomcat(view: View, requests: Iterable[Request]) -> Mapping[str, Service]:
    """What each Tomcat did: the requests that it answered at last, and the tries that it failed."""
    answered: dict[str, list[Request]] = {name: [] for name in view.tomcats}
    failed = dict.fromkeys(view.tomcats, 0)
    for request in requests:
        names = [view.upstream(attempt.address) for attempt in request.tries]
        for name, attempt in zip(names, request.tries, strict=True):
            if attempt.failed and name in failed:
                failed[name] += 1
        if names and names[-1] in answered:
            answered[names[-1]].append(request)
    return {name: Service(len(mine), failed[name], _p95(mine)) for name, mine in answered.items()}


def _p95(requests: Sequence[Request]) -> float | None:
    times = sorted(request.seconds for request in requests if request.seconds is not None)
    return times[int(0.95 * (len(times) - 1))] if times else None
