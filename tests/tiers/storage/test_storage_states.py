"""Every recorded state of a real pair leads to exactly these findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from saitotui.model.health import Health

Make = Callable[..., Any]

STATES = {
    "hb-healthy-st1-active": [],
    "hb-healthy-st2-active": [],
    "pcmk-healthy-st1-active": [],
    "after-reattach": ["node-unreachable st2"],
    "diskless-primary-st1": ["diskless st1"],
    "drbd-connected-pause-sync-flag-set": ["node-unreachable st2", "sync-paused st1"],
    "drbd-initial-resync": ["resyncing st2"],
    "drbd-new-both-inconsistent": ["inconsistent st1", "inconsistent st2", "no-primary storage"],
    "drbd-resync-in-progress": ["resyncing st2"],
    "hb-peer-dead-after-powercut": [
        "node-unreachable st2",
        "disconnected st2 < node-unreachable",
        "heartbeat-peer-dead st2 < node-unreachable",
    ],
    "hb-stopped-on-st2-and-drbd-down": [
        "drbd-unconfigured st2",
        "node-unreachable st1",
        "heartbeat-stopped st2",
        "floating-ip-nobody storage < node-unreachable",
    ],
    "hb-takeover-lost-nothing-active": [
        "takeover-lost st1",
        "node-unreachable st2",
        "disconnected storage < node-unreachable",
        "floating-ip-nobody storage < takeover-lost",
        "no-primary storage < takeover-lost",
        "heartbeat-peer-dead st2 < node-unreachable",
    ],
    "online-verify": ["verify-running storage"],
    "pcmk-after-crm_resource-move-st2-active": [
        "node-unreachable st2",
        "floating-ip-nobody storage < node-unreachable",
    ],
    "pcmk-failed-monitor-recovered-p_nfsd": ["node-unreachable st1"],
    "pcmk-maintenance-mode": ["node-unreachable st1", "pacemaker-maintenance storage"],
    "pcmk-node-st2-standby": [
        "node-unreachable st2",
        "pacemaker-standby st2",
        "disconnected st2 < node-unreachable",
    ],
    "pcmk-peer-st1-dead-powercut": [
        "node-unreachable st1",
        "disconnected st1 < node-unreachable",
        "heartbeat-peer-dead st1 < node-unreachable",
    ],
    "pcmk-st1-rejoined": ["node-unreachable st1"],
    "pcmk-stopped-on-st1": [
        "pacemaker-down st1",
        "pacemaker-failed-action st2",
        "disconnected st1 < drbd-unconfigured",
        "drbd-unconfigured st1 < pacemaker-down",
        "heartbeat-peer-dead st1 < pacemaker-down",
    ],
    "splitbrain-1-partitioned-both-primary": [
        "both-primary storage",
        "partitioned storage",
        "floating-ip-two storage < both-primary",
        "split-brain storage < both-primary",
        "heartbeat-peer-dead st1 < partitioned",
        "heartbeat-peer-dead st2 < partitioned",
    ],
    "splitbrain-2-reconnected-standalone": [
        "split-brain storage",
        "manager-silent st2",
        "floating-ip-nobody storage < split-brain",
        "no-primary storage < split-brain",
        "resources-not-running storage < split-brain",
    ],
    "splitbrain-3-settled": [
        "split-brain storage",
        "manager-silent st2",
        "heartbeat-stopped st1",
        "floating-ip-nobody storage < split-brain",
        "no-primary storage < split-brain",
    ],
    "splitbrain-4-victim-waiting-discard-my-data": [
        "split-brain storage",
        "manager-silent st2",
        "node-unreachable st1",
        "floating-ip-nobody storage < split-brain",
        "no-primary storage < split-brain",
    ],
    "splitbrain-5-resolved-heartbeat-stopped": [
        "no-primary storage",
        "manager-silent st2",
        "heartbeat-stopped st1",
        "floating-ip-nobody storage < no-primary",
    ],
    "st2-down-unconfigured": ["drbd-unconfigured st2", "disconnected st2 < drbd-unconfigured"],
    "st2-module-unloaded": ["drbd-not-loaded st2", "node-unreachable st1"],
}


@pytest.mark.parametrize("state", STATES)
def test_state(scene: Make, state: str) -> None:
    assert scene(state).codes() == STATES[state]


def test_every_recorded_state_is_judged(recorded_states: set[str]) -> None:
    assert recorded_states == set(STATES)


@pytest.mark.parametrize("state", [state for state, codes in STATES.items() if not codes])
def test_healthy(scene: Make, state: str) -> None:
    picture = scene(state).picture()
    assert picture.health is Health.OK
    active, other = ("st2", "st1") if "st2-active" in state else ("st1", "st2")
    roles = {node.id: node.role for node in picture.nodes}
    assert roles == {active: "primary", other: "secondary", "storage": ""}
    assert picture.headline == f"{active} is primary and exports, {other} stands by, in sync"
    assert {node.kind for node in picture.nodes} == {"drbd", "pair"}
    assert picture.robots[0].armed is True
    replication = picture.edges[0]
    assert (replication.source, replication.target, replication.label) == (active, other, "Connected")
    assert replication.health is Health.OK


def test_both_sides_of_a_resync_are_told(scene: Make) -> None:
    picture = scene("drbd-resync-in-progress").picture()
    finding = picture.findings[0]
    assert finding.sentence == "st2 resyncs from st1: 67% done, 84 MiB left, about 39s"
    assert finding.evidence == (
        "st1: SyncSource, Primary/Secondary, UpToDate/Inconsistent, 39 MiB out of sync; "
        "85% done, 39 MiB left, about 26s",
        "st2: SyncTarget, Secondary/Primary, Inconsistent/UpToDate, 84 MiB out of sync; "
        "67% done, 84 MiB left, about 39s",
    )
    samples = {sample.name: sample.value for sample in picture.samples}
    assert samples == {"resync": 67.27, "out-of-sync": 85780.0, "space": 56.0}
    assert picture.edges[0].health is Health.WARN
    assert picture.edges[0].source == "st1"


def test_both_views_side_by_side(scene: Make) -> None:
    table = scene("hb-healthy-st1-active").picture().tables[0]
    assert table.columns == (
        "node", "role", "disk", "connection", "sees peer", "out of sync", "resync", "serves",
    )  # fmt: skip
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["st1", "Primary", "UpToDate", "Connected", "Secondary/UpToDate", "0 B", "-", "mount export nfsd IP"],
        ["st2", "Secondary", "UpToDate", "Connected", "Primary/UpToDate", "0 B", "-", "-"],
    ]
    table = scene("drbd-resync-in-progress").picture().tables[0]
    assert [row.cells[6].text for row in table.rows] == ["85%, 26s left", "67%, 39s left"]


def test_who_takes_over_and_who_uses_the_export(scene: Make) -> None:
    _, _, manager, clients = (
        scene("hb-healthy-st2-active").expect(clients=("10.81.0.13", "10.81.0.99")).picture().tables
    )
    assert [[cell.text for cell in row.cells] for row in manager.rows] == [
        ["st1", "running", "none", "10.81.0.1 ping, st2 active", "vec0 up"],
        ["st2", "running", "all", "10.81.0.1 ping, st1 active", "vec0 up"],
    ]
    assert [[cell.text for cell in row.cells] for row in clients.rows] == [
        ["10.81.0.13", "Linux NFSv4.2 st3", "v4", "confirmed", "<1m", "st2"],
        ["10.81.0.99", "-", "-", "missing", "-", "-"],
    ]


def test_what_happened_is_told_newest_first(scene: Make) -> None:
    events = scene("hb-peer-dead-after-powercut").picture().events
    said = [event.sentence for event in events]
    assert "st1: role Secondary -> Primary" in said
    assert "st1: mach_down takeover complete for node st2." in said
    assert [event.at for event in events] == sorted((event.at for event in events), reverse=True)
