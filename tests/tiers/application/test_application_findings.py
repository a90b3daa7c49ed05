"""What the application tier finds, state by state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from saitotui.model.command import Answer, Failure, FailureKind
from saitotui.model.health import Health
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.application import TIER, build

Scene = Any
"""The class of this folder's conftest, which tests get as a fixture only."""
Change = Callable[[Scene], Scene]

REFUSED = Failure(FailureKind.REFUSED, "connection refused: nobody listens there")
SILENT = Failure(FailureKind.UNREACHABLE, "no answer to the connection attempt within 3s")
LATE = Failure(FailureKind.TIMEOUT, "no answer within 3s to: GET /text/list")
DENIED = Failure(FailureKind.DENIED, "401 for the user saitotui")
NO_PROCESS = Answer("", 1)
JAVA = Answer("    900   80000 java\n")
YOUNG = Answer("    900      12 java\n")
STRANGER = """Name: Catalina:type=Cluster,component=Member,name="tcp://10.9.9.9:4000"
modelerType: org.apache.tomcat.util.modeler.BaseModelMBean
suspect: false
local: false
hostname: 10.9.9.9
ready: true
failing: false
name: tcp://10.9.9.9:4000

"""


def apps(*lines: str) -> Answer:
    """A manager's list: `running:12:app##2` for each version."""
    body = "".join(f"/app:{line}\n" for line in lines)
    return Answer(f"OK - Listed applications for virtual host [localhost]\n{body}", 200)


def log(good: int, bad: int, upstream: str = "127.82.0.22:8080", status: int = 502) -> Answer:
    """An access log in the recorded format: requests that went well, and that did not."""
    line = '1795450080.{n:03} {status} "GET /app/v HTTP/1.1" up={up} us={status} rt=0.010 urt=0.010 route=-\n'
    text = "1795450084\n" + "".join(line.format(n=n, status=200, up="127.82.0.21:8080") for n in range(good))
    return Answer(text + "".join(line.format(n=n, status=status, up=upstream) for n in range(bad)))


def everywhere(scene: Scene, answer: Answer) -> Scene:
    for name in ("tc1", "tc2", "tc3"):
        scene.say(f"{name}/list", answer)
    return scene


def down(scene: Scene, *names: str) -> Scene:
    for name in names:
        scene.tomcat(name, REFUSED, NO_PROCESS)
    return scene


def dropping(scene: Scene) -> Scene:
    scene.earlier["web1/status"] = scene.answers["web1/status"]
    return scene.edit("web1/status", " 939 939 70238", " 959 939 70300")


def slow(scene: Scene) -> Scene:
    scene.costs["journey/login"] = 2.5
    return scene


def hangs(scene: Scene) -> Scene:
    scene.costs["journey/login"] = 2.5
    return scene.tomcat("tc2", LATE)


def stranger(scene: Scene) -> Scene:
    return scene.edit("tc1/cluster", "results: 4\n\n", "results: 5\n\n" + STRANGER)


CASES: dict[str, tuple[Change, list[str]]] = {
    "a journey gets an error": (
        lambda scene: scene.say("journey/login", Answer("", 500)),
        ["journey-failed journey/login"],
    ),
    "a journey gets something else": (
        lambda scene: scene.say("journey/home", Answer("Sorry", 200)),
        ["journey-failed journey/home"],
    ),
    "a journey gets no answer": (
        lambda scene: scene.say("journey/login", LATE),
        ["journey-failed journey/login"],
    ),
    "a journey cannot be tried": (
        lambda scene: scene.say("journey/login", SILENT),
        ["journey-unreachable journey/login"],
    ),
    "a journey is slow": (slow, ["journey-slow journey/login"]),
    "nginx refuses": (lambda scene: scene.say("web2/status", REFUSED), ["nginx-down web2"]),
    "nginx has no process": (
        lambda scene: scene.say("web2/status", SILENT).say("web2/process", NO_PROCESS),
        ["nginx-down web2"],
    ),
    "nginx hangs": (lambda scene: scene.say("web2/status", LATE), ["nginx-hung web2"]),
    "nginx is cut off": (lambda scene: scene.say("web2/status", SILENT), ["nginx-unreachable web2"]),
    "the status page is forbidden": (
        lambda scene: scene.say("web2/status", Answer("<h1>403</h1>", 403)),
        ["nginx-unreadable web2"],
    ),
    "something else is at the status page": (
        lambda scene: scene.say("web2/status", Answer("<h1>Welcome</h1>", 200)),
        ["nginx-unreadable web2"],
    ),
    "nginx drops connections": (dropping, ["nginx-dropping web1"]),
    "the access log is forbidden": (
        lambda scene: scene.say("web1/log", Answer("1795450084\ntail: cannot open: Permission denied", 1)),
        ["nginx-log-unreadable web1"],
    ),
    "visitors get errors of the application": (
        lambda scene: scene.say("web1/log", log(95, 5, status=500)),
        ["nginx-errors web1"],
    ),
    "visitors get errors of an upstream": (
        lambda scene: scene.say("web1/log", log(95, 5)),
        ["nginx-errors web1", "upstream-failing tc2"],
    ),
    "two nginx have trouble with a stranger": (
        lambda scene: scene.say("web1/log", log(10, 4, "10.9.9.9:80")).say(
            "web2/log", log(9, 3, "10.9.9.9:80")
        ),
        ["upstream-failing 10.9.9.9:80"],
    ),
    "a Tomcat is down": (lambda scene: down(scene, "tc2"), ["tomcat-down tc2"]),
    "a Tomcat's port refuses though Java runs": (
        lambda scene: scene.tomcat("tc2", REFUSED),
        ["tomcat-down tc2"],
    ),
    "a Tomcat starts": (lambda scene: scene.tomcat("tc2", REFUSED, YOUNG), ["tomcat-starting tc2"]),
    "a Tomcat hangs": (lambda scene: scene.tomcat("tc2", LATE), ["tomcat-hung tc2"]),
    "a Tomcat hangs and users wait": (hangs, ["journey-slow journey/login", "tomcat-hung tc2"]),
    "a Tomcat is cut off": (lambda scene: scene.tomcat("tc2", SILENT, SILENT), ["tomcat-unreachable tc2"]),
    "a Tomcat's port is silent, its process is gone": (
        lambda scene: scene.tomcat("tc2", SILENT, NO_PROCESS),
        ["tomcat-down tc2"],
    ),
    "a manager denies": (lambda scene: scene.tomcat("tc2", DENIED), ["manager-denied tc2"]),
    "a manager denies without a user": (
        lambda scene: scene.say("tc2/list", Answer("", 401)),
        ["manager-denied tc2"],
    ),
    "a manager is not there": (
        lambda scene: scene.say("tc2/list", Answer("Not Found", 404)),
        ["manager-unreadable tc2"],
    ),
    "only the list is late": (lambda scene: scene.say("tc2/list", LATE), ["manager-unreadable tc2"]),
    "request threads are busy": (
        lambda scene: scene.edit("tc2/threads", "currentThreadsBusy: 1", "currentThreadsBusy: 85"),
        ["threads-busy tc2"],
    ),
    "the heap is full": (
        lambda scene: scene.edit("tc2/heap", r"used=\d+}\nNon", "used=155000000}\nNon"),
        ["heap-high tc2"],
    ),
    "one Tomcat is left": (
        lambda scene: down(scene, "tc2", "tc3"),
        ["single-node-left application", "tomcat-down tc2", "tomcat-down tc3"],
    ),
    "one Tomcat may be left": (
        lambda scene: down(scene, "tc2", "tc3").tomcat("tc1", SILENT, SILENT),
        ["single-node-left application", "tomcat-down tc2", "tomcat-down tc3", "tomcat-unreachable tc1"],
    ),
    "none is left": (
        lambda scene: down(scene, "tc1", "tc2", "tc3").say("journey/login", Answer("", 502)),
        [
            "journey-failed journey/login",
            "no-tomcat application",
            "tomcat-down tc1",
            "tomcat-down tc2",
            "tomcat-down tc3",
        ],
    ),
    "a Tomcat lacks the application": (lambda scene: scene.say("tc3/list", apps()), ["version-missing tc3"]),
    "the only version does not run": (
        lambda scene: scene.say("tc3/list", apps("stopped:0:app##2")),
        ["version-missing tc3", "version-stopped tc3"],
    ),
    "a new version did not start": (
        lambda scene: scene.say("tc3/list", apps("running:226:app##2", "stopped:0:app##3")),
        ["version-stopped tc3"],
    ),
    "a new version is on one Tomcat": (
        lambda scene: scene.say("tc3/list", apps("running:226:app##2", "running:4:app##3")),
        ["versions-differ application"],
    ),
    "an old version with sessions is not everywhere": (
        lambda scene: everywhere(scene, apps("running:9:app##1", "running:5:app##2")).say(
            "tc3/list", apps("running:5:app##2")
        ),
        ["old-version-draining /app##1", "version-not-everywhere /app##1"],
    ),
    "versions order as text": (
        lambda scene: everywhere(scene, apps("running:5:app##9", "running:0:app##10")),
        ["version-order-trap application"],
    ),
    "an old version drains": (
        lambda scene: everywhere(scene, apps("running:5:app##1", "running:5:app##2")),
        ["old-version-draining /app##1"],
    ),
    "an old version is empty": (
        lambda scene: everywhere(scene, apps("running:0:app##1", "running:5:app##2")),
        ["old-version-draining /app##1"],
    ),
    "a Tomcat is alone": (
        lambda scene: scene.unseen("tc2", "tc1", "tc3").unseen("tc1", "tc2").unseen("tc3", "tc2"),
        ["members-missing tc2"],
    ),
    "one way is shut": (
        lambda scene: scene.unseen("tc1", "tc2"),
        ["membership-disagree application"],
    ),
    "a member is suspected": (
        lambda scene: scene.edit(
            "tc3/cluster", "failing: false(\nname: tcp://127.82.0.21)", r"failing: true\1"
        ),
        ["membership-disagree application"],
    ),
    "a stranger is in the cluster": (stranger, ["member-unexpected tcp://10.9.9.9:4000"]),
    "sessions are not copied": (
        lambda scene: scene.say("tc1/list", apps("running:128:app##2")),
        ["sessions-not-replicated tc1"],
    ),
    "a session manager that copies nothing": (
        lambda scene: scene.edit(
            "tc1/managers", r"className: \S+DeltaManager", "className: a.b.StandardManager"
        ),
        ["sessions-not-replicated tc1"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_findings(scene: Scene, name: str) -> None:
    change, expected = CASES[name]
    made = change(scene)
    assert made.codes() == expected
    for finding in made.findings():
        assert finding.evidence
        assert all(finding.evidence)
        assert len(finding.sentence) < 110
        assert not finding.sentence.endswith(".")
    assert made.picture().headline == made.findings()[0].sentence


def test_every_situation_is_met() -> None:
    met = {f"application.{code.split()[0]}" for _, expected in CASES.values() for code in expected}
    assert met == {situation.code for situation in TIER.situations}
    assert len(TIER.situations) == len(met)


def test_all_is_well(scene: Scene) -> None:
    drawn = scene.picture()
    assert drawn.findings == ()
    assert drawn.health is Health.OK
    assert drawn.headline == "3 of 3 Tomcats serve /app##2, 2 of 2 nginx answer"
    assert [journey.sentence for journey in drawn.journeys] == ["home works", "login works"]
    assert {edge.health for edge in drawn.edges} == {Health.OK}
    assert len(drawn.edges) == 2 * 3 + 3
    assert not drawn.dead


def test_nothing_asked_yet(scene: Scene) -> None:
    drawn = scene.tier.picture(Snapshot(0.0))
    assert drawn.findings == ()
    assert drawn.headline == "not asked yet"
    assert drawn.health is Health.UNKNOWN
    assert {node.health for node in drawn.nodes} == {Health.UNKNOWN}
    assert {journey.health for journey in drawn.journeys} == {Health.UNKNOWN}
    assert build(Profile("test", {})) is None


def test_stale_is_neither_well_nor_hung(scene: Scene) -> None:
    scene.ages = dict.fromkeys(scene.answers, 600.0)
    drawn = scene.picture()
    assert drawn.findings == ()
    assert {node.health for node in drawn.nodes} == {Health.UNKNOWN}
    assert {journey.health for journey in drawn.journeys} == {Health.UNKNOWN}


@pytest.mark.parametrize("key", ["tc1/process", "tc1/heap", "tc1/cluster", "web1/process", "web1/log"])
def test_one_missing_answer_is_no_finding(scene: Scene, key: str) -> None:
    assert scene.say(key, SILENT).codes() == []
    del scene.answers[key]
    assert scene.codes() == []


def test_dead_is_more_than_silent(scene: Scene) -> None:
    assert down(scene, "tc2").picture().dead == {"tc2": "no Java process runs on tc2"}
    assert scene.tomcat("tc2", REFUSED).picture().dead == {}
    assert scene.tomcat("tc2", SILENT, SILENT).picture().dead == {}


def test_unreachable_is_unknown_and_not_critical(scene: Scene) -> None:
    drawn = scene.tomcat("tc2", SILENT, SILENT).say("web1/status", SILENT).picture()
    assert drawn.health is Health.UNKNOWN
    assert {finding.health for finding in drawn.findings} == {Health.UNKNOWN}


CAUSES: dict[str, dict[str, str]] = {
    "none is left": {"journey-failed": "no-tomcat", "no-tomcat": ""},
    "a Tomcat hangs and users wait": {"journey-slow": "tomcat-hung", "tomcat-hung": ""},
    "one Tomcat is left": {"single-node-left": "tomcat-down", "tomcat-down": ""},
    "the only version does not run": {"version-missing": "version-stopped"},
    "a journey gets an error": {"journey-failed": ""},
    "a journey is slow": {"journey-slow": ""},
}


@pytest.mark.parametrize("name", CAUSES)
def test_causes(scene: Scene, name: str) -> None:
    causes = CASES[name][0](scene).causes()
    assert {code: causes[code] for code in CAUSES[name]} == CAUSES[name]


def test_a_journey_fails_with_its_own_nginx(scene: Scene) -> None:
    """`home` goes to web1's own address, `login` to an address of which nobody knows where it leads."""
    scene.say("web1/status", REFUSED).say("journey/home", REFUSED).say("journey/login", REFUSED)
    causes = {finding.subject: finding.cause for finding in scene.findings()}
    assert causes == {
        "web1": "",
        "journey/home": "application.nginx-down",
        "journey/login": "",
    }
    scene.say("web2/status", REFUSED)
    causes = {finding.subject: finding.cause for finding in scene.findings()}
    assert causes["journey/login"] == "application.nginx-down"


def test_the_isolated_one_explains_missing_sessions(scene: Scene) -> None:
    scene.unseen("tc2", "tc1", "tc3").unseen("tc1", "tc2").unseen("tc3", "tc2")
    scene.say("tc2/list", apps("running:90:app##2"))
    assert scene.causes()["sessions-not-replicated"] == "members-missing"


def test_a_dead_upstream_is_explained(scene: Scene) -> None:
    down(scene, "tc2").say("web1/log", log(60, 5))
    causes = scene.causes()
    assert causes["upstream-failing"] == "tomcat-down"
    assert causes["nginx-errors"] == "tomcat-down"


def test_old_errors_are_forgotten(scene: Scene) -> None:
    old = log(60, 30).text.replace("1795450080.", "1795449980.")
    assert scene.say("web1/log", Answer(old)).codes() == []


def test_few_errors_may_be_chance(scene: Scene) -> None:
    assert scene.say("web1/log", log(60, 2)).codes() == []
    assert scene.say("web1/log", log(1, 2)).codes() == []


def test_many_errors_are_critical(scene: Scene) -> None:
    assert scene.say("web1/log", log(60, 30, status=500)).findings()[0].health is Health.CRIT


def test_recorded_sessions_right_after_a_deployment(scene: Scene) -> None:
    """128, 177 and 204 sessions of the new version: those begun before all had it were never copied."""
    for name in ("tc1", "tc2", "tc3"):
        scene.say(f"{name}/list", scene.recorded(f"manager-list-two-versions-{name}.txt"))
    assert scene.codes() == ["old-version-draining /app##1", "sessions-not-replicated tc1"]
    sentences = {finding.subject: finding.sentence for finding in scene.findings()}
    assert sentences["tc1"] == "tc1 knows 128 of 204 sessions of /app##2"
    assert sentences["/app##1"] == "/app##1 drains: 678 sessions left"


def test_limits_come_from_the_profile(scene: Scene) -> None:
    application = scene.profile.application
    limits = replace(application.limits, heap_percent=10, threads_percent=1)
    scene.profile = replace(scene.profile, application=replace(application, limits=limits))
    assert {code.split()[0] for code in scene.codes()} == {"heap-high", "threads-busy"}


def test_two_tomcats_that_lost_each_other(scene: Scene) -> None:
    """The third is down: the one that is left of each one's view is itself."""
    down(scene, "tc3").unseen("tc1", "tc2").unseen("tc2", "tc1")
    assert scene.codes() == ["members-missing tc1", "members-missing tc2", "tomcat-down tc3"]
