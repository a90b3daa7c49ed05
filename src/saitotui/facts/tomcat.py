"""Tomcat's manager, text interface: what is deployed (Apache Tomcat, Manager App How-To).

The manager says `FAIL - ...` with HTTP status 200. Versions of a context (parallel deployment) order as Java
strings, so `10` is below `9` (Context Container, "Parallel deployment").
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from saitotui.model.command import Answer, Failure, Unparsable
from saitotui.model.text import clean, one_line

LIST = "GET /text/list"
SERVER = "GET /text/serverinfo"

_APP = re.compile(
    r"^(?P<path>/[^:\s]{0,200}):(?P<state>running|stopped):(?P<sessions>\d{1,9}):(?P<base>.{0,400})$"
)


@dataclass(frozen=True, slots=True)
class App:
    """One version of a context on one Tomcat; `version` is empty where it has none."""

    path: str
    version: str
    running: bool
    sessions: int

    @property
    def name(self) -> str:
        """`/app##2`, as the manager names it."""
        return f"{self.path}##{self.version}" if self.version else self.path


def body(answer: Answer) -> str:
    """What a manager said after its `OK - ...` line. Unparsable for everything else."""
    if answer.status != 200:
        raise Unparsable(f"the manager answers with HTTP {answer.status}")
    text = clean(answer.text, limit=4 * 1024 * 1024)
    if not text.startswith("OK - "):
        raise Unparsable(f"the manager says: {one_line(text, limit=160)!r}")
    return text.partition("\n")[2]


def applications(answer: Answer) -> tuple[App, ...]:
    """Reads the answer to `LIST`."""
    lines = [line for line in body(answer).splitlines() if line.strip()]
    found = []
    for line in lines[:2000]:
        match = _APP.match(line)
        if match is None:
            raise Unparsable(f"a line of the list that cannot be read: {one_line(line, limit=80)!r}")
        base = match["base"].rpartition("/")[2].removesuffix(".war")
        version = base.partition("##")[2]
        found.append(App(match["path"], version, match["state"] == "running", int(match["sessions"])))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Server:
    """What a Tomcat runs as: `Apache Tomcat/10.1.34 (Debian)`, and the version of its Java."""

    tomcat: str
    java: str


def server(answer: Answer) -> Server:
    """Reads the answer to `SERVER`."""
    found = dict(re.findall(r"(?m)^([A-Za-z ]{1,40}): \[(.{0,200})\]$", body(answer)))
    try:
        return Server(found["Tomcat Version"], found["JVM Version"])
    except KeyError as missing:
        raise Unparsable(f"the manager names no {missing}") from None


def said(answer: Answer | Failure) -> str:
    """Why the manager did not do what it was asked; '' when it did. It says no with HTTP 200, too."""
    if isinstance(answer, Failure):
        return answer.sentence
    if answer.status == 200 and answer.text.startswith("OK - "):
        return ""
    text = html.unescape(one_line(answer.text.partition("\n")[0], limit=240))
    return f"the manager says: {text}" if answer.status == 200 else f"HTTP {answer.status}: {text}"


def java_order(version: str) -> bytes:
    """Sorts versions as Tomcat does (String.compareTo: by UTF-16 units)."""
    return version.encode("utf-16-be", "surrogatepass")


def counted_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts versions as people do: digits as numbers."""
    parts = re.findall(r"\d+|\D+", version[:200])
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def newest(versions: Iterable[str]) -> str | None:
    """The version that Tomcat gives to new sessions."""
    return max(versions, key=java_order, default=None)


def overtaken(versions: Iterable[str]) -> tuple[str, str] | None:
    """The version that Tomcat takes for the newest, and the one that people do, where these differ. Only
    versions of the same form (`9` and `10`, `1.9` and `1.10`) can be compared."""
    every = tuple(versions)
    taken = newest(every)
    if taken is None:
        return None
    alike = [version for version in every if _form(version) == _form(taken)]
    meant = max(alike, key=counted_order)
    return (taken, meant) if counted_order(meant) > counted_order(taken) else None


def _form(version: str) -> str:
    return re.sub(r"\d+", "0", version)
