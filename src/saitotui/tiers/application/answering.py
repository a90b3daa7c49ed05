"""Who answers users: what each Tomcat got of the requests that came through nginx lately, and how well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.tiers.application.view import RECENT, View


@dataclass(frozen=True, slots=True)
class Answering:
    """Of the last `RECENT` seconds: requests that one answered at last, tries that it failed (5xx, or no
    answer), and the 95th percentile of those that it answered (s; None: none were timed)."""

    requests: int
    failed: int
    p95: float | None

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / RECENT


def answering(view: View) -> Mapping[str, Answering] | None:
    """By Tomcat; None when no access log is known."""
    known = [front.recent for front in view.nginx.values() if front.recent is not None]
    if not known:
        return None
    counts = {name: [0, 0] for name in view.tomcats}
    times: dict[str, list[float]] = {name: [] for name in view.tomcats}
    for recent in known:
        for request in recent:
            names = [view.upstream(attempt.address) for attempt in request.tries]
            for name in _failed(names, [attempt.status for attempt in request.tries]):
                if name in counts:
                    counts[name][1] += 1
            if names and names[-1] in counts:
                counts[names[-1]][0] += 1
                times[names[-1]] += [request.seconds] if request.seconds is not None else []
    return {
        name: Answering(requests, failed, _p95(times[name])) for name, (requests, failed) in counts.items()
    }


def _failed(names: list[str], statuses: list[int]) -> Iterator[str]:
    for name, status in zip(names, statuses, strict=True):
        if status >= 500 or not status:
            yield name


def _p95(times: list[float]) -> float | None:
    return sorted(times)[int(0.95 * (len(times) - 1))] if times else None
