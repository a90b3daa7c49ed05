"""Situations that were not recorded as such: a recorded pair with one thing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from saitotui.model.command import Answer, FailureKind
from saitotui.model.health import Health
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.tiers.storage.situations import SITUATIONS

Make = Callable[..., Any]
HEALTHY, PCMK = "hb-healthy-st1-active", "pcmk-healthy-st1-active"


def standalone(scene: Make) -> Any:
    made = scene(HEALTHY)
    for node in ("st1", "st2"):
        made.drop(node, "status").edit(node, "proc", "cs:Connected", "cs:StandAlone")
    made.edit(
        "st1", "proc", "Primary/Secondary ds:UpToDate/UpToDate C", "Primary/Unknown ds:UpToDate/DUnknown  "
    )
    return made.edit(
        "st2", "proc", "Secondary/Primary ds:UpToDate/UpToDate C", "Secondary/Unknown ds:UpToDate/DUnknown  "
    )


def both_written(scene: Make) -> Any:
    made = standalone(scene)
    return made.edit("st1", "proc", "oos:0", "oos:36").edit("st2", "proc", "oos:0", "oos:40")


def target_cut_off(scene: Make) -> Any:
    made = scene("drbd-resync-in-progress").lose("st1").drop("st2", "status")
    made.edit("st2", "proc", "cs:SyncTarget ro:Secondary/Primary", "cs:WFConnection ro:Secondary/Unknown")
    return made.edit("st2", "proc", "ds:Inconsistent/UpToDate", "ds:Inconsistent/DUnknown")


def pacemaker(node: str, old: str, new: str) -> Callable[[Make], Any]:
    return lambda scene: scene(PCMK).edit(node, "pacemaker", old, new)


def one(node: str, what: str, old: str, new: str) -> Callable[[Make], Any]:
    return lambda scene: scene(HEALTHY).edit(node, what, old, new)


def in_transition(scene: Make) -> Any:
    return scene("hb-takeover-lost-nothing-active").drop("st1", "manager-log")


def nothing_runs(scene: Make) -> Any:
    made = scene("splitbrain-5-resolved-heartbeat-stopped")
    for node, other in (("st1", "st2"), ("st2", "st1")):
        lines = f"resources none\nnode {node} active\nnode {other} active\nlink {other} vec0 up\n"
        made.say(node, "heartbeat", f"Heartbeat is running on this machine.\n{lines}")
    return made


def both_stopped(scene: Make) -> Any:
    made = scene("splitbrain-5-resolved-heartbeat-stopped")
    return made.say("st2", "heartbeat", "Heartbeat is stopped on this machine.\n", 1)


def disagreeing_roles(scene: Make) -> Any:
    made = scene(HEALTHY).drop("st2", "status")
    return made.edit("st2", "proc", "Secondary/Primary", "Secondary/Secondary")


def half_connected(scene: Make) -> Any:
    made = scene(HEALTHY).drop("st2", "status")
    made.edit("st2", "proc", "cs:Connected ro:Secondary/Primary", "cs:WFConnection ro:Secondary/Unknown")
    return made.edit("st2", "proc", "ds:UpToDate/UpToDate", "ds:UpToDate/DUnknown")


def outdated(scene: Make) -> Any:
    made = scene(HEALTHY).drop("st1", "status").drop("st2", "status")
    made.edit("st2", "proc", "ds:UpToDate/UpToDate", "ds:Outdated/UpToDate")
    return made.edit("st1", "proc", "ds:UpToDate/UpToDate", "ds:UpToDate/Outdated")


def paused(scene: Make) -> Any:
    made = scene("drbd-resync-in-progress").drop("st1", "status").drop("st2", "status")
    made.edit("st1", "proc", "cs:SyncSource", "cs:PausedSyncS").edit("st1", "proc", "C r-----", "C r-p---")
    return made.edit("st2", "proc", "cs:SyncTarget", "cs:PausedSyncT").edit(
        "st2", "proc", "C r-----", "C r--u--"
    )


CASES: dict[str, tuple[Callable[[Make], Any], list[str]]] = {
    "one side disconnected, the other sees it": (
        half_connected,
        ["disconnected st2", "views-disagree storage"],
    ),
    "both given up, nobody wrote": (standalone, ["standalone st1", "standalone st2"]),
    "both given up, both wrote": (both_written, ["split-brain storage"]),
    "roles do not mirror": (disagreeing_roles, ["views-disagree storage"]),
    "resync paused": (paused, ["sync-paused st2"]),
    "source of a resync lost": (
        target_cut_off,
        [
            "resync-source-lost st2",
            "node-unreachable st1",
            "disconnected storage < node-unreachable",
            "floating-ip-nobody storage < node-unreachable",
            "no-primary storage < node-unreachable",
        ],
    ),
    "outdated": (outdated, ["outdated st2"]),
    "verify found differences": (
        one("st2", "status", "out-of-sync:0", "out-of-sync:128"),
        ["out-of-sync storage"],
    ),
    "drbdsetup hangs": (lambda scene: scene(HEALTHY).fail("st1", "status"), ["drbd-hung st1"]),
    "an earlier drbdsetup hangs": (
        lambda scene: scene(HEALTHY).say("st1", "status", "", 75),
        ["drbd-hung st1"],
    ),
    "suspended": (
        one("st1", "status", "role:Primary suspended:no", "role:Primary suspended:user"),
        ["io-suspended st1"],
    ),
    "configuration differs": (
        one("st2", "config", "haresources 3 300", "haresources 3 301"),
        ["config-differs storage"],
    ),
    "configuration missing": (
        one("st2", "config", "/etc/exports 4 400\n", ""),
        ["config-differs storage"],
    ),
    "heartbeat stopped on both": (
        both_stopped,
        [
            "heartbeat-stopped-both storage",
            "floating-ip-nobody storage < heartbeat-stopped-both",
            "no-primary storage < heartbeat-stopped-both",
        ],
    ),
    "link down": (
        lambda scene: scene(HEALTHY).edit("st1", "heartbeat", "link st2 vec0 up", "link st2 vec0 dead"),
        ["heartbeat-link-down st1"],
    ),
    "ping lost": (
        one("st1", "heartbeat", "node 10.81.0.1 ping", "node 10.81.0.1 dead"),
        ["heartbeat-ping-lost st1"],
    ),
    "takeover": (
        in_transition,
        [
            "node-unreachable st2",
            "takeover-running st1",
            "disconnected storage < node-unreachable",
            "floating-ip-nobody storage < takeover-running",
            "no-primary storage < takeover-running",
            "heartbeat-peer-dead st2 < node-unreachable",
        ],
    ),
    "nothing runs": (
        nothing_runs,
        [
            "resources-not-running storage",
            "floating-ip-nobody storage < resources-not-running",
            "no-primary storage < resources-not-running",
        ],
    ),
    "heartbeat believes": (
        one("st2", "heartbeat", "resources local", "resources all"),
        ["heartbeat-belief-wrong st2"],
    ),
    "no quorum": (
        pacemaker("st1", 'with_quorum="true"', 'with_quorum="false"'),
        ["pacemaker-no-quorum storage"],
    ),
    "stopped resource": (
        pacemaker("st1", 'Filesystem" role="Started"', 'Filesystem" role="Stopped"'),
        ["resources-not-running storage"],
    ),
    "one node left alone": (
        pacemaker("st1", 'onfail="false" maintenance="false"', 'onfail="false" maintenance="true"'),
        ["pacemaker-maintenance st1", "pacemaker-maintenance st2"],
    ),
    "partition under pacemaker": (
        pacemaker("st1", 'name="st2" id="2" online="true"', 'name="st2" id="2" online="false"'),
        ["partitioned storage", "heartbeat-peer-dead st2 < partitioned"],
    ),
    "not mounted": (
        one("st1", "serving", "mount /dev/drbd0 /srv/nfs ext4 rw,noatime 0 0\n", ""),
        ["mount-missing st1"],
    ),
    "something else mounted": (
        one("st1", "serving", "mount /dev/drbd0", "mount /dev/sda1"),
        ["mount-missing st1"],
    ),
    "not exported": (one("st1", "serving", "export /srv/nfs", "export /srv/other"), ["export-missing st1"]),
    "nfsd stopped": (one("st1", "serving", "threads 4", "threads 0"), ["nfsd-down st1"]),
    "nfsd not loaded": (one("st1", "serving", "threads 4", "threads -"), ["nfsd-down st1"]),
    "no address": (
        one("st1", "addresses", "10.81.0.100/24 ", ""),
        ["floating-ip-nobody storage"],
    ),
    "address elsewhere": (
        lambda scene: one("st1", "addresses", "10.81.0.100/24 ", "")(scene).edit(
            "st2", "addresses", "10.81.0.12/24", "10.81.0.12/24 10.81.0.100/24"
        ),
        ["floating-ip-elsewhere storage"],
    ),
    "space low": (one("st1", "space", "1%", "86%"), ["space-low st1"]),
    "space critical": (one("st1", "space", "1%", "95%"), ["space-critical st1"]),
    "client missing": (
        lambda scene: scene(HEALTHY).expect(clients=("10.81.0.13", "10.81.0.14")),
        ["clients-missing storage"],
    ),
    "client does not renew": (
        lambda scene: one("st1", "clients", "confirmed", "courtesy")(scene).expect(clients=("10.81.0.13",)),
        ["clients-missing storage"],
    ),
    "drbd cannot be read": (
        lambda scene: scene(HEALTHY).say("st2", "proc", "denied", 1).say("st2", "status", "denied", 1),
        ["unreadable st2"],
    ),
    "addresses cannot be read": (
        lambda scene: scene(HEALTHY).say("st2", "addresses", "ip: not found", 127),
        ["unreadable st2"],
    ),
    "both silent": (
        lambda scene: scene(HEALTHY).lose("st1").lose("st2"),
        ["blind storage", "node-unreachable st1 < blind", "node-unreachable st2 < blind"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_case(scene: Make, name: str) -> None:
    build, expected = CASES[name]
    made = build(scene)
    picture = made.picture()
    assert made.codes() == expected
    assert all(finding.sentence and finding.evidence for finding in picture.findings)
    assert picture.health > Health.OK


def test_every_situation_is_found_somewhere(scene: Make, recorded_states: set[str]) -> None:
    found = {finding.code for state in recorded_states for finding in scene(state).picture().findings}
    found |= {finding.code for build, _ in CASES.values() for finding in build(scene).picture().findings}
    assert found == {situation.code for situation in SITUATIONS}


def test_codes_are_unique_and_of_this_tier() -> None:
    codes = [situation.code for situation in SITUATIONS]
    assert len(codes) == len(set(codes)) >= 40
    assert all(code.startswith("storage.") for code in codes)


def test_a_secondary_that_cannot_take_over_is_named(scene: Make) -> None:
    """Redundancy is judged by the health of the node that would take over."""
    nodes = {node.id: node.health for node in half_connected(scene).picture().nodes}
    assert nodes["st2"] is Health.CRIT


def test_nothing_asked_yet_is_unknown_and_nothing_found(scene: Make) -> None:
    made = scene(HEALTHY)
    picture = made.tier.picture(Snapshot(made.at))
    assert picture.findings == ()
    assert picture.health is Health.UNKNOWN
    assert picture.headline == "not asked yet"


def test_old_answers_are_not_ok(scene: Make) -> None:
    made = scene(HEALTHY)
    old = made.snapshot()
    picture = made.tier.picture(Snapshot(made.at + 3600, old.readings))
    assert "storage.blind" in {finding.code for finding in picture.findings}
    assert picture.health >= Health.UNKNOWN


def test_denied_is_unreachable_too_and_says_so(scene: Make) -> None:
    made = scene(HEALTHY)
    for question in made.tier.questions:
        if question.key.startswith("storage/st2/"):
            made.fail("st2", question.key.rpartition("/")[2], FailureKind.DENIED)
    finding = made.picture().findings[0]
    assert finding.code == "storage.node-unreachable"
    assert finding.health is Health.UNKNOWN
    assert finding.sentence == "st2 does not answer by SSH, but st1 is connected to it: it lives"
    assert "denied" in finding.evidence[0]


def test_a_dead_node_that_drbd_has_not_missed_yet_is_not_called_alive(scene: Make) -> None:
    made = scene(HEALTHY).lose("st2")
    assert "st1 is connected to it: it lives" in made.picture().findings[0].sentence
    made.edit("st1", "heartbeat", "node st2 active", "node st2 dead")
    sentence = next(one for one in made.picture().findings if one.code.endswith("unreachable")).sentence
    assert "lives" not in sentence
    assert "calls it dead" in sentence


def test_measured_speed_gives_the_time_left_where_the_kernel_does_not(scene: Make) -> None:
    """DRBD 9 has no estimate of its own."""
    made = scene("drbd-resync-in-progress")
    for node in ("st1", "st2"):
        made.say(node, "proc", "version: 9.2.4 (api:2/proto:86-121)\n")
    now = made.snapshot()
    earlier = {}
    for key in ("storage/st1/status", "storage/st2/status"):
        value = replace(now.readings[key].value, out_of_sync=now.readings[key].value.out_of_sync + 10_000)
        earlier[key] = Reading(value, made.at - 2.0)
    picture = made.tier.picture(Snapshot(made.at, now.readings, earlier))
    assert picture.findings[0].sentence == "st2 resyncs from st1: 67% done, 84 MiB left, about 17s"


def test_a_hung_tool_leaves_the_kernels_view(scene: Make) -> None:
    picture = scene(HEALTHY).fail("st1", "status").picture()
    assert [node.role for node in picture.nodes] == ["primary", "secondary", ""]


@pytest.mark.parametrize(
    "said",
    [
        "ipfail: [1]: info: Status update: Node st2 now has status dead",
        "heartbeat: [1]: WARN: node st2: is dead",
    ],
)
def test_takeover_becomes_lost_with_time(scene: Make, said: str) -> None:
    """ipfail runs only where ha.cf respawns it; heartbeat itself always tells."""
    died = f"2026/11/23_16:24:30 st1 {said}\n"
    made = scene("hb-takeover-lost-nothing-active")
    made.say("st1", "manager-log", f"now 2026/11/23_16:25:00\n{died}")
    assert "takeover-running st1" in made.codes()
    made.say("st1", "manager-log", f"now 2026/11/23_16:26:00\n{died}")
    assert "takeover-lost st1" in made.codes()


def test_a_takeover_that_serves_and_never_ends(scene: Make) -> None:
    """Its peer may be back: what tells is that heartbeat has said nothing for a minute."""
    ended = "2026/11/23_16:24:30 heartbeat: [1]: info: Status update for node st1: status active\n"
    made = scene(HEALTHY).edit("st1", "heartbeat", "resources local", "resources transition")
    made.say("st1", "manager-log", f"now 2026/11/23_16:25:00\n{ended}")
    assert "takeover-running st1" in made.codes()
    made.say("st1", "manager-log", f"now 2026/11/23_16:26:00\n{ended}")
    assert "takeover-unended st1" in made.codes()


def test_questions_that_may_hang_travel_alone(scene: Make) -> None:
    """One lane for what cannot hang; drbdsetup, the manager and df have their own."""
    for state, manager in ((HEALTHY, "heartbeat"), (PCMK, "pacemaker")):
        questions = {question.key: question for question in scene(state).tier.questions}
        sessions = {key.rpartition("/")[2]: one.command.session for key, one in questions.items()}
        assert {name for name, session in sessions.items() if not session} == {
            "proc", "serving", "addresses", "clients",
        }  # fmt: skip
        assert sessions["status"] == "drbd"
        assert sessions[manager] == "manager"
        assert sessions["space"] == sessions["config"] == "slow"
        longest = {one.command.session: one.deadline for one in questions.values() if one.deadline > 6.0}
        assert set(longest) <= {"manager"}
        assert not any(
            "dump" in one.command.text and "cksum" not in one.command.text for one in questions.values()
        )


def test_secrets_of_the_configuration_never_travel(scene: Make) -> None:
    """`drbdadm dump` holds the shared secret: what is asked for is its checksum only."""
    made = scene(HEALTHY)
    config = next(one for one in made.tier.questions if one.key == "storage/st1/config")
    assert isinstance(made.answers["storage/st1/config"], Answer)
    assert "| cksum" in config.command.text
    assert "authkeys" not in config.command.text
