"""The simulated Robot webservice: what its public reference says it answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.robot import SWITCH, Failover, Robot, Server


class Buttons:
    """Implements robot.Fabric."""

    def __init__(self) -> None:
        self.time = 1795446900.0
        self.pressed: list[tuple[str, str]] = []
        self.routes: dict[str, str] = {}
        self.later: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.time

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        self.later.append((self.time + delay, do))
        return None

    def press(self, host: str, kind: str) -> None:
        self.pressed.append((host, kind))

    def running(self, host: str) -> bool:
        return host != "pve3"

    def routed(self, address: str, host: str) -> None:
        self.routes[address] = host


@pytest.fixture
def buttons() -> Buttons:
    return Buttons()


@pytest.fixture
def robot(buttons: Buttons) -> Robot:
    servers = [Server(320 + n, f"pve{n}", f"203.0.113.1{n}") for n in (1, 2, 3)]
    return Robot(buttons, "#ws+one", "secret", servers, [Failover("203.0.113.200", 321, "203.0.113.11")])


def ask(robot: Robot, method: str, path: str, form: str = "", user: str = "#ws+one:secret") -> Reply:
    headers = {"authorization": "Basic " + base64.b64encode(user.encode()).decode()} if user else {}
    return robot.handle(Request(method, path, {}, headers, form.encode()))


def body(reply: Reply) -> Any:
    return json.loads(reply.body)


def test_servers(robot: Robot) -> None:
    listed = body(ask(robot, "GET", "/server"))
    assert [entry["server"]["server_number"] for entry in listed] == [321, 322, 323]
    one = body(ask(robot, "GET", "/server/321"))["server"]
    assert set(listed[0]["server"]) < set(one)
    assert one["paid_until"] == "2026-12-02"
    missing = ask(robot, "GET", "/server/999")
    assert (missing.status, body(missing)["error"]["code"]) == (404, "SERVER_NOT_FOUND")


def test_resets(robot: Robot, buttons: Buttons) -> None:
    assert body(ask(robot, "GET", "/reset/323"))["reset"]["operating_status"] == "shut off"
    assert body(ask(robot, "GET", "/reset"))[0]["reset"]["type"] == ["power", "power_long", "sw", "hw", "man"]
    done = ask(robot, "POST", "/reset/322", "type=hw")
    assert body(done)["reset"]["type"] == "hw"
    assert buttons.pressed == [("pve2", "hw")]
    for form, member in (("", "missing"), ("type=axe", "invalid")):
        refused = ask(robot, "POST", "/reset/322", form)
        assert (refused.status, body(refused)["error"][member]) == (400, ["type"])
    assert len(buttons.pressed) == 1


def test_a_failover_address_takes_its_time(robot: Robot, buttons: Buttons) -> None:
    reply = ask(robot, "POST", "/failover/203.0.113.200", "active_server_ip=203.0.113.12")
    assert (reply.status, reply.delay) == (200, SWITCH)
    now = body(ask(robot, "GET", "/failover/203.0.113.200"))["failover"]
    assert now["active_server_ip"] == "203.0.113.11", "not switched yet"
    locked = ask(robot, "POST", "/failover/203.0.113.200", "active_server_ip=203.0.113.13")
    assert (locked.status, body(locked)["error"]["code"]) == (409, "FAILOVER_LOCKED")
    ((at, do),) = buttons.later
    buttons.time = at
    do()
    assert buttons.routes == {"203.0.113.200": "pve2"}
    again = ask(robot, "POST", "/failover/203.0.113.200", "active_server_ip=203.0.113.12")
    assert body(again)["error"]["code"] == "FAILOVER_ALREADY_ROUTED"
    strange = ask(robot, "POST", "/failover/203.0.113.200", "active_server_ip=192.0.2.1")
    assert strange.status == 404


def test_wrong_logins_block_for_ten_minutes(robot: Robot, buttons: Buttons) -> None:
    for _ in range(3):
        assert ask(robot, "GET", "/server", user="#ws+one:wrong").status == 401
    assert ask(robot, "GET", "/server").status == 401, "the right password does not help now"
    buttons.time += 601
    assert ask(robot, "GET", "/server").status == 200


def test_request_limit(robot: Robot, buttons: Buttons) -> None:
    robot.limits["GET reset"] = 2
    assert [ask(robot, "GET", "/reset").status for _ in range(3)] == [200, 200, 403]
    error = body(ask(robot, "GET", "/reset"))["error"]
    assert error == {"status": 403, "code": "RATE_LIMIT_EXCEEDED", "message": "rate limit exceeded",
                     "max_request": 2, "interval": 3600}  # fmt: skip
    buttons.time += 3601
    assert ask(robot, "GET", "/reset").status == 200
