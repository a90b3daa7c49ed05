"""Tomcats with parallel deployment and in-memory session replication (SimpleTcpCluster, DeltaManager).

Times and traps are those measured on Tomcat 10.1: a deployment takes about 0.6 s, sessions are copied to
every member that has the same version, versions order as strings, new sessions go to the newest running one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from saitotui.simulator import wars

TIMEOUT = 30 * 60.0
"""Seconds after which an idle session expires."""
LONG = 86_400.0
"""Seconds for which somebody stays who does not leave."""
START = 3.5
"""Seconds until a started Tomcat serves."""

_HOST = "org.apache.catalina.startup.HostConfig"
_CLUSTER = "org.apache.catalina.ha.tcp.SimpleTcpCluster"
_FRAMES = (
    "shop.Orders.list(Orders.java:87)",
    "jakarta.servlet.http.HttpServlet.service(HttpServlet.java:564)",
    "org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:129)",
)


class Fabric(Protocol):
    """The machines under the Tomcats, by Tomcat name."""

    def now(self) -> float: ...
    def call_later(self, delay: float, do: Callable[[], None]) -> object: ...
    def serving(self, name: str) -> float | None:
        """Since when its process runs; None while it does not."""

    def hung(self, name: str) -> bool:
        """Whether the process is stopped or its machine hangs."""

    def connected(self, a: str, b: str) -> bool:
        """Whether the machines of two Tomcats reach each other."""

    def disk_full(self, name: str) -> bool: ...
    def writes(self, name: str, level: str, text: str) -> None:
        """Writes into the log of a service."""

    def store(self, name: str, file: str, war: bytes | None) -> None:
        """A file of its webapps: an archive is there from now on, or (None) not any more."""

    def crash(self, name: str) -> None:
        """Its process dies."""


@dataclass(slots=True)
class Session:
    """`home` is the Tomcat that serves it (jvmRoute). Times are seconds since the epoch."""

    id: str
    home: str
    created: float
    seen: float
    ends: float
    """When its user leaves; from then on it is idle."""
    count: int = 0


@dataclass(slots=True)
class App:
    """One version of a context on one Tomcat. `answers` is the HTTP status that its pages give."""

    path: str
    version: str
    running: bool = True
    answers: int = 200
    started: float = 0.0
    doc_base: str = ""
    war: bytes = b""
    sessions: dict[str, Session] = field(default_factory=dict)
    requests: int = 0
    errors: int = 0
    created: int = 0
    copied: int = 0
    most: int = 0
    expired: int = 0

    @property
    def name(self) -> str:
        """`/app##2`, as the manager shows it."""
        return f"{self.path}##{self.version}" if self.version else self.path

    @property
    def file(self) -> str:
        """Its archive among the webapps."""
        base = self.path.lstrip("/").replace("/", "#") + (f"##{self.version}" if self.version else "")
        return f"{base or 'ROOT'}.war"


@dataclass(slots=True)
class Tomcat:
    """One Tomcat and what lies in its memory."""

    name: str
    address: str
    number: int
    apps: dict[tuple[str, str], App] = field(default_factory=dict)
    since: float | None = None
    members: set[str] = field(default_factory=set)
    """The other members that it sees."""
    isolated: bool = False
    """Its replication port (4000) is shut off, both ways; HTTP still works."""
    bare: bool = False
    """It runs by its package's own files: its manager knows nobody."""
    requests: int = 0
    errors: int = 0
    sent: int = 0
    received: int = 0
    pressure: float = 0.0
    """Extra share of the heap in use (a leak)."""
    slow_threads: int = 0
    """Request threads that are stuck."""
    led: bool = True
    """Whether any nginx leads users to it."""
    threw: float = 0.0
    """When a page last failed."""
    doomed: bool = False
    """It dies when the next version is deployed on it."""

    def versions(self, path: str) -> list[App]:
        """Versions of a context, oldest first, as Tomcat's Mapper orders them: as strings."""
        return sorted((app for app in self.apps.values() if app.path == path), key=lambda app: app.version)

    def newest(self, path: str) -> App | None:
        running = [app for app in self.versions(path) if app.running]
        return running[-1] if running else None


class TomcatCluster:
    """`addresses` maps Tomcat names to addresses. Begins with version `001` of `/app` and users at work."""

    def __init__(
        self, fabric: Fabric, addresses: Mapping[str, str], arrivals: float = 0.6, seed: int = 7
    ) -> None:
        self.fabric = fabric
        self.arrivals = arrivals
        """New sessions a second, over all."""
        self._random = random.Random(seed)
        self.tomcats = {
            name: Tomcat(name, address, number)
            for number, (name, address) in enumerate(addresses.items(), start=1)
        }
        for tomcat in self.tomcats.values():
            tomcat.since = fabric.serving(tomcat.name)
            tomcat.members = set(self.tomcats) - {tomcat.name}
            self._put(tomcat, App("/app", "001", started=fabric.now() - 86_400, war=wars.content("001")))
        self._remaining = 0.0
        for _ in range(int(arrivals * 120)):
            self._arrive()

    def _says(self, tomcat: Tomcat, text: str, level: str = "INFO") -> None:
        self.fabric.writes(tomcat.name, level, f"[http-nio-{tomcat.address}-8080-exec-3] {text}")

    def threw(self, tomcat: Tomcat, error: str) -> None:
        """A page failed; one trace a second is enough to see it."""
        now = self.fabric.now()
        if now - tomcat.threw >= 1:
            tomcat.threw = now
            servlet = "org.apache.catalina.core.StandardWrapperValve.invoke Servlet.service() for servlet"
            text = f"{servlet} [shop] in context with path [/app] threw exception"
            self._says(tomcat, "\n".join((text, error, *(f"\tat {frame}" for frame in _FRAMES))), "SEVERE")

    def _put(self, tomcat: Tomcat, app: App) -> None:
        app.doc_base = app.doc_base or app.file.removesuffix(".war")
        tomcat.apps[app.path, app.version] = app
        self.fabric.store(tomcat.name, app.file, app.war)

    def start(self) -> None:
        self._again()

    def _again(self) -> None:
        self.fabric.call_later(1.0, self._again)
        self.tick()

    def alive(self, name: str) -> bool:
        """Whether it answers: its process runs, is up, and does not hang."""
        since = self.fabric.serving(name)
        return since is not None and not self.fabric.hung(name) and self.fabric.now() - since >= START

    def tick(self) -> None:
        """One second: processes that came and went, membership, users."""
        for tomcat in self.tomcats.values():
            since = self.fabric.serving(tomcat.name)
            if since != tomcat.since:
                self._restarted(tomcat, since)
        for tomcat in self.tomcats.values():
            if self.alive(tomcat.name):
                self._meet(tomcat)
        self._users()

    def _restarted(self, tomcat: Tomcat, since: float | None) -> None:
        """Its memory is gone; what was deployed starts again."""
        tomcat.since = since
        tomcat.members.clear()
        if since is not None:
            startup = "org.apache.catalina.startup.Catalina.start Server startup in [3504] milliseconds"
            self.fabric.call_later(
                START, lambda: self.fabric.writes(tomcat.name, "INFO", f"[main] {startup}")
            )
        tomcat.requests = tomcat.errors = tomcat.sent = tomcat.received = tomcat.slow_threads = 0
        tomcat.pressure = 0.0
        for app in tomcat.apps.values():
            app.sessions.clear()
            app.requests = app.errors = app.created = app.copied = app.most = app.expired = 0
            app.started = since or 0.0

    def _meet(self, tomcat: Tomcat) -> None:
        """TcpPingInterceptor and TcpFailureDetector, once a second."""
        for other in self.tomcats.values():
            if other is tomcat:
                continue
            reachable = (
                self.alive(other.name)
                and not tomcat.isolated
                and not other.isolated
                and self.fabric.connected(tomcat.name, other.name)
            )
            if reachable and other.name not in tomcat.members:
                tomcat.members.add(other.name)
                self._says(
                    tomcat, f"{_CLUSTER}.memberAdded Replication member added:[tcp://{other.address}:4000]"
                )
                self._fetch_state(tomcat, other)
            elif not reachable and other.name in tomcat.members:
                tomcat.members.discard(other.name)
                gone = f"Received member disappeared:[tcp://{other.address}:4000]"
                self._says(tomcat, f"{_CLUSTER}.memberDisappeared {gone}")

    def _fetch_state(self, tomcat: Tomcat, other: Tomcat) -> None:
        """A member that (re)joins gets the sessions of the versions it has."""
        for key, app in tomcat.apps.items():
            theirs = other.apps.get(key)
            if app.running and theirs is not None and theirs.running:
                for id, session in theirs.sessions.items():
                    app.sessions.setdefault(id, session)

    def _users(self) -> None:
        now = self.fabric.now()
        self._remaining += self.arrivals
        while self._remaining >= 1:
            self._remaining -= 1
            self._arrive()
        for tomcat in self.tomcats.values():
            if not self.alive(tomcat.name):
                continue
            for app in tomcat.apps.values():
                self._work(tomcat, app, now)

    def _work(self, tomcat: Tomcat, app: App, now: float) -> None:
        """A second in the life of one version's sessions; orphans move here when it is their turn."""
        gone = [id for id, session in app.sessions.items() if now - session.seen > TIMEOUT]
        for id in gone:
            del app.sessions[id]
            app.expired += 1
        if not app.running:
            return
        for session in list(app.sessions.values()):
            if session.ends < now or session.seen == now:
                continue
            if session.home != tomcat.name and self.alive(session.home):
                continue
            if self._random.random() < 0.12:
                session.home = tomcat.name
                self.touch(tomcat, app, session)

    def _arrive(self) -> None:
        names = [name for name in self.tomcats if self.alive(name) and self.tomcats[name].newest("/app")]
        if names:
            self.login(self._random.choice(names), self._random.uniform(60, 320))

    def login(self, name: str, stays: float) -> Session | None:
        """A new session on the newest version of a Tomcat, copied to the members that have that version."""
        tomcat = self.tomcats[name]
        app = tomcat.newest("/app")
        if app is None:
            return None
        now = self.fabric.now()
        id = f"{self._random.getrandbits(128):032X}.{name}"
        session = Session(id, name, now, now, now + stays)
        app.sessions[id] = session
        app.created += 1
        for other, theirs in self._peers(tomcat, app):
            theirs.sessions[id] = session
            theirs.copied += 1
            other.received += 1
            theirs.most = max(theirs.most, len(theirs.sessions))
        self.touch(tomcat, app, session)
        app.most = max(app.most, len(app.sessions))
        return session

    def _peers(self, tomcat: Tomcat, app: App) -> list[tuple[Tomcat, App]]:
        found = []
        for name in tomcat.members:
            other = self.tomcats[name]
            theirs = other.apps.get((app.path, app.version))
            if theirs is not None and theirs.running and self.alive(name):
                found.append((other, theirs))
        return found

    def stay(self, name: str) -> None:
        """Somebody keeps a page of the newest version open, which asks again and again."""
        now = self.fabric.now()
        session = self.login(name, LONG)
        assert session is not None
        session.ends = now + LONG

    def leave(self) -> None:
        """Whoever stays logs out."""
        soon = self.fabric.now() + LONG / 4
        for tomcat in self.tomcats.values():
            for app in tomcat.apps.values():
                for id in [id for id, session in app.sessions.items() if session.ends > soon]:
                    del app.sessions[id]

    def touch(self, tomcat: Tomcat, app: App, session: Session) -> None:
        """A request of a session."""
        session.seen = self.fabric.now()
        session.count += 1
        self.count(tomcat, app)
        for other, theirs in self._peers(tomcat, app):
            tomcat.sent += 1
            other.received += 1
            theirs.sessions.setdefault(session.id, session)

    @staticmethod
    def count(tomcat: Tomcat, app: App) -> None:
        """Counts a request."""
        tomcat.requests += 1
        app.requests += 1
        if app.answers >= 500:
            tomcat.errors += 1
            app.errors += 1

    def deploy(self, name: str, app: App) -> None:
        """Puts a version onto a Tomcat; it fetches the sessions that members already have for it."""
        tomcat = self.tomcats[name]
        app.started = self.fabric.now()
        self._put(tomcat, app)
        archive = f"web application archive [/var/lib/tomcat10/webapps/{app.file}]"
        if app.running:
            self._says(tomcat, f"{_HOST}.deployWAR Deployment of {archive} has finished in [612] ms")
        else:
            why = "One or more listeners failed to start. Full details are in the container log file"
            self._says(tomcat, f"org.apache.catalina.core.StandardContext.startInternal {why}", "SEVERE")
        if app.running:
            for other, theirs in self._peers(tomcat, app):
                app.sessions.update(theirs.sessions)
                other.sent += 1

    def undeploy(self, name: str, path: str, version: str) -> None:
        """Takes a version away from a Tomcat, if it is there."""
        app = self.tomcats[name].apps.pop((path, version), None)
        if app is not None:
            self._says(self.tomcats[name], f"{_HOST}.undeploy Undeploying context [{app.name}]")
            self.fabric.store(name, app.file, None)

    def stop(self, app: App) -> None:
        """Stops a version: its sessions on this node are gone."""
        app.running = False
        app.sessions.clear()
