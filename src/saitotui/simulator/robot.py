"""Hetzner's Robot webservice: servers, resets, failover addresses.

Shapes, error codes and limits from Hetzner's public reference
(https://robot.hetzner.com/doc/webservice/en.html). A switch of a failover address takes about 40 s, and the
request waits for it; three wrong logins block the caller for ten minutes.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from saitotui.simulator.http_types import Reply, Request

SWITCH = 40.0
BLOCKED = 600.0
HOUR = 3600
LIMITS = {"GET server": 200, "GET reset": 500, "POST reset": 50, "GET failover": 100, "POST failover": 50,
          "DELETE failover": 50, "GET boot": 500, "POST boot": 500, "DELETE boot": 500}  # fmt: skip
Json = Any


class Fabric(Protocol):
    """The machines that Robot can reach with its reset buttons, by host name."""

    def now(self) -> float: ...
    def call_later(self, delay: float, do: Callable[[], None]) -> object: ...
    def press(self, host: str, kind: str) -> None:
        """Presses a button: `sw` Ctrl+Alt+Del, `hw` reset, `power` short, `power_long` long press, `man`."""

    def running(self, host: str) -> bool:
        """Whether the machine has power."""

    def routed(self, address: str, host: str) -> None:
        """A failover address now leads to `host` (empty: nowhere)."""


@dataclass(frozen=True, slots=True)
class Server:
    number: int
    host: str
    address: str
    product: str = "AX102"
    datacenter: str = "FSN1-DC14"
    resets: tuple[str, ...] = ("power", "power_long", "sw", "hw", "man")


@dataclass(slots=True)
class Failover:
    """`active` is the address of the server it leads to, empty for none; `busy` while it is switched."""

    address: str
    number: int
    active: str
    busy: bool = False


class RobotError(Exception):
    def __init__(self, status: int, code: str, message: str, **more: Json) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"status": status, "code": code, "message": message, **more}}


@dataclass(slots=True)
class Robot:
    """The webservice of one customer."""

    fabric: Fabric
    user: str
    password: str
    servers: list[Server]
    failovers: list[Failover]
    limits: dict[str, int] = field(default_factory=lambda: dict(LIMITS))
    rescues: dict[int, str] = field(default_factory=dict)
    """Servers that boot into the rescue system next, with the key that it lets in."""
    denied: bool = False
    """The web service user was removed: every login fails."""
    _asked: dict[str, list[float]] = field(default_factory=dict)
    _failures: list[float] = field(default_factory=list)

    def handle(self, request: Request) -> Reply:
        try:
            self._authenticate(request)
            return self._route(request)
        except RobotError as error:
            return _reply(error.status, error.body)

    def _authenticate(self, request: Request) -> None:
        now = self.fabric.now()
        self._failures = [at for at in self._failures if now - at < BLOCKED]
        user, password = request.basic or ("", "")
        right = secrets.compare_digest(f"{user}:{password}", f"{self.user}:{self.password}")
        if not right or self.denied or len(self._failures) >= 3:
            if not right:
                self._failures.append(now)
            raise RobotError(401, "UNAUTHORIZED", "Unauthorized")

    def _count(self, what: str) -> None:
        """Counts a request against its hourly limit."""
        now = self.fabric.now()
        asked = [at for at in self._asked.get(what, []) if now - at < HOUR]
        limit = self.limits[what]
        if len(asked) >= limit:
            self._asked[what] = asked
            raise RobotError(
                403, "RATE_LIMIT_EXCEEDED", "rate limit exceeded", max_request=limit, interval=HOUR
            )
        self._asked[what] = [*asked, now]

    def _route(self, request: Request) -> Reply:
        parts = request.path.strip("/").split("/")
        kind, name = parts[0], parts[1] if len(parts) > 1 else ""
        what = f"{request.method} {kind}"
        longest = 3 if kind == "boot" else 2
        if what not in self.limits or len(parts) > longest or (request.method != "GET" and not name):
            raise RobotError(404, "NOT_FOUND", "Not Found")
        self._count(what)
        if kind == "boot":
            return self._boot(request, self._find(name), parts[2:])
        return self._answer(what, name, request)

    def _answer(self, what: str, name: str, request: Request) -> Reply:
        match what:
            case "GET server":
                if name:
                    return _reply(200, {"server": self._server(self._find(name), whole=True)})
                return _reply(200, [{"server": self._server(server)} for server in self.servers])
            case "GET reset":
                if name:
                    return _reply(200, {"reset": self._reset(self._find(name), whole=True)})
                return _reply(200, [{"reset": self._reset(server)} for server in self.servers])
            case "POST reset":
                return self._press(self._find(name), request.form)
            case "GET failover":
                if name:
                    return _reply(200, {"failover": self._failover(self._find_failover(name))})
                return _reply(200, [{"failover": self._failover(failover)} for failover in self.failovers])
        target = request.form.get("active_server_ip", "") if request.method == "POST" else ""
        if request.method == "POST" and not target:
            raise _invalid(missing=["active_server_ip"])
        return self._switch(self._find_failover(name), target)

    def _find(self, number: str) -> Server:
        for server in self.servers:
            if number in (str(server.number), server.address):
                return server
        raise RobotError(404, "SERVER_NOT_FOUND", "server not found")

    def _find_failover(self, address: str) -> Failover:
        for failover in self.failovers:
            if failover.address == address:
                return failover
        raise RobotError(404, "NOT_FOUND", "failover ip not found")

    def _base(self, server: Server) -> dict[str, Json]:
        net = f"2a01:4f8:{server.number % 65536:x}::"
        return {"server_ip": server.address, "server_ipv6_net": net, "server_number": server.number}

    def _server(self, server: Server, whole: bool = False) -> dict[str, Json]:
        base = self._base(server)
        entry: dict[str, Json] = {
            **base, "server_name": server.host, "product": server.product, "dc": server.datacenter,
            "traffic": "unlimited", "status": "ready", "cancelled": False, "paid_until": self._month(),
            "ip": [server.address], "subnet": [{"ip": base["server_ipv6_net"], "mask": "64"}],
            "linked_storagebox": None,
        }  # fmt: skip
        if whole:
            entry |= {"reset": True, "rescue": True, "vnc": False, "windows": False, "plesk": False,
                      "cpanel": False, "wol": True, "hot_swap": False}  # fmt: skip
        return entry

    def _month(self) -> str:
        """Paid until the second day of next month."""
        today = time.gmtime(self.fabric.now())
        year, month = (today.tm_year + 1, 1) if today.tm_mon == 12 else (today.tm_year, today.tm_mon + 1)
        return f"{year}-{month:02}-02"

    def _reset(self, server: Server, whole: bool = False) -> dict[str, Json]:
        entry = {**self._base(server), "type": list(server.resets)}
        if whole:
            entry["operating_status"] = "running" if self.fabric.running(server.host) else "shut off"
        return entry

    def _press(self, server: Server, form: dict[str, str]) -> Reply:
        kind = form.get("type", "")
        if not kind:
            raise _invalid(missing=["type"])
        if kind not in server.resets:
            raise _invalid(wrong=["type"])
        self.fabric.press(server.host, kind)
        return _reply(200, {"reset": {**self._base(server), "type": kind}})

    def _boot(self, request: Request, server: Server, parts: list[str]) -> Reply:
        """`/boot/NUMBER/rescue`. Without a key the real one makes a password."""
        if parts != ["rescue"]:
            raise RobotError(404, "NOT_FOUND", "Not Found")
        active = server.number in self.rescues
        password = ""
        if request.method == "POST":
            if active:
                raise RobotError(409, "BOOT_ALREADY_ENABLED", "There is already an active boot configuration")
            if request.form.get("os") != "linux":
                raise _invalid(wrong=["os"])
            self.rescues[server.number] = request.form.get("authorized_key", "")
            password = "" if self.rescues[server.number] else secrets.token_urlsafe(12)
        elif request.method == "DELETE":
            self.rescues.pop(server.number, None)
        active, key = server.number in self.rescues, self.rescues.get(server.number, "")
        shown = [{"key": {"name": "ops", "fingerprint": key, "type": "ED25519", "size": 256}}] if key else []
        entry = {**self._base(server), "os": "linux" if active else ["linux", "vkvm"], "active": active,
                 "password": password or None, "authorized_key": shown, "host_key": []}  # fmt: skip
        return _reply(200, {"rescue": entry})

    def boots(self, host: str) -> bool:
        """The machine boots now: whether into the rescue system."""
        server = next(one for one in self.servers if one.host == host)
        return self.rescues.pop(server.number, None) is not None

    def _failover(self, failover: Failover) -> dict[str, Json]:
        server = self._find(str(failover.number))
        return {"ip": failover.address, "netmask": "255.255.255.255", **self._base(server),
                "active_server_ip": failover.active or None}  # fmt: skip

    def _switch(self, failover: Failover, target: str) -> Reply:
        host = next((server.host for server in self.servers if server.address == target), "")
        if target and not host:
            raise RobotError(404, "FAILOVER_NEW_SERVER_NOT_FOUND", "New destination server not found")
        if failover.busy:
            raise RobotError(
                409, "FAILOVER_LOCKED", "Switching the failover ip is blocked by another request"
            )
        if failover.active == target:
            raise RobotError(409, "FAILOVER_ALREADY_ROUTED", "failover already routed to this server")
        failover.busy = True

        def done() -> None:
            failover.busy, failover.active = False, target
            self.fabric.routed(failover.address, host)

        self.fabric.call_later(SWITCH, done)
        body = {"failover": {**self._failover(failover), "active_server_ip": target or None}}
        return _reply(200, body, delay=SWITCH)


def _invalid(missing: list[str] | None = None, wrong: list[str] | None = None) -> RobotError:
    return RobotError(400, "INVALID_INPUT", "invalid input", missing=missing, invalid=wrong)


def _reply(status: int, body: Json, delay: float = 0.0) -> Reply:
    headers = (("Content-Type", "application/json"), ("Server", "nginx"))
    return Reply(status, json.dumps(body).encode(), None, headers, delay)
