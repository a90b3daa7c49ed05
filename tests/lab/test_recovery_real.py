"""Automatic recovery on a real Zabbix, with real agents, of real services: installed, at work, taken away."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.lab.host import Service, wait_for
from tests.lab.nginx import get
from tests.lab.pair import BALANCERS
from tests.lab.platform import Lab
from tests.lab.swaps import saitotui, walk
from tests.lab.zabbix import AGENT_PORT, HOST_GROUP, NUMBER, Zabbix

from saitotui.model.plan import Outcome

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Other:
    """Another profile of the same platform."""

    profile: Path


@pytest.fixture(scope="module")
def zabbix(built: Lab) -> Iterator[Zabbix]:
    with tempfile.TemporaryDirectory(prefix="saitotui-zabbix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        net = next(iter(built.machines.values())).address.rpartition(".")[0]
        with Zabbix(built, folder, f"{net}.{NUMBER}") as zabbix:
            walk(zabbix, folder / "state", "zabbix-recovery")
            yield zabbix


CHANGES = ("import", "massadd", "create", "update", "delete", "systemctl", "cat >")


def changes(said: str) -> list[str]:
    """The lines of a run's output in which it changed something."""
    return [line for line in said.splitlines() if " ACT " in line and any(word in line for word in CHANGES)]


def test_installed_again_nothing_changes(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    assert changes(walk(zabbix, tmp_path, "zabbix-recovery", end=Outcome.ALREADY)) == []
    seen: list[list[str]] = []

    def well() -> bool:
        """What was wrong for a moment at the start is over."""
        told = json.loads(saitotui(zabbix, tmp_path, "status", "--json").stdout)
        seen.append([one["sentence"] for one in told["findings"] if one["code"].startswith("monitoring.")])
        return not seen[-1]

    try:
        wait_for("nothing to be wrong in Zabbix", well)
    finally:
        print("\nfound in Zabbix after the installation", seen)


def test_what_was_changed_by_hand_is_told_and_mended(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    """An item that samples once a minute now, and an action that is disarmed."""
    question = {"output": ["itemid"], "filter": {"key_": "saitotui.nginx"}, "templated": True}
    (item,) = zabbix.call("item.get", question)
    zabbix.call("item.update", {"itemid": item["itemid"], "delay": "1m"})
    (action,) = zabbix.call(
        "action.get", {"filter": {"name": "saitotui: restart nginx"}, "output": ["actionid"]}
    )
    zabbix.call("action.update", {"actionid": action["actionid"], "status": 1})
    said = walk(zabbix, tmp_path, "zabbix-recovery")
    assert "AMBER: the template 'saitotui nginx' is as shipped, or not there: item" in said
    assert len(changes(said)) == 3, changes(said)
    assert changes(walk(zabbix, tmp_path, "zabbix-recovery", end=Outcome.ALREADY)) == []


def recovered(zabbix: Zabbix, name: str, dies: Callable[[], None], works: Callable[[], bool]) -> None:
    """It dies, a robot starts it again, and Zabbix says so; how long that took is printed."""
    before = zabbix.commands()
    dies()
    began = time.monotonic()
    wait_for(f"{name} to be dead", lambda: not works())
    problem = wait_for(f"Zabbix to see that {name} is dead", lambda: bool(zabbix.problems()))
    wait_for(f"{name} to be started again", works)
    up = time.monotonic() - began
    wait_for("Zabbix to see that it is well again", lambda: not zabbix.problems())
    print(
        f"\n{name}: seen after {problem:.1f} s, works after {up:.1f} s, told {time.monotonic() - began:.1f} s"
    )
    new = zabbix.commands()[len(before) :]
    assert [(one["status"], one["error"]) for one in new] == [("1", "")], new
    assert f"saitotui-recover {name}" in new[0]["message"]


@pytest.fixture
def own(zabbix: Zabbix, platform: Lab) -> Iterator[None]:
    """Afterwards every service is the lab's own process again: a robot's is not its child."""
    yield
    services: list[Service] = [platform.nginx, *platform.balancers.values()]
    for service in services:
        if not service.running:
            service.machine.run("pkill", "-KILL", "-x", service.name)
            service.start()
    platform.settle()


@pytest.mark.usefixtures("own")
def test_a_dead_nginx_is_started_again(zabbix: Zabbix, platform: Lab) -> None:
    nginx = platform.nginx

    def dies() -> None:
        """Its workers, too: without their master they go on answering."""
        nginx.machine.run("pkill", "-KILL", "-x", "nginx")

    recovered(zabbix, "nginx", dies, lambda: get(nginx.status_url) == 200)


@pytest.mark.usefixtures("own")
def test_a_dead_haproxy_is_started_again(zabbix: Zabbix, platform: Lab) -> None:
    node = platform.balancers["lb2"]
    recovered(zabbix, "haproxy", node.kill, node.answers)


def test_a_dead_tomcat_is_started_again(zabbix: Zabbix, platform: Lab) -> None:
    tomcat = platform.tomcats["tc2"]
    try:
        recovered(zabbix, "tomcat", tomcat.kill, tomcat.answers)
    finally:
        tomcat.start_over()
        platform.settle()


def test_a_dead_replica_is_started_again(zabbix: Zabbix, platform: Lab) -> None:
    replica = platform.databases[platform.replica]
    try:
        recovered(zabbix, "database", replica.kill, lambda: replica.answers() and replica.caught_up())
    finally:
        replica.end_all()
        replica.start()
        replica.sql(replica.start_following)
        platform.settle()


def test_a_dead_master_is_for_people(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    """The robot asks the host, which refuses; the console offers the runbook."""
    master = platform.databases[platform.master]
    platform.kill_master()
    try:
        wait_for("Zabbix to see it", lambda: bool(zabbix.problems()))
        wait_for(
            "the robot to have asked",
            lambda: bool(zabbix.commands()) and "database" in zabbix.commands()[-1]["message"],
        )
        time.sleep(3)
        assert not master.answers()
        seen = json.loads(saitotui(zabbix, tmp_path, "status", "--json").stdout)
        offered = {book for one in seen["findings"] for book in one["runbooks"]}
        assert "promote-db-replica" in offered
        (event,) = zabbix.problems()
        walk(zabbix, tmp_path, "answer-problem", "-p", f"event={event}", "-p", "message=I have it")
        question = {"output": ["acknowledged"], "eventids": [event], "selectAcknowledges": ["message"]}
        (problem,) = zabbix.call("problem.get", question)
        assert problem["acknowledged"] == "1"
        assert [one["message"] for one in problem["acknowledges"]] == ["I have it"]
    finally:
        platform.heal()
    wait_for("Zabbix to see that it is well again", lambda: not zabbix.problems())


def test_it_looks_at_once(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    """The disks are looked at every half minute; now they are."""
    assert "DONE" in walk(zabbix, tmp_path, "zabbix-check-now", "-p", "host=web1")


def test_how_long_certificates_are_valid(zabbix: Zabbix, platform: Lab) -> None:
    """Those of the database servers, which speak TLS after a word of their own."""
    asked = {"output": ["itemid", "lastvalue", "error"], "filter": {"key_": "saitotui.certificate"}}

    def items() -> list[dict[str, str]]:
        return list(zabbix.call("item.get", {**asked, "hostids": zabbix.hosts}))

    assert len(items()) == 2
    for item in items():
        zabbix.call("task.create", {"type": 6, "request": {"itemid": item["itemid"]}})
    wait_for("their days to be known", lambda: all(float(item["lastvalue"]) > 0 for item in items()))
    assert not [item for item in items() if item["error"]]


def test_a_robot_does_nothing_while_a_runbook_is_at_work(zabbix: Zabbix, platform: Lab) -> None:
    machine = platform.machines["web1"]
    lease = "/run/lock/saitotui/application"
    machine.run("sh", "-c", f"mkdir -p {lease} && echo anna >{lease}/holder")
    try:
        said = subprocess.run(
            [*machine._enter(), "saitotui-recover", "nginx"], capture_output=True, text=True
        )
        assert (said.returncode, said.stdout) == (1, "nginx: REFUSED: a runbook is at work: anna\n")
    finally:
        machine.run("rm", "-r", lease)


def test_a_swap_of_the_master_and_the_robots(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    """They are disarmed, proven so, armed again; nothing fires in between, nothing delayed fires after."""
    question = {"output": ["name", "status"]}
    before = {row["name"]: row["status"] for row in zabbix.call("action.get", question)}
    told, ran = zabbix.problems(), zabbix.commands()
    said = walk(zabbix, tmp_path, "swap-db-master")
    platform.master = platform.replica
    assert "disarm Zabbix's action 'saitotui: start a database replica'" in said
    assert "disarm Zabbix's action 'saitotui: restart HAProxy'" in said
    assert "restart nginx" not in said
    assert {row["name"]: row["status"] for row in zabbix.call("action.get", question)} == before
    time.sleep(8)
    assert (zabbix.problems(), zabbix.commands()) == (told, ran)


MANY, STORM = 1000, "monitoring.trigger-storm"


def test_a_thousand_problems_at_once(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    """They are counted, called a storm, and each question keeps its deadline."""
    host, _ = zabbix.make_host("storm", platform.machines["web1"], HOST_GROUP, AGENT_PORT)
    try:
        keys = [f"storm[{number}]" for number in range(MANY)]
        items = [{"hostid": host, "name": key, "key_": key, "type": 2, "value_type": 3} for key in keys]
        zabbix.call("item.create", items)
        triggers = [
            {"description": f"{key} is wrong", "expression": f"last(/storm/{key})=1", "priority": 3}
            for key in keys
        ]
        zabbix.call("trigger.create", triggers)

        def open_all() -> bool:
            """Zabbix looks for new items once a second here, and may know an item before its trigger: then
            its value opens nothing, and must come again."""
            taken = zabbix.send("storm", dict.fromkeys(keys, 1))
            return taken == MANY and len(zabbix.problems()) >= MANY

        wait_for("all problems to be open", open_all, every=1.0)
        unanswered: list[list[str]] = []

        def seen() -> bool:
            """Where Zabbix is too slow for a deadline, that is told; the next look may be in time."""
            told = json.loads(saitotui(zabbix, tmp_path, "status", "--json").stdout)
            asked = [one for one in told["readings"] if one["key"].startswith("monitoring/")]
            print("\na thousand problems: asked in", round(max(one["cost"] for one in asked), 2), "s")
            unanswered.append([one["failure"] for one in asked if one["failure"]])
            return bool(asked) and not unanswered[-1] and STORM in {one["code"] for one in told["findings"]}

        try:
            wait_for("the storm to be told", seen)
        finally:
            print("not answered in time", unanswered)
    finally:
        zabbix.call("host.delete", [host])
    wait_for("the storm to be over", lambda: not zabbix.problems())


FLEET_KEYS = {
    "system.cpu.load[all,avg1]": 0, "system.cpu.num": 3, "vm.memory.size[total]": 3,
    "vm.memory.size[available]": 3, "system.uptime": 3, "vfs.fs.size[/,pused]": 0,
}  # fmt: skip
"""Keys of agents, with the type of their values."""


def test_a_fleet_is_read_from_its_values(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    """Hosts that nobody logs in to: two whose agent answers, one whose agent does not."""
    (group,) = zabbix.call("hostgroup.create", {"name": "Racks"})["groupids"]
    racks = {
        name: zabbix.make_host(name, platform.machines["web1"], group, port)
        for name, port in (("rack-1", AGENT_PORT), ("rack-2", AGENT_PORT), ("rack-3", 9))
    }
    try:
        for host, interface in racks.values():
            items = [
                {
                    "hostid": host,
                    "interfaceid": interface,
                    "name": key,
                    "key_": key,
                    "type": 0,
                    "value_type": kind,
                    "delay": "2s",
                }
                for key, kind in FLEET_KEYS.items()
            ]
            zabbix.call("item.create", items)
        profile = tmp_path / "fleet.yaml"
        profile.write_text(
            zabbix.profile.read_text("utf-8").replace("monitoring:\n", "monitoring:\n  fleet: Racks\n")
        )
        at = Other(profile)

        def seen() -> bool:
            told = json.loads(saitotui(at, tmp_path, "status", "--json").stdout)
            # This computer may be busy, or have been started a minute ago, and the agents say so.
            computer = ("hosts.rebooted", "hosts.load-high")
            wrong = [one for one in told["findings"] if one["code"] not in computer]
            found = {one["subject"]: one["code"] for one in wrong}
            return {subject: code for subject, code in found.items() if "rack-" in subject} == {
                "host/rack-3": "hosts.unreachable"
            } and not [one for one in told["readings"] if "fleet" in one["key"] and one["failure"]]

        wait_for("the fleet to be seen as it is", seen, 90)
    finally:
        zabbix.call("host.delete", [host for host, _ in racks.values()])


def test_what_is_asked_over_ssh_is_asked_by_agents(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    """The same is found, by answers that came through Zabbix."""
    profile = tmp_path / "readings.yaml"
    tiers = "monitoring:\n  readings: [hosts, database, application]\n"
    profile.write_text(zabbix.profile.read_text("utf-8").replace("monitoring:\n", tiers))
    walk(Other(profile), tmp_path, "zabbix-recovery")
    # Whoever looks has no key, but for HAProxy's runtime socket.
    sealed, whole = tmp_path / "sealed.yaml", yaml.safe_load(profile.read_text("utf-8"))
    for name, host in whole["hosts"].items():
        if name not in BALANCERS:
            host["identity"] = str(tmp_path / "nowhere")
    sealed.write_text(yaml.safe_dump(whole), "utf-8")
    seen: list[object] = []

    def found(at: Path) -> tuple[set[tuple[str, str]], list[dict[str, Any]]]:
        told = json.loads(saitotui(Other(at), tmp_path, "status", "--json").stdout)
        return {(one["code"], one["subject"]) for one in told["findings"]}, told["readings"]

    def same() -> bool:
        direct, _ = found(zabbix.profile)
        relayed, readings = found(sealed)
        failed = [(one["key"], one["failure"]) for one in readings if one["failure"]]
        seen[:] = [direct ^ relayed, failed]
        return direct == relayed and not failed

    try:
        wait_for("the same to be found", same, 120)
    finally:
        print("\nnot the same, and failed:", seen)


def test_it_is_taken_away(zabbix: Zabbix, platform: Lab, tmp_path: Path) -> None:
    walk(zabbix, tmp_path, "zabbix-recovery", "-p", "remove=yes")
    for method in ("action.get", "script.get", "template.get"):
        assert not [row for row in zabbix.call(method, {"output": ["name"]}) if "saitotui" in row["name"]]
    assert zabbix.call("item.get", {"output": ["key_"], "hostids": zabbix.hosts}) == []
    for machine in platform.machines.values():
        assert (
            machine.run("sh", "-c", "! ls /etc/sudoers.d/saitotui* /usr/local/sbin/saitotui* 2>/dev/null")
            == 0
        )
    assert changes(walk(zabbix, tmp_path, "zabbix-recovery", "-p", "remove=yes", end=Outcome.ALREADY)) == []
