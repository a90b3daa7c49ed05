"""The JSON-RPC API of a Zabbix frontend (`/api_jsonrpc.php`), in the dialect of its server's version.

6.0 as recorded; the other versions on the rows in which they differ: authentication (body `auth` until 7.0,
`Authorization: Bearer` from 6.4), names of selects, suppression, ids in maintenance, proxies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.zabbix_access import (
    Access,
    Caller,
    RpcError,
    by_number,
    no_permissions,
    not_authorized,
)
from saitotui.simulator.zabbix_content import Content
from saitotui.simulator.zabbix_get import Get
from saitotui.simulator.zabbix_rows import versioned
from saitotui.simulator.zabbix_server import (
    CLOSE,
    MESSAGE,
    SEVERITY,
    SUPPRESS,
    UNSUPPRESS,
    Maintenance,
    Problem,
    ZabbixServer,
    agent_error,
)  # fmt: skip

OPEN_METHODS = ("apiinfo.version", "user.login", "user.checkAuthentication")
CONTENT = ("application/json", "application/json-rpc", "application/jsonrequest")
HEADERS = (("Content-Type", "application/json"), ("Access-Control-Allow-Origin", "*"))
MAX_BODY = 4 << 20

Parameters = Mapping[str, Any]


class BrokenPhp(Exception):
    """The frontend dies with HTTP 500 and an empty body."""


class ZabbixApi:
    """Answers HTTP requests for a server."""

    def __init__(self, server: ZabbixServer, access: Access) -> None:
        self.server, self.access = server, access
        self._get = Get(server)
        self.content = Content(server)
        self._acts: dict[str, Callable[[Any, Caller], Any]] = {
            "user.get": lambda parameters, caller: [{"userid": "1", "username": next(iter(access.users))}],
            "event.acknowledge": self._acknowledge,
            "action.update": self._update_action,
            "script.execute": self._execute,
            "maintenance.create": self._create_maintenance,
            "maintenance.update": self._update_maintenance,
            "maintenance.delete": self._delete_maintenance,
            "trigger.update": self._update_trigger,
            "host.update": self._update_host,
            "task.create": self._check_now,
            **self.content.methods,
        }

    @property
    def version(self) -> tuple[int, int]:
        return versioned(self.server.version)

    def handle(self, request: Request) -> Reply:
        if not request.path.endswith("/api_jsonrpc.php"):
            return Reply(404, b"", None, ())
        content = request.headers.get("content-type", "").partition(";")[0].strip()
        if request.method != "POST" or content not in CONTENT:
            return Reply(412, b"", None, ())
        try:
            asked = json.loads(request.body)
        except ValueError:
            text = "Invalid JSON. An error occurred on the server while parsing the JSON text."
            return _reply({"jsonrpc": "2.0", "error": RpcError(-32700, text).body, "id": None})
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        try:
            if isinstance(asked, list):
                answers = [self._answer(one, bearer) for one in asked]
                return _reply([answer for answer in answers if answer is not None])
            return _reply(self._answer(asked, bearer))
        except BrokenPhp:
            return Reply(500, b"", None, ())

    def _answer(self, asked: Any, bearer: str) -> dict[str, Any] | None:
        """The answer to one call; None for a notification, which has no id."""
        call = asked if isinstance(asked, dict) else {}
        try:
            result = {"result": self._call(call, bearer)}
        except RpcError as error:
            result = {"error": error.body}
        except (ValueError, TypeError, AttributeError) as error:
            # Parameters of a shape that no method knows.
            result = {"error": RpcError(-32602, f'Invalid parameter "/": {error}.').body}
        if "id" not in call and "jsonrpc" in call:
            return None
        return {"jsonrpc": "2.0", **result, "id": call.get("id")}

    def _call(self, call: dict[str, Any], bearer: str) -> Any:
        for name in ("jsonrpc", "method"):
            if name not in call:
                raise RpcError(-32600, f'Invalid parameter "/": the parameter "{name}" is missing.')
        if "auth" in call and self.version >= (7, 2):
            raise RpcError(-32600, 'Invalid parameter "/": unexpected parameter "auth".')
        method, parameters = str(call["method"]), call.get("params", {})
        if not isinstance(parameters, dict | list):
            raise RpcError(-32600, 'Invalid parameter "/params": an array or object is expected.')
        secret = str(call.get("auth") or (bearer if self.version >= (6, 4) else ""))
        if method in OPEN_METHODS:
            return self._open(method, parameters if isinstance(parameters, dict) else {}, secret)
        self._known(method)
        if not secret:
            raise not_authorized()
        caller = self.access.who(secret)
        if method == "user.logout":
            self.access.logout(secret)
            return True
        if method in self._get.methods:
            return self._get.methods[method](parameters if isinstance(parameters, dict) else {})
        if caller.read_only and method != "user.get":
            raise RpcError(-32602, f'No permissions to call "{method}".')
        return self._acts[method](parameters, caller)

    def _known(self, method: str) -> None:
        known = {*self._get.methods, *self._acts, "user.logout"}
        if method in known:
            return
        api = method.partition(".")[0]
        if any(name.startswith(f"{api}.") for name in known):
            raise RpcError(-32601, f'Incorrect method "{method}".')
        raise RpcError(-32601, f'Incorrect API "{api}".')

    def _open(self, method: str, parameters: dict[str, Any], secret: str) -> Any:
        if method == "apiinfo.version":
            if secret:
                text = 'The "apiinfo.version" method must be called without the "auth" parameter.'
                raise RpcError(-32602, text)
            return self.server.version
        if method == "user.login":
            return self.access.login(parameters, self.version)
        given = str(parameters.get("sessionid") or parameters.get("token") or "")
        self.access.who(given)
        return {**self.access.user(), "sessionid": given}

    def _problem(self, id: Any) -> Problem:
        for problem in self.server.problems:
            if problem.eventid == str(id):
                return problem
        raise no_permissions()

    def _acknowledge(self, parameters: Parameters, caller: Caller) -> Any:
        given = parameters.get("eventids", [])
        problems = [self._problem(id) for id in (given if isinstance(given, list) else [given])]
        bits, message = int(parameters.get("action", 0)), str(parameters.get("message", ""))
        if bits & (SUPPRESS | UNSUPPRESS) and self.version < (6, 2):
            raise RpcError(-32602, f'Incorrect value for field "action": unexpected value "{bits}".')
        if bits & MESSAGE and not message:
            raise RpcError(-32602, 'Incorrect value for field "message": cannot be empty.')
        for problem in problems:
            severity = int(parameters.get("severity", problem.severity)) if bits & SEVERITY else 0
            self.server.acknowledge(problem, bits, caller.userid, message, severity)
            if bits & SUPPRESS:
                problem.suppressed = "0"
            if bits & (UNSUPPRESS | CLOSE):
                problem.suppressed = ""
        return {"eventids": [int(problem.eventid) for problem in problems]}

    def _update_action(self, parameters: Any, caller: Caller) -> Any:
        changed = []
        for one in parameters if isinstance(parameters, list) else [parameters]:
            action = by_number(self.server.actions, "actionid", one.get("actionid"))
            self.content.change(action, one)
            changed.append(action.actionid)
        return {"actionids": changed}

    def _update_trigger(self, parameters: Parameters, caller: Caller) -> Any:
        trigger = by_number(self.server.triggers, "triggerid", parameters.get("triggerid"))
        if "status" in parameters:
            trigger.enabled = str(parameters["status"]) == "0"
        return {"triggerids": [trigger.triggerid]}

    def _update_host(self, parameters: Parameters, caller: Caller) -> Any:
        host = by_number(self.server.hosts, "hostid", parameters.get("hostid"))
        if "status" in parameters:
            host.enabled = str(parameters["status"]) == "0"
        return {"hostids": [host.hostid]}

    def _execute(self, parameters: Parameters, caller: Caller) -> Any:
        if not caller.session and self.version < (6, 2):
            raise BrokenPhp
        script = by_number(self.server.scripts, "scriptid", parameters.get("scriptid"))
        host = by_number(self.server.hosts, "hostid", parameters.get("hostid"))
        if script.scope == 1:
            raise RpcError(-32500, f"Script is not allowed in manual host action: scope:{script.scope}")
        if not self.server.fabric.agent(host.name):
            raise RpcError(-32500, agent_error(host))
        value = self.server.fabric.restart(host.name, script.service)
        return {"response": "success", "value": value, "debug": []}

    def _check_now(self, parameters: Any, caller: Caller) -> Any:
        given = parameters if isinstance(parameters, list) else [parameters]
        for one in given:
            item = by_number(self.server.items, "itemid", (one.get("request") or {}).get("itemid"))
            self.server.sample_now(item)
        return {"taskids": [self.server.id("task") for _ in given]}

    def _create_maintenance(self, parameters: Parameters, caller: Caller) -> Any:
        name = str(parameters.get("name", ""))
        if not name:
            raise RpcError(-32602, 'Invalid parameter "/1": the parameter "name" is missing.')
        if any(one.name == name for one in self.server.maintenances):
            raise RpcError(-32602, f'Maintenance "{name}" already exists.')
        hosts = self._maintained(parameters)
        if not hosts:
            raise RpcError(-32602, "At least one host group or host must be selected.")
        since, till = (int(parameters.get(key, 0)) // 60 * 60 for key in ("active_since", "active_till"))
        if till <= since:
            raise RpcError(-32602, 'Maintenance "active_till" must be later than "active_since".')
        periods = parameters.get("timeperiods") or []
        one = Maintenance(
            self.server.id("maintenance"), name, str(parameters.get("description", "")), since, till, hosts,
            int(periods[0].get("period", 3600)) if periods else 3600, list(parameters.get("tags") or []),
        )  # fmt: skip
        self.server.maintenances.append(one)
        return {"maintenanceids": [one.maintenanceid]}

    def _maintained(self, parameters: Parameters) -> list[str]:
        """The hosts of a maintenance; plain ids (`hostids`) are gone from 7.2 on."""
        ids = [str(one.get("hostid")) for one in parameters.get("hosts") or []]
        groups = {str(one.get("groupid")) for one in parameters.get("groups") or []}
        if self.version < (7, 2):
            ids += [str(id) for id in parameters.get("hostids") or []]
            groups |= {str(id) for id in parameters.get("groupids") or []}
        ids += [host.hostid for host in self.server.hosts if groups & set(host.groups)]
        known = {host.hostid for host in self.server.hosts}
        if set(ids) - known:
            raise no_permissions()
        return ids

    def _update_maintenance(self, parameters: Parameters, caller: Caller) -> Any:
        one = by_number(self.server.maintenances, "maintenanceid", parameters.get("maintenanceid"))
        one.since = int(parameters.get("active_since", one.since)) // 60 * 60
        one.till = int(parameters.get("active_till", one.till)) // 60 * 60
        return {"maintenanceids": [one.maintenanceid]}

    def _delete_maintenance(self, parameters: Any, caller: Caller) -> Any:
        ids = [str(id) for id in parameters] if isinstance(parameters, list) else []
        if not ids:
            raise RpcError(-32602, 'Invalid parameter "/": cannot be empty.')
        held = [by_number(self.server.maintenances, "maintenanceid", id) for id in ids]
        self.server.maintenances = [one for one in self.server.maintenances if one not in held]
        return {"maintenanceids": ids}


def _reply(body: Any) -> Reply:
    return Reply(200, b"" if body is None else json.dumps(body).encode(), None, HEADERS)
