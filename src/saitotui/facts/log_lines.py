"""Lines of logs as they are written: when, how bad, what.

nginx's access log in the formats of `nginx_log`; its error log (ngx_core_module, "error_log"); Tomcat's, as
JULI's OneLineFormatter writes them (Tomcat, "Logging in Apache Tomcat").
"""

from __future__ import annotations

import re
from calendar import timegm
from datetime import datetime

from saitotui.facts import nginx_log
from saitotui.model.health import Health
from saitotui.model.log import LogLine

_ERROR = re.compile(r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(\w+)\] (.*)$")
_JULI = re.compile(r"^(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d)\.(\d{3}) ([A-Z]+) (.*)$")
_TIME = re.compile(r"^\d{9,11}\.\d{3} |\[\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4}\] ?")
_QUERY = re.compile(r"(\?)[^ \"?]+")
_NGINX = {
    "warn": Health.WARN,
    "error": Health.CRIT,
    "crit": Health.CRIT,
    "alert": Health.CRIT,
    "emerg": Health.CRIT,
}
_LEVELS = {"WARNING": Health.WARN, "SEVERE": Health.CRIT}


def without_query(text: str) -> str:
    """`text` without what stands behind question marks: query strings hold tokens."""
    return _QUERY.sub(r"\1...", text)


def access(line: str, zone: int) -> LogLine | None:
    """A line of an access log, which says its own zone. A request that a second upstream answered is WARN."""
    found = nginx_log.request(line)
    if found is None:
        return None
    failed = any(attempt.failed for attempt in found.tries)
    health = Health.CRIT if found.status >= 500 else Health.WARN if failed else Health.OK
    return LogLine(found.at, health, without_query(_TIME.sub("", line, count=1)))


def error(line: str, zone: int) -> LogLine | None:
    """A line of nginx's error log, in local time."""
    found = _ERROR.match(line)
    at = _local(found[1], "%Y/%m/%d %H:%M:%S", zone) if found else None
    if found is None or at is None:
        return None
    return LogLine(at, _NGINX.get(found[2], Health.OK), without_query(f"[{found[2]}] {found[3]}"))


def juli(line: str, zone: int) -> LogLine | None:
    """A line of a Tomcat's log, in local time."""
    found = _JULI.match(line)
    at = _local(found[1], "%d-%b-%Y %H:%M:%S", zone) if found else None
    if found is None or at is None:
        return None
    return LogLine(at + int(found[2]) / 1000, _LEVELS.get(found[3], Health.OK), f"{found[3]} {found[4]}")


def _local(text: str, form: str, zone: int) -> float | None:
    try:
        return float(timegm(datetime.strptime(text, form).timetuple()) - zone)
    except ValueError:
        return None
