"""Recorded answers of three real Tomcats and an nginx, put together to snapshots."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from saitotui.model.command import Answer, Failure, FailureKind, Question
from saitotui.model.finding import Finding
from saitotui.model.profile import Application, Host, HttpService, JourneyCheck, Nginx, Profile, Tomcat
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.application import ApplicationTier, build

RECORDINGS = Path(__file__).parents[2] / "recordings" / "application"
TOMCATS = ("tc1", "tc2", "tc3")
FRONTS = ("web1", "web2")
AT = 1_795_450_084.0
"""Just after the last line of the recorded access log."""
BEANS = {
    "managers": "Manager",
    "threads": "ThreadPool",
    "heap": "Memory",
    "requests": "GlobalRequestProcessor",
    "cluster": "Cluster",
}
JAVA = Answer("    900   80000 java\n")
NGINX = Answer("    800   80000 nginx\n    801   80000 nginx\n")


def recorded(name: str) -> Answer:
    return Answer((RECORDINGS / name).read_text(), 200)


@dataclass
class Scene:
    """A snapshot in the making: answers by question key (without `application/`)."""

    profile: Profile
    answers: dict[str, Answer | Failure] = field(default_factory=dict)
    earlier: dict[str, Answer] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    ages: dict[str, float] = field(default_factory=dict)

    @property
    def tier(self) -> ApplicationTier:
        built = build(self.profile)
        assert isinstance(built, ApplicationTier)
        return built

    @staticmethod
    def recorded(name: str) -> Answer:
        return recorded(name)

    def say(self, key: str, answer: Answer | Failure) -> Scene:
        self.answers[key] = answer
        return self

    def edit(self, key: str, pattern: str, by: str) -> Scene:
        """One answer with a piece replaced, which must be there."""
        answer = self.answers[key]
        assert isinstance(answer, Answer)
        text, count = re.subn(pattern, by, answer.text)
        assert count, f"nothing like {pattern} in {key}"
        return self.say(key, replace(answer, text=text))

    def tomcat(self, name: str, failure: Failure, process: Answer | Failure = JAVA) -> Scene:
        """A Tomcat none of whose HTTP questions is answered; the others lose it when it is dead or hangs."""
        for key in ("list", *BEANS):
            self.say(f"{name}/{key}", failure)
        self.say(f"{name}/process", process)
        if failure.kind is not FailureKind.DENIED:
            for other in TOMCATS:
                if isinstance(self.answers[f"{other}/cluster"], Answer):
                    self.unseen(other, name)
        return self

    def unseen(self, by: str, *names: str) -> Scene:
        """`by` does not see `names` in its session cluster."""
        answer = self.answers[f"{by}/cluster"]
        assert isinstance(answer, Answer)
        blocks = answer.text.split("\n\n")
        kept = [
            block
            for block in blocks
            if not any(f'name="tcp://127.82.0.2{name[-1]}:4000"' in block for name in names)
        ]
        count = sum(block.startswith("Name: ") for block in kept)
        text = "\n\n".join(kept).replace("results: 4", f"results: {count}")
        text = re.sub(r"results: \d", f"results: {count}", text)
        return self.say(f"{by}/cluster", Answer(text, 200))

    def snapshot(self) -> Snapshot:
        readings = {}
        earlier = {}
        for question in self.tier.questions:
            key = question.key.removeprefix("application/")
            if key in self.answers:
                readings[question.key] = self._reading(question, key)
            if key in self.earlier:
                earlier[question.key] = Reading(question.read(self.earlier[key]), AT - 10)
        return Snapshot(AT, readings, earlier)

    def _reading(self, question: Question[Any], key: str) -> Reading[Any]:
        answer = self.answers[key]
        raw = answer if isinstance(answer, Answer) else None
        return Reading(question.read(answer), AT - self.ages.get(key, 0), self.costs.get(key, 0.02), raw)

    def picture(self) -> TierPicture:
        return self.tier.picture(self.snapshot())

    def findings(self) -> tuple[Finding, ...]:
        return self.picture().findings

    def codes(self) -> list[str]:
        return sorted(
            f"{found.code.removeprefix('application.')} {found.subject}" for found in self.findings()
        )

    def causes(self) -> dict[str, str]:
        short = "application."
        return {f.code.removeprefix(short): f.cause.removeprefix(short) for f in self.findings()}


def _profile() -> Profile:
    addresses = {"web1": "127.82.0.20", "web2": "127.82.0.30"}
    addresses |= {name: f"127.82.0.2{name[-1]}" for name in TOMCATS}
    return Profile(
        "test",
        {name: Host(address) for name, address in addresses.items()},
        application=Application(
            nginx={
                name: Nginx(name, HttpService(f"http://{addresses[name]}:8081/nginx_status"))
                for name in FRONTS
            },
            tomcats={
                name: Tomcat(name, HttpService(f"http://{addresses[name]}:8080/manager", "saitotui"))
                for name in TOMCATS
            },
            journeys=(
                JourneyCheck("home", HttpService("http://127.82.0.20/"), contains="Welcome"),
                JourneyCheck("login", HttpService("http://www.example.org/app/login")),
            ),
        ),
    )


@pytest.fixture
def scene() -> Scene:
    """All is well: version 2 is everywhere and has sessions."""
    answers: dict[str, Answer | Failure] = {}
    for name in TOMCATS:
        answers[f"{name}/process"] = JAVA
        answers[f"{name}/list"] = Answer(
            recorded(f"manager-list-{name}.txt").text.replace("/app:running:0:app##1\n", ""), 200
        )
        for key, bean in BEANS.items():
            answers[f"{name}/{key}"] = recorded(f"jmxproxy-{bean}-{name}.txt")
    for name in FRONTS:
        answers[f"{name}/status"] = recorded("nginx-stub_status.txt")
        answers[f"{name}/process"] = NGINX
        answers[f"{name}/log"] = Answer(f"{AT:.0f}\n" + recorded("nginx-access.log.sample").text)
    answers["journey/home"] = Answer("<h1>Welcome</h1>", 200)
    answers["journey/login"] = Answer("OK", 200)
    return Scene(_profile(), answers)
