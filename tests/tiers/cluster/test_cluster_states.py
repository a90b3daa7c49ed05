"""Every recorded state of a real cluster leads to exactly these findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from saitotui.model.health import Health

Make = Callable[..., Any]


def test_healthy(scene: Make) -> None:
    made = scene("online")
    picture = made.picture()
    assert picture.findings == ()
    assert picture.health is Health.OK
    assert picture.headline == "quorate, 3 of 3 nodes online, 3 guests run"
    roles = {node.id: node.role for node in picture.nodes}
    assert roles == {
        "cluster": "quorate",
        "pve1": "manager",
        "pve2": "member",
        "pve3": "member",
        "guest/100": "running",
        "guest/101": "running",
        "guest/102": "running",
        "guest/103": "stopped",
    }
    assert [(robot.armed, robot.sentence) for robot in picture.robots] == [
        (True, "led by pve1, manages 4 guests")
    ]


STATES = [
    pytest.param(("offline_early",), (), [], id="just lost, nobody knows yet"),
    pytest.param(
        ("offline_t40", "offline_t65", "offline_fenced"),
        ("pve3",),
        [
            "node-offline pve3",
            "guest-state-unknown guest/102",
            "node-fencing pve3",
            "quorum-margin-gone cluster",
        ],
        id="lost for 40 s",
    ),
    pytest.param(
        ("offline_fenced",),
        ("pve3",),
        [
            "node-offline pve3",
            "guest-state-unknown guest/102",
            "node-fencing pve3",
            "quorum-margin-gone cluster",
        ],
        id="being fenced",
    ),
    pytest.param(
        ("offline_recovered", "offline_fenced"),
        ("pve3",),
        ["node-offline pve3", "node-fenced pve3", "quorum-margin-gone cluster"],
        id="recovered",
    ),
    pytest.param(("maintenance",), (), ["node-maintenance pve3"], id="maintenance"),
    pytest.param(("maintenance_entering",), (), ["node-maintenance pve3"], id="entering maintenance"),
    pytest.param(("ha_migrate",), (), [], id="migrating"),
    pytest.param(
        ("ha_error",),
        (),
        ["guest-error guest/103"],
        id="HA gave up",
    ),
]


@pytest.mark.parametrize(("states", "lost", "codes"), STATES)
def test_state(scene: Make, states: tuple[str, ...], lost: tuple[str, ...], codes: list[str]) -> None:
    made = scene(*states)
    if lost:
        made.lose(*lost)
    if "ha_error" in states:
        # That cluster had been told to stop 100 and to start 103 since.
        made.expect(guests={})
        made.change("cluster/cluster/ha/resources", _requested({"vm:100": "stopped", "vm:103": "started"}))
    assert made.codes() == codes


def _requested(states: dict[str, str]) -> Callable[[Any], None]:
    def edit(data: Any) -> None:
        for record in data:
            record["state"] = states.get(record["sid"], record["state"])

    return edit


def test_pve8_between_start_retries(scene: Make) -> None:
    """PVE 8.4 was recorded while HA retried its guests: nothing runs as wished, and HA is at it."""
    made = scene("online", version="8.4").expect(name="feas8")
    found = {(f.code, f.subject): f.health for f in made.findings()}
    assert found == {
        ("cluster.guest-down", "guest/100"): Health.WARN,
        ("cluster.guest-down", "guest/101"): Health.WARN,
        ("cluster.ha-not-managed", "guest/103"): Health.WARN,
        ("cluster.task-failed", "guest/100"): Health.WARN,
        ("cluster.task-failed", "guest/101"): Health.WARN,
        ("cluster.task-failed", "guest/102"): Health.WARN,
    }


def test_disarmed(scene: Make) -> None:
    made = scene("disarm").expect(guests={})
    made.change("cluster/cluster/ha/resources", _requested({"vm:100": "stopped", "vm:103": "disabled"}))
    assert made.codes() == ["ha-disarmed cluster"]
    assert made.picture().robots[0].armed is False


def test_disarming(scene: Make) -> None:
    made = scene("disarming", "disarm").expect(guests={})
    made.change("cluster/cluster/ha/resources", _requested({"vm:100": "stopped", "vm:103": "disabled"}))
    assert made.codes() == ["ha-disarmed cluster"]
    assert "being disarmed" in made.findings()[0].sentence


def test_removed_node(scene: Make) -> None:
    made = scene("delnode")
    assert "node-missing pve3" in made.codes()


def test_dead_guest_is_not_shown_running(scene: Make) -> None:
    """PVE goes on saying `running` for the guest of a dead node; this console must not."""
    made = scene("offline_fenced").lose("pve3")
    picture = made.picture()
    guest = next(node for node in picture.nodes if node.id == "guest/102")
    assert guest.role == "unknown"
    assert guest.health is Health.UNKNOWN
    assert [fact.text for fact in guest.facts if fact.label == "PVE says"] == ["running"]
    table = next(table for table in picture.tables if table.name == "guests")
    row = next(row for row in table.rows if row.key == "guest/102")
    assert [cell.text for cell in row.cells][:4] == ["app1 (102)", "pve3", "unknown", "fence"]
    assert [sample.value for sample in picture.samples if sample.name == "guests"] == [2.0]
    assert not [
        row for table in picture.tables if table.name == "storages" for row in table.rows if row.key == "pve3"
    ]


def test_dead_only_when_ha_counts_it_dead(scene: Make) -> None:
    """Its lock is 120 s old then; a guest that HA does not manage is dead with it, nothing restarts it."""
    early = scene("offline_fenced").lose("pve3")
    assert early.picture().dead == {}
    late = scene("offline_recovered", "offline_fenced").lose("pve3")
    late.change(
        "cluster/cluster/resources",
        lambda data: [*data, {"type": "qemu", "vmid": 110, "node": "pve3", "status": "running"}],
    )
    picture = late.picture()
    assert sorted(picture.dead) == ["guest/110", "pve3"]
    assert late.codes() == [
        "node-offline pve3",
        "guest-down guest/110",
        "node-fenced pve3",
        "quorum-margin-gone cluster",
    ]
    died = next(finding for finding in picture.findings if finding.subject == "guest/110")
    assert (died.health, died.sentence) == (Health.CRIT, "110 died with pve3; nothing restarts it")
    assert [node.role for node in picture.nodes if node.id == "guest/110"] == ["dead"]


def test_a_node_that_answers_is_not_dead(scene: Make) -> None:
    late = scene("offline_recovered", "offline_fenced").lose("pve3").minority("pve3")
    assert late.picture().dead == {}


def test_cut_off_node_that_answers_is_not_dead(scene: Make) -> None:
    """The node left the cluster but answers this console: alive, cut off, never called dead."""
    made = scene("offline_fenced").lose("pve3").minority("pve3")
    picture = made.picture()
    assert picture.dead == {}
    offline = next(f for f in picture.findings if f.code == "cluster.node-offline")
    assert "alive and cut off" in offline.sentence
