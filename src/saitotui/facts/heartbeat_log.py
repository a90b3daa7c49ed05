"""What heartbeat did lately, from its own log (`logfile` in ha.cf)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

LOG = (
    "f=; while read -r key value; do case $key in logfile) f=$value;; esac; done </etc/ha.d/ha.cf; "
    "date '+now %Y/%m/%d_%H:%M:%S'; "
    """[ -n "$f" ] && tail -c 65536 "$f" | grep -E ' (info|WARN|ERROR|CRIT): ' | tail -n 200"""
)
"""What heartbeat did lately; its log is in the host's local time, so that is asked too."""

_NOW = "%Y/%m/%d_%H:%M:%S"
_LINE = re.compile(
    r"^(?:(?P<full>\d{4}/\d\d/\d\d_\d\d:\d\d:\d\d)|(?P<syslog>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d))"
    r" .{0,120}?"
    r" {1,8}(?P<level>info|WARN|ERROR|CRIT): (?P<said>.{1,400})$"
)
_TOLD = (
    "wants to go standby", "Acquiring resource group", "Releasing resource group", "Resources being acquired",
    "takeover complete for node", "Heartbeat shutdown in progress", "Starting heartbeat",
    "now has status", ": status active", ": is dead", "returning after partition",
    "Local standby process completed", "Standby resource acquisition done", "Shared disks are not protected",
)  # fmt: skip
"""What is worth a line on a time line; the rest of the log is noise."""
MOST = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """`age` in seconds, when the log was read."""

    age: float
    level: str
    said: str

    @property
    def death(self) -> bool:
        """Whether a node was called dead: by heartbeat itself, or by ipfail, where that runs."""
        return ": is dead" in self.said or "now has status dead" in self.said


@dataclass(frozen=True, slots=True)
class ManagerLog:
    """Newest last."""

    entries: tuple[Entry, ...] = ()


def manager_log(answer: Answer) -> ManagerLog:
    """Reads the output of `LOG`."""
    lines = clean(answer.text, limit=1 << 20).splitlines()[:1000]
    first = next((line for line in lines if line.startswith("now ")), "")
    try:
        now = datetime.strptime(first.removeprefix("now "), _NOW)
    except ValueError:
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"the host does not say its time (it said {said!r})") from None
    found = [entry for line in lines if (entry := _entry(line, now)) is not None]
    return ManagerLog(tuple(found[-MOST:]))


def _entry(line: str, now: datetime) -> Entry | None:
    found = _LINE.match(line)
    if found is None or not any(words in found["said"] for words in _TOLD):
        return None
    try:
        at = _stamp(found["full"], found["syslog"], now)
    except ValueError:
        return None
    return Entry(max(0.0, (now - at).total_seconds()), found["level"], one_line(found["said"]))


def _stamp(full: str | None, syslog: str | None, now: datetime) -> datetime:
    """Syslog's stamp has no year: it is the last one that makes it past."""
    if full:
        return datetime.strptime(full, _NOW)
    at = datetime.strptime(f"{now.year} {syslog}", "%Y %b %d %H:%M:%S")
    return at.replace(year=at.year - 1) if at > now + timedelta(days=1) else at
