"""The simulated Zabbix against a recorded 6.0.14: the same fields, the same errors, the same timing."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saitotui.simulator.http_types import Request
from saitotui.simulator.zabbix_access import Access
from saitotui.simulator.zabbix_api import ZabbixApi
from saitotui.simulator.zabbix_server import ZabbixServer, platform

RECORDINGS = Path(__file__).parents[1] / "recordings" / "simulator" / "zabbix"


class Reach:
    """Implements zabbix_server.Fabric."""

    def __init__(self) -> None:
        self.time = 1795448500.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self.down: set[tuple[str, str]] = set()
        self.silent: set[str] = set()
        self.restarted: list[tuple[float, str, str]] = []
        self.helps = True
        self.server_runs = True

    def now(self) -> float:
        return self.time

    def call_later(self, delay: float, do: Callable[[], None]) -> object:
        self._serial += 1
        heapq.heappush(self._queue, (self.time + delay, self._serial, do))
        return None

    def alive(self) -> bool:
        return self.server_runs

    def agent(self, host: str) -> bool:
        return host not in self.silent

    def value(self, host: str, what: str) -> float:
        return 0 if (host, what) in self.down else 1

    def said(self, host: str, key: str) -> str:
        return f"{key} of {host}"

    def restart(self, host: str, service: str) -> str:
        self.restarted.append((self.time, host, service))
        if self.helps:
            self.down.discard((host, service))
        return f"{service} restarted"

    def run(self, seconds: float) -> None:
        end = self.time + seconds
        while self._queue and self._queue[0][0] <= end:
            self.time, _, do = heapq.heappop(self._queue)
            do()
        self.time = end


class Zabbix:
    def __init__(self, version: str = "6.0.14") -> None:
        self.reach = Reach()
        roles = {"web1": "nginx", "lb1": "haproxy", "tc1": "tomcat", "db1": "database", "st1": "storage"}
        hosts = {name: (f"10.0.0.{number}", role) for number, (name, role) in enumerate(roles.items(), 1)}
        self.server: ZabbixServer = platform(self.reach, hosts, version)
        access = Access(self.reach.now, {"Admin": "zabbix"}, {"token", "reader"}, {"reader"}, {"old"})
        self.api = ZabbixApi(self.server, access)
        self.server.start()
        self.reach.run(30)

    def call(self, method: str, parameters: Any = None, auth: str | None = "token", bearer: str = "") -> Any:
        body = {
            "jsonrpc": "2.0",
            "method": method,
            "params": {} if parameters is None else parameters,
            "id": 1,
        }
        if auth:
            body["auth"] = auth
        return self.send(body, bearer)

    def send(self, body: Any, bearer: str = "") -> Any:
        headers = {
            "content-type": "application/json-rpc",
            "authorization": f"Bearer {bearer}" if bearer else "",
        }
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = self.api.handle(Request("POST", "/api_jsonrpc.php", {}, headers, text))
        assert reply.status == 200
        return json.loads(reply.body) if reply.body else None

    def get(self, method: str, **parameters: Any) -> Any:
        return self.call(method, parameters)["result"]


@pytest.fixture
def zabbix() -> Zabbix:
    return Zabbix()


def recorded(number: str) -> dict[str, Any]:
    (path,) = RECORDINGS.glob(f"{number}-*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def fields(value: Any) -> Any:
    """Names and types, all the way down; of a list its first entry."""
    if isinstance(value, dict):
        return {name: fields(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [fields(value[0])] if value else []
    return type(value).__name__


def fail(zabbix: Zabbix, host: str = "web1", service: str = "nginx") -> None:
    zabbix.reach.down.add((host, service))


@pytest.mark.parametrize("number", ["053", "060", "063", "065"])
def test_static_rows_have_the_recorded_fields(zabbix: Zabbix, number: str) -> None:
    real = recorded(number)
    asked = real["request"]["body"]
    parameters = {name: value for name, value in asked["params"].items() if not name.endswith("ids")}
    ours = zabbix.call(asked["method"], parameters)["result"]
    expected = fields(real["response"]["body"]["result"][-1:])
    if number == "063":
        # Recorded with a second condition, which the simulated actions do not need.
        real["response"]["body"]["result"][0]["filter"]["conditions"].pop()
        expected = fields(real["response"]["body"]["result"])
    assert fields(ours[1:] if number == "053" else ours) == expected


@pytest.mark.parametrize("number", ["066", "068", "069", "071"])
def test_rows_of_a_problem_have_the_recorded_fields(zabbix: Zabbix, number: str) -> None:
    zabbix.reach.helps = False
    fail(zabbix)
    zabbix.reach.run(15)
    real = recorded(number)
    asked = real["request"]["body"]
    parameters = {name: value for name, value in asked["params"].items() if not name.endswith("ids")}
    ours = zabbix.call(asked["method"], parameters)["result"]
    assert fields(ours) == fields(real["response"]["body"]["result"])


def test_acknowledged_and_suppressed_problems(zabbix: Zabbix) -> None:
    zabbix.reach.helps = False
    now = int(zabbix.reach.time)
    created = zabbix.call(
        "maintenance.create",
        {"name": "work", "active_since": now, "active_till": now + 3600, "hosts": [{"hostid": "10559"}],
         "tags": [{"tag": "component", "operator": "0", "value": "web"}],
         "timeperiods": [{"timeperiod_type": 0, "start_date": now, "period": 3600}]},
    )  # fmt: skip
    assert created["result"] == {"maintenanceids": ["1"]}
    assert zabbix.get("host.get", hostids="10559")[0]["maintenance_status"] == "0", "only at the next minute"
    zabbix.reach.run(60)
    real = recorded("109")["response"]["body"]["result"]
    output = recorded("109")["request"]["body"]["params"]["output"]
    assert fields(zabbix.get("host.get", hostids=["10559"], output=output)) == fields(real)
    fail(zabbix)
    zabbix.reach.run(20)
    asked = {
        name: value
        for name, value in recorded("110")["request"]["body"]["params"].items()
        if name != "objectids"
    }
    assert fields(zabbix.get("problem.get", **asked)) == fields(recorded("110")["response"]["body"]["result"])
    assert not zabbix.reach.restarted, "recovery waits while the problem is suppressed"
    selects = {name: value for name, value in recorded("108")["request"]["body"]["params"].items()}
    assert fields(zabbix.get("maintenance.get", **selects)) == fields(
        recorded("108")["response"]["body"]["result"]
    )
    assert zabbix.call("maintenance.delete", ["1"])["result"] == {"maintenanceids": ["1"]}
    zabbix.reach.run(64)
    assert zabbix.reach.restarted, "and comes when the maintenance is over"


ERRORS = [
    f"{number:03}"
    for number in (2, 15, 75, 77, 82, 89, 106, 107, 114, 119, 137, *range(139, 143), 144, 146, 147, 151, 170)
]
SECRETS = {"002": None, "015": "wrong", "139": None, "140": None, "142": None, "151": "old", "170": "reader"}


def login(zabbix: Zabbix) -> str:
    return str(zabbix.call("user.login", {"username": "Admin", "password": "zabbix"}, auth=None)["result"])


def secret_of(zabbix: Zabbix, number: str) -> str | None:
    """The session or token that brings the recorded error about."""
    if number in ("089", "119", "147"):
        session = login(zabbix)
        if number == "147":
            assert zabbix.call("user.logout", [], auth=session)["result"] is True
        return session
    return SECRETS.get(number, "token")


def prepare(zabbix: Zabbix, number: str, asked: Any) -> None:
    """Brings the server into the recorded state; puts our ids into the request."""
    if number in ("075", "077"):
        fail(zabbix)
        zabbix.reach.run(10)
        asked["params"]["eventids"] = [zabbix.server.problems[0].eventid]
    elif number in ("089", "119"):
        scripts = {script["name"]: script["scriptid"] for script in zabbix.get("script.get")}
        name = "Restart nginx" if number == "089" else "Show uptime"
        asked["params"] = {"scriptid": scripts[name], "hostid": "10559"}
        zabbix.server.hosts[0].address = "127.83.0.12"
        if number == "119":
            zabbix.reach.silent.add("web1")
    elif number == "106":
        asked["params"]["hosts"] = [{"hostid": "10559"}]
        zabbix.call("maintenance.create", asked["params"])
    elif number == "170":
        # Recorded with a role that may not even read; here the role may read, and not change.
        asked |= {"method": "action.update", "params": {"actionid": "7", "status": 1}}


@pytest.mark.parametrize("number", ERRORS)
def test_errors_are_the_recorded_ones(zabbix: Zabbix, number: str) -> None:
    real = recorded(number)
    asked, expected = real["request"]["body"], real["response"]["body"]["error"]
    expected["data"] = expected["data"].replace("action.get", "action.update")
    secret = secret_of(zabbix, number)
    prepare(zabbix, number, asked)
    if isinstance(asked, str):
        assert zabbix.send(asked.encode())["error"] == expected
        return
    asked.pop("auth", None)
    if secret:
        asked["auth"] = secret
    assert zabbix.send(asked, "token" if number == "140" else "")["error"] == expected


def test_batches_and_notifications(zabbix: Zabbix) -> None:
    real = recorded("145")
    batch = [{**one, "auth": "token"} if "auth" in one else one for one in real["request"]["body"]]
    answers = zabbix.send(batch)
    assert [answer["id"] for answer in answers] == [1, 2, 3]
    assert answers[0] == real["response"]["body"][0]
    assert answers[2] == real["response"]["body"][2]
    assert zabbix.send({"jsonrpc": "2.0", "method": "apiinfo.version", "params": {}}) is None


def test_wrong_content_type(zabbix: Zabbix) -> None:
    reply = zabbix.api.handle(Request("POST", "/api_jsonrpc.php", {}, {"content-type": "text/plain"}, b"{}"))
    assert (reply.status, reply.body) == (recorded("138")["response"]["status"], b"")


def test_a_token_cannot_run_scripts_on_6_0(zabbix: Zabbix) -> None:
    body = {"jsonrpc": "2.0", "method": "script.execute", "id": 1, "auth": "token",
            "params": {"scriptid": "7", "hostid": "10559"}}  # fmt: skip
    request = Request(
        "POST", "/api_jsonrpc.php", {}, {"content-type": "application/json"}, json.dumps(body).encode()
    )
    assert zabbix.api.handle(request).status == recorded("084")["response"]["status"] == 500


def test_a_killed_service_is_restarted(zabbix: Zabbix) -> None:
    start = zabbix.reach.time
    fail(zabbix)
    zabbix.reach.run(20)
    ((at, host, service),) = zabbix.reach.restarted
    assert (host, service) == ("web1", "nginx")
    assert at - start <= 9, "an interval, and the escalator's 3 s"
    (alert,) = zabbix.get("alert.get")
    assert (alert["status"], alert["alerttype"]) == ("1", "1")
    assert alert["message"] == "web1:/opt/recovery/svc.sh restart nginx"
    assert zabbix.get("problem.get") == []
    (recent,) = zabbix.get("problem.get", recent=True)
    assert recent["r_eventid"] != "0"


def test_nobody_restarts_a_database(zabbix: Zabbix) -> None:
    fail(zabbix, "db1", "mysql")
    zabbix.reach.run(120)
    assert not zabbix.reach.restarted
    assert zabbix.get("problem.get")[0]["name"] == "Database server is down on db1"


def test_a_disabled_action_does_nothing_and_retries_are_bounded(zabbix: Zabbix) -> None:
    zabbix.reach.helps = False
    assert zabbix.call("action.update", {"actionid": "7", "status": 1})["result"] == {"actionids": ["7"]}
    fail(zabbix)
    zabbix.reach.run(60)
    assert not zabbix.reach.restarted
    zabbix.call("action.update", {"actionid": "7", "status": "0"})
    zabbix.reach.run(400)
    assert len(zabbix.reach.restarted) == 3


def test_acknowledging_stops_the_retries(zabbix: Zabbix) -> None:
    zabbix.reach.helps = False
    fail(zabbix)
    zabbix.reach.run(12)
    (problem,) = zabbix.get("problem.get", selectAcknowledges="extend")
    answer = zabbix.call(
        "event.acknowledge", {"eventids": problem["eventid"], "action": 6, "message": "looking"}
    )
    assert answer["result"] == {"eventids": [int(problem["eventid"])]}
    (acknowledged,) = zabbix.get("problem.get", selectAcknowledges="extend")
    assert acknowledged["acknowledged"] == "1"
    real = recorded("078")["response"]["body"]["result"][0]["acknowledges"]
    assert fields(acknowledged["acknowledges"]) == fields(real)
    zabbix.reach.run(200)
    assert len(zabbix.reach.restarted) == 1


def test_a_silent_agent(zabbix: Zabbix) -> None:
    zabbix.reach.silent.add("web1")
    fail(zabbix)
    zabbix.reach.run(25)
    (interface,) = zabbix.get("hostinterface.get", hostids="10559", output="extend")
    assert interface["available"] == "2"
    assert fields([interface]) == fields(recorded("115")["response"]["body"]["result"])
    names = [problem["name"] for problem in zabbix.get("problem.get")]
    assert names == ["Agent on web1 is unreachable"], "what depends on it is held"


def test_unsupported_items(zabbix: Zabbix) -> None:
    zabbix.server.items[1].error = "No such service"
    ours = zabbix.call("item.get", recorded("102")["request"]["body"]["params"])["result"]
    assert fields(ours) == fields(recorded("102")["response"]["body"]["result"])


def test_dialects() -> None:
    seven = Zabbix("7.0.5")
    assert seven.call("host.get", {"output": ["hostid"]}, auth=None, bearer="token")["result"]
    assert seven.get("host.get", output="extend")[0]["monitored_by"] == "0"
    newest = Zabbix("7.4.0")
    assert newest.call("host.get")["error"]["data"] == 'Invalid parameter "/": unexpected parameter "auth".'
    hosts = newest.call("host.get", {"selectGroups": "extend", "selectHostGroups": "extend"}, None, "token")[
        "result"
    ]
    assert "groups" not in hosts[0]
    assert hosts[0]["hostgroups"][0]["name"] == "Platform/Nodes"
    old = Zabbix("6.0.14").call("host.get", {"selectHostGroups": "extend"})["result"][0]
    assert "hostgroups" not in old
    assert "active_available" not in old


@pytest.mark.parametrize(
    "parameters", [{"time_from": "soon"}, {"filter": [1]}, {"limit": "x"}, {"tags": ["a"]}]
)
def test_senseless_parameters_are_an_error(zabbix: Zabbix, parameters: dict[str, Any]) -> None:
    fail(zabbix)
    zabbix.reach.run(10)
    assert zabbix.call("problem.get", parameters)["error"]["code"] == -32602


def test_events_show_what_was_resolved(zabbix: Zabbix) -> None:
    fail(zabbix)
    zabbix.reach.run(20)
    resolved, raised = zabbix.get("event.get", sortfield=["eventid"], sortorder="DESC", selectHosts=["host"])
    assert (raised["value"], resolved["value"]) == ("1", "0")
    assert raised["r_eventid"] == resolved["eventid"]
    assert resolved["hosts"] == [{"hostid": "10559", "host": "web1"}]


def test_the_servers_own_items_stand_still_with_it(zabbix: Zabbix) -> None:
    asked = {"filter": {"key_": ["zabbix[uptime]"]}, "output": ["lastclock", "lastvalue"]}
    zabbix.reach.run(20)
    (before,) = zabbix.get("item.get", **asked)
    zabbix.reach.server_runs = False
    zabbix.reach.run(60)
    (dead,) = zabbix.get("item.get", **asked)
    assert dead == before, "the API answers from the database"
    zabbix.reach.server_runs = True
    zabbix.reach.run(20)
    (after,) = zabbix.get("item.get", **asked)
    assert int(after["lastvalue"]) < 60, "it has been started anew"
