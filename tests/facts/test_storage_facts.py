"""Every recorded answer of DRBD, heartbeat, pacemaker and the NFS server goes through its parser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saitotui.facts import (
    drbd,
    drbd_log,
    drbd_proc,
    drbd_status,
    heartbeat,
    heartbeat_log,
    nfs,
    pacemaker,
)
from saitotui.facts.drbd import View
from saitotui.model.command import Answer, Client, Command, Failure, Question, Unparsable

RECORDINGS = Path(__file__).parents[1] / "recordings" / "storage"


def files(kind: str) -> list[Path]:
    found = sorted(RECORDINGS.glob(f"*--{kind}"))
    assert found, kind
    return found


def named(path: Path) -> str:
    return path.name


def text(state: str, node: str, kind: str) -> str:
    return (RECORDINGS / f"{state}--{node}--{kind}").read_text()


def proc(answer: Answer) -> View:
    return drbd_proc.proc(answer, 0)


def status(answer: Answer) -> View:
    return drbd_status.status(answer, "r0", 0)


class TestProc:
    @pytest.mark.parametrize("path", files("proc-drbd.txt"), ids=named)
    def test_recorded(self, path: Path) -> None:
        raw = path.read_text()
        view = proc(Answer(raw, 0 if raw else 1)) if raw else proc(Answer("No such file", 1))
        assert view.loaded is bool(raw)
        assert view.known is (" cs:" in raw)
        if view.known:
            found = re.search(r"ro:(\w+)/(\w+) ds:(\w+)/(\w+)", raw)
            assert found is not None
            assert (view.role, view.peer_role, view.disk, view.peer_disk) == found.groups()
            assert view.out_of_sync == int(raw.rpartition("oos:")[2].split()[0])
            assert view.version == "8.4.11"

    @pytest.mark.parametrize("path", files("samples.txt"), ids=named)
    def test_recorded_while_the_pair_switches(self, path: Path) -> None:
        seen = set()
        for block in path.read_text().split("@@@ ")[1:]:
            head, _, body = block.partition("\n")
            if head.endswith("proc-drbd"):
                seen.add(proc(Answer(body)).role)
        assert seen == {"Primary", "Secondary"}

    def test_resync(self) -> None:
        view = proc(Answer(text("drbd-resync-in-progress", "st2", "proc-drbd.txt")))
        assert (view.connection, view.replication, view.source) == ("Connected", "SyncTarget", False)
        assert (view.percent, view.finish, view.speed, view.out_of_sync) == (14.8, 39.0, 3012, 120196)

    def test_standalone_has_no_protocol(self) -> None:
        view = proc(Answer(text("splitbrain-2-reconnected-standalone", "st1", "proc-drbd.txt")))
        assert (view.connection, view.replication, view.role) == ("StandAlone", "Off", "Primary")

    def test_flags(self) -> None:
        view = proc(Answer(text("drbd-connected-pause-sync-flag-set", "st1", "proc-drbd.txt")))
        assert view.paused == ("user",)
        assert not view.suspended
        held = text("hb-healthy-st1-active", "st1", "proc-drbd.txt").replace("C r-----", "C sapu--")
        assert proc(Answer(held)).paused == ("dependency", "peer", "user")
        assert proc(Answer(held)).suspended

    def test_of_drbd_9_says_the_version_only(self) -> None:
        view = proc(Answer("version: 9.2.4 (api:2/proto:86-121)\nTransports (api:18): tcp (9.2.4)\n"))
        assert (view.version, view.known, view.says) == ("9.2.4", True, False)

    def test_the_right_one_of_several_devices(self) -> None:
        one = text("hb-healthy-st1-active", "st1", "proc-drbd.txt")
        two = one + one.partition("\n 0:")[2].join(("\n 1:", "")).replace("UpToDate", "Diskless")
        assert drbd_proc.proc(Answer(two), 1).disk == "Diskless"
        assert drbd_proc.proc(Answer(two), 0).disk == "UpToDate"
        assert not drbd_proc.proc(Answer(two), None).known

    def test_not_loaded(self) -> None:
        assert not proc(Answer("cat: /proc/drbd: No such file or directory", 1)).loaded

    def test_something_else(self) -> None:
        with pytest.raises(Unparsable, match="not /proc/drbd"):
            proc(Answer("cat: /proc/drbd: Permission denied", 1))


class TestStatus:
    @pytest.mark.parametrize("path", files("drbdsetup-status-verbose-statistics.txt"), ids=named)
    def test_recorded_says_the_same_as_proc(self, path: Path) -> None:
        view = status(Answer(path.read_text()))
        beside = path.with_name(path.name.replace("drbdsetup-status-verbose-statistics", "proc-drbd"))
        if path.name.startswith("splitbrain-2"):
            assert view.connection == "StandAlone"
            return
        other = proc(Answer(beside.read_text() or "No such file", 0 if beside.read_text() else 1))
        assert view.known is other.known
        for name in ("role", "disk", "connection", "replication", "peer_role", "peer_disk", "paused"):
            assert getattr(view, name) == getattr(other, name), name

    @pytest.mark.parametrize("path", files("drbdadm-status.txt.stderr-and-rc"), ids=named)
    def test_no_resource(self, path: Path) -> None:
        first, _, rest = path.read_text().partition("\n")
        view = status(Answer(rest, int(first.removeprefix("rc="))))
        assert (view.known, view.loaded, view.hung) == (False, True, False)

    @pytest.mark.parametrize("code", [75, 124, 137])
    def test_hung(self, code: int) -> None:
        assert status(Answer("", code)).hung

    def test_no_module(self) -> None:
        assert not status(Answer("sh: 1: cannot open /proc/drbd: No such file", 1)).loaded

    def test_not_installed(self) -> None:
        with pytest.raises(Unparsable, match="does not speak of r0"):
            status(Answer("timeout: failed to run command 'drbdsetup'", 127))

    def test_merged_with_proc(self) -> None:
        state = "online-verify"
        told = status(Answer(text(state, "st1", "drbdsetup-status-verbose-statistics.txt")))
        kernel = proc(Answer(text(state, "st1", "proc-drbd.txt")))
        view = drbd.merged(kernel, told)
        assert view is not None
        assert (view.percent, view.finish, view.size) == (4.7, 62.0, 262100)

    def test_merged_when_drbdsetup_hangs(self) -> None:
        kernel = proc(Answer(text("hb-healthy-st1-active", "st1", "proc-drbd.txt")))
        view = drbd.merged(kernel, View(hung=True))
        assert view is not None
        assert view.hung
        assert view.role == "Primary"
        nine = proc(Answer("version: 9.2.4 (api:2/proto:86-121)\n"))
        assert drbd.merged(nine, View(hung=True)) is None
        assert drbd.merged(None, None) is None


NINE = """[{"name": "r0", "node-id": 0, "role": "Primary", "suspended": false, "write-ordering": "flush",
"devices": [{"volume": 0, "minor": 0, "disk-state": "UpToDate", "quorum": true, "size": 409600},
            {"volume": 1, "minor": 1, "disk-state": "Inconsistent", "quorum": true, "size": 1}],
"connections": [
 {"peer-node-id": 2, "name": "tie", "connection-state": "Connected", "peer-role": "Secondary",
  "peer_devices": [{"volume": 0, "replication-state": "Established", "peer-disk-state": "Diskless",
                    "peer-client": true, "resync-suspended": "no", "out-of-sync": 0}]},
 {"peer-node-id": 1, "name": "st2", "connection-state": "Connected", "peer-role": "Secondary",
  "peer_devices": [{"volume": 0, "replication-state": "SyncSource", "peer-disk-state": "Inconsistent",
                    "peer-client": false, "resync-suspended": "user,peer", "out-of-sync": 1024,
                    "percent-in-sync": 99.75}]}]}]"""


class TestStatusOfDrbd9:
    def test_peer_that_stores_data(self) -> None:
        view = status(Answer(NINE))
        assert (view.role, view.disk, view.replication) == ("Primary", "UpToDate", "SyncSource")
        assert (view.peer_disk, view.out_of_sync, view.percent) == ("Inconsistent", 1024, 99.75)
        assert view.paused == ("peer", "user")
        assert view.quorum

    def test_all_volumes_when_the_device_has_no_number(self) -> None:
        assert drbd_status.status(Answer(NINE), "r0", None).disk == "Inconsistent"

    def test_lost_quorum_and_suspended(self) -> None:
        held = NINE.replace('"quorum": true', '"quorum": false').replace(
            '"suspended": false', '"suspended": true'
        )
        assert not status(Answer(held)).quorum
        assert status(Answer(held)).suspended

    def test_another_resource(self) -> None:
        assert not drbd_status.status(Answer(NINE), "r1", 0).known

    def test_not_json(self) -> None:
        with pytest.raises(Unparsable, match="not JSON"):
            status(Answer("[{"))


class TestKernelLog:
    @pytest.mark.parametrize("path", files("dmesg-drbd-tail.txt"), ids=named)
    def test_recorded(self, path: Path) -> None:
        raw = path.read_text()
        found = drbd_log.kernel_log(Answer("uptime 5000.00\n" + raw))
        assert found.entries
        assert [entry.age for entry in found.entries] == sorted(
            (entry.age for entry in found.entries), reverse=True
        )
        unresolved = "unresolved" in raw.rpartition("-> Connected )")[2]
        assert (found.split_brain is not None) is unresolved

    def test_changes_are_told_in_words(self) -> None:
        raw = text("hb-peer-dead-after-powercut", "st1", "dmesg-drbd-tail.txt")
        said = [entry.said for entry in drbd_log.kernel_log(Answer("uptime 5000.00\n" + raw)).entries]
        assert "role Secondary -> Primary" in said
        assert "the peer's role Primary -> Unknown, the peer's disk UpToDate -> DUnknown" in said

    def test_needs_the_time(self) -> None:
        with pytest.raises(Unparsable):
            drbd_log.kernel_log(Answer("dmesg: read kernel buffer failed: Operation not permitted"))


class TestHeartbeat:
    @pytest.mark.parametrize("path", files("cl_status-hbstatus.txt"), ids=named)
    def test_recorded(self, path: Path) -> None:
        raw = path.read_text()
        if not raw:
            with pytest.raises(Unparsable):
                heartbeat.membership(Answer(raw, 12))
        else:
            assert heartbeat.membership(Answer(raw)).running is ("is running" in raw)

    @pytest.mark.parametrize("path", files("cl_status-rscstatus.txt"), ids=named)
    def test_resources(self, path: Path) -> None:
        word = path.read_text().strip()
        said = heartbeat.membership(Answer(f"Heartbeat is running on this machine.\nresources {word}\n"))
        assert said.resources == word

    def test_nodes_and_links(self) -> None:
        raw = (
            "Heartbeat is running on this machine.\nresources all\nnode 10.81.0.1 ping\nnode st2 dead\n"
            "link st2 vec0 dead\nnode st1 active\ncl_status: [12]: ERROR: something\n"
        )
        said = heartbeat.membership(Answer(raw))
        assert said.nodes == {"10.81.0.1": "ping", "st2": "dead", "st1": "active"}
        assert said.links == (heartbeat.Link("st2", "vec0", "dead"),)
        assert not said.links[0].up

    @pytest.mark.parametrize("path", files("ha-log-tail.txt"), ids=named)
    def test_recorded_log(self, path: Path) -> None:
        found = heartbeat_log.manager_log(Answer("now 2026/11/23_17:00:00\n" + path.read_text()))
        assert found.entries
        assert all(0 < entry.age < 7200 for entry in found.entries)

    def test_stamp_without_a_year_is_the_last_one_that_is_past(self) -> None:
        line = "Dec 31 23:59:50 st1 heartbeat: [1]: info: st1 wants to go standby [all]\n"
        found = heartbeat_log.manager_log(Answer("now 2027/01/01_00:00:10\n" + line))
        assert [entry.age for entry in found.entries] == [20.0]

    def test_log_needs_the_time(self) -> None:
        with pytest.raises(Unparsable):
            heartbeat_log.manager_log(Answer("sh: /etc/ha.d/ha.cf: No such file"))


class TestPacemaker:
    @pytest.mark.parametrize("path", files("crm_mon-output-as-xml.xml"), ids=named)
    def test_recorded(self, path: Path) -> None:
        raw = path.read_text()
        found = pacemaker.pacemaker(Answer(raw))
        assert found.running is ("Not connected" not in raw)
        assert len(found.members) == (2 if found.running else 0)
        assert len(found.resources) == (5 if found.running else 0)
        assert found.maintenance is ('maintenance-mode="true"' in raw)

    @pytest.mark.parametrize("path", files("crm_mon-xml-samples.txt"), ids=named)
    def test_recorded_in_progress(self, path: Path) -> None:
        for block in path.read_text().split("@@@ ")[1:]:
            assert pacemaker.pacemaker(Answer(block.partition("\n")[2])).members

    def test_what_moves_as_a_whole(self) -> None:
        found = pacemaker.pacemaker(
            Answer(text("pcmk-healthy-st1-active", "st1", "crm_mon-output-as-xml.xml"))
        )
        tops = {one.id: one.top for one in found.resources}
        assert tops == {"p_fs": "g_nfs", "p_nfsd": "g_nfs", "p_ip": "g_nfs", "p_drbd": "ms_drbd"}

    def test_rules_that_a_move_leaves(self) -> None:
        whole = text("pcmk-after-crm_resource-move-st2-active", "st1", "cibadmin-Q.xml")
        raw = whole[whole.index("<constraints") : whole.index("</constraints>")] + "</constraints>"
        (found,) = pacemaker.locations(Answer(raw))
        assert (found.id, found.resource, found.node, found.score) == (
            "cli-prefer-g_nfs", "g_nfs", "st2", "INFINITY"
        )  # fmt: skip
        assert found.moved
        assert pacemaker.locations(Answer("<constraints/>")) == ()

    @pytest.mark.parametrize("raw", ["", "Call cib_query failed (-6): No such device", "<constraints>"])
    def test_no_rules_are_no_answer(self, raw: str) -> None:
        with pytest.raises(Unparsable):
            pacemaker.locations(Answer(raw, 105))

    def test_failure(self) -> None:
        found = pacemaker.pacemaker(
            Answer(text("pcmk-stopped-on-st1", "st2", "crm_mon-output-as-xml.xml"))
        ).failures
        assert [(one.resource, one.task, one.node, one.said) for one in found] == [
            ("p_nfsd", "monitor", "st2", "not running")
        ]

    def test_the_old_root_is_read_too(self) -> None:
        raw = text("pcmk-healthy-st1-active", "st1", "crm_mon-output-as-xml.xml")
        old = raw.replace("pacemaker-result", "crm_mon").replace("Promoted", "Master")
        assert pacemaker.pacemaker(Answer(old)).resources[-2].role == "Master"

    def test_entities_are_refused(self) -> None:
        bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><pacemaker-result>&a;</pacemaker-result>'
        with pytest.raises(Unparsable, match="entities"):
            pacemaker.pacemaker(Answer(bomb))

    @pytest.mark.parametrize("raw", ["", "crm_mon: not found", "<pacemaker-result", "<pacemaker-result/>"])
    def test_no_answer(self, raw: str) -> None:
        with pytest.raises(Unparsable):
            pacemaker.pacemaker(Answer(raw, 1))


class TestServing:
    @pytest.mark.parametrize("path", files("exportfs-s.txt") + files("exportfs-v.txt"), ids=named)
    def test_recorded_exports(self, path: Path) -> None:
        lines = path.read_text().splitlines()
        raw = "threads 4\n" + "".join(f"export {line.strip()}\n" for line in lines)
        exports = nfs.serving(Answer(raw)).exports
        assert len(exports) == len(lines)
        assert all((one.path, one.client) == ("/srv/nfs", "10.81.0.0/24") for one in exports)
        assert all("no_root_squash" in one.options for one in exports)

    def test_mounts(self) -> None:
        raw = "mount /dev/drbd0 /srv/my\\040files ext4 rw,noatime 0 0\nthreads -\n"
        found = nfs.serving(Answer(raw))
        assert found.mounted("/dev/drbd0", "/srv/my files")
        assert found.threads is None
        assert nfs.serving(Answer("threads 8\n")).threads == 8

    def test_nothing_said(self) -> None:
        with pytest.raises(Unparsable):
            nfs.serving(Answer("sh: syntax error", 2))

    def test_the_mount_point_is_quoted_as_the_kernel_writes_it(self) -> None:
        assert "'/srv/my\\040files'" in nfs.serving_command("/dev/drbd0", "/srv/my files")

    @pytest.mark.parametrize("path", files("ip-br-addr.txt"), ids=named)
    def test_recorded_addresses(self, path: Path) -> None:
        raw = path.read_text()
        found = nfs.addresses(Answer(raw))
        assert ("10.81.0.100" in {one.address for one in found}) is ("10.81.0.100/" in raw)
        assert any(one.interface == "vec0" for one in found)

    @pytest.mark.parametrize("path", files("nfs-clients.txt"), ids=named)
    def test_recorded_clients(self, path: Path) -> None:
        raw = path.read_text()
        found = nfs.clients(Answer(raw + "sockets\n"))
        assert len(found) == len(set(re.findall(r'address: "([\d.]+):', raw)))
        assert all(one.version == 4 and one.name and one.renewed is not None for one in found)

    def test_sockets_of_clients_without_a_name(self) -> None:
        raw = (
            "sockets\n0      0      10.81.0.100:2049      10.81.0.13:870\n"
            "0 0 [::ffff:10.81.0.100]:2049 [::ffff:10.81.0.14]:871\nnonsense\n"
        )
        assert [(one.address, one.version) for one in nfs.clients(Answer(raw))] == [
            ("10.81.0.13", 3),
            ("10.81.0.14", 3),
        ]

    def test_clients_need_ss(self) -> None:
        with pytest.raises(Unparsable):
            nfs.clients(Answer("sockets\nsh: 1: ss: not found\n", 127))

    @pytest.mark.parametrize("path", files("df-srv.txt"), ids=named)
    def test_recorded_space(self, path: Path) -> None:
        raw = path.read_text()
        found = nfs.space(Answer(raw))
        assert found.mount == raw.split()[-1]
        assert found.percent == float(raw.split()[-2].rstrip("%"))
        assert 0 < found.used < found.total


class TestConfig:
    def test_sums(self) -> None:
        found = drbd.config(Answer("drbd.conf 123 456\n/etc/exports 1 2\nsh: something\n"))
        assert found == {"drbd.conf": "123 456", "/etc/exports": "1 2"}

    def test_none(self) -> None:
        with pytest.raises(Unparsable):
            drbd.config(Answer("sh: drbdadm: not found", 127))

    @pytest.mark.parametrize(
        ("device", "minor"), [("/dev/drbd0", 0), ("/dev/drbd17", 17), ("/dev/drbd/by-res/r0/0", None)]
    )
    def test_minor(self, device: str, minor: int | None) -> None:
        assert drbd.minor_of(device) == minor

    def test_names_are_quoted(self) -> None:
        assert "'r0; reboot'" in drbd.status_command("r0; reboot")
        assert "'r0; reboot'" in drbd.config_command("r0; reboot")
        assert "'/srv/$(id)'" in nfs.space_command("/srv/$(id)")


PARSERS: dict[str, tuple[Callable[[Answer], Any], str, str]] = {
    "proc": (proc, "", "drbd-resync-in-progress--st1--proc-drbd.txt"),
    "status": (status, "", "drbd-resync-in-progress--st1--drbdsetup-status-verbose-statistics.txt"),
    "log": (drbd_log.kernel_log, "uptime 9000.0\n", "hb-healthy-st1-active--st1--dmesg-drbd-tail.txt"),
    "manager log": (
        heartbeat_log.manager_log,
        "now 2026/11/23_17:00:00\n",
        "hb-healthy-st1-active--st1--ha-log-tail.txt",
    ),
    "pacemaker": (pacemaker.pacemaker, "", "pcmk-healthy-st1-active--st1--crm_mon-output-as-xml.xml"),
    "addresses": (nfs.addresses, "", "hb-healthy-st1-active--st1--ip-br-addr.txt"),
    "clients": (nfs.clients, "sockets\n", "hb-healthy-st1-active--st1--nfs-clients.txt"),
    "space": (nfs.space, "", "hb-healthy-st1-active--st1--df-srv.txt"),
    "heartbeat": (
        heartbeat.membership,
        "Heartbeat is running on this machine.\nresources all\nnode st2 active\nlink st2 eth0 up\n",
        "hb-healthy-st1-active--st1--cl_status-rscstatus.txt",
    ),
    "serving": (
        nfs.serving,
        "threads 4\nmount /dev/drbd0 /srv/nfs ext4 rw 0 0\nexport ",
        "hb-healthy-st1-active--st1--exportfs-s.txt",
    ),
}


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_answers_are_values_or_failures(name: str, data: st.DataObject) -> None:
    parse, before, file = PARSERS[name]
    raw = before + (RECORDINGS / file).read_text()
    junk = st.sampled_from(["", "\x00", "\x1b[2J", "[/x]", "9" * 40, " ", "\n", "é\u202e", "/", "x" * 5000])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 40)))
        raw = raw[:start] + data.draw(junk) + raw[end:]
    question = Question(name, "st1", Command(Client.SSH, "st1", "x"), parse)
    value = question.read(Answer(raw, data.draw(st.sampled_from([0, 1, 124]))))
    assert "\x1b" not in repr(value)
    assert not isinstance(value, Failure) or value.sentence


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("raw", ["", "x" * 10_000_000, "\ufffd" * 1000, "\n" * 100_000])
def test_nonsense_is_a_failure(name: str, raw: str) -> None:
    parse, _, _ = PARSERS[name]
    value = Question(name, "st1", Command(Client.SSH, "st1", "x"), parse).read(Answer(raw))
    assert isinstance(value, Failure) or value == View(known=False)
