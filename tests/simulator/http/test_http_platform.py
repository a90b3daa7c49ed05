"""The parts together in one world: what happens to a machine has its consequences everywhere."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from saitotui.simulator.door import DARK, HUNG, OPEN, REFUSED
from saitotui.simulator.http_parts import door_state
from saitotui.simulator.http_types import Request
from saitotui.simulator.pve_answers import Answers


def visit(platform: Any, path: str, web: str = "web1") -> int:
    return int(platform.application.front.handle(web, Request("GET", path)).status)


def test_a_lost_node_takes_its_guests_along_and_they_come_back_elsewhere(platform: Any) -> None:
    world = platform.world
    world.inject("power-loss", "pve1")
    for guest in ("db1", "lb1", "tc1"):
        assert not world.machines[guest].powered, guest
    assert world.machines["tc2"].powered
    assert visit(platform, "/app/login") == 200, "the other Tomcats serve"
    world.clock.advance(70)
    resources = Answers(platform.cluster.cluster, "pve2").resources("vm")
    db1 = next(entry for entry in resources if entry["name"] == "db1")
    assert (db1["node"], db1["status"]) == ("pve1", "running"), "stale but plausible"
    world.clock.advance(150)
    assert world.machines["db1"].up
    assert platform.cluster.node_of("db1") == "pve3", "kept apart from db2 on pve2"
    world.heal()
    world.clock.advance(120)
    status = Answers(platform.cluster.cluster, "pve1").cluster_status()
    assert [entry["online"] for entry in status if entry["type"] == "node"] == [1, 1, 1]


def test_a_hung_node_takes_its_guests_along(platform: Any) -> None:
    world = platform.world
    world.inject("hung-host", "pve2")
    assert world.machines["db2"].hung
    assert world.machines["db1"].up
    world.clock.advance(70)
    assert not world.machines["pve2"].hung, "its watchdog has reset it"


def test_a_node_cut_off(platform: Any) -> None:
    world = platform.world
    world.inject("network-cut", "pve2")
    assert not world.machines["tc2"].reachable
    world.heal()
    assert world.machines["tc2"].reachable


def test_a_partition_leaves_both_sides_answering(platform: Any) -> None:
    platform.world.inject("pve-partition", "pve3")
    platform.world.clock.advance(20)
    minority = Answers(platform.cluster.cluster, "pve3").ha_status()
    majority = Answers(platform.cluster.cluster, "pve1").ha_status()
    assert minority[0]["status"] == "No quorum on node 'pve3'!"
    assert majority[0]["status"] == "OK"
    code = platform.world.machines["pve3"].programs["corosync-quorumtool"](
        platform.world.machines["pve3"], ["corosync-quorumtool", "-s"], ""
    )
    assert "Activity blocked" in code.out


def test_zabbix_restarts_what_died(platform: Any) -> None:
    world = platform.world
    world.inject("service-stop", "web1/nginx")
    world.clock.advance(20)
    assert world.machines["web1"].runs("nginx")
    assert [alert.message for alert in platform.monitoring.server.alerts] == [
        "web1:/opt/recovery/svc.sh restart nginx"
    ]


def test_zabbix_disarmed(platform: Any) -> None:
    world = platform.world
    world.inject("zabbix-disarmed", "zabbix")
    world.inject("service-stop", "tc1/tomcat10")
    world.clock.advance(40)
    assert not world.machines["tc1"].runs("tomcat10")
    names = [problem.trigger.description for problem in platform.monitoring.server.problems]
    assert names == ["Tomcat is down on tc1"]
    assert platform.application.tomcats.tomcats["tc2"].members == {"tc3"}
    assert visit(platform, "/app/login") == 200


def test_no_agent_is_heard_through_a_cut(platform: Any) -> None:
    platform.world.inject("network-cut", "mon1")
    platform.world.clock.advance(40)
    problems = [problem.trigger.description for problem in platform.monitoring.server.problems]
    assert len(problems) == len(platform.world.machines) - 1
    assert all("unreachable" in text for text in problems)


def test_a_storm_comes_and_goes(platform: Any) -> None:
    platform.world.inject("zabbix-storm", "zabbix")
    platform.world.clock.advance(30)
    assert sum(problem.open for problem in platform.monitoring.server.problems) == 240
    platform.world.heal()
    assert not any(problem.open for problem in platform.monitoring.server.problems)


def test_robots_buttons(platform: Any) -> None:
    world = platform.world
    platform.hardware.press("pve1", "power_long")
    assert not world.machines["pve1"].powered
    platform.hardware.press("pve1", "power")
    world.clock.advance(25)
    assert world.machines["pve1"].up
    world.machines["st1"].hung = True
    platform.hardware.press("st1", "sw")
    assert world.machines["st1"].hung, "a hung kernel does not hear Ctrl+Alt+Del"
    platform.hardware.press("st1", "hw")
    world.clock.advance(25)
    assert world.machines["st1"].up


@pytest.mark.parametrize(
    "fault", ["tomcat-isolated", "version-order", "draining", "context-failed", "tomcat-heap"]
)
def test_faults_of_a_tomcat_heal(platform: Any, fault: str) -> None:
    world = platform.world
    before = [app.name for app in platform.application.tomcats.tomcats["tc2"].apps.values()]
    assert world.inject(fault, "tc2")
    world.clock.advance(5)
    assert world.heal()
    world.clock.advance(5)
    tomcat = platform.application.tomcats.tomcats["tc2"]
    assert [app.name for app in tomcat.apps.values()] == before
    assert tomcat.members == {"tc1", "tc3"}


def test_doors_stand_as_their_machines(platform: Any) -> None:
    world = platform.world
    machine = world.machines["web1"]
    states = []
    for change in (
        lambda: None,
        lambda: world.service("web1", "nginx", "stopped"),
        lambda: world.service("web1", "nginx", "hung"),
        lambda: setattr(machine, "hung", True),
        lambda: setattr(machine, "cut", True),
    ):
        change()
        states.append(door_state(machine, "nginx"))
    assert states == [OPEN, REFUSED, HUNG, HUNG, DARK]


async def test_real_clients_over_real_sockets(served: Any) -> None:
    doors, passwords = served.doors, served.platform.passwords
    token = {"authorization": f"PVEAPIToken=saitotui@pve!console={passwords.pve_token}"}
    async with httpx.AsyncClient(verify=served.trust(), timeout=5) as client:
        answer = await client.get(doors.url("pve2/api") + "/api2/json/cluster/status", headers=token)
        assert len(answer.json()["data"]) == 4
        refused = await client.get(doors.url("pve1/api") + "/api2/json/nodes/pve9/status", headers=token)
        assert refused.status_code == 500
        assert refused.reason_phrase.startswith("hostname lookup 'pve9' failed")
        nobody = await client.get(doors.url("pve1/api") + "/api2/json/version")
        assert (nobody.status_code, nobody.reason_phrase, nobody.content) == (401, "No ticket", b"")
        listed = await client.get(
            doors.url("tc1/http") + "/manager/text/list", auth=("saitotui", passwords.tomcat)
        )
        assert listed.text.startswith("OK - Listed applications")
        closed = await client.get(doors.url("tc1/http") + "/manager/text/list")
        assert (closed.status_code, closed.reason_phrase) == (401, "")
        page = await client.get(doors.url("web2/status") + "/nginx_status")
        assert page.text.startswith("Active connections:")
        servers = await client.get(doors.url("robot") + "/server", auth=("#ws+fsn1", passwords.robot))
        assert len(servers.json()) == 5
        body = {"jsonrpc": "2.0", "method": "host.get", "params": {"output": ["host"]}, "id": 1,
                "auth": passwords.zabbix_token}  # fmt: skip
        hosts = await client.post(doors.url("zabbix") + "/api_jsonrpc.php", content=json.dumps(body),
                                  headers={"content-type": "application/json-rpc"})  # fmt: skip
        assert len(hosts.json()["result"]) == 15


async def test_a_stopped_service_refuses_and_a_dark_machine_is_silent(served: Any) -> None:
    world, doors = served.platform.world, served.doors
    world.service("web1", "nginx", "stopped")
    async with httpx.AsyncClient(timeout=5) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(doors.url("web1/front") + "/")
        world.service("web1", "nginx", "running")
        assert (await client.get(doors.url("web1/front") + "/")).status_code == 200
        world.power_off("web1")
        with pytest.raises((httpx.ConnectTimeout, httpx.ReadTimeout)):
            await client.get(doors.url("web1/front") + "/", timeout=0.2)


async def test_an_untrusting_peer_does_not_hurt(served: Any) -> None:
    async with httpx.AsyncClient(timeout=5) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(served.doors.url("robot") + "/server")
    reader, writer = await asyncio.open_connection("127.0.0.1", served.doors.doors["robot"].port)
    writer.write(b"GET /server HTTP/1.1\r\n\r\n")
    assert await reader.read() != b"HTTP"
    writer.close()
