"""The HA machine against recorded timelines: the same states in the same order, at about the same time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LINE = re.compile(r"^\s*(?P<at>[\d.]+)\s+(?P<key>\S+)\s+(?P<was>.+?) -> (?P<now>.+)$")
SLACK = 10.5
"""Seconds: daemons look every 10 s, and a recording starts at an unknown moment of that round."""


def view(bench: Any, node: str) -> dict[str, str]:
    """What `node` says, under the keys of a recording."""
    answers = bench.answers(node)
    found: dict[str, str] = {}
    for entry in answers.cluster_status():
        if entry["type"] == "cluster":
            found["quorate"] = str(entry["quorate"])
        else:
            found[f"cs:{entry['name']}"] = str(entry["online"])
    for entry in answers.resources():
        if entry["type"] == "node":
            found[f"cr:{entry['node']}"] = entry["status"]
        elif entry["type"] == "qemu" and entry.get("hastate"):
            state = (entry["node"], entry["status"], entry["hastate"], entry.get("lock"))
            found[f"cr:{entry['id']}"] = str(state)
    for entry in answers.ha_status():
        text = re.sub(r",? ?\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\)", " ,<ts>)", entry["status"])
        service = entry["type"] == "service"
        found[f"ha:{entry['id']}"] = str((entry["node"], text)) if service else text
    manager = answers.manager_status()["manager_status"]
    found["ms:master"] = manager["master_node"]
    nodes = ", ".join(f'"{name}": "{state}"' for name, state in sorted(manager["node_status"].items()))
    found["ms:node_status"] = "{" + nodes + "}"
    for sid, service in manager["service_status"].items():
        found[f"ms:{sid}"] = str((service["node"], service["state"]))
    return found


Change = tuple[float, str, str]


def recorded(path: Path, until: float = 1e9) -> list[Change]:
    """Changes of a recording: when, of what, to what; the state it begins with is left out."""
    found = [match for line in path.read_text().splitlines() if (match := LINE.match(line))]
    return [
        (float(match["at"]), match["key"], match["now"])
        for match in found
        if 0 < float(match["at"]) < until and "_exc" not in match["now"]
    ]


def played(bench: Any, node: str, cause: Callable[[], None], seconds: float) -> list[Change]:
    """Changes that `node` shows in the seconds after `cause`."""
    machines = bench.machines
    start, last = machines.time, view(bench, node)
    changes: list[Change] = []

    def look() -> None:
        nonlocal last
        if machines.boots[node] is None:
            return
        now = view(bench, node)
        changes.extend(
            (machines.time - start, key, value) for key, value in now.items() if last.get(key) != value
        )
        last = now

    machines.watch = look
    cause()
    machines.run(seconds)
    return changes


def by_key(changes: list[Change], keys: set[str]) -> dict[str, list[tuple[float, str]]]:
    found: dict[str, list[tuple[float, str]]] = {}
    for at, key, value in changes:
        if key in keys:
            found.setdefault(key, []).append((at, value))
    return found


def compare(real: list[Change], ours: list[Change], cause_at: float, keys: set[str]) -> None:
    """Each key goes through the same states, each within SLACK of the recorded moment."""
    expected, got = by_key(real, keys), by_key(ours, keys)
    assert {key: [value for _, value in steps] for key, steps in got.items()} == {
        key: [value for _, value in steps] for key, steps in expected.items()
    }
    for key, steps in expected.items():
        for (at, value), (ours_at, _) in zip(steps, got[key], strict=True):
            assert abs((at - cause_at) - ours_at) <= SLACK, (key, value, at - cause_at, ours_at)


def test_power_cut_of_a_node(bench: Any, recordings: Path) -> None:
    real = recorded(recordings / "timelines" / "timeline-node-loss-poweroff-pve9.2.txt")
    ours = played(bench, "pve1", lambda: bench.machines.power_off("pve3"), 145)
    keys = {key for _, key, _ in real} - {"cr:qemu/102"}
    compare(real, ours, 2.5, keys)
    guest = [value for _, key, value in ours if key == "cr:qemu/102"]
    assert guest[0] == "('pve3', 'running', 'fence', None)", "a guest on a dead node keeps its last figures"
    assert guest[1] == "('pve1', 'running', 'started', None)"
    assert guest[-1] == "('pve1', 'running', 'started', None)"
    assert bench.machines.guests_on[102] == "pve1"


def test_majority_of_a_partition(bench: Any, recordings: Path) -> None:
    real = recorded(recordings / "timelines" / "timeline-partition-majority-view-pve9.2.txt")
    ours = played(bench, "pve1", lambda: bench.machines.cut.add("pve2"), 160)
    keys = {
        "cr:pve2",
        "cs:pve2",
        "ms:node_status",
        "ha:lrm:pve2",
        "ha:service:vm:101",
        "ms:vm:101",
        "quorate",
    }
    compare(real, ours, 3.0, keys)


def test_minority_of_a_partition(bench: Any, recordings: Path) -> None:
    real = recorded(recordings / "timelines" / "timeline-partition-minority-view-pve9.2.txt", until=66)
    ours = played(bench, "pve2", lambda: bench.machines.cut.add("pve2"), 80)
    keys = {key for _, key, _ in real if not key.startswith(("cr:qemu", "ha:service"))}
    compare(real, ours, 3.0, keys)
    ((at, node),) = bench.machines.resets
    assert node == "pve2"
    assert at - bench.machines.time + 80 == pytest.approx(63, abs=4)


def test_migration(bench: Any, recordings: Path) -> None:
    real = recorded(recordings / "timelines" / "timeline-ha-migrate-pve9.2.txt")
    real = [(at, key.replace("pve1", "?"), value) for at, key, value in real]
    ours = played(bench, "pve1", lambda: bench.cluster.book.commands.append("migrate vm:102 pve1"), 70)
    # There the guest went from pve1 to pve3, here from pve3 to pve1.
    swap = str.maketrans("13", "31")
    real = [(at, key, value.translate(swap).replace("302", "102")) for at, key, value in real]
    compare(real, ours, 8.0, {"cr:qemu/102", "ha:service:vm:102", "ms:vm:102"})


def test_maintenance(bench: Any, recordings: Path) -> None:
    real = recorded(recordings / "timelines" / "timeline-maintenance-enable-pve9.2.txt")
    book = bench.cluster.book
    ours = played(bench, "pve1", lambda: book.maintenance.update(pve3=True), 70)
    compare(real, ours, 6.0, {"ha:lrm:pve3", "ms:node_status"})
    states = [value for _, key, value in ours if key == "ms:vm:102"]
    assert states == ["('pve3', 'migrate')", "('pve1', 'started')"]
    back = played(bench, "pve1", lambda: book.maintenance.update(pve3=False), 70)
    assert [value for _, key, value in back if key == "ms:vm:102"] == [
        "('pve1', 'migrate')",
        "('pve3', 'started')",
    ]


def test_a_guest_that_cannot_start(bench: Any) -> None:
    cluster = bench.cluster
    cluster.guests.broken.add(102)
    ours = played(bench, "pve1", lambda: cluster.guests.kill(102), 100)
    states = [value for _, key, value in ours if key == "ms:vm:102"]
    assert states == ["('pve3', 'migrate')", "('pve1', 'started')", "('pve1', 'error')"]
    assert cluster.book.services["vm:102"].failed_nodes == ["pve3", "pve1"]
    cluster.book.resources["vm:102"].state = "disabled"
    bench.machines.run(15)
    assert cluster.book.services["vm:102"].state == "stopped"
    cluster.guests.broken.clear()
    cluster.book.resources["vm:102"].state = "started"
    bench.machines.run(40)
    assert bench.machines.guests_on[102] == "pve1"


def test_loss_of_the_master(bench: Any) -> None:
    """Recorded on 8.4: new master after 119 s, recovery at 179 s, running at 190 s; `fence` is never seen."""
    ours = played(bench, "pve2", lambda: bench.machines.power_off("pve1"), 210)
    when = {(key, value): at for at, key, value in ours}
    assert when["ms:master", "pve2"] == pytest.approx(119, abs=SLACK)
    node = next(value.split("'")[1] for _, key, value in ours if key == "ms:vm:100")
    assert when["ms:vm:100", f"('{node}', 'started')"] == pytest.approx(179, abs=SLACK)
    assert not [value for _, _, value in ours if "fence" in value]
    assert bench.machines.guests_on[100] == node


def test_a_service_is_stopped_by_request(bench: Any, recordings: Path) -> None:
    """The recorded guest had no system that shuts down, so only the order of states is the same."""
    real = recorded(recordings / "timelines" / "timeline-ha-stop-and-error-pve9.2.txt")
    resource = bench.cluster.book.resources["vm:100"]
    ours = played(bench, "pve1", lambda: setattr(resource, "state", "stopped"), 60)
    keys = {"cr:qemu/100", "ha:service:vm:100", "ms:vm:100"}
    expected, got = by_key(real, keys), by_key(ours, keys)
    assert {key: [value for _, value in steps] for key, steps in got.items()} == {
        key: [value for _, value in steps] for key, steps in expected.items()
    }


def test_a_node_returns(bench: Any, recordings: Path) -> None:
    """Machines boot in different times, so only the order of states is the same."""
    real = recorded(recordings / "timelines" / "timeline-node-return-pve9.2.txt")
    bench.machines.power_off("pve3")
    bench.machines.run(200)
    ours = played(bench, "pve1", lambda: bench.machines.power_on("pve3"), 60)
    keys = {"cr:pve3", "cs:pve3", "ms:node_status", "ha:lrm:pve3"}
    expected, got = by_key(real, keys), by_key(ours, keys)
    assert {key: [value for _, value in steps] for key, steps in got.items()} == {
        key: [value for _, value in steps] for key, steps in expected.items()
    }
    assert bench.machines.guests_on[102] == "pve1", "nothing moves back by itself"


def test_two_nodes_lost(bench: Any) -> None:
    """No quorum: nothing is recovered, and the last node, whose services are active, resets itself."""
    machines = bench.machines
    machines.power_off("pve2")
    machines.power_off("pve3")
    machines.run(50)
    assert not bench.cluster.quorate("pve1")
    assert bench.cluster.guests.running(100, "pve1")
    machines.run(150)
    assert [node for _, node in machines.resets] == ["pve1"]
    assert set(bench.cluster.book.verdicts.values()) == {"online"}, "nobody could write"
    machines.power_on("pve1")
    machines.power_on("pve2")
    machines.run(200)
    assert set(machines.guests_on) >= {100, 101, 102}


def test_guests_kept_apart_stay_apart(bench: Any) -> None:
    from saitotui.simulator.pve_book import Apart

    bench.cluster.book.rules.append(Apart("apart", ("vm:100", "vm:102")))
    bench.machines.power_off("pve3")
    bench.machines.run(145)
    assert bench.machines.guests_on[102] == "pve2"


def test_a_node_that_hangs_is_reset_by_its_watchdog(bench: Any) -> None:
    bench.machines.hung.add("pve3")
    bench.machines.run(75)
    assert [node for _, node in bench.machines.resets] == ["pve3"]
    bench.machines.run(75)
    assert bench.machines.guests_on[102] == "pve1"


def test_a_graceful_reboot_freezes_services(bench: Any, recordings: Path) -> None:
    """Recorded on 9.2: restart mode, freeze, and started again on the same node after the boot."""
    cluster, machines = bench.cluster, bench.machines
    ours = played(bench, "pve1", lambda: cluster.leave("pve3", "reboot"), 30)
    assert [node for _, node in machines.resets] == ["pve3"]
    assert any(value.startswith("pve3 (restart mode") for _, key, value in ours if key == "ha:lrm:pve3")
    assert [value for _, key, value in ours if key == "ms:vm:102"] == ["('pve3', 'freeze')"]
    machines.power_on("pve3")
    machines.run(60)
    assert machines.guests_on[102] == "pve3"
    assert cluster.book.services["vm:102"].state == "started"


def test_a_graceful_shutdown_is_recovered_early(bench: Any) -> None:
    """Recorded: about 60 s after the node has gone, for it gave its lock back."""
    cluster, machines = bench.cluster, bench.machines
    cluster.leave("pve3", "shutdown")
    machines.run(30)
    assert machines.boots["pve3"] is None
    assert 102 not in machines.guests_on
    machines.run(80)
    assert machines.guests_on[102] == "pve1"


WHAT = r"(?P<what>service 'vm:\d+'|node '(?:node|pve)\d')"
EVENT = re.compile(WHAT + r": state changed from '(?P<was>\w+)' (?:to|=>) '(?P<now>\w+)'")


def oracle(path: Path) -> list[tuple[str, str, str]]:
    """What pve-ha-tester's manager logged after the start, in our names."""
    found = []
    for line in path.read_text().splitlines():
        match = EVENT.search(line)
        if match and int(line.split()[1]) > 20:
            names = match["what"].replace("node 'node", "node 'pve").replace("vm:103", "vm:102")
            found.append((names, match["was"], match["now"]))
    return found


def request(bench: Any, state: str) -> None:
    bench.cluster.book.resources["vm:102"].state = state
    bench.machines.run(60)


def command(bench: Any, text: str) -> None:
    bench.cluster.book.commands.append(text)
    bench.machines.run(70)


def power_cycle(bench: Any) -> None:
    bench.machines.power_off("pve3")
    bench.machines.run(200)
    bench.machines.power_on("pve3")
    bench.machines.run(100)


def cut_and_join(bench: Any) -> None:
    bench.machines.cut.add("pve3")
    bench.machines.run(200)
    bench.machines.cut.clear()
    bench.machines.run(100)


def stop_and_start(bench: Any) -> None:
    request(bench, "stopped")
    request(bench, "started")


def maintenance_and_back(bench: Any) -> None:
    for wanted in (True, False):
        bench.cluster.book.maintenance["pve3"] = wanted
        bench.machines.run(100)


def reboot(bench: Any) -> None:
    bench.cluster.leave("pve3", "reboot")
    bench.machines.run(12)
    bench.machines.power_on("pve3")
    bench.machines.run(100)


ORACLES: dict[str, Callable[[Any], None]] = {
    "a1_power_loss_node3_then_return": power_cycle,
    "a2_network_loss_node3_then_return": cut_and_join,
    "b1_manual_migrate": lambda bench: command(bench, "migrate vm:102 pve2"),
    "b2_manual_relocate": lambda bench: command(bench, "relocate vm:102 pve2"),
    "b3_service_stopped_then_started": stop_and_start,
    "b4_service_disabled": lambda bench: request(bench, "disabled"),
    "c1_maintenance_enable_disable": maintenance_and_back,
    "d1_reboot_policy_conditional": reboot,
}


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_the_manager_logs_what_the_real_one_does(bench: Any, recordings: Path, name: str) -> None:
    """Against pve-ha-manager 5.2 itself, run on its own simulated hardware."""
    before = len(bench.cluster.events)
    ORACLES[name](bench)
    ours = [match for _, text in bench.cluster.events[before:] if (match := EVENT.search(text))]
    changes = [(match["what"], match["was"], match["now"]) for match in ours]
    expected = oracle(recordings / "ha-oracle" / f"{name}.log")
    for what in {what for what, _, _ in expected} | {what for what, _, _ in changes}:
        assert [change for change in changes if change[0] == what] == [
            change for change in expected if change[0] == what
        ]


FROZEN = re.compile(r"disarm: freezing service 'vm:101' .*|service 'vm:101': state changed .* to '\w+'")


def test_disarmed_and_armed_as_the_real_one_is(bench: Any, recordings: Path) -> None:
    log = (recordings / "ha-oracle" / "f1_disarm_freeze_and_arm.log").read_text()
    real = [
        found[0] for line in log.splitlines() if (found := FROZEN.search(line)) and int(line.split()[1]) > 20
    ]
    before = len(bench.cluster.events)
    for order in ("disarm-ha freeze", "arm-ha"):
        bench.cluster.book.commands.append(order)
        bench.machines.run(100)
    ours = [found[0] for _, text in bench.cluster.events[before:] if (found := FROZEN.search(text))]
    assert ours == real
    assert len(ours) == 2
