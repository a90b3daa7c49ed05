"""Answers of the simulated API against recorded ones: the same keys of the same types, the same refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from saitotui.simulator.http_types import Reply, Request

OPS = {"authorization": "PVEAPIToken=root@pam!ops=right"}
WEAK = {"authorization": "PVEAPIToken=root@pam!weak=feeble"}
FORM = "application/x-www-form-urlencoded"

OPTIONAL = {"tags", "lock", "template", "hastate", "tokenid", "comment"}
"""Keys that depend on what is configured, or on who asked."""


def ask(
    bench: Any, url: str, method: str = "GET", body: str = "", here: str = "pve1", **headers: str
) -> Reply:
    parts = urlsplit(url)
    query = dict(item.split("=", 1) for item in parts.query.split("&") if item)
    sent = {**(headers or OPS), "content-type": FORM}
    request = Request(method, "/api2/json" + parts.path, query, sent, body.encode())
    reply: Reply = bench.api.handle(here, request)
    return reply


def data(reply: Reply) -> Any:
    assert reply.status == 200, reply
    return json.loads(reply.body)["data"]


def same(real: Any, ours: Any, where: str) -> list[str]:
    """How `ours` differs from `real` in keys and types; lists are compared by the kinds of their entries."""
    if isinstance(real, dict) and isinstance(ours, dict):
        named = all(re.match(r"vm:|pve\d$|[\w+/]{22}$|tap|UPID", key) for key in real) and bool(real)
        if named:
            return same(list(real.values()), list(ours.values()), where)
        odd = (set(real) ^ set(ours)) - OPTIONAL
        found = [f"{where}: {'extra' if key in ours else 'missing'} {key}" for key in sorted(odd)]
        for key in sorted(set(real) & set(ours)):
            found += same(real[key], ours[key], f"{where}.{key}")
        return found
    if isinstance(real, list) and isinstance(ours, list):
        return _same_lists(real, ours, where)
    numbers = (int, float)
    if isinstance(real, numbers) and isinstance(ours, numbers) and not isinstance(ours, bool):
        return []
    return (
        [] if type(real) is type(ours) else [f"{where}: {type(real).__name__} became {type(ours).__name__}"]
    )


def _same_lists(real: list[Any], ours: list[Any], where: str) -> list[str]:
    if real and not ours:
        return [f"{where}: is empty"]
    found: list[str] = []
    for entry in real:
        kind = _kind(entry)
        peers = [other for other in ours if _kind(other) == kind]
        if not peers:
            found.append(f"{where}: nothing like {kind}")
        else:
            differences: list[list[str]] = [same(entry, peer, f"{where}[{kind}]") for peer in peers]
            found += sorted(differences, key=lambda texts: len(texts))[0]
    return found


def _kind(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return type(entry).__name__
    telling = entry.get("type") in ("node", "qemu", "storage") or "vmid" in entry
    keys = ("type", "state", "running", *(["status"] if telling else []))
    return tuple(str(entry[key]) for key in keys if key in entry)


PATHS = {
    "cluster_status": "/cluster/status",
    "cluster_resources": "/cluster/resources",
    "nodes": "/nodes",
    "ha_status_current": "/cluster/ha/status/current",
    "ha_manager_status": "/cluster/ha/status/manager_status",
    "ha_resource_100": "/cluster/ha/resources/vm:100",
    "version": "/version",
    "node_status_local": "/nodes/pve1/status",
    "node_storage": "/nodes/pve1/storage",
    "storage_local_status": "/nodes/pve1/storage/local/status",
    "qemu_list": "/nodes/pve1/qemu",
    "qemu_list_full": "/nodes/pve1/qemu?full=1",
    "qemu_current_running_ha": "/nodes/pve1/qemu/100/status/current",
    "qemu_current_stopped": "/nodes/pve1/qemu/103/status/current",
    "qemu_config": "/nodes/pve1/qemu/100/config",
    "config_nodes": "/cluster/config/nodes",
    "config_totem": "/cluster/config/totem",
}

ARTEFACTS = {
    "node_status_local.boot-info: extra secureboot",
    "cluster_resources[('qemu', 'stopped')].memhost",
}


@pytest.mark.parametrize("name", sorted(PATHS))
def test_same_fields_as_recorded(bench: Any, recordings: Path, name: str) -> None:
    real = json.loads((recordings / "online" / f"{name}.json").read_text())["body"]["data"]
    differences = same(real, data(ask(bench, PATHS[name])), name)
    # The recorded lab had no disks' counters in guest lists: an artefact that its notes name.
    shown = [text for text in differences if "diskread" not in text and "diskwrite" not in text]
    assert [text for text in shown if text not in ARTEFACTS] == []


def test_resources_of_a_fenced_node(bench: Any, recordings: Path) -> None:
    real = json.loads((recordings / "states" / "resources_fenced.json").read_text())["body"]["data"]
    bench.machines.power_off("pve3")
    bench.machines.run(80)
    ours = data(ask(bench, "/cluster/resources"))
    assert same(real, ours, "resources") == []
    guest = next(entry for entry in ours if entry.get("vmid") == 102)
    assert (guest["status"], guest["hastate"], guest["node"]) == ("running", "fence", "pve3")
    later = bench.machines.time
    bench.machines.run(10)
    again = next(entry for entry in data(ask(bench, "/cluster/resources")) if entry.get("vmid") == 102)
    assert bench.machines.time > later
    assert again["netin"] == guest["netin"], "its counters are frozen"


def test_reports_of_a_dead_node_expire(bench: Any) -> None:
    bench.machines.power_off("pve3")
    bench.machines.run(320)
    node = next(entry for entry in data(ask(bench, "/nodes")) if entry["node"] == "pve3")
    assert set(node) == {"id", "node", "type", "status", "ssl_fingerprint"}


@pytest.mark.parametrize("name", ["manager_maintenance", "manager_error", "manager_migrating"])
def test_manager_status_in_other_states(bench: Any, recordings: Path, name: str) -> None:
    real = json.loads((recordings / "states" / f"{name}.json").read_text())["body"]["data"]
    cluster = bench.cluster
    if name == "manager_maintenance":
        cluster.book.maintenance["pve3"] = True
        bench.machines.run(60)
    elif name == "manager_error":
        cluster.book.maintenance["pve3"] = False
        cluster.guests.broken.add(102)
        cluster.guests.kill(102)
        bench.machines.run(100)
    else:
        cluster.book.commands.append("migrate vm:102 pve1")
        bench.machines.run(12)
    ours = data(ask(bench, "/cluster/ha/status/manager_status"))
    differences = [text for text in same(real, ours, "") if "results" not in text]
    assert differences == []


def disarmed(bench: Any, recordings: Path, name: str, path: str) -> tuple[list[str], Any]:
    """How the answer of `path` differs from the recorded one, and the answer."""
    real = json.loads((recordings / "states" / f"disarm_{name}.json").read_text())["body"]["data"]
    ours = data(ask(bench, f"/cluster/ha/status/{path}"))
    return [
        text for text in same(real, ours, "") if "results" not in text and "node_request" not in text
    ], ours


def test_disarmed_and_armed_again(bench: Any, recordings: Path) -> None:
    refused = ask(bench, "/cluster/ha/status/disarm-ha", "POST", "resource-mode=stop")
    assert refused.status == 400
    assert data(ask(bench, "/cluster/ha/status/disarm-ha", "POST", "resource-mode=freeze")) is None
    while bench.cluster.book.disarm != "disarming":
        bench.machines.run(0.5)
    wrong, ours = disarmed(bench, recordings, "ha_status_disarming", "current")
    assert wrong == []
    fencing = next(entry for entry in ours if entry["type"] == "fencing")
    assert fencing["status"] == "disarming, resource mode: freeze (CRM watchdog active)"
    bench.machines.run(40)
    wrong, ours = disarmed(bench, recordings, "ha_status", "current")
    assert wrong == []
    said = {entry["id"]: entry["status"] for entry in ours}
    assert said["fencing"] == "disarmed, resource mode: freeze (CRM watchdog released)"
    assert said["lrm:pve2"].startswith("pve2 (disarm mode, watchdog released, ")
    assert disarmed(bench, recordings, "manager_status", "manager_status")[0] == []
    bench.machines.power_off("pve3")
    bench.machines.run(200)
    assert 102 not in bench.machines.guests_on, "nobody recovers anything"
    assert data(ask(bench, "/cluster/ha/status/arm-ha", "POST")) is None
    bench.machines.run(40)
    said = {entry["id"]: entry["status"] for entry in data(ask(bench, "/cluster/ha/status/current"))}
    assert said["fencing"] == "armed (CRM watchdog active)"


def recorded_error(path: Path) -> tuple[str, str, dict[str, str], str, int, str, str]:
    """method, path, headers, body of the request; status, reason and body of the reply."""
    request, *lines = path.read_text().splitlines()
    headers = {}
    if found := re.search(r"-H Authorization: (\S+)", request):
        headers["authorization"] = found[1].replace("weak=<token-secret>", "weak=feeble").replace(
            "ops=<token-secret>", "ops=right"
        )  # fmt: skip
    if found := re.search(r"-b (\S+)", request):
        headers["cookie"] = found[1]
    url = re.search(r"https://[\d.]+:8006/api2/json(\S+)", request)
    assert url is not None
    body = "&".join(re.findall(r"-d (\S+)", request))
    method = re.search(r"-X (\w+)", request)
    _, status, reason = lines[0].split(" ", 2)
    text = "\n".join(lines[lines.index("") :]).strip()
    return (
        method[1] if method else "POST" if body else "GET",
        url[1],
        headers,
        body,
        int(status),
        reason,
        text,
    )


ERRORS = sorted(
    path.name for path in (Path(__file__).parents[2] / "recordings/simulator/pve/errors").glob("*")
)


@pytest.mark.parametrize("name", ERRORS)
def test_refuses_as_recorded(bench: Any, recordings: Path, name: str) -> None:
    method, url, headers, body, status, reason, text = recorded_error(recordings / "errors" / name)
    if name == "500-start-running.txt":
        # There guest 102 had been moved to pve1 before.
        bench.cluster.book.commands.append("migrate vm:102 pve1")
        bench.machines.run(45)
    sent = headers or {"nothing": "sent"}
    reply = ask(bench, url, method, body, **sent)
    assert (reply.status, reply.reason) == (status, reason)
    if not text:
        assert reply.body == b""
        return
    real, ours = json.loads(text), json.loads(reply.body)
    if status == 200:
        assert same(real, ours, name) == []
    else:
        assert ours == real


def test_a_dead_nodes_paths(bench: Any) -> None:
    bench.machines.power_off("pve3")
    reply = ask(bench, "/nodes/pve3/status")
    assert (reply.status, reply.reason, reply.body) == (595, "No route to host", b"")
    assert reply.delay == pytest.approx(3)
    assert data(ask(bench, "/cluster/status"))


def test_a_hung_daemon(bench: Any, recordings: Path) -> None:
    real = json.loads((recordings / "states" / "remote_protected_pvedaemon_stopped.json").read_text())
    bench.cluster.nodes["pve3"].daemon_hung = True
    reply = ask(bench, "/nodes/pve3/qemu/102/status/current")
    assert real["_http"] == f"HTTP/1.1 {reply.status} {reply.reason}"
    assert reply.body == b""
    assert ask(bench, "/nodes/pve3/status").status == 200, "answered by pveproxy itself"


def test_without_quorum_reads_work_and_writes_fail(bench: Any) -> None:
    bench.machines.cut.add("pve2")
    bench.machines.run(20)
    status = data(ask(bench, "/cluster/status", here="pve2"))
    assert next(entry for entry in status if entry["type"] == "cluster")["quorate"] == 0
    assert {entry["name"]: entry["online"] for entry in status if entry["type"] == "node"} == {
        "pve1": 0,
        "pve2": 1,
        "pve3": 0,
    }
    assert ask(bench, "/nodes/pve2/qemu/101/status/start", "POST", here="pve2").reason == (
        "cluster not ready - no quorum?"
    )
    reply = ask(bench, "/cluster/ha/resources/vm:101", "PUT", "state=stopped", here="pve2")
    assert reply.reason == "update resources config failed: cfs-lock 'domain-ha' error: no quorum!"
    assert data(ask(bench, "/cluster/status"))[0]["quorate"] == 1, "the majority sees itself"


def test_a_managed_guest_is_stopped_by_a_queued_request(bench: Any) -> None:
    upid = data(ask(bench, "/nodes/pve3/qemu/102/status/stop", "POST"))
    assert ":hastop:102:root@pam!ops:" in upid
    bench.machines.run(2)
    state = data(ask(bench, f"/nodes/pve3/tasks/{upid}/status"))
    assert (state["status"], state["exitstatus"]) == ("stopped", "OK")
    assert bench.cluster.guests.running(102, "pve3"), "only queued yet"
    log = data(ask(bench, f"/nodes/pve3/tasks/{upid}/log"))
    assert [line["t"] for line in log] == ["Requesting HA stop for VM 102", "TASK OK"]
    bench.machines.run(40)
    assert data(ask(bench, "/nodes/pve3/qemu/102/status/current"))["status"] == "stopped"


def test_an_unmanaged_guest(bench: Any, recordings: Path) -> None:
    again = data(ask(bench, "/nodes/pve1/qemu/110/status/start", "POST"))
    log = json.loads(ask(bench, f"/nodes/pve1/tasks/{again}/log").body)
    real = json.loads((recordings / "states" / "vm_start_already.task_log.json").read_text())["body"]
    assert log == {**real, "data": [{"n": 1, "t": "TASK ERROR: VM 110 already running"}]}
    refused = ask(bench, "/nodes/pve1/qemu/110/migrate", "POST", "target=pve3")
    assert (refused.status, refused.reason) == (500, "can't migrate running VM without --online")
    upid = data(ask(bench, "/nodes/pve1/qemu/110/migrate", "POST", "target=pve3&online=1"))
    running = data(ask(bench, f"/nodes/pve1/tasks/{upid}/status"))
    assert (
        same(json.loads((recordings / "states/task_running.json").read_text())["body"]["data"], running, "")
        == []
    )
    bench.machines.run(25)
    done = data(ask(bench, f"/nodes/pve1/tasks/{upid}/status"))
    assert (
        same(json.loads((recordings / "states/task_done.json").read_text())["body"]["data"], done, "") == []
    )
    assert data(ask(bench, "/nodes/pve3/qemu/110/status/current"))["status"] == "running"


def test_tickets(bench: Any) -> None:
    ticket = data(ask(bench, "/access/ticket", "POST", "username=root@pam&password=password"))
    cookie = {"cookie": f"PVEAuthCookie={ticket['ticket']}"}
    assert data(ask(bench, "/version", **cookie))["release"] == "9.2"
    refused = ask(bench, "/cluster/ha/resources/vm:100", "PUT", "comment=x", **cookie)
    assert (refused.status, refused.reason) == (401, "Permission denied - invalid csrf token")
    csrf = {**cookie, "csrfpreventiontoken": ticket["CSRFPreventionToken"]}
    assert ask(bench, "/cluster/ha/resources/vm:100", "PUT", "comment=x", **csrf).status == 200
    assert data(ask(bench, "/cluster/ha/resources/vm:100"))["comment"] == "x"


def test_a_number_that_is_none(bench: Any) -> None:
    for method, url, body in (
        ("GET", "/nodes/pve1/tasks?limit=many", ""),
        ("PUT", "/cluster/ha/resources/vm:100", "max_restart=x"),
    ):
        reply = ask(bench, url, method, body)
        assert reply.status == 400
        (text,) = json.loads(reply.body)["errors"].values()
        assert text.startswith("type check ('integer') failed - got")
