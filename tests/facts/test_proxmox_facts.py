"""Proxmox VE and corosync parsers on recorded answers, and on anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saitotui.facts import (
    proxmox_corosync,
    proxmox_ha,
    proxmox_resources,
    proxmox_status,
    proxmox_tasks,
)
from saitotui.model.command import Answer, Client, Command, Failure, Question, Unparsable

RECORDINGS = Path(__file__).parents[1] / "recordings" / "proxmox"
PARSERS: Mapping[str, Callable[[Answer], Any]] = {
    "cluster_status": proxmox_status.cluster_status,
    "cluster_resources": proxmox_resources.resources,
    "ha_status_current": proxmox_ha.ha_status,
    "ha_manager_status": proxmox_ha.manager_status,
    "ha_resources": proxmox_ha.ha_resources,
    "cluster_tasks": proxmox_tasks.tasks,
    "node_status_local": proxmox_status.node_detail,
    "node_status_remote": proxmox_status.node_detail,
}
FILES = sorted(path for path in RECORDINGS.glob("pve*/*/*.json") if path.stem in PARSERS)
TEXTS: Mapping[str, Callable[[Answer], Any]] = {
    "pvecm_status": proxmox_corosync.quorum,
    "pvecm-status-2of3": proxmox_corosync.quorum,
    "pvecm-status-noquorum": proxmox_corosync.quorum,
    "corosync_quorumtool": proxmox_corosync.quorum,
    "corosync_cfgtool": proxmox_corosync.links,
}


def data(path: Path) -> Any:
    return json.loads(path.read_text())["body"]["data"]


def load(state: str, call: str) -> Any:
    return PARSERS[call](Answer(data=data(RECORDINGS / state / f"{call}.json")))


def text(name: str) -> str:
    return (RECORDINGS / "cli" / f"{name}.txt").read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_every_recording_is_read(path: Path) -> None:
    """Resources of three states were recorded with guests only; those are refused, in a sentence."""
    body = data(path)
    if path.stem == "cluster_resources" and all(entry["type"] == "qemu" for entry in body):
        with pytest.raises(Unparsable, match="names no node"):
            PARSERS[path.stem](Answer(data=body))
    else:
        assert PARSERS[path.stem](Answer(data=body))


def test_online() -> None:
    status = load("pve9.2/online", "cluster_status")
    assert (status.name, status.quorate, status.asked) == ("feas", True, "pve1")
    assert [(m.name, m.id, m.online) for m in status.members] == [
        ("pve1", 1, True),
        ("pve2", 2, True),
        ("pve3", 3, True),
    ]
    ha = load("pve9.2/online", "ha_status_current")
    assert (ha.quorate, ha.armed, ha.master.node, ha.master.state) == (True, "armed", "pve1", "active")
    assert [(lrm.node, lrm.state, lrm.watchdog) for lrm in ha.lrms] == [
        (node, "active", "active") for node in ("pve1", "pve2", "pve3")
    ]
    assert ha.newest == 1795446902
    assert [(s.sid, s.node, s.state, s.request) for s in ha.services][-1] == (
        "vm:103",
        "pve1",
        "stopped",
        "stopped",
    )
    detail = load("pve9.2/online", "node_status_remote")
    assert (detail.version, detail.load, detail.memory_total) == ("9.2.11", (6.97, 5.17, 3.21), 25276510208)


def test_pve8() -> None:
    ha = load("pve8.4/online", "ha_status_current")
    assert (ha.armed, ha.lrms[0].state, ha.lrms[0].watchdog) == ("", "active", "")
    assert {service.group for service in ha.services} == {"prefer1"}
    assert {resource.group for resource in load("pve8.4/online", "ha_resources")} == {"prefer1"}
    assert load("pve8.4/online", "node_status_local").version == "8.4.21"
    manager = load("pve8.4/online", "ha_manager_status")
    assert manager.services["vm:101"].target == "pve1"
    assert manager.services["vm:101"].failed_nodes == ("pve2",)


def test_lost_node() -> None:
    ha = load("pve9.2/offline_fenced", "ha_status_current")
    assert (ha.lrm("pve3").state, ha.lrm("pve3").watchdog) == (proxmox_ha.DEAD, "standby")
    assert ha.service("vm:102").crm_state == "fence"
    manager = load("pve9.2/offline_fenced", "ha_manager_status")
    assert manager.node_status["pve3"] == "fence"
    assert manager.lrm_states["pve3"] == "active"
    use = load("pve9.2/offline_fenced", "cluster_resources")
    assert (use.node("pve3").status, use.node("pve3").cpu, use.node("pve3").memory) == ("offline", None, None)
    assert use.guest("102").status == "running"


def test_maintenance_and_disarm() -> None:
    assert load("pve9.2/maintenance", "ha_manager_status").maintenance_requested == {"pve3"}
    assert load("pve9.2/maintenance", "ha_status_current").lrm("pve3").state == proxmox_ha.MAINTENANCE
    assert load("pve9.2/disarm", "ha_status_current").armed == "disarmed"
    assert load("pve9.2/disarm", "ha_status_current").lrm("pve1").state == "disarm mode"
    assert load("pve9.2/disarm", "ha_manager_status").disarm == "disarmed"


def test_tasks() -> None:
    tasks = load("pve9.2/online", "cluster_tasks")
    assert tasks[0].started >= tasks[-1].started
    assert not [task for task in tasks if task.running]
    assert len([task for task in tasks if task.failed]) == 3
    assert tasks[0].user == "root@pam!ops"
    running = proxmox_tasks.tasks(Answer(data=[{"upid": "UPID:x", "node": "pve1", "starttime": 5}]))
    assert running[0].running
    assert not running[0].failed


def test_quorum_views() -> None:
    full = proxmox_corosync.quorum(Answer(text("pvecm_status")))
    assert (full.quorate, full.total, full.expected, full.needed, full.node_id) == (True, 3, 3, 2, 1)
    assert [voter.id for voter in full.members] == [1, 2, 3]
    assert full.members[0].local
    tool = proxmox_corosync.quorum(Answer(text("corosync_quorumtool")))
    assert [voter.name for voter in tool.members] == ["pve1", "pve2", "pve3"]
    two = proxmox_corosync.quorum(Answer(text("pvecm-status-2of3")))
    assert (two.quorate, two.total, len(two.members)) == (True, 2, 2)
    none = proxmox_corosync.quorum(Answer(text("pvecm-status-noquorum")))
    assert (none.quorate, none.total, none.needed) == (False, 1, 2)


def test_qdevice_votes() -> None:
    """With a QDevice, quorumtool prints its flags between votes and name (corosync-quorumtool(8))."""
    said = (
        "Quorate:          Yes\nExpected votes:   3\nTotal votes:      3\nQuorum:           2\n"
        "    Nodeid      Votes    Qdevice Name\n"
        "         1          1    A,V,NMW pve1 (local)\n"
        "         2          1         NR pve2\n"
        "         0          1            Qdevice\n"
    )
    view = proxmox_corosync.quorum(Answer(said))
    assert [(voter.id, voter.name) for voter in view.members] == [(1, "pve1"), (2, "pve2"), (0, "Qdevice")]


def test_links() -> None:
    view = proxmox_corosync.links(Answer(text("corosync_cfgtool")))
    assert view.node_id == 1
    assert [(link.number, link.transport, link.address) for link in view.links] == [(0, "udp", "10.84.0.11")]
    assert view.links[0].peers == {1: True, 2: True, 3: True}
    broken = proxmox_corosync.links(
        Answer(text("corosync_cfgtool").replace("3:\tconnected", "3:\tdisconnected"))
    )
    assert broken.links[0].peers == {1: True, 2: True, 3: False}
    old = "LINK ID 0\n\taddr\t= 10.0.0.1\n\tstatus:\n\t\tnodeid  2:\tlink enabled:1\tlink connected:0\n"
    assert proxmox_corosync.links(Answer(old)).links[0].peers == {2: False}


@pytest.mark.parametrize(
    ("said", "running"),
    [
        ("Cannot initialize QUORUM service\n", False),
        ("", None),
        ("bash: corosync-quorumtool: not found\n", None),
    ],
)
def test_corosync_away(said: str, running: bool | None) -> None:
    if running is None:
        with pytest.raises(Unparsable):
            proxmox_corosync.quorum(Answer(said, 1))
    else:
        assert proxmox_corosync.quorum(Answer(said, 1)).running is running


@pytest.mark.parametrize("parser", PARSERS.values())
@pytest.mark.parametrize("wrong", [None, "text", 7, [], {}, [1], [[]], {"data": []}, [{"type": "node"}]])
def test_wrong_shapes_are_unparsable_or_empty(parser: Callable[[Answer], Any], wrong: Any) -> None:
    question = Question("k", "s", Command(Client.PROXMOX, "cluster", "get /"), parser)
    read = question.read(Answer(data=wrong))
    assert isinstance(read, Failure) or read is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.integers(min_value=0, max_value=10_000), json_values)
def test_mutated_recordings_never_raise(path: Path, place: int, value: Any) -> None:
    """Any field of any entry replaced by anything: a value or a Failure, and every text on one clean line."""
    body = data(path)
    slots: list[tuple[Any, Any]] = []
    _collect(body, slots)
    holder, key = slots[place % len(slots)]
    holder[key] = value
    question = Question("k", "s", Command(Client.PROXMOX, "cluster", "get /"), PARSERS[path.stem])
    read = question.read(Answer(data=body))
    assert "\x1b" not in repr(read)
    assert "\\x1b" not in repr(read)


def _collect(value: Any, slots: list[tuple[Any, Any]]) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        slots.append((value, key))
        _collect(inner, slots)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 2_000), st.integers(0, 200), st.text(max_size=60))
def test_mutated_texts_never_raise(name: str, start: int, length: int, patch: str) -> None:
    said = text(name)
    mutated = said[:start] + patch + said[start + length :]
    question = Question("k", "s", Command(Client.SSH, "pve1", "x"), TEXTS[name])
    read = question.read(Answer(mutated))
    assert isinstance(read, Failure | proxmox_corosync.QuorumView | proxmox_corosync.LinksView)


@pytest.mark.parametrize("name", sorted(TEXTS))
@pytest.mark.parametrize("huge", ["x" * 10_000_000, " " * 10_000_000, "1 " * 5_000_000, "\n" * 1_000_000])
def test_huge_answers_are_refused_or_read(name: str, huge: str) -> None:
    question = Question("k", "s", Command(Client.SSH, "pve1", "x"), TEXTS[name])
    assert isinstance(question.read(Answer(huge)), Failure)
