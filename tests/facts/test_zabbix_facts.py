"""Every recorded answer of a real Zabbix goes through its parser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saitotui.facts import zabbix, zabbix_actions, zabbix_hosts
from saitotui.facts.zabbix import Severity
from saitotui.facts.zabbix_actions import Ran
from saitotui.facts.zabbix_hosts import Availability
from saitotui.model.command import Answer, Client, Command, Failure, Question, Unparsable

RECORDINGS = Path(__file__).parents[1] / "recordings" / "zabbix"

PARSERS: dict[str, tuple[Callable[[Answer], tuple[Any, ...]], ...]] = {
    "problem.get": (zabbix.problems,),
    "trigger.get": (zabbix.triggers,),
    "event.get": (zabbix.events,),
    "action.get": (zabbix_actions.actions,),
    "alert.get": (zabbix_actions.commands,),
    "host.get": (zabbix_hosts.hosts,),
    "hostinterface.get": (zabbix_hosts.interfaces,),
    "maintenance.get": (zabbix_hosts.maintenances,),
}


def load(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text())
    return value


def recorded(number: str) -> Answer:
    (path,) = RECORDINGS.glob(f"{number}-*.json")
    return Answer(status=200, data=load(path)["response"]["body"]["result"])


FILES = [path for path in sorted(RECORDINGS.glob("*.json")) if "ERROR" not in path.name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_recorded(path: Path) -> None:
    call = load(path)
    method, result = call["request"]["body"]["method"], call["response"]["body"]["result"]
    for parse in PARSERS.get(method, ()):
        found = parse(Answer(status=200, data=result))
        kept = [row for row in result if method != "trigger.get" or row.get("value", "1") == "1"]
        assert len(found) == len(kept)
    if method == "item.get":
        assert zabbix_hosts.health(Answer(status=200, data=result)).values is not None
        unsupported = [row for row in result if row.get("state", "1") == "1"]
        assert len(zabbix_hosts.unsupported(Answer(status=200, data=result))) == len(unsupported)


def test_problem() -> None:
    (found,) = zabbix.problems(recorded("066"))
    assert (found.id, found.trigger, found.severity) == ("23", "23134", Severity.HIGH)
    assert found.name == "Web down on node01: port 9000, value 0"
    assert (found.since, found.acknowledged, found.suppressed) == (1795448518.0, False, False)
    assert ("recovery", "restart-web") in found.tags
    assert zabbix.problems(recorded("078"))[0].message == "platform: investigating"
    assert zabbix.problems(recorded("110"))[0].suppressed


def test_trigger() -> None:
    (found,) = zabbix.triggers(recorded("069"))
    assert [host.name for host in found.hosts] == ["node01"]
    assert (found.id, found.severity, found.closable, found.enabled) == ("23134", Severity.HIGH, True, True)


def test_events() -> None:
    assert [(one.id, one.raised) for one in zabbix.events(recorded("072"))] == [("26", False), ("23", True)]


def test_action() -> None:
    (found,) = zabbix_actions.actions(recorded("063"))
    assert (found.name, found.armed, found.commands) == ("Auto-recovery: restart web", True, True)
    assert found.tags == (("recovery", "restart-web"),)
    assert found.recovers("recovery")


def test_commands() -> None:
    (ran,) = zabbix_actions.commands(recorded("068"))
    assert (ran.ran, ran.text, ran.step) == (Ran.HANDED_OVER, "node01:/opt/recovery/svc.sh start node01", 1)
    (failed,) = zabbix_actions.commands(recorded("175"))
    assert failed.ran is Ran.FAILED
    assert "Connection refused" in failed.error


def test_interface() -> None:
    (found,) = zabbix_hosts.interfaces(recorded("115"))
    assert (found.kind, found.availability) == ("agent", Availability.NO)
    assert found.address == "127.83.0.12:10050"
    assert found.since == 1795448699.0


def test_hosts() -> None:
    assert zabbix_hosts.hosts(recorded("116"))[0].availability is Availability.NO
    assert zabbix_hosts.hosts(recorded("109"))[0].maintenance
    assert zabbix_hosts.hosts(recorded("029"))[0].active is Availability.UNKNOWN


def test_maintenance() -> None:
    (found,) = zabbix_hosts.maintenances(recorded("108"))
    assert (found.name, found.till - found.since) == ("node03 planned work", 3600.0)
    assert [host.name for host in found.hosts] == ["node03"]


def test_health() -> None:
    found = zabbix_hosts.health(recorded("064"))
    assert found.newest is not None
    assert found.values["agent.ping"] == "1"
    assert "vfs.fs.get" not in found.values, "an item that never had a value says nothing"
    assert zabbix_hosts.health(Answer(data=[])).newest is None


@pytest.mark.parametrize("parse", [parse for parsers in PARSERS.values() for parse in parsers])
@pytest.mark.parametrize("data", [None, {}, "x", 3, [1], [None], [[]], [{}]])
def test_other_shapes_are_unparsable(parse: Callable[[Answer], Any], data: Any) -> None:
    with pytest.raises(Unparsable):
        parse(Answer(data=data))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=20),
    st.sampled_from(["\x1b[2J", "[/x]", "-", "9" * 30, [], {}, [[]], [None], "1"]),
)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_mutated_answers_are_values_or_failures(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([one for one in FILES if "item.get" not in one.name]))
    call = load(path)
    parsers = PARSERS.get(call["request"]["body"]["method"])
    result = call["response"]["body"]["result"]
    slots: list[tuple[Any, Any]] = []
    _collect(result, slots)
    if not parsers or not slots:
        return
    for _ in range(data.draw(st.integers(1, 4))):
        holder, name = data.draw(st.sampled_from(slots))
        holder[name] = data.draw(VALUES)
    command = Command(Client.ZABBIX, "zabbix", "x")
    for parse in parsers:
        value = Question("x", "zabbix", command, parse).read(Answer(data=result))
        assert "\x1b" not in repr(value)
        assert isinstance(value, Failure | tuple)


def _collect(value: Any, slots: list[tuple[Any, Any]]) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        slots.append((value, key))
        _collect(inner, slots)
