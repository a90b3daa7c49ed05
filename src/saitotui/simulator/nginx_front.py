"""nginx in front of the Tomcats: sticky by jvmRoute, the others as backup, as in the recorded nginx.conf.

proxy_connect_timeout 300ms; proxy_read_timeout 10s; max_fails=1 fail_timeout=2s;
proxy_next_upstream error timeout http_502 http_503 http_504 http_404; tries 3, within 3 s
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.tomcat_cluster import TomcatCluster
from saitotui.simulator.tomcat_http import TomcatHttp

CONNECT_TIMEOUT, READ_TIMEOUT, NEXT_TIMEOUT, FAIL_TIMEOUT = 0.3, 10.0, 3.0, 2.0
TRIES = 3
PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
GATEWAY = {
    status: PAGE.format(f"{status} {text}").encode()
    for status, text in ((404, "Not Found"), (502, "Bad Gateway"), (504, "Gateway Time-out"))
}
SERVER = (("Server", "nginx/1.22.1"), ("Content-Type", "text/html"))
HOME = b"<!doctype html><title>Shop</title><h1>Welcome to the shop</h1>"
KEPT_LINES = 400


class Fabric(Protocol):
    """The machines under nginx and the Tomcats, by their names."""

    def now(self) -> float: ...
    def call_later(self, delay: float, do: Callable[[], None]) -> object: ...
    def serving(self, name: str) -> float | None:
        """Since when the process of an nginx or Tomcat runs; None while it does not."""

    def powered(self, name: str) -> bool:
        """Whether its machine runs at all, so that it refuses instead of keeping silent."""

    def hung(self, name: str) -> bool: ...
    def connected(self, a: str, b: str) -> bool: ...
    def writes(self, name: str, level: str, text: str) -> None:
        """Writes into the log of a service."""

    def log(self, name: str, line: str) -> None:
        """Appends a line to the access log of an nginx."""


@dataclass(slots=True)
class Try:
    """An upstream that was tried: what it said and how long it took (s)."""

    name: str
    status: int
    seconds: float
    reply: Reply | None = None


@dataclass(slots=True)
class Nginx:
    """One nginx and its counters."""

    name: str
    since: float | None = None
    connections: int = 0
    accepts: int = 0
    requests: int = 0
    avoided: dict[str, float] = field(default_factory=dict)
    """Upstreams that failed, and until when they are left out."""
    down: set[str] = field(default_factory=set)
    """Tomcats that its configuration marks `down`."""
    configured: bool = True
    """Whether it knows of the application at all."""


class NginxFront:
    """All nginx nodes of a platform, and the visitors that come through them."""

    def __init__(
        self,
        fabric: Fabric,
        names: tuple[str, ...],
        tomcats: TomcatCluster,
        http: TomcatHttp,
        rate: float = 12,
    ) -> None:
        self.fabric, self.tomcats, self.http = fabric, tomcats, http
        self.rate = rate
        """Requests a second that visitors send to each nginx."""
        self.nodes = {name: Nginx(name, fabric.serving(name), 30, 9300, 702_300) for name in names}
        self._random = random.Random(11)
        self._owed = 0.0

    def start(self) -> None:
        self._again()

    def _again(self) -> None:
        self.fabric.call_later(1.0, self._again)
        self.tick()

    def tick(self) -> None:
        """One second of visitors."""
        self._owed += self.rate
        count, self._owed = int(self._owed), self._owed % 1
        for nginx in self.nodes.values():
            since = self.fabric.serving(nginx.name)
            if since != nginx.since:
                nginx.since, nginx.accepts, nginx.requests, nginx.connections = since, 0, 0, 0
                nginx.avoided.clear()
            if since is None or self.fabric.hung(nginx.name):
                continue
            nginx.accepts += max(1, count // 6)
            nginx.connections = 24 + int(self._random.random() * 12)
            for _ in range(count):
                self._visit(nginx)

    def _visit(self, nginx: Nginx) -> None:
        if not nginx.configured:
            return
        page = self._random.choice(("/app/", "/app/login", "/app/orders", "/app/cart", "/app/orders"))
        route = self._random.choice(list(self.tomcats.tomcats))
        sticky = page != "/app/login"
        request = Request("GET", page, headers={"cookie": f"JSESSIONID=visitor.{route}"} if sticky else {})
        self._proxy(nginx, request, quiet=True)

    def read(self, name: str, text: str) -> None:
        """An nginx reads its upstreams."""
        down = set(re.findall(r"server\s+([^\s:;]+)(?::\d+)?(?:\s[^;]*)? down;", text))
        tomcats = self.tomcats.tomcats.values()
        self.nodes[name].down = {tomcat.name for tomcat in tomcats if tomcat.address in down}
        for tomcat in tomcats:
            tomcat.led = any(tomcat.name not in node.down for node in self.nodes.values())

    def status(self, name: str) -> Reply:
        """The stub_status page; trailing spaces as nginx prints them."""
        nginx = self.nodes[name]
        nginx.requests += 1
        if not nginx.configured:
            return Reply(404, GATEWAY[404], None, SERVER)
        active = nginx.connections + 1
        text = (
            f"Active connections: {active} \nserver accepts handled requests\n"
            f" {nginx.accepts} {nginx.accepts} {nginx.requests} \n"
            f"Reading: 0 Writing: 1 Waiting: {active - 1} \n"
        )
        return Reply(200, text.encode(), None, (("Server", "nginx/1.22.1"), ("Content-Type", "text/plain")))

    def handle(self, name: str, request: Request) -> Reply:
        """The reply to a visitor."""
        nginx = self.nodes[name]
        if request.path in ("/", "/index.html"):
            nginx.requests += 1
            self._log(nginx, request, 200, [], 0.0, "-")
            return Reply(200, HOME, None, SERVER)
        if not request.path.startswith("/app") or not nginx.configured:
            nginx.requests += 1
            self._log(nginx, request, 404, [], 0.0, "-")
            return Reply(404, GATEWAY[404], None, SERVER)
        return self._proxy(nginx, request)

    def _proxy(self, nginx: Nginx, request: Request, quiet: bool = False) -> Reply:
        nginx.requests += 1
        route = self._route(request)
        tries: list[Try] = []
        spent = 0.0
        for name in self._order(nginx, route):
            found = self._try(nginx, name, request, quiet)
            tries.append(found)
            spent += found.seconds
            if found.status < 500 and found.status != 404:
                break
            if found.status == 500 or len(tries) >= TRIES or spent >= NEXT_TIMEOUT:
                break
        last = tries[-1] if tries else Try("", 502, 0.0)
        self._log(nginx, request, last.status, tries, spent, route)
        if last.reply is None:
            return Reply(last.status, GATEWAY.get(last.status, b""), None, SERVER, spent)
        upstream = ("X-Upstream", ", ".join(self._address(found.name) for found in tries))
        headers = (*last.reply.headers, ("Server", "nginx/1.22.1"), upstream)
        return Reply(last.reply.status, last.reply.body, None, headers, spent)

    def _route(self, request: Request) -> str:
        found = re.search(r"JSESSIONID=[^;]*\.(\w+)", request.headers.get("cookie", ""))
        return found[1] if found and found[1] in self.tomcats.tomcats else "tomcats"

    def _order(self, nginx: Nginx, route: str) -> list[str]:
        """Upstreams in the order they are tried: the session's own first, recently failed ones last."""
        names = [name for name in self.tomcats.tomcats if name not in nginx.down]
        self._random.shuffle(names)
        if route in names:
            names = [route, *(name for name in names if name != route)]
        now = self.fabric.now()
        good = [name for name in names if nginx.avoided.get(name, 0) <= now]
        return good or names

    def _try(self, nginx: Nginx, name: str, request: Request, quiet: bool) -> Try:
        fabric = self.fabric
        if not fabric.powered(name) or not fabric.connected(nginx.name, name):
            found = Try(name, 504, CONNECT_TIMEOUT)
        elif fabric.hung(name):
            # The kernel accepts, the process never answers.
            found = Try(name, 504, READ_TIMEOUT)
        elif not self.tomcats.alive(name):
            found = Try(name, 502, 0.001)
        elif quiet:
            found = Try(name, self._quick(name, request), 0.002 + self._random.expovariate(90))
        else:
            reply = self.http.page(name, request)
            found = Try(name, reply.status, reply.delay + 0.004 + self._random.expovariate(90), reply)
        if found.status in (502, 504):
            nginx.avoided[name] = fabric.now() + FAIL_TIMEOUT
            self._complain(nginx, found, request)
        return found

    def _complain(self, nginx: Nginx, found: Try, request: Request) -> None:
        """What nginx writes of an upstream that did not answer."""
        why = "connect() failed (111: Connection refused) while connecting to upstream"
        if found.status == 504:
            doing = "connecting to" if found.seconds == CONNECT_TIMEOUT else "reading response header from"
            why = f"upstream timed out (110: Connection timed out) while {doing} upstream"
        asked, upstream = f"{request.method} {request.path}", f"{self._address(found.name)}{request.path}"
        text = (
            f'*{nginx.requests} {why}, client: 203.0.113.7, server: , request: "{asked} HTTP/1.1", '
            f'upstream: "http://{upstream}", host: "shop.example"'
        )
        self.fabric.writes(nginx.name, "error", text)

    def _quick(self, name: str, request: Request) -> int:
        """The status a page would have, counted but without making a session."""
        tomcat = self.tomcats.tomcats[name]
        app = tomcat.newest("/app")
        if app is None:
            return 404
        self.tomcats.count(tomcat, app)
        backends = self.http.backends
        page = request.path.removeprefix("/app").strip("/")
        broken = backends.read(name) if page == "login" else ""
        if page == "orders":
            broken = backends.write(name) or backends.upload(name)
        if broken or app.answers >= 500:
            self.tomcats.threw(tomcat, broken or "java.lang.ClassNotFoundException: shop.Missing")
        return 500 if broken or app.answers >= 500 else 200

    def _address(self, name: str) -> str:
        return f"{self.tomcats.tomcats[name].address}:8080"

    def _log(
        self, nginx: Nginx, request: Request, status: int, tries: list[Try], spent: float, route: str
    ) -> None:
        upstream = ", ".join(self._address(found.name) for found in tries) or "-"
        statuses = ", ".join(str(found.status) for found in tries) or "-"
        times = ", ".join(f"{found.seconds:.3f}" for found in tries) or "-"
        at = self.fabric.now() + self._random.random() * 0.9
        self.fabric.log(
            nginx.name,
            f'{at:.3f} {status} "{request.method} {request.path} HTTP/1.1" up={upstream} us={statuses} '
            f"rt={spent:.3f} urt={times} route={route}",
        )


def upstreams(addresses: Mapping[str, str]) -> str:
    """The part of nginx.conf that names the Tomcats."""
    lines = ["upstream tomcats { zone z0 64k; least_conn;"]
    lines += [f"  server {address}:8080 max_fails=1 fail_timeout=2s;" for address in addresses.values()]
    return "\n".join([*lines, "  keepalive 32; }"]) + "\n"
