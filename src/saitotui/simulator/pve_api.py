"""The Proxmox VE API of one node: routes, refusals, and the proxying of `/nodes/OTHER/...`.

The error text is the HTTP reason phrase, repeated in the body as `message` (libpve-http-server 5.2);
401, 595 and 596 have an empty body. Delays are simulated seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from saitotui.simulator.http_types import Reply, Request
from saitotui.simulator.pve_access import Access, Account, Refused
from saitotui.simulator.pve_acts import Acts, PveError, bad_parameter
from saitotui.simulator.pve_answers import VERSION, Answers
from saitotui.simulator.pve_book import GuestConfig
from saitotui.simulator.pve_cluster import PveCluster
from saitotui.simulator.pve_node_answers import NodeAnswers
from saitotui.simulator.pve_tasks import Task

Json = Any
NO_ROUTE, NO_ANSWER = 3.0, 30.0
HEADERS = (("Cache-Control", "max-age=0"), ("Pragma", "no-cache"), ("Server", "pve-api-daemon/3.0"))
JSON = ("Content-Type", "application/json;charset=UTF-8")


@dataclass(frozen=True, slots=True)
class Call:
    """A call as its handler sees it: `path` holds the named parts of the path."""

    account: Account
    path: Mapping[str, str]
    parameters: dict[str, str]
    answers: Answers
    node: NodeAnswers
    acts: Acts

    def number(self, name: str, default: int) -> int:
        """A whole number among the parameters."""
        text = self.parameters.get(name, str(default))
        if not text.isdigit():
            raise bad_parameter(**{name: f"type check ('integer') failed - got '{text}'"})
        return int(text)

    @property
    def guest(self) -> GuestConfig:
        """The guest of the path; PveError when it does not lie on this node."""
        text = self.path["vmid"]
        if not text.isdigit():
            raise bad_parameter(vmid=f"type check ('integer') failed - got '{text}'")
        guest = self.node.mine(int(text))
        if guest is None:
            here = self.node.here
            raise PveError(f"Configuration file 'nodes/{here}/qemu-server/{text}.conf' does not exist")
        return guest

    @property
    def task(self) -> Task:
        upid = self.path["upid"]
        if not re.fullmatch(r"UPID(:[^:]*){8}", upid):
            raise bad_parameter(upid="unable to parse worker upid")
        task = self.node.cluster.tasks.find(upid)
        if task is None:
            raise bad_parameter(upid="no such task")
        return task


@dataclass(frozen=True, slots=True)
class Whole:
    """A handler's answer that has more members than `data`."""

    body: dict[str, Json]


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Route:
    """`needs` and `takes` name its parameters; `privilege` is what a weak token is told that it lacks."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    privilege: str = ""
    protected: bool = False


def _task_log(call: Call) -> Whole:
    lines = call.task.lines()
    start = call.number("start", 0)
    shown = lines[start : start + call.number("limit", 50)]
    data = [{"n": number, "t": text} for number, text in enumerate(shown, start + 1)]
    return Whole({"data": data, "total": len(lines)})


def _node_tasks(call: Call) -> Whole:
    parameters = call.parameters
    source = parameters.get("source", "archive")
    entries, total = call.node.tasks(source, parameters.get("errors") == "1", call.number("limit", 50))
    return Whole({"data": entries} if source == "active" else {"data": entries, "total": total})


def _storage(call: Call) -> Json:
    found = call.node.storage(call.path["storage"])
    if found is None:
        raise PveError(f"storage '{call.path['storage']}' does not exist")
    return found


def _nothing(call: Call, do: Callable[[], None]) -> None:
    do()


def _weak_nodes(call: Call) -> Json:
    keys = ("id", "node", "type", "status", "level", "ssl_fingerprint", "cgroup-mode", "hastate")
    return [{key: entry[key] for key in keys if key in entry} for entry in call.answers.nodes()]


def _weak_resources(call: Call) -> Json:
    keys = ("id", "node", "type", "status", "level", "cgroup-mode", "hastate")
    nodes = call.answers.resources("node")
    return [{key: entry[key] for key in keys if key in entry} for entry in nodes]


def _power(act: str) -> Handler:
    return lambda call: call.acts.power(call.guest, act, call.account)


def _move(verb: str) -> Handler:
    return lambda call: call.acts.ha_move(call.path["sid"], verb, call.parameters["node"])


def _groups(call: Call) -> Json:
    raise PveError("cannot index groups: ha groups have been migrated to rules")


def _only_root(call: Call) -> Json:
    raise PveError("Permission check failed (user != root@pam)", 403)


def _route(method: str, path: str, handler: Handler, **more: Any) -> Route:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
    return Route(method, pattern, handler, **more)


AUDIT, NODE_AUDIT = "/, Sys.Audit", "/nodes/{node}, Sys.Audit"
VM_AUDIT, VM_POWER = "/vms/{vmid}, VM.Audit", "/vms/{vmid}, VM.PowerMgmt"
QEMU = "/nodes/{node}/qemu"
HA = "/cluster/ha"
HA_OPTIONS = ("state", "max_restart", "max_relocate", "comment", "type", "digest", "failback")

ROUTES = (
    _route("GET", "/version", lambda call: VERSION),
    _route("GET", "/nodes", lambda call: _weak_nodes(call) if call.account.weak else call.answers.nodes()),
    _route("GET", "/cluster/status", lambda call: call.answers.cluster_status(), privilege=AUDIT),
    _route("GET", "/cluster/resources",
           lambda call: _weak_resources(call) if call.account.weak
           else call.answers.resources(call.parameters.get("type", "")), takes=("type",)),
    _route("GET", "/cluster/tasks", lambda call: call.answers.tasks()),
    _route("GET", "/cluster/log", lambda call: call.answers.log(call.number("max", 50)),
           takes=("max",)),
    _route("GET", "/cluster/config/nodes", lambda call: call.answers.config_nodes(), privilege=AUDIT),
    _route("GET", "/cluster/config/totem", lambda call: call.answers.config_totem(), privilege=AUDIT),
    _route("POST", "/cluster/config", _only_root, needs=("clustername",), takes=("link0", "nodeid")),
    _route("POST", "/cluster/config/join", _only_root, needs=("hostname", "fingerprint", "password"),
           takes=("link0",)),
    _route("GET", f"{HA}/status/current", lambda call: call.answers.ha_status(), privilege=AUDIT),
    _route("GET", f"{HA}/status/manager_status", lambda call: call.answers.manager_status(), privilege=AUDIT),
    _route("POST", f"{HA}/status/arm-ha", lambda call: call.acts.arm(), privilege="/, Sys.Console",
           protected=True),
    _route("POST", f"{HA}/status/disarm-ha", lambda call: call.acts.disarm(call.parameters["resource-mode"]),
           needs=("resource-mode",), privilege="/, Sys.Console", protected=True),
    _route("GET", f"{HA}/groups", _groups, privilege=AUDIT),
    _route("GET", f"{HA}/rules", lambda call: call.answers.ha_rules(), privilege=AUDIT),
    _route("GET", f"{HA}/resources", lambda call: call.answers.ha_resources(), takes=("type",),
           privilege=AUDIT),
    _route("POST", f"{HA}/resources", lambda call: call.acts.ha_create(call.parameters), needs=("sid",),
           takes=HA_OPTIONS, privilege="/, Sys.Console"),
    _route("GET", f"{HA}/resources/{{sid}}",
           lambda call: call.answers.ha_resource(call.acts.ha_resource(call.path["sid"]).sid),
           privilege=AUDIT),
    _route("PUT", f"{HA}/resources/{{sid}}",
           lambda call: call.acts.ha_update(call.path["sid"], call.parameters), takes=HA_OPTIONS,
           privilege="/, Sys.Console"),
    _route("DELETE", f"{HA}/resources/{{sid}}", lambda call: call.acts.ha_delete(call.path["sid"]),
           takes=("purge",), privilege="/, Sys.Console"),
    _route("POST", f"{HA}/resources/{{sid}}/migrate", _move("migrate"), needs=("node",),
           privilege="/, Sys.Console"),
    _route("POST", f"{HA}/resources/{{sid}}/relocate", _move("relocate"), needs=("node",),
           privilege="/, Sys.Console"),
    _route("GET", "/nodes/{node}/status", lambda call: call.node.status(), privilege=NODE_AUDIT),
    _route("POST", "/nodes/{node}/status", lambda call: call.acts.node_power(call.parameters["command"]),
           needs=("command",), privilege="/nodes/{node}, Sys.PowerMgmt", protected=True),
    _route("GET", "/nodes/{node}/version", lambda call: VERSION),
    _route("GET", "/nodes/{node}/tasks", _node_tasks,
           takes=("source", "errors", "limit", "start", "vmid", "typefilter", "since", "until")),
    _route("GET", "/nodes/{node}/tasks/{upid}/status", lambda call: call.task.state(), protected=True),
    _route("GET", "/nodes/{node}/tasks/{upid}/log", _task_log, takes=("start", "limit"), protected=True),
    _route("GET", "/nodes/{node}/storage", lambda call: call.node.storages(), takes=("content", "enabled"),
           protected=True),
    _route("GET", "/nodes/{node}/storage/{storage}/status", _storage, protected=True),
    _route("GET", QEMU, lambda call: call.node.guests(call.parameters.get("full") == "1"), takes=("full",),
           protected=True),
    _route("POST", QEMU, lambda call: call.acts.create(call.parameters, call.account), needs=("vmid",),
           takes=("name", "memory", "cores", "description"), privilege="/vms/{vmid}, VM.Allocate",
           protected=True),
    _route("DELETE", f"{QEMU}/{{vmid}}", lambda call: call.acts.destroy(call.guest, call.account),
           privilege="/vms/{vmid}, VM.Allocate", protected=True),
    _route("GET", f"{QEMU}/{{vmid}}/config", lambda call: call.node.config(call.guest), takes=("current",),
           privilege=VM_AUDIT),
    _route("GET", f"{QEMU}/{{vmid}}/status/current", lambda call: call.node.guest(call.guest),
           privilege=VM_AUDIT, protected=True),
    _route("POST", f"{QEMU}/{{vmid}}/status/start", _power("start"), takes=("timeout", "skiplock"),
           privilege=VM_POWER, protected=True),
    _route("POST", f"{QEMU}/{{vmid}}/status/stop", _power("stop"), takes=("timeout", "skiplock"),
           privilege=VM_POWER, protected=True),
    _route("POST", f"{QEMU}/{{vmid}}/status/shutdown", _power("shutdown"),
           takes=("timeout", "forceStop", "skiplock"), privilege=VM_POWER, protected=True),
    _route("POST", f"{QEMU}/{{vmid}}/migrate",
           lambda call: call.acts.migrate(call.guest, call.parameters["target"],
                                          call.parameters.get("online") == "1", call.account),
           needs=("target",), takes=("online", "with-local-disks", "force"),
           privilege="/vms/{vmid}, VM.Migrate", protected=True),
)  # fmt: skip


class PveApi:
    """The API of all nodes; `handle` is asked of one of them."""

    def __init__(self, cluster: PveCluster, access: Access) -> None:
        self.cluster, self.access = cluster, access

    def handle(self, here: str, request: Request) -> Reply:
        """The reply of node `here`."""
        path = request.path.removeprefix("/api2/json").rstrip("/") or "/"
        if not request.path.startswith("/api2/json"):
            return _error(PveError(f"no such file '{request.path}'", 404))
        try:
            if path == "/access/ticket" and request.method == "POST":
                return self._login(request)
            account = self.access.who(request)
            return self._answer(here, path, request, account)
        except Refused as refused:
            return Reply(401, b"", refused.reason, HEADERS, refused.delay)
        except PveError as error:
            return _error(error)

    def _login(self, request: Request) -> Reply:
        form = _parameters(request)
        for name in ("username", "password"):
            if name not in form:
                raise bad_parameter(**{name: "property is missing and it is not optional"})
        user = form["username"]
        if "@" not in user and (realm := form.get("realm")):
            user = f"{user}@{realm}"
        try:
            return _done({"data": self.access.login(user, form["password"])})
        except Refused as refused:
            return _error(PveError(refused.reason, 401, delay=refused.delay))

    def _answer(self, here: str, path: str, request: Request, account: Account) -> Reply:
        for route in ROUTES:
            found = route.pattern.fullmatch(path)
            if found is None or route.method != request.method:
                continue
            named = found.groupdict()
            if account.weak and route.privilege:
                raise PveError(f"Permission check failed ({route.privilege.format(**named)})", 403)
            if lost := self._unreachable(here, named.get("node", here), route.protected):
                return lost
            node = named.get("node", here)
            parameters = _checked(route, _parameters(request))
            acts = Acts(self.cluster, node)
            call = Call(account, named, parameters, Answers(self.cluster, here),
                        NodeAnswers(self.cluster, node), acts)  # fmt: skip
            answer = route.handler(call)
            return _done(answer.body if isinstance(answer, Whole) else {"data": answer})
        raise PveError(f"Method '{request.method} {path}' not implemented", 501)

    def _unreachable(self, here: str, node: str, protected: bool) -> Reply | None:
        """The proxy's answer when `node` cannot be asked; None when it can."""
        if node not in self.cluster.known(here):
            text = f"hostname lookup '{node}' failed - failed to get address info for: {node}: "
            raise PveError(text + "Temporary failure in name resolution", delay=10.0)
        fabric = self.cluster.fabric
        if node != here and (fabric.boot(node) is None or not fabric.connected(here, node)):
            return Reply(595, b"", "No route to host", HEADERS, NO_ROUTE)
        if fabric.stuck(node):
            return Reply(595, b"", "Connection timed out", HEADERS, NO_ANSWER)
        if protected and self.cluster.nodes[node].daemon_hung:
            return Reply(596, b"", "Connection timed out", HEADERS, NO_ANSWER)
        return None


def _parameters(request: Request) -> dict[str, str]:
    found = dict(request.query)
    if request.headers.get("content-type", "").startswith("application/json") and request.body:
        try:
            values = json.loads(request.body)
        except ValueError:
            raise PveError("Wrong syntax in JSON", 400) from None
        found |= {name: str(value) for name, value in values.items()} if isinstance(values, dict) else {}
        return found
    return found | request.form


def _checked(route: Route, parameters: dict[str, str]) -> dict[str, str]:
    errors = {
        name: "property is missing and it is not optional" for name in route.needs if name not in parameters
    }
    allowed = {*route.needs, *route.takes}
    schema = "property is not defined in schema and the schema does not allow additional properties"
    errors |= {name: schema for name in parameters if name not in allowed}
    if errors:
        raise bad_parameter(**errors)
    return parameters


def _done(body: dict[str, Json]) -> Reply:
    return Reply(200, json.dumps(body, separators=(",", ":")).encode(), "OK", (*HEADERS, JSON))


def _error(error: PveError) -> Reply:
    line = "" if error.status == 501 else "\n"
    body: dict[str, Json] = {"data": None, "message": error.reason + line}
    if error.errors:
        body["errors"] = error.errors
    text = json.dumps(body, separators=(",", ":")).encode()
    return Reply(error.status, text, error.reason, (*HEADERS, JSON), error.delay)
