"""The hardware tier on answers of the shape in Hetzner's public reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saitotui.facts import robot
from saitotui.model.command import Answer, Failure, FailureKind, Unparsable
from saitotui.model.health import Health
from saitotui.model.profile import Hardware, Host, HttpService, Profile
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.hardware import TIER, HardwareTier, build

AT = 1_795_516_572.0
SERVER = {
    "server_ip": "203.0.113.11",
    "server_ipv6_net": "2001:db8:11::",
    "server_number": 321,
    "server_name": "pve1",
    "product": "AX52",
    "dc": "FSN1-DC1",
    "traffic": "unlimited",
    "status": "ready",
    "cancelled": False,
    "paid_until": "2026-12-02",
    "ip": ["203.0.113.11"],
    "subnet": None,
}
SECOND = {**SERVER, "server_ip": "203.0.113.12", "server_ipv6_net": "2001:db8:12::", "server_number": 322}
ANSWERS: dict[str, Any] = {
    "hardware/robot/server": [{"server": SERVER}, {"server": SECOND}],
    "hardware/robot/reset": [
        {"reset": {"server_ip": "203.0.113.11", "server_number": 321, "type": ["sw", "hw", "man"]}},
        {"reset": {"server_ip": "203.0.113.12", "server_number": 322, "type": ["sw", "hw", "power", "man"]}},
    ],
    "hardware/robot/failover": [
        {
            "failover": {
                "ip": "203.0.113.200",
                "netmask": "255.255.255.255",
                "server_ip": "203.0.113.11",
                "server_ipv6_net": "2001:db8:11::",
                "server_number": 321,
                "active_server_ip": "203.0.113.11",
            }
        }
    ],
}
Edit = Callable[[dict[str, Any]], Any]


def picture(answers: dict[str, Any], at: float = AT) -> TierPicture:
    profile = Profile(
        "test",
        {"pve1": Host("203.0.113.11"), "pve2": Host("10.0.0.12")},
        hardware=Hardware(
            HttpService("https://robot.example"),
            {"321": "pve1", "322": "pve2"},
            {"203.0.113.200": "pve1"},
        ),
    )
    tier = build(profile)
    assert isinstance(tier, HardwareTier)
    readings: dict[str, Reading[Any]] = {}
    for question in tier.questions:
        if question.key in answers:
            said = answers[question.key]
            answer = said if isinstance(said, Failure) else Answer(data=said)
            readings[question.key] = Reading(question.read(answer), AT)
    return tier.picture(Snapshot(at, readings))


def changed(edit: Edit) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(json.dumps(ANSWERS))
    edit(answers)
    return answers


def codes(drawn: TierPicture) -> list[str]:
    return [f"{finding.code.removeprefix('hardware.')} {finding.subject}" for finding in drawn.findings]


def test_healthy() -> None:
    drawn = picture(ANSWERS)
    assert drawn.findings == ()
    assert drawn.health is Health.OK
    assert drawn.headline == "2 machines ready, 1 failover address in place"
    assert [(edge.source, edge.target) for edge in drawn.edges] == [("failover/203.0.113.200", "server/321")]
    assert [cell.text for cell in drawn.tables[0].rows[1].cells] == [
        "322",
        "pve2",
        "AX52",
        "FSN1-DC1",
        "ready",
        "2026-12-02",
        "sw, hw, power, man",
    ]


def _server(**fields: Any) -> Edit:
    return lambda answers: answers["hardware/robot/server"][1]["server"].update(fields)


def _failover(**fields: Any) -> Edit:
    return lambda answers: answers["hardware/robot/failover"][0]["failover"].update(fields)


def _all(failure: Failure) -> Edit:
    return lambda answers: answers.update(dict.fromkeys(answers, failure))


CASES: list[tuple[Edit, list[str]]] = [
    (_server(cancelled=True), ["server-cancelled server/322"]),
    (_server(status="in process"), ["status-not-ready server/322"]),
    (lambda answers: answers["hardware/robot/server"].pop(), ["server-missing server/322"]),
    (lambda answers: answers["hardware/robot/reset"].pop(), ["no-reset server/322"]),
    (
        lambda answers: answers["hardware/robot/reset"][0]["reset"].update(type=["man"]),
        ["no-reset server/321"],
    ),
    (_failover(active_server_ip="203.0.113.12"), ["failover-ip-elsewhere failover/203.0.113.200"]),
    (_failover(active_server_ip="2001:db8:12::"), ["failover-ip-elsewhere failover/203.0.113.200"]),
    (_failover(active_server_ip="198.51.100.9"), ["failover-ip-elsewhere failover/203.0.113.200"]),
    (_failover(active_server_ip="2001:db8:11::"), []),
    (_failover(active_server_ip=None), ["failover-ip-unrouted failover/203.0.113.200"]),
    (
        lambda answers: answers.update({"hardware/robot/failover": []}),
        ["failover-ip-missing failover/203.0.113.200"],
    ),
    (_all(Failure(FailureKind.DENIED, "401 Unauthorized")), ["api-denied robot"]),
    (
        _all(Failure(FailureKind.DENIED, "403: RATE_LIMIT_EXCEEDED (rate limit exceeded)")),
        ["rate-limited robot"],
    ),
    (_all(Failure(FailureKind.UNREACHABLE, "robot.example: no route")), ["api-unreachable robot"]),
    (
        lambda answers: answers.update(
            {"hardware/robot/reset": Failure(FailureKind.ERROR, "503 maintenance")}
        ),
        ["api-unreachable robot"],
    ),
]


@pytest.mark.parametrize(("edit", "expected"), CASES)
def test_one_thing_wrong(edit: Edit, expected: list[str]) -> None:
    drawn = picture(changed(edit))
    assert codes(drawn) == expected
    assert all(finding.evidence for finding in drawn.findings)


def test_sentences_name_hosts() -> None:
    drawn = picture(changed(_failover(active_server_ip="203.0.113.12")))
    assert drawn.headline == "failover address 203.0.113.200 points to pve2, not to pve1"


def test_every_situation_is_met() -> None:
    met = {finding.code for edit, _ in CASES for finding in picture(changed(edit)).findings}
    assert met == {situation.code for situation in TIER.situations}


def test_not_asked_and_stale() -> None:
    assert picture({}).health is Health.UNKNOWN
    assert picture({}).findings == ()
    stale = picture(ANSWERS, AT + 86_400)
    assert codes(stale) == ["api-unreachable robot"]
    assert {node.health for node in stale.nodes} == {Health.UNKNOWN}


@pytest.mark.parametrize("wrong", [None, "text", {}, [1], [{}], [{"server": []}], [{"server": {}}]])
def test_wrong_shapes_are_unparsable(wrong: Any) -> None:
    for parse in (robot.servers, robot.resets, robot.failovers):
        with pytest.raises(Unparsable):
            parse(Answer(data=wrong))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(ANSWERS)),
    st.sampled_from(["server_ip", "server_number", "status", "cancelled", "type", "ip", "active_server_ip"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.text()),
)
def test_mutated_answers_become_a_picture(key: str, field: str, value: Any) -> None:
    def edit(answers: dict[str, Any]) -> None:
        for entry in answers[key]:
            next(iter(entry.values()))[field] = value

    drawn = picture(changed(edit))
    assert drawn.headline
    assert "\x1b" not in repr(drawn)
