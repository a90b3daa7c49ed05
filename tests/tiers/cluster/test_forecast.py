"""The forecast against what a real cluster did (PVE 9.2): the same things, when it said they would come."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from saitotui.facts.proxmox_ha import Rule, ha_rules
from saitotui.model.command import Answer
from saitotui.tiers.cluster.forecast import Event, Moment, forbids, moments, moves
from saitotui.tiers.cluster.questions import ask
from saitotui.tiers.cluster.view import View, look

TIMELINES = Path(__file__).parents[2] / "recordings" / "simulator" / "pve" / "timelines"


def happened(file: str, cause: float, key: str, now: str) -> float:
    """Seconds after the cause at which the recording shows that `key` becomes something with `now` in it."""
    for line in (TIMELINES / f"timeline-{file}-pve9.2.txt").read_text().splitlines():
        found = re.match(r"\s*([\d.]+)\s+(\S+)\s+.+? -> (.+)$", line)
        if found and found[2] == key and now in found[3] and float(found[1]) > cause:
            return float(found[1]) - cause
    raise AssertionError(f"{key} never became {now}")


@pytest.fixture
def view(scene: Callable[..., Any]) -> View:
    made = scene("online")
    cluster = made.profile.cluster
    return replace(look(made.profile, cluster, ask(cluster, made.profile.poll), made.snapshot()), rules=())


def course(view: View, node: str, event: Event) -> dict[str, Moment]:
    return {moment.what: moment for moment in moments(view, node, event)}


def holds(moment: Moment, at: float) -> bool:
    """A recording looks every second."""
    return moment.earliest <= at <= moment.latest + 1.0


def test_power_loss_as_recorded(view: View) -> None:
    said = course(view, "pve3", Event.LOSS)
    assert list(said) == [
        "the others call pve3 offline",
        "HA begins to fence pve3",
        "its HA guests are started elsewhere; they boot",
    ]
    real = ("node-loss-poweroff", 2.5)
    assert holds(said["the others call pve3 offline"], happened(*real, "cs:pve3", "0"))
    assert holds(said["HA begins to fence pve3"], happened(*real, "ms:vm:102", "fence"))
    assert holds(
        said["its HA guests are started elsewhere; they boot"],
        happened(*real, "ms:vm:102", "'pve1', 'started'"),
    )
    assert [(move.guest.vmid, move.target) for move in moves(view, "pve3", Event.LOSS)] == [("102", "pve1")]


def test_partition_as_recorded(view: View) -> None:
    said = course(view, "pve2", Event.PARTITION)
    majority, minority = ("partition-majority-view", 3.0), ("partition-minority-view", 3.0)
    assert holds(said["the others call pve2 offline"], happened(*majority, "cs:pve2", "0"))
    own = said["pve2 has no quorum: its guests run on, nothing can be changed there"]
    assert holds(own, happened(*minority, "quorate", "0"))
    assert holds(said["pve2 resets itself: its watchdog is armed"], happened(*minority, "quorate", "None"))
    assert holds(said["HA begins to fence pve2"], happened(*majority, "ms:vm:101", "fence"))
    started = said["its HA guests are started elsewhere; they boot"]
    assert holds(started, happened(*majority, "ms:vm:101", "'pve1', 'started'"))
    assert [(move.guest.vmid, move.target) for move in moves(view, "pve2", Event.PARTITION)] == [
        ("101", "pve1")
    ]


def test_maintenance_as_recorded(view: View) -> None:
    said = course(view, "pve3", Event.MAINTENANCE)
    begins = said["HA begins to move its guests away from pve3"]
    assert holds(begins, happened("maintenance-enable", 6.0, "ms:vm:102", "'pve3', 'migrate'"))
    assert happened("maintenance-enable", 6.0, "ms:vm:102", "'pve1', 'started'") > begins.earliest
    assert [(move.guest.vmid, move.target) for move in moves(view, "pve3", Event.MAINTENANCE)] == [
        ("102", "pve1")
    ]


def test_loss_of_the_master_takes_longer(view: View) -> None:
    """Recorded on PVE 8.4: a new master after 119 s, recovery after 179 s; `fence` was never seen."""
    said = course(view, "pve1", Event.LOSS)
    assert "HA begins to fence pve1" not in said
    assert holds(said["another node leads HA: only then it counts"], 119)
    assert holds(said["its HA guests are started elsewhere; they boot"], 179)


def test_without_quorum_nothing_comes_back(scene: Callable[..., Any]) -> None:
    made = scene("online").change("cluster/cluster/status", lambda data: [_offline(entry) for entry in data])
    cluster = made.profile.cluster
    view = look(made.profile, cluster, ask(cluster, made.profile.poll), made.snapshot())
    said = course(view, "pve2", Event.LOSS)
    assert "the cluster has no quorum: nothing is started, moved, recovered or configured" in said
    assert any("with every guest there" in what for what in said)
    (move,) = moves(view, "pve2", Event.LOSS)
    assert (move.target, move.why) == ("", "the others have no quorum")


def _offline(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "online": 0} if entry.get("name") == "pve3" else entry


def test_disarmed_nothing_comes_back(view: View) -> None:
    assert view.ha is not None
    view = replace(view, ha=replace(view.ha, armed="disarmed"))
    assert list(course(view, "pve3", Event.LOSS)) == ["the others call pve3 offline"]
    assert [move.why for move in moves(view, "pve3", Event.LOSS)] == ["HA is disarmed"]


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        (Rule("r", "resource-affinity", ("vm:100", "vm:102"), apart=True), "pve2"),
        (Rule("r", "resource-affinity", ("vm:101", "vm:102")), "pve2"),
        (Rule("r", "node-affinity", ("vm:102",), nodes={"pve2": 0}), "pve2"),
        (Rule("r", "node-affinity", ("vm:102",), nodes={"pve1": 1, "pve2": 2}), "pve2"),
        (Rule("r", "node-affinity", ("vm:102",), nodes={"pve3": 0}, strict=True), ""),
        (Rule("r", "node-affinity", ("vm:102",), nodes={"pve3": 0}), "pve1"),
        (Rule("r", "node-affinity", ("vm:100",), nodes={"pve2": 0}), "pve1"),
    ],
)
def test_rules_are_kept(view: View, rule: Rule, target: str) -> None:
    assert [move.target for move in moves(replace(view, rules=(rule,)), "pve3", Event.LOSS)] == [target]


@pytest.mark.parametrize(
    ("rule", "node", "kept_off"),
    [
        (Rule("r", "resource-affinity", ("vm:100", "vm:102"), apart=True), "pve1", True),
        (Rule("r", "resource-affinity", ("vm:100", "vm:102"), apart=True), "pve2", False),
        (Rule("r", "node-affinity", ("vm:102",), nodes={"pve2": 0}, strict=True), "pve1", True),
        (Rule("r", "node-affinity", ("vm:102",), nodes={"pve2": 0}), "pve1", False),
        (Rule("r", "node-affinity", ("vm:100",), nodes={"pve2": 0}, strict=True), "pve1", False),
    ],
)
def test_what_a_rule_forbids(view: View, rule: Rule, node: str, kept_off: bool) -> None:
    assert forbids(replace(view, rules=(rule,)), "vm:102", node) == (rule if kept_off else None)


def test_rules_are_read() -> None:
    data: Any = [
        {"rule": "a", "type": "node-affinity", "resources": "vm:100", "nodes": "pve1:2,pve2:1", "strict": 1},
        {"rule": "b", "type": "resource-affinity", "resources": "vm:1, vm:2", "affinity": "negative"},
        {"rule": "c", "type": "resource-affinity", "resources": "vm:3", "affinity": "negative", "disable": 1},
    ]
    assert ha_rules(Answer(data=data)) == (
        Rule("a", "node-affinity", ("vm:100",), nodes={"pve1": 2, "pve2": 1}, strict=True),
        Rule("b", "resource-affinity", ("vm:1", "vm:2"), apart=True),
    )


def test_what_does_not_fit_is_said(view: View) -> None:
    assert view.resources is not None
    guests = tuple(replace(guest, memory_total=float(1 << 50)) for guest in view.resources.guests)
    (move,) = moves(replace(view, resources=replace(view.resources, guests=guests)), "pve3", Event.LOSS)
    assert move.target == "pve1"
    assert move.lacks > 1 << 49
