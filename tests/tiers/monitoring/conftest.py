"""Recorded answers of a real Zabbix 6.0, put together to snapshots."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from saitotui.model.command import Answer, Failure, FailureKind, Question
from saitotui.model.profile import Host, HttpService, Monitoring, Profile
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.hosts.questions import host_question
from saitotui.tiers.monitoring import MonitoringTier, build

RECORDINGS = Path(__file__).parents[2] / "recordings" / "zabbix"
RAISED = 1795448518
"""When the recorded problem of node01 was raised."""
NODES = ("node01", "node02", "node03")


def recorded(number: str) -> Any:
    """The result of a recorded call, by the number in its file name."""
    (path,) = RECORDINGS.glob(f"{number}-*.json")
    return json.loads(path.read_text())["response"]["body"]["result"]


def refused(number: str) -> str:
    """The error text of a recorded call."""
    (path,) = RECORDINGS.glob(f"{number}-*.json")
    error: str = json.loads(path.read_text())["response"]["body"]["error"]["data"]
    return error


def host_rows(**changes: Any) -> list[dict[str, Any]]:
    """The three hosts as host.get gives them (recorded field by field)."""
    found = []
    for number, name in enumerate(NODES):
        row = copy.deepcopy(recorded("116")[0])
        row |= {
            "hostid": str(10559 + number),
            "host": name,
            "name": f"{name} (lab)",
            "maintenance_status": "0",
        }
        row["interfaces"][0] |= {"available": "1", "error": ""}
        found.append(row | changes)
    return found


def alive(clock: int) -> list[dict[str, Any]]:
    """An item of the server's own health and an agent's ping, with a value at `clock`."""
    ping = next(row for row in recorded("064") if row["key_"] == "agent.ping")
    return [
        ping | {"lastclock": str(clock - 10)},
        ping | {"itemid": "1", "key_": "zabbix[queue,10m]", "lastvalue": "0", "lastclock": str(clock)},
        ping | {"itemid": "2", "key_": "zabbix[version]", "lastvalue": "6.0.14", "lastclock": str(clock)},
    ]


@dataclass
class Scene:
    """A snapshot in the making: answers by the last word of the question's key."""

    monitoring: Monitoring
    answers: dict[str, Answer | Failure] = field(default_factory=dict)
    at: float = RAISED + 5.0
    reached: dict[str, bool] = field(default_factory=dict)

    @property
    def profile(self) -> Profile:
        hosts = {name: Host("127.0.0.1") for name in NODES}
        return Profile("test", hosts, monitoring=self.monitoring)

    @property
    def tier(self) -> MonitoringTier:
        built = build(self.profile)
        assert isinstance(built, MonitoringTier)
        return built

    def say(self, what: str, data: Any) -> Scene:
        self.answers[what] = Answer(status=200, data=data)
        return self

    def fail(self, what: str, sentence: str, kind: FailureKind = FailureKind.DENIED) -> Scene:
        self.answers[what] = Failure(kind, f"zabbix: {sentence}")
        return self

    def fail_all(self, sentence: str, kind: FailureKind) -> Scene:
        for question in self.tier.questions:
            self.fail(question.key.rpartition("/")[2], sentence, kind)
        return self

    def change(self, what: str, **changes: Any) -> Scene:
        """All rows of an answer, with members changed."""
        answer = self.answers[what]
        assert isinstance(answer, Answer)
        assert isinstance(answer.data, list)
        return self.say(what, [dict(row) | changes for row in answer.data if isinstance(row, dict)])

    def expect(self, **changes: Any) -> Scene:
        self.monitoring = replace(self.monitoring, **changes)
        return self

    def snapshot(self) -> Snapshot:
        readings = {question.key: self._reading(question) for question in self.tier.questions}
        for name, answers in self.reached.items():
            question: Question[Any] = host_question(name, self.profile.poll)
            gone = Failure(FailureKind.UNREACHABLE, f"{name}: no route to host")
            readings[question.key] = Reading("facts" if answers else gone, self.at)
        return Snapshot(self.at, {key: reading for key, reading in readings.items() if reading is not None})

    def _reading(self, question: Question[Any]) -> Reading[Any] | None:
        answer = self.answers.get(question.key.rpartition("/")[2])
        return None if answer is None else Reading(question.read(answer), self.at)

    def picture(self) -> TierPicture:
        return self.tier.picture(self.snapshot())

    def codes(self) -> list[str]:
        return [
            f"{one.code.removeprefix('monitoring.')} {one.subject}"
            + (f" < {one.cause.removeprefix('monitoring.')}" if one.cause else "")
            for one in self.picture().findings
        ]


Make = Callable[[], Scene]


@pytest.fixture
def scene() -> Make:
    """A healthy server: three hosts, one armed action, no problem."""

    def make() -> Scene:
        made = Scene(Monitoring(HttpService("http://zabbix.test")))
        for what in ("problems", "triggers", "commands", "silent", "maintenances", "unsupported"):
            made.say(what, [])
        made.say("events", recorded("072")).say("actions", recorded("063"))
        return made.say("hosts", host_rows()).say("health", alive(RAISED))

    return make


@pytest.fixture
def web_down(scene: Make) -> Make:
    """As recorded: node01's web server is down, Zabbix has just run its command."""

    def make() -> Scene:
        made = scene().say("problems", recorded("066")).say("triggers", recorded("069"))
        return made.say("commands", recorded("068"))

    return make


@pytest.fixture
def answer() -> Callable[[str], Any]:
    """`answer("066")`: the result of a recorded call."""
    return recorded


@pytest.fixture
def error() -> Callable[[str], str]:
    """`error("015")`: what a recorded call was refused with."""
    return refused
