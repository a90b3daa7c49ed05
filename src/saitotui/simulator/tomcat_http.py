"""What a Tomcat serves on port 8080: its manager, and the shop that runs on it.

Tomcat sends no reason phrase. The shop's pages: `/app/login` reads the database, `/app/orders` writes to
it and stores an upload on the NFS export.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.tomcat_cluster import App, Session, Tomcat, TomcatCluster
from saitotui.simulator.tomcat_jmx import Jmx
from saitotui.simulator.tomcat_manager import Manager

TEXT = ("Content-Type", "text/plain;charset=utf-8")
HTML = ("Content-Type", "text/html;charset=utf-8")
REALM = ("WWW-Authenticate", 'Basic realm="Tomcat Manager Application"')
PRIVATE = ("Cache-Control", "private")
ROLES = {"text": "manager-script", "jmxproxy": "manager-jmx", "status": "manager-status"}
DEPLOY = 0.6
NO_SESSION = frozenset({"login", "orders", "health"})
"""Pages that do not begin a session when they are only looked at."""

Ask = Callable[[str], str]
"""Whether a Tomcat (by name) can use something: empty when it can, else the error of its driver."""


@dataclass(frozen=True, slots=True)
class Backends:
    """What the shop needs: to read and to write the database, to store uploads."""

    read: Ask
    write: Ask
    upload: Ask


class TomcatHttp:
    """`users`: name to password and roles."""

    def __init__(
        self, cluster: TomcatCluster, users: Mapping[str, tuple[str, frozenset[str]]], backends: Backends
    ) -> None:
        self.cluster, self.users, self.backends = cluster, users, backends

    def handle(self, name: str, request: Request) -> Reply:
        """The reply of one Tomcat."""
        tomcat = self.cluster.tomcats[name]
        if request.path == "/manager" or request.path.startswith("/manager/"):
            return self._manager(tomcat, request)
        return self.page(name, request)

    def _manager(self, tomcat: Tomcat, request: Request) -> Reply:
        _, _, part, *rest = (*request.path.split("/", 3), "", "")
        credentials = request.basic
        user = self.users.get(credentials[0]) if credentials else None
        if tomcat.bare or credentials is None or user is None or user[0] != credentials[1]:
            return Reply(401, b"", "", (PRIVATE, REALM, HTML))
        if ROLES.get(part, "") not in user[1]:
            return Reply(403, b"", "", (PRIVATE, HTML))
        self.cluster.tomcats[tomcat.name].requests += 1
        delay = 0.0
        if part == "jmxproxy":
            jmx = Jmx(self.cluster, tomcat)
            text = (
                jmx.get(request.query)
                if "get" in request.query
                else jmx.query(request.query.get("qry", "*:*"))
            )
        elif part == "text" and request.method == "PUT" and rest[0] == "deploy":
            if tomcat.doomed:
                tomcat.doomed = False
                self.cluster.fabric.crash(tomcat.name)
                return Reply(502, b"", "", (HTML,))
            text, delay = Manager(self.cluster, tomcat).deploy(request.query, request.body), DEPLOY
        elif part == "text":
            text = Manager(self.cluster, tomcat).answer(rest[0], request.query)
        else:
            return Reply(404, b"", "", (HTML,))
        return Reply(200, text.encode(), "", (PRIVATE, TEXT), delay)

    def page(self, name: str, request: Request) -> Reply:
        """A page of the shop; sets the session cookie of a new visitor."""
        tomcat = self.cluster.tomcats[name]
        app, session = self._visit(tomcat, request)
        if app is None:
            return Reply(
                404, b'<!doctype html><html lang="en"><title>HTTP Status 404</title></html>', "", (HTML,)
            )
        self.cluster.count(tomcat, app)
        page = request.path.removeprefix(app.path).strip("/") or "index"
        error = self._error(page, app, name)
        if error:
            tomcat.errors += app.answers < 500
            app.errors += app.answers < 500
            self.cluster.threw(tomcat, error)
            body = f"<!doctype html><title>HTTP Status 500</title><h1>{error}</h1>"
            return Reply(500, body.encode(), "", (HTML,))
        if page == "health":
            return Reply(200, f"OK version={app.version} node={name}".encode(), "", (TEXT,))
        text = f"<!doctype html><title>Shop</title><h1>{page}</h1><p>version {app.version} on {name}</p>"
        headers: tuple[tuple[str, str], ...] = (HTML, ("Cache-Control", "no-store"))
        if session is not None and session.id not in request.headers.get("cookie", ""):
            headers += (("Set-Cookie", f"JSESSIONID={session.id}; Path={app.path}; HttpOnly"),)
        return Reply(200, text.encode(), "", headers)

    def _visit(self, tomcat: Tomcat, request: Request) -> tuple[App | None, Session | None]:
        """The version that serves this request: that of its session, else the newest."""
        parts = request.headers.get("cookie", "").split(";")
        ids = [part.strip().removeprefix("JSESSIONID=") for part in parts if "JSESSIONID=" in part]
        for app in reversed(tomcat.versions("/app")):
            session = next((app.sessions[id] for id in ids if id in app.sessions), None)
            if session is not None and app.running:
                session.home = tomcat.name
                self.cluster.touch(tomcat, app, session)
                return app, session
        newest = tomcat.newest("/app")
        if newest is None or not request.path.startswith("/app"):
            return None, None
        if request.path.removeprefix("/app/") in NO_SESSION:
            return newest, None
        return newest, self.cluster.login(tomcat.name, 120)

    def _error(self, page: str, app: App, name: str) -> str:
        if app.answers >= 500:
            return "java.lang.ClassNotFoundException"
        if page == "login":
            return self.backends.read(name)
        if page == "orders":
            return self.backends.write(name) or self.backends.upload(name)
        return ""
