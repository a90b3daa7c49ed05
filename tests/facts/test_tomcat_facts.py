"""What Tomcat's manager and JMX proxy say, as recorded on Tomcat 10.1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saitotui.facts import tomcat_jmx as jmx
from saitotui.facts.tomcat import App, applications, newest, overtaken
from saitotui.facts.tomcat_beans import ask_beans, beans
from saitotui.model.command import Answer, Unparsable

RECORDINGS = Path(__file__).parents[1] / "recordings" / "application"
NODES = ("tc1", "tc2", "tc3")


def recorded(name: str) -> Answer:
    return Answer((RECORDINGS / f"{name}.txt").read_text(), 200)


@pytest.mark.parametrize(("node", "sessions"), [("tc1", 209), ("tc2", 226), ("tc3", 243)])
def test_list(node: str, sessions: int) -> None:
    assert applications(recorded(f"manager-list-{node}")) == (
        App("/app", "1", True, 0),
        App("/app", "2", True, sessions),
        App("/manager", "", True, 0),
    )
    assert len(applications(recorded(f"manager-list-two-versions-{node}"))) == 3


def test_lists_with_versions_that_failed() -> None:
    """The recorded answers to deployments that went wrong, with a list after each."""
    text = recorded("manager-deploy-failures").text
    lists = [
        "OK - Listed" + part.split("\n#")[0].split("\nOK -")[0] for part in text.split("OK - Listed")[1:]
    ]
    second = {app.name: app.running for app in applications(Answer(lists[1], 200))}
    assert second == {
        "/app##1": True,
        "/app##2": True,
        "/app##6": False,
        "/app##7": False,
        "/manager": True,
        "/bad##1": False,
    }
    assert len(applications(Answer(lists[2], 200))) == 3


def test_every_refusal_is_one() -> None:
    said = [line for line in recorded("manager-text-answers").text.splitlines() if line.startswith("FAIL")]
    assert len(said) == 4
    for line in said:
        with pytest.raises(Unparsable, match="FAIL - "):
            applications(Answer(line + "\n", 200))
    with pytest.raises(Unparsable, match="HTTP 401"):
        applications(Answer("", 401))


def test_root_and_nested_contexts() -> None:
    text = "OK - Listed\n/:running:3:ROOT\n/:running:0:ROOT##2\n/a/b:stopped:0:a#b##7.1\n"
    assert [app.name for app in applications(Answer(text, 200))] == ["/", "/##2", "/a/b##7.1"]
    with pytest.raises(Unparsable, match="cannot be read"):
        applications(Answer("OK - Listed\n/app:runni", 200))


@pytest.mark.parametrize(("node", "sessions"), [("tc1", 212), ("tc2", 229), ("tc3", 247)])
def test_beans(node: str, sessions: int) -> None:
    managers = jmx.managers(recorded(f"jmxproxy-Manager-{node}"))
    assert [(one.path, one.version, one.kind, one.sessions) for one in managers] == [
        ("/manager", "", "StandardManager", 0),
        ("/app", "1", "DeltaManager", 0),
        ("/app", "2", "DeltaManager", sessions),
    ]
    assert [one.replicated for one in managers] == [False, True, True]
    (threads,) = jmx.threads(recorded(f"jmxproxy-ThreadPool-{node}"))
    assert (threads.busy, threads.most, threads.percent) == (1, 100, 1.0)
    heap = jmx.heap(recorded(f"jmxproxy-Memory-{node}"))
    assert heap.most == 162201600
    assert heap.percent is not None
    assert 15 < heap.percent < 20
    requests = jmx.requests(recorded(f"jmxproxy-GlobalRequestProcessor-{node}"))
    assert requests.count > 200
    assert requests.errors == 0
    cluster = jmx.cluster(recorded(f"jmxproxy-Cluster-{node}"))
    assert cluster.configured
    assert not cluster.synchronous
    assert cluster.local is not None
    assert cluster.local.name == f"tcp://127.82.0.2{node[-1]}:4000"
    assert len(cluster.others) == 2
    assert all(member.well for member in cluster.members)


@pytest.mark.parametrize("name", ["Channel", "WebModule", "GC", "Cluster", "Manager"])
def test_all_recorded_beans_are_cut_right(name: str) -> None:
    """Arrays, long values and quoted names included; the count in the first line is checked."""
    answer = recorded(f"jmxproxy-{name}-tc1")
    found = beans(answer)
    assert len(found) == int(answer.text.split("\n")[0].rpartition(" ")[2])
    assert all("modelerType" in bean.values for bean in found)


def test_no_cluster_and_a_synchronous_one() -> None:
    assert not jmx.cluster(Answer("OK - Number of results: 0\n\n", 200)).configured
    text = recorded("jmxproxy-Cluster-tc1").text.replace("channelSendOptions: 8", "channelSendOptions: 6")
    assert jmx.cluster(Answer(text, 200)).synchronous


def test_suspected_members() -> None:
    text = recorded("jmxproxy-Cluster-tc1").text.replace("suspect: false", "suspect: true")
    assert not any(member.well for member in jmx.cluster(Answer(text, 200)).members)


def test_jmx_errors_are_no_answers() -> None:
    lines = recorded("manager-errors-and-jmx-get").text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("Error - "))
    with pytest.raises(Unparsable, match="InstanceNotFoundException"):
        jmx.heap(Answer("\n".join(lines[at:]), 200))
    for parse in (jmx.heap, jmx.threads):
        with pytest.raises(Unparsable):
            parse(Answer("OK - Number of results: 0\n\n", 200))


def test_a_cut_answer_is_not_read() -> None:
    text = recorded("jmxproxy-Cluster-tc1").text
    with pytest.raises(Unparsable, match="announces 4 beans and shows 3"):
        jmx.cluster(Answer(text[: text.rindex("Name: ")], 200))


def test_patterns_must_not_need_quoting() -> None:
    with pytest.raises(ValueError, match="plain"):
        ask_beans("a:b=c&set=x")


def test_versions_order_as_java_strings() -> None:
    assert newest(["1", "10", "9"]) == "9"
    assert newest(["009", "010"]) == "010"
    assert newest(["", "1"]) == "1"
    assert newest([]) is None
    # By UTF-16 units a character beyond the basic plane is below U+FF21.
    assert newest(["\uff21", "\U0001f600"]) == "\uff21"


@pytest.mark.parametrize(
    ("versions", "trap"),
    [
        (["9", "10"], ("9", "10")),
        (["001", "9", "10"], ("9", "10")),
        (["1.9", "1.10", "1.2"], ("1.9", "1.10")),
        (["009", "010"], None),
        (["20261123", "9"], ("9", "20261123")),
        (["1", "2", ""], None),
        (["v2", "10"], None),
        ([], None),
    ],
)
def test_overtaken(versions: list[str], trap: tuple[str, str] | None) -> None:
    assert overtaken(versions) == trap


PARSERS: list[tuple[Callable[[Answer], Any], str]] = [
    (applications, "manager-list-tc1"),
    (jmx.managers, "jmxproxy-Manager-tc1"),
    (jmx.threads, "jmxproxy-ThreadPool-tc1"),
    (jmx.heap, "jmxproxy-Memory-tc1"),
    (jmx.requests, "jmxproxy-GlobalRequestProcessor-tc1"),
    (jmx.cluster, "jmxproxy-Cluster-tc1"),
]


@pytest.mark.parametrize(("parse", "name"), PARSERS)
@settings(max_examples=80, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=60), st.sampled_from(["\x1b[2J", "-1", "9" * 40, "\nName: ", "\n\t", "##"])
    ),
    start=st.integers(0, 5000),
    length=st.integers(0, 200),
)
def test_mutated_answers(
    parse: Callable[[Answer], Any], name: str, text: str, start: int, length: int
) -> None:
    """Every answer is read or Unparsable, and what is read is harmless."""
    whole = recorded(name).text
    at = start % len(whole)
    try:
        found = parse(Answer(whole[:at] + text + whole[at + length :], 200))
    except Unparsable:
        return
    assert "\x1b" not in repr(found)
