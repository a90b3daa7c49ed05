"""How long the sessions of a version have been idle (Tomcat's manager, `/text/sessions`).

A session that nobody uses ends when it was idle for the application's interval (Jakarta Servlet
Specification, 7.5), so the one that was idle the shortest says when all may be gone, if nobody comes back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.facts.tomcat import body
from saitotui.model.command import Answer, Unparsable

_INTERVAL = re.compile(r"^Default maximum session inactive interval is \[(\d{1,6})\] minutes$")
_SPAN = re.compile(
    r"^Inactive for \[(?:<(?P<below>\d{1,6})|(?P<low>\d{1,6}) - <\d{1,6}|>=(?P<above>\d{1,6}))\] minutes: "
    r"\[(?P<count>\d{1,9})\] sessions$"
)


@dataclass(frozen=True, slots=True)
class Idle:
    """Sessions by whole minutes of idleness; `interval` (minutes) ends one, None: none ends by itself."""

    interval: int | None
    counts: tuple[tuple[int, int], ...]

    @property
    def sessions(self) -> int:
        return sum(count for _, count in self.counts)

    @property
    def left(self) -> float | None:
        """Seconds until all are gone if nobody comes back; None when they do not end by themselves."""
        if self.interval is None or not self.counts:
            return None
        return 60.0 * max(self.interval - min(minutes for minutes, _ in self.counts), 0)


def idle(answer: Answer) -> Idle:
    """Reads what the manager says of the sessions of one version."""
    interval: int | None = None
    counts = []
    for line in body(answer).splitlines()[:2000]:
        if (limit := _INTERVAL.match(line)) is not None:
            interval = int(limit[1]) or None
        elif (span := _SPAN.match(line)) is not None and int(span["count"]):
            counts.append((int(span["low"] or span["above"] or 0), int(span["count"])))
        elif line.startswith("Inactive for [") and "were expired" not in line and span is None:
            raise Unparsable(f"sessions that cannot be counted: {line[:80]!r}")
    return Idle(interval, tuple(counts))
