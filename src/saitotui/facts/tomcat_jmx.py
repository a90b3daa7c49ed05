"""What a Tomcat's beans say: session managers, request threads, heap, requests, cluster members."""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.facts.tomcat_beans import ask_beans, beans
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import one_line

MANAGERS = ask_beans("Catalina:type=Manager,*")
THREADS = ask_beans("Catalina:type=ThreadPool,*")
REQUESTS = ask_beans("Catalina:type=GlobalRequestProcessor,*")
STARTED = "GET /jmxproxy/?get=java.lang:type=Runtime&att=StartTime"
MEMORY = ask_beans("java.lang:type=Memory")
CLUSTER = ask_beans("Catalina:type=Cluster,*")

SYNC_ACK = 0x0004
"""Channel.SEND_OPTIONS_SYNCHRONIZED_ACK: a request waits until every member has its session."""


@dataclass(frozen=True, slots=True)
class SessionManager:
    """The session manager of one version of a context."""

    path: str
    version: str
    kind: str
    """Its class, without package: `DeltaManager`, `BackupManager`, `StandardManager` (not replicated)."""
    sessions: int
    rejected: int
    expires_all: bool = False
    """Whether it ends its sessions on all Tomcats when it is stopped."""

    @property
    def replicated(self) -> bool:
        return self.kind in ("DeltaManager", "BackupManager")


@dataclass(frozen=True, slots=True)
class Threads:
    """Request threads of one connector; `most` None where it has no limit of its own."""

    connector: str
    busy: int
    most: int | None

    @property
    def percent(self) -> float | None:
        return 100 * self.busy / self.most if self.most else None


@dataclass(frozen=True, slots=True)
class Requests:
    """Counters of all connectors since Tomcat started; `errors` are answers of 400 and above."""

    count: int
    errors: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Heap:
    """Bytes; `most` None where the JVM has no limit."""

    used: int
    most: int | None

    @property
    def percent(self) -> float | None:
        return 100 * self.used / self.most if self.most else None


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the session cluster as one Tomcat sees it. `name` is `tcp://10.0.0.1:4000`."""

    name: str
    host: str
    local: bool
    well: bool
    """Ready, and neither suspected nor failing."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The session cluster as one Tomcat sees it; `configured` False where it has none."""

    configured: bool
    members: tuple[Member, ...] = ()
    synchronous: bool = False

    @property
    def local(self) -> Member | None:
        return next((member for member in self.members if member.local), None)

    @property
    def others(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if not member.local)


def managers(answer: Answer) -> tuple[SessionManager, ...]:
    """Reads the answer to `MANAGERS`."""
    found = []
    for bean in beans(answer):
        path, _, version = bean.keys.get("context", "").partition("##")
        kind = bean.text("className").rpartition(".")[2]
        sessions, rejected = bean.number("activeSessions"), bean.number("rejectedSessions")
        ends = bean.values.get("expireSessionsOnShutdown") == "true"
        found.append(SessionManager(path or "/", version, kind, sessions, rejected, ends))
    return tuple(found)


def started(answer: Answer) -> int:
    """Reads the answer to `STARTED`: when the JVM was started (milliseconds since 1970)."""
    found = re.fullmatch(r"OK - Attribute get .{1,80} = (\d{10,16})\s*", answer.text[:400])
    if answer.status != 200 or found is None:
        raise Unparsable(f"the JVM does not say when it was started: {one_line(answer.text, limit=80)!r}")
    return int(found[1])


def threads(answer: Answer) -> tuple[Threads, ...]:
    """Reads the answer to `THREADS`."""
    found = [
        Threads(bean.text("name"), bean.number("currentThreadsBusy"), _positive(bean.number("maxThreads")))
        for bean in beans(answer)
        if "name" in bean.keys and "subType" not in bean.keys
    ]
    if not found:
        raise Unparsable("this Tomcat shows no connector")
    return tuple(found)


def requests(answer: Answer) -> Requests:
    """Reads the answer to `REQUESTS`."""
    found = beans(answer)
    return Requests(
        sum(bean.number("requestCount") for bean in found),
        sum(bean.number("errorCount") for bean in found),
        sum(bean.number("processingTime") for bean in found) / 1000,
    )


def heap(answer: Answer) -> Heap:
    """Reads the answer to `MEMORY`."""
    found = beans(answer)
    if not found:
        raise Unparsable("the JVM shows no memory")
    parts = found[0].parts("HeapMemoryUsage")
    if "used" not in parts or parts["used"] < 0:
        raise Unparsable("the JVM does not say how much of its heap is used")
    return Heap(parts["used"], _positive(parts.get("max", -1)))


def cluster(answer: Answer) -> Cluster:
    """Reads the answer to `CLUSTER`."""
    found = beans(answer)
    options = [bean for bean in found if bean.keys.get("component") is None]
    members = tuple(
        Member(
            bean.text("name"),
            bean.text("hostname"),
            bean.flag("local"),
            bean.flag("ready") and not bean.flag("suspect") and not bean.flag("failing"),
        )
        for bean in found
        if bean.keys.get("component") == "Member"
    )
    sync = any(bean.number("channelSendOptions") & SYNC_ACK for bean in options)
    return Cluster(bool(found), members, sync)


def _positive(number: int) -> int | None:
    return number if number > 0 else None
