"""Sessions of a version by idleness, as recorded on Tomcat 10.1."""

from __future__ import annotations

from pathlib import Path

import pytest

from saitotui.facts import tomcat, tomcat_jmx, tomcat_pools
from saitotui.facts.tomcat_sessions import Idle, idle
from saitotui.model.command import Answer, Failure, FailureKind, Unparsable

RECORDINGS = Path(__file__).parents[1] / "recordings" / "application"


def recorded(name: str) -> Answer:
    return Answer((RECORDINGS / f"{name}.txt").read_text("utf-8"), 200)


def test_nobody_and_many() -> None:
    assert idle(recorded("manager-sessions-v1-tc1")) == Idle(30, ())
    many = idle(recorded("manager-sessions-v2-tc1"))
    assert (many, many.sessions, many.left) == (Idle(30, ((0, 211),)), 211, 1800.0)


def test_by_idleness() -> None:
    text = (
        "OK - Session information for application at context path [/app##1]\n"
        "Default maximum session inactive interval is [{}] minutes\n"
        "Inactive for [3 - <4] minutes: [2] sessions\n"
        "Inactive for [10 - <11] minutes: [5] sessions\n"
        "Inactive for [>=31] minutes: [1] sessions\n"
    )
    found = idle(Answer(text.format(30), 200))
    assert (found.sessions, found.left) == (8, 27 * 60.0)
    assert idle(Answer(text.format(0), 200)).left is None


@pytest.mark.parametrize("text", ["FAIL - No context exists named [&#47;app##9]\n", "", "OK"])
def test_no_sessions_are_no_answer(text: str) -> None:
    with pytest.raises(Unparsable):
        idle(Answer(text, 200))


def test_what_cannot_be_counted_is_said() -> None:
    text = "OK - Session information\nInactive for [many] minutes: [2] sessions\n"
    with pytest.raises(Unparsable, match="cannot be counted"):
        idle(Answer(text, 200))


def test_what_the_manager_says_is_no_when_it_is() -> None:
    failures = [
        line
        for line in recorded("manager-deploy-failures").text.splitlines()
        if line.startswith(("FAIL - ", "OK - Undeployed"))
    ]
    said = [tomcat.said(Answer(line, 200)) for line in failures]
    assert said[0] == (
        "the manager says: FAIL - Deployed application at context path [/bad##1] but context failed to start"
    )
    assert [bool(one) for one in said] == [line.startswith("FAIL") for line in failures]
    assert tomcat.said(Answer("FAIL - No context exists named [&#47;nope##9]", 200)).endswith("[/nope##9]")
    assert tomcat.said(Answer("<html>", 502)) == "HTTP 502: <html>"
    assert tomcat.said(Failure(FailureKind.TIMEOUT, "no answer")) == "no answer"


def test_what_runs_there() -> None:
    found = tomcat.server(recorded("manager-serverinfo-tc1"))
    assert found == tomcat.Server("Apache Tomcat/10.1.60 (Debian)", "17.0.21.1+2-1-deb12u1-Debian")
    with pytest.raises(Unparsable, match="Tomcat Version"):
        tomcat.server(Answer("OK - Server info\n", 200))


def test_since_when_it_runs() -> None:
    text = "OK - Attribute get 'java.lang:type=Runtime' - StartTime = 1795450082123\n"
    assert tomcat_jmx.started(Answer(text, 200)) == 1795450082123
    for wrong in ("Error - javax.management.InstanceNotFoundException: x", "", text.replace("1795", "x")):
        with pytest.raises(Unparsable, match="when it was started"):
            tomcat_jmx.started(Answer(wrong, 200))


def test_who_ends_all_sessions_when_it_stops() -> None:
    recorded_managers = recorded("jmxproxy-Manager-tc1")
    assert not any(one.expires_all for one in tomcat_jmx.managers(recorded_managers))
    text = recorded_managers.text.replace("expireSessionsOnShutdown: false", "expireSessionsOnShutdown: true")
    found = {one.version: one.expires_all for one in tomcat_jmx.managers(Answer(text, 200)) if one.version}
    assert found == {"1": True, "2": True}


def test_room_for_classes() -> None:
    assert tomcat_pools.metaspace(recorded("jmxproxy-Metaspace-tc1")) == tomcat_pools.Pool(15924456, 96 << 20)
    unlimited = recorded("jmxproxy-Metaspace-tc1").text.replace("max=100663296", "max=-1")
    assert tomcat_pools.metaspace(Answer(unlimited, 200)).most is None
    with pytest.raises(Unparsable, match="no metaspace"):
        tomcat_pools.metaspace(Answer("OK - Number of results: 0\n", 200))
