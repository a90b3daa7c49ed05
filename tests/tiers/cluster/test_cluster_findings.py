"""What no recording holds, made from recordings by one change each; and that every situation can be met."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from saitotui.model.command import Answer, Failure, FailureKind
from saitotui.model.health import Health
from saitotui.model.profile import ClusterLimits, Guest
from saitotui.tiers.cluster import TIER

Make = Callable[..., Any]
Change = Callable[[Any], None]

HA = "cluster/cluster/ha/status/current"
MANAGER = "cluster/cluster/ha/status/manager_status"
RESOURCES = "cluster/cluster/resources"
STATUS = "cluster/cluster/status"
CASES: list[tuple[tuple[str, ...], Change]] = []


def case(*codes: str) -> Callable[[Change], Change]:
    """A change to the healthy scene and the findings that it must lead to, in order."""

    def keep(change: Change) -> Change:
        CASES.append((codes, change))
        return change

    return keep


def entry(made: Any, key: str, match: Callable[[Any], bool], **fields: Any) -> None:
    """Sets fields of the entries of a list answer that match."""

    def edit(data: Any) -> None:
        for record in data:
            if match(record):
                record.update(fields)

    made.change(key, edit)


def drop(made: Any, key: str, match: Callable[[Any], bool]) -> None:
    made.change(key, lambda data: [record for record in data if not match(record)])


def _failure(made: Any, failure: Failure, *keys: str) -> None:
    for key in keys or [key for key in made.answers if key.startswith("cluster/cluster/")]:
        made.answers[key] = failure


@case("api-unreachable cluster")
def api_away(made: Any) -> None:
    _failure(made, Failure(FailureKind.REFUSED, "https://pve1:8006 refuses connections"))


@case("api-denied cluster")
def api_denied(made: Any) -> None:
    _failure(made, Failure(FailureKind.DENIED, "401 Authentication failed!"))


@case("api-unreachable cluster")
def api_partly(made: Any) -> None:
    _failure(made, Failure(FailureKind.ERROR, "500 got no answer from pmxcfs"), MANAGER)


@case("quorum-lost cluster", "api-unreachable cluster")
def no_quorum_by_ssh_only(made: Any) -> None:
    _failure(made, Failure(FailureKind.UNREACHABLE, "no API answers"))
    made.minority("pve1", "pve2", "pve3")


@case("node-unreachable pve2")
def own_api_hangs(made: Any) -> None:
    made.answers["cluster/pve2/status"] = Failure(FailureKind.TIMEOUT, "596 Connection timed out")


@case("node-unreachable pve2")
def node_silent(made: Any) -> None:
    for what in ("status", "quorum", "links"):
        made.answers[f"cluster/pve2/{what}"] = Failure(FailureKind.UNREACHABLE, "no route to host")


@case("views-disagree pve2")
def one_cut_off(made: Any) -> None:
    made.minority("pve2")


@case("corosync-down pve2")
def corosync_stopped(made: Any) -> None:
    made.answers["cluster/pve2/quorum"] = Answer("Cannot initialize QUORUM service\n", 1)
    made.answers["cluster/pve2/links"] = Answer(
        "Could not initialize corosync configuration API error CS_ERR_LIBRARY\n", 1
    )


@case("link-down pve3")
def second_link_of_one(made: Any) -> None:
    for name, lost in (("pve1", (3,)), ("pve2", (3,)), ("pve3", (1, 2))):
        made.links(name, {1: lost})


@case("link-down cluster")
def link_between_two(made: Any) -> None:
    made.links("pve1", {1: (2,)})
    made.links("pve2", {1: (1,)})


@case("link-missing pve1")
def one_link_only(made: Any) -> None:
    made.say("cluster/pve1/links", "corosync_cfgtool")


@case("node-unexpected pve4")
def fourth_node(made: Any) -> None:
    made.change(
        STATUS, lambda data: [*data, {"type": "node", "name": "pve4", "nodeid": 4, "online": 1, "local": 0}]
    )


@case("node-missing pve3")
def third_removed(made: Any) -> None:
    drop(made, STATUS, lambda record: record.get("name") == "pve3")
    drop(made, RESOURCES, lambda record: record.get("node") == "pve3" and record["type"] != "qemu")
    entry(made, RESOURCES, lambda record: record.get("vmid") == 102, node="pve1")


@case("ha-no-master cluster")
def nobody_leads(made: Any) -> None:
    drop(made, HA, lambda record: record["type"] == "master")


@case("lrm-dead pve2")
def agent_stopped(made: Any) -> None:
    entry(
        made,
        HA,
        lambda record: record["id"] == "lrm:pve2",
        status="pve2 (old timestamp - dead?, watchdog standby, Mon Nov 23 15:15:53 2026)",
    )


@case("node-restarting pve2")
def restart_mode(made: Any) -> None:
    entry(
        made,
        HA,
        lambda record: record["id"] == "lrm:pve2",
        status="pve2 (restart mode, watchdog active, Mon Nov 23 15:15:53 2026)",
    )


@case("clock-drift pve2")
def drift(made: Any) -> None:
    entry(
        made,
        HA,
        lambda record: record["id"] == "lrm:pve2",
        status="pve2 (detected time drift!, Mon Nov 23 15:15:53 2026)",
    )


@case("guest-down guest/101")
def guest_stopped(made: Any) -> None:
    entry(made, RESOURCES, lambda record: record.get("vmid") == 101, status="stopped")


@case("guest-missing guest/999")
def guest_unheard_of(made: Any) -> None:
    made.expect(guests={**made.profile.cluster.guests, "999": Guest("lost")})


@case("ha-not-managed guest/101")
def not_in_ha(made: Any) -> None:
    drop(made, "cluster/cluster/ha/resources", lambda record: record["sid"] == "vm:101")


@case("ha-state-differs guest/101")
def told_otherwise(made: Any) -> None:
    entry(made, "cluster/cluster/ha/resources", lambda r: r["sid"] == "vm:101", state="ignored")


@case("ha-state-differs guest/101", "guest-down guest/101")
def told_to_stop(made: Any) -> None:
    entry(made, "cluster/cluster/ha/resources", lambda r: r["sid"] == "vm:101", state="stopped")
    entry(made, RESOURCES, lambda record: record.get("vmid") == 101, status="stopped")


@case("storage-full pve2")
def local_storage_full(made: Any) -> None:
    entry(made, RESOURCES, lambda record: record["id"] == "storage/pve2/local", disk=6_000_000_000)


@case("storage-full cluster")
def shared_storage_full(made: Any) -> None:
    entry(made, RESOURCES, lambda record: record.get("storage") == "shared", disk=6_400_000_000)


@case("storage-unavailable pve2")
def storage_away(made: Any) -> None:
    entry(made, RESOURCES, lambda record: record["id"] == "storage/pve2/shared", status="unknown")


@case("memory-high pve2")
def memory_short(made: Any) -> None:
    entry(made, RESOURCES, lambda record: record["id"] == "node/pve2", mem=24_000_000_000)


@case("cpu-high pve1", "cpu-high pve2")
def processors_busy(made: Any) -> None:
    made.expect(limits=ClusterLimits(cpu_percent=89.8))
    made.answers["cluster/pve3/status"] = Answer(data={"loadavg": ["0.1", "0.2", "0.3"]})


@case("version-mixed cluster")
def upgraded_in_part(made: Any) -> None:
    made.change("cluster/pve2/status", lambda data: {**data, "pveversion": "pve-manager/9.3.1/abc"})


@case("task-failed guest/101", "task-failed pve2")
def tasks_failed(made: Any) -> None:
    upid = "UPID:pve2:000000BB:00036704:6B045802:{}:root@pam:"
    common = {"node": "pve2", "user": "root@pam", "starttime": made.at - 60, "endtime": made.at - 50}
    made.change(
        "cluster/cluster/tasks",
        lambda data: [
            *data,
            {
                **common,
                "upid": upid.format("vzdump:101"),
                "type": "vzdump",
                "id": "101",
                "status": "no space",
            },
            {**common, "upid": upid.format("aptupdate:"), "type": "aptupdate", "id": "", "status": "failed"},
        ],
    )


@case("quorum-lost cluster", "guest-state-unknown guest/101", "guest-state-unknown guest/102")
def no_quorum_anywhere(made: Any) -> None:
    """Every node is alone; the API is answered by pve1, which still says that its own guest runs."""
    made.minority("pve1", "pve2", "pve3")
    entry(made, STATUS, lambda record: record["type"] == "cluster", quorate=0)
    entry(made, STATUS, lambda record: record.get("local") == 0, online=0)
    entry(made, HA, lambda record: record["type"] == "quorum", quorate=0, status="No quorum on node 'pve1'!")


@case(
    "views-disagree pve1",
    "guest-state-unknown guest/100",
    "guest-state-unknown guest/101",
    "guest-state-unknown guest/102",
)
def api_answered_by_the_lonely_one(made: Any) -> None:
    """The API was reached on a node that is cut off: what it says of the others proves nothing."""
    made.minority("pve1")
    entry(made, STATUS, lambda record: record["type"] == "cluster", quorate=0)
    entry(made, STATUS, lambda record: record.get("local") == 0, online=0)


@pytest.mark.parametrize(("codes", "change"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_one_change(scene: Make, codes: tuple[str, ...], change: Change) -> None:
    made = scene("online")
    change(made)
    assert tuple(made.codes()) == codes
    for finding in made.findings():
        assert finding.sentence
        assert finding.evidence


def test_overdue_fencing(scene: Make) -> None:
    """Five minutes after the loss the guest is still not recovered: the manager is stuck."""
    made = scene("offline_fenced").lose("pve3")
    now = made.at + 300
    for key in (HA, MANAGER):
        made.change(key, lambda data: _later(data, 300))
    made.at = now
    assert "fencing-overdue pve3" in made.codes()
    assert "node-fencing pve3" not in made.codes()


def _later(data: Any, seconds: float) -> None:
    """All daemons but the lost node's wrote again that much later."""
    for record in data if isinstance(data, list) else ():
        if "timestamp" in record and record["node"] != "pve3":
            record["timestamp"] += seconds


def test_every_situation_is_met(scene: Make) -> None:
    met: set[str] = set()
    for _, change in CASES:
        made = scene("online")
        change(made)
        met |= {finding.code for finding in made.findings()}
    for states in (("offline_fenced",), ("offline_recovered", "offline_fenced")):
        met |= {finding.code for finding in scene(*states).lose("pve3").findings()}
    for state in ("maintenance", "disarm", "ha_error"):
        met |= {finding.code for finding in scene(state).findings()}
    # Its own test: test_overdue_fencing.
    met.add("cluster.fencing-overdue")
    assert {situation.code for situation in TIER.situations} == met


def test_codes_are_well_formed() -> None:
    codes = [situation.code for situation in TIER.situations]
    assert len(codes) == len(set(codes)) >= 16
    for situation in TIER.situations:
        assert situation.title
        assert situation.meaning
        assert situation.advice.endswith(".")


def test_stripped_answers_are_not_called_healthy(scene: Make) -> None:
    """A token without privileges gets 200 and next to nothing."""
    path = Path(__file__).parents[2] / "recordings/proxmox/errors/200-privsep-resources-filtered.txt"
    body = json.loads(path.read_text().strip().splitlines()[-1])
    made = scene("online").expect(guests={})
    made.answers[RESOURCES] = Answer(data=body["data"])
    assert made.codes() == ["api-denied cluster"]


def test_nothing_asked_yet(scene: Make) -> None:
    made = scene("online")
    made.answers.clear()
    picture = made.picture()
    assert picture.findings == ()
    assert picture.health is Health.UNKNOWN
    assert picture.headline == "not asked yet"


def test_stale_answers_are_unknown(scene: Make) -> None:
    """The same good answers, an hour later: nothing of them counts."""
    made = scene("online")
    snapshot = made.snapshot()
    picture = made.tier.picture(replace(snapshot, at=snapshot.at + 3600))
    assert picture.health is Health.UNKNOWN
    assert all(node.health is Health.UNKNOWN for node in picture.nodes if node.kind != "guest")
    assert not [node for node in picture.nodes if node.kind == "guest"]
    assert "cluster.api-unreachable" in {finding.code for finding in picture.findings}


def test_paused_and_unmanaged_guests_are_left_alone(scene: Make) -> None:
    """A stopped guest that nobody wants running is no finding."""
    made = scene("online").expect(guests={"110": Guest("batch1")})
    made.change(
        RESOURCES,
        lambda data: [*data, {"type": "qemu", "vmid": 110, "node": "pve1", "status": "stopped"}],
    )
    assert made.codes() == []
