"""The hosts tier: one cheap line from every host, and what it means."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saitotui.facts import host as reader
from saitotui.model.command import Answer, Failure, FailureKind, Unparsable
from saitotui.model.health import Health
from saitotui.model.profile import Cluster, Host, Profile, Storage
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.hosts import TIER, HostsTier, build

NOW = 1_795_516_572.0
FACTS = """now {now}
boot 25b69834-6f10-4a6c-9941-40d6e0b575ac
load {load} 1/94 7676
uptime {uptime} 10375.40
cpus 2
kernel Linux 6.1.0-37-amd64
MemTotal:       {total} kB
MemAvailable:   {available} kB
SwapTotal:             0 kB
SwapFree:              0 kB
"""
DF = """Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda         264212084 22812096  83578816      {percent}% /
/dev/drbd0        10485760  9961472    524288      96% /srv/nfs
"""
HOSTS = ("db1", "db2", "lb1")


def facts(**changes: Any) -> str:
    said = {
        "now": NOW,
        "load": "0.10 0.20 0.30",
        "uptime": 90_000.5,
        "total": 4_000_000,
        "available": 3_000_000,
    }
    return FACTS.format(**{**said, **changes})


def picture(
    answers: dict[str, Answer | Failure] | None = None, disks: str = DF.format(percent=22), cost: float = 0.02
) -> TierPicture:
    profile = Profile(
        "test",
        {name: Host(name) for name in HOSTS},
        cluster=Cluster({}, ("https://pve1:8006",)),
        storage=Storage({"st1": "db1"}),
    )
    tier = build(profile)
    assert isinstance(tier, HostsTier)
    readings: dict[str, Reading[Any]] = {}
    for name, asked in tier.asked.items():
        answer = (answers or {}).get(name, Answer(facts()))
        readings[asked.facts.key] = Reading(asked.facts.read(answer), NOW + cost / 2, cost)
        disk_answer = answer if isinstance(answer, Failure) else Answer(disks)
        readings[asked.disks.key] = Reading(asked.disks.read(disk_answer), NOW)
    return tier.picture(Snapshot(NOW, readings))


def codes(drawn: TierPicture) -> list[str]:
    return [f"{finding.code} {finding.subject}" for finding in drawn.findings]


def test_healthy() -> None:
    drawn = picture()
    assert drawn.findings == ()
    assert drawn.health is Health.OK
    assert drawn.headline == "3 of 3 hosts answer"
    assert [node.id for node in drawn.nodes] == ["host/db1", "host/db2", "host/lb1"]
    assert [row.cells[1].text for row in drawn.tables[0].rows] == ["up", "up", "up"]


CASES: list[tuple[str, Answer | Failure, Health]] = [
    ("hosts.unreachable", Failure(FailureKind.UNREACHABLE, "no route to host"), Health.UNKNOWN),
    ("hosts.ssh-refused", Failure(FailureKind.REFUSED, "connection refused"), Health.WARN),
    ("hosts.silent", Failure(FailureKind.TIMEOUT, "no answer within 3 s"), Health.UNKNOWN),
    ("hosts.ssh-denied", Failure(FailureKind.DENIED, "permission denied (publickey)"), Health.UNKNOWN),
    ("hosts.key-changed", Failure(FailureKind.DENIED, "the host key of db1 is not the known"), Health.CRIT),
    ("hosts.facts-unreadable", Answer("Welcome to db1!\n"), Health.UNKNOWN),
    ("hosts.clock-skew", Answer(facts(now=NOW + 7)), Health.WARN),
    ("hosts.clock-skew", Answer(facts(now=NOW - 7)), Health.WARN),
    ("hosts.rebooted", Answer(facts(uptime=42.0)), Health.WARN),
    ("hosts.memory-low", Answer(facts(available=200_000)), Health.WARN),
    ("hosts.load-high", Answer(facts(load="9.00 8.00 1.00")), Health.WARN),
]


@pytest.mark.parametrize(("code", "answer", "health"), CASES)
def test_one_thing_wrong(code: str, answer: Answer | Failure, health: Health) -> None:
    drawn = picture({"db1": answer})
    assert codes(drawn) == [f"{code} host/db1"]
    assert drawn.findings[0].health is health
    assert drawn.findings[0].evidence
    node = drawn.nodes[0]
    assert node.health is health or node.health is Health.UNKNOWN


@pytest.mark.parametrize(("percent", "health"), [(84, None), (85, Health.WARN), (95, Health.CRIT)])
def test_disks(percent: int, health: Health | None) -> None:
    """The storage tier's own mount is left to that tier."""
    drawn = picture(disks=DF.format(percent=percent))
    assert {finding.health for finding in drawn.findings} == ({health} if health else set())
    assert {finding.code for finding in drawn.findings} == ({"hosts.disk-full"} if health else set())


def test_every_situation_is_met() -> None:
    elsewhere = {"hosts.disk-full", "hosts.fleet-unknown", "hosts.config-drift"}
    met = {code for code, _, _ in CASES} | elsewhere
    assert met == {situation.code for situation in TIER.situations}


def test_a_short_load_peak_is_no_overload() -> None:
    assert codes(picture({"db1": Answer(facts(load="9.00 1.00 1.00"))})) == []


def test_slow_round_trips_do_not_make_clocks_wrong() -> None:
    """1.4 s apart, but only known to 1 s: nothing is claimed."""
    assert codes(picture({"db1": Answer(facts(now=NOW + 1.4))}, cost=2.0)) == []
    assert codes(picture({"db1": Answer(facts(now=NOW + 1.4))}, cost=0.2)) == ["hosts.clock-skew host/db1"]


def test_the_consoles_own_clock_drops_out() -> None:
    assert codes(picture({name: Answer(facts(now=NOW + 3600)) for name in HOSTS})) == []


def test_nothing_asked_yet() -> None:
    tier = build(Profile("test", {"db1": Host("db1")}))
    assert isinstance(tier, HostsTier)
    drawn = tier.picture(Snapshot(NOW))
    assert drawn.findings == ()
    assert drawn.health is Health.UNKNOWN
    assert build(Profile("test", {})) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_machine() -> None:
    """The very commands, run by a plain sh."""
    said = subprocess.run(["sh", "-c", reader.FACTS], capture_output=True, text=True, check=True).stdout
    found = reader.facts(Answer(said))
    assert found.cpus >= 1
    assert 0 < found.memory_available <= found.memory_total
    assert found.boot_id.count("-") == 4
    if shutil.which("df"):
        df = subprocess.run(["sh", "-c", reader.DISKS], capture_output=True, text=True, check=False).stdout
        lines = [line for line in df.splitlines()[1:] if line.startswith("/")]
        if lines:
            assert len(reader.disks(Answer(df))) >= len(lines)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.integers(0, 100), st.text(max_size=40))
def test_mutated_facts_never_raise(start: int, length: int, patch: str) -> None:
    said = facts()
    drawn = picture({"db1": Answer(said[:start] + patch + said[start + length :])})
    assert drawn.headline
    assert "\x1b" not in repr(drawn)


@pytest.mark.parametrize(
    "said", ["", "x" * 10_000_000, "\n" * 1_000_000, "now " * 1_000_000, "/ " * 4_000_000]
)
def test_huge_or_empty_answers_are_refused(said: str) -> None:
    for parse in (reader.facts, reader.disks):
        with pytest.raises(Unparsable):
            parse(Answer(said))
