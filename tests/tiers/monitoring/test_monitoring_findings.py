"""What a real Zabbix answered, and one thing changed in it, leads to exactly these findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from saitotui.model.command import FailureKind
from saitotui.model.health import Health
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.monitoring.situations import SITUATIONS

Make = Callable[[], Any]
Recorded = Callable[[str], Any]
Cases = dict[str, tuple[Any, list[str]]]

HOSTS = ("node01", "node02", "node03")


def problems(count: int, severity: int, age: float, at: float) -> list[dict[str, str]]:
    """Open problems as problem.get gives them, of triggers 1 to `count`."""
    return [
        {
            "eventid": str(1000 + number), "objectid": str(number), "clock": str(int(at - age)),
            "name": f"Problem {number}", "acknowledged": "0", "severity": str(severity), "suppressed": "0",
        }
        for number in range(1, count + 1)
    ]  # fmt: skip


def test_healthy(scene: Make) -> None:
    made = scene()
    picture = made.picture()
    assert made.codes() == []
    assert picture.health is Health.OK
    assert picture.headline == "Zabbix answers, no problem, 1 recovery actions armed"
    assert [node.id for node in picture.nodes] == [
        "zabbix",
        "zabbix/node01",
        "zabbix/node02",
        "zabbix/node03",
    ]
    assert picture.nodes[0].summary == "6.0.14, 0 problems open"
    assert picture.nodes[1].host == "node01"
    (robot,) = picture.robots
    assert (robot.name, robot.armed) == ("Zabbix: Auto-recovery: restart web", True)
    assert robot.sentence == "acts on recovery=restart-web"


def test_recorded_problem_that_zabbix_is_recovering(web_down: Make) -> None:
    made = web_down()
    picture = made.picture()
    assert made.codes() == ["problem-high zabbix/node01", "recovery-running zabbix"]
    assert [finding.sentence for finding in picture.findings] == [
        "Web down on node01: port 9000, value 0, since 15:41 UTC, not acknowledged",
        "Zabbix is recovering by itself: node01 (try 1)",
    ]
    tables = {
        table.name: [[cell.text for cell in row.cells] for row in table.rows] for table in picture.tables
    }
    assert tables["problems"] == [
        [
            *("high", "<1m", "node01", "Web down on node01: port 9000, value 0", "no"),
            *("restart-web: handed over", "23"),
        ]
    ]
    assert tables["actions"] == [
        ["Auto-recovery: restart web", "armed", "recovery=restart-web", "<1m ago", "handed over"]
    ]
    assert [row[:2] for row in tables["agents"]] == [
        [name, "answers"] for name in ("node01", "node02", "node03")
    ]
    assert {sample.name: sample.value for sample in picture.samples} == {
        "problems": 1.0,
        "unacknowledged": 1.0,
    }
    assert [event.sentence for event in picture.events] == [
        "resolved: Web down on node01: port 9000, value 1",
        "Zabbix ran 'node01:/opt/recovery/svc.sh start node01': handed over",
        "problem: Web down on node01: port 9000, value 0",
    ]


def test_acknowledged_is_a_warning(scene: Make, answer: Recorded) -> None:
    made = scene().say("problems", answer("078")).change("problems", acknowledged="1")
    (finding,) = made.picture().findings
    assert (finding.code, finding.health) == ("monitoring.problem-disaster", Health.WARN)
    assert "platform: investigating" in finding.evidence[0]


def test_suppressed_is_maintenance(scene: Make, answer: Recorded) -> None:
    made = scene().say("problems", answer("110")).say("maintenances", answer("108"))
    rows = made.answers["hosts"].data
    made.say("hosts", [rows[0], rows[1], rows[2] | {"maintenance_status": "1"}])
    made.at = 1795448600.0
    picture = made.picture()
    assert made.codes() == ["maintenance-active zabbix"]
    assert picture.findings[0].evidence == ("node03 planned work: until 16:42 UTC",)
    assert picture.tables[0].rows[0].cells[0].text == "suppressed"
    assert {node.id: node.health for node in picture.nodes}["zabbix/node03"] is Health.MAINT


def test_a_disabled_trigger_is_history(web_down: Make) -> None:
    assert web_down().change("triggers", status="1").codes() == []


def silent(answer: Recorded, name: str = "node02", **host: str) -> list[dict[str, Any]]:
    row = {"hostid": "10560", "host": name, "status": "0", "maintenance_status": "0"} | host
    return [answer("115")[0] | {"hosts": [row]}]


def build_cases(
    scene: Make, web_down: Make, answer: Recorded, error: Recorded
) -> dict[str, tuple[Any, list[str]]]:
    """Situation by name: the scene, and what is found in it."""
    now = scene().at
    failed = web_down().say("commands", answer("175")).change("commands", eventid="23")
    minor = (
        web_down()
        .say("commands", answer("175"))
        .change("commands", eventid="23")
        .change("problems", severity="2")
    )
    no_rights = scene().fail("actions", error("170"))
    storm = scene().say("problems", problems(25, 3, 60, now))
    huge = scene().say("problems", problems(1001, 5, 4000, now))
    queue = scene()
    queue.say("health", [row | {"lastvalue": "250"} for row in queue.answers["health"].data])
    reached = scene().say("silent", silent(answer))
    reached.reached = {"node02": True}
    unreached = scene()
    unreached.reached = {"node02": False}
    return {
        "disaster": (
            scene().say("problems", problems(1, 5, 60, now)),
            ["problem-disaster zabbix"],
        ),
        "average": (scene().say("problems", problems(1, 3, 60, now)), ["problem-average zabbix"]),
        "minor": (scene().say("problems", problems(3, 2, 6000, now)), []),
        "nobody took it": (
            scene().say("problems", problems(2, 4, 1000, now)),
            ["problem-high zabbix", "problems-unacknowledged zabbix"],
        ),
        "recovery failed": (failed, ["problem-high zabbix/node01", "recovery-failed zabbix"]),
        "recovery of something minor failed": (minor, ["recovery-failed zabbix"]),
        "disarmed": (scene().change("actions", status="1"), ["recovery-disarmed zabbix"]),
        "agent silent": (scene().say("silent", silent(answer)), ["agents-silent zabbix"]),
        "agent silent in maintenance": (scene().say("silent", silent(answer, maintenance_status="1")), []),
        "agent of a disabled host": (scene().say("silent", silent(answer, status="1")), []),
        "active agent silent": (
            scene().change("hosts", active_available="2"),
            ["agents-silent zabbix"],
        ),
        "agent silent, host alive": (reached, ["agents-silent zabbix", "console-disagrees zabbix/node02"]),
        "agent answers, console does not get there": (unreached, ["console-disagrees zabbix/node02"]),
        "few unsupported": (scene().say("unsupported", answer("102")), []),
        "many unsupported": (scene().say("unsupported", answer("102") * 2), ["items-unsupported zabbix"]),
        "server dead": (_later(scene(), 600), ["server-down zabbix"]),
        "queue": (queue, ["queue-long zabbix"]),
        "storm": (storm, ["trigger-storm zabbix", "problem-average zabbix < trigger-storm"]),
        "a thousand": (
            huge,
            [
                "trigger-storm zabbix",
                "problems-unacknowledged zabbix",
                "problem-disaster zabbix < trigger-storm",
            ],
        ),
        "not watched": (
            scene().expect(hosts={"node01": "node01", "node09": "node02"}),
            ["host-unwatched zabbix"],
        ),
        "rights missing": (no_rights, ["rights-missing zabbix"]),
        "one question fails": (
            scene().fail("events", "HTTP 500", FailureKind.ERROR),
            ["unreadable zabbix"],
        ),
        "bad token": (scene().fail_all(error("015"), FailureKind.DENIED), ["api-denied zabbix"]),
        "wrong password": (scene().fail_all(error("002"), FailureKind.DENIED), ["login-blocked zabbix"]),
        "frontend down": (
            scene().fail_all("connection refused", FailureKind.REFUSED),
            ["api-unreachable zabbix"],
        ),
    }


def _later(made: Any, seconds: float) -> Any:
    made.at += seconds
    return made


NAMES = (
    "disaster", "average", "minor", "nobody took it", "recovery failed", "recovery of something minor failed",
    "disarmed", "agent silent", "agent silent in maintenance", "agent of a disabled host",
    "active agent silent", "agent silent, host alive", "agent answers, console does not get there",
    "few unsupported", "many unsupported", "server dead", "queue", "storm", "a thousand", "not watched",
    "rights missing", "one question fails", "bad token", "wrong password", "frontend down",
)  # fmt: skip


@pytest.fixture
def cases(scene: Make, web_down: Make, answer: Recorded, error: Recorded) -> Cases:
    return build_cases(scene, web_down, answer, error)


@pytest.mark.parametrize("name", NAMES)
def test_case(cases: Cases, name: str) -> None:
    made, expected = cases[name]
    picture = made.picture()
    assert made.codes() == expected
    assert (picture.health > Health.OK) is bool(expected)
    assert all(finding.sentence for finding in picture.findings)


def test_every_situation_is_found_somewhere(cases: Cases, web_down: Make, scene: Make) -> None:
    assert set(NAMES) == set(cases)
    in_maintenance = scene().change("hosts", maintenance_status="1")
    made = [*(one for one, _ in cases.values()), web_down(), in_maintenance]
    found = {finding.code for one in made for finding in one.picture().findings}
    assert found == {situation.code for situation in SITUATIONS}


def test_codes_are_unique_and_of_this_tier() -> None:
    codes = [situation.code for situation in SITUATIONS]
    assert len(codes) == len(set(codes)) >= 18
    assert all(code.startswith("monitoring.") for code in codes)


def test_a_storm_is_not_a_list(cases: Cases) -> None:
    """A thousand problems make no thousand findings, rows or nodes."""
    picture = cases["a thousand"][0].picture()
    assert len(picture.findings) <= 7
    assert all(len(table.rows) <= 200 for table in picture.tables)
    assert len(picture.nodes) <= 201
    storm = next(finding for finding in picture.findings if finding.code == "monitoring.trigger-storm")
    assert storm.sentence.startswith("more than 1000 problems are open")


def test_minor_failure_of_recovery_is_a_warning(cases: Cases) -> None:
    made, _ = cases["recovery of something minor failed"]
    assert made.picture().findings[0].health is Health.WARN
    made, _ = cases["recovery failed"]
    finding = made.picture().findings[-1]
    assert finding.health is Health.CRIT
    assert "Connection refused" in finding.evidence[0]


def test_without_rights_nobody_says_that_recovery_is_off(cases: Cases) -> None:
    (robot,) = cases["rights missing"][0].picture().robots
    assert robot.armed is None
    assert "No permissions" in robot.sentence


def test_nothing_asked_yet_is_unknown(scene: Make) -> None:
    made = scene()
    picture = made.tier.picture(Snapshot(made.at))
    assert picture.findings == ()
    assert picture.health is Health.UNKNOWN
    assert picture.headline == "not asked yet"


def test_old_answers_are_not_ok(scene: Make) -> None:
    made = scene()
    picture = made.tier.picture(Snapshot(made.at + 3600, made.snapshot().readings))
    assert [finding.code for finding in picture.findings] == ["monitoring.api-unreachable"]


def test_no_sign_of_life_is_said_to_be_unknown(scene: Make) -> None:
    node = scene().say("health", []).picture().nodes[0]
    fact = next(fact for fact in node.facts if fact.label == "newest value")
    assert fact.health is Health.UNKNOWN


def test_one_batch_for_all(scene: Make) -> None:
    """All questions are of one client, target, session and deadline, so that they make one request."""
    questions = scene().tier.questions
    lanes = {(one.command.client, one.command.target, one.command.session, one.deadline) for one in questions}
    assert len(lanes) == 1
    fast = min(one.every for one in questions)
    assert all(one.every % fast == 0 for one in questions)
