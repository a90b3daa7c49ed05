"""What is brought into Zabbix, and how Zabbix's own comparison is read; the version's dialect."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from saitotui.clients.zabbix_dialect import spoken
from saitotui.runbooks.recovery import actions, content

RECORDINGS = Path(__file__).parents[1] / "recordings" / "zabbix"
NAMES = [template.name for template in content.templates()]


def compared(which: str) -> Any:
    (path,) = RECORDINGS.glob(f"*importcompare-{which}.json")
    return json.loads(path.read_text("utf-8"))["response"]["body"]["result"]


def test_a_comparison_in_words() -> None:
    assert content.differences(compared("equal")) == []
    assert content.differences(compared("added")) == [
        "template 'saitotui nginx' added",
        "item 'Whether nginx answers' added",
        "trigger 'nginx does not answer on {HOST.NAME}' added",
    ]
    assert content.differences(compared("changed")) == [
        "item 'mine' removed",
        "item 'Whether nginx answers' updated (delay)",
        "trigger 'nginx does not answer on {HOST.NAME}' updated (priority, tags)",
    ]


@pytest.mark.parametrize("found", [None, [], {}, "x", {"templates": None}, {"templates": {"added": "x"}}])
def test_no_comparison(found: object) -> None:
    assert content.differences(found) == []


def things(body: Any) -> Iterator[dict[str, Any]]:
    """Everything in an export that has a UUID."""
    for one in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from things(one)
    if isinstance(body, dict) and "uuid" in body:
        yield body


def test_uuids_are_unique_and_of_version_4() -> None:
    found = [one for template in content.templates() for one in things(json.loads(template.source))]
    uuids = {one["uuid"] for one in found if one.get("name") != content.GROUP["name"]}
    assert len(uuids) == len(found) - len(NAMES)
    assert all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", uuid) for uuid in uuids)


def test_the_agent_comes_first() -> None:
    """Triggers of the others stand on its trigger."""
    assert NAMES[0] == "saitotui agent"
    assert len(set(NAMES)) == len(NAMES)


def test_robots_do_what_their_triggers_ask_for() -> None:
    asked = {tag for template in content.templates() for tag in template.recoveries}
    assert asked == {actions.tag(recovery) for recovery in actions.TITLES}


@pytest.mark.parametrize("word", ["promote", "drbdadm", "fence", "hb_takeover", "mkfs"])
def test_what_only_people_do_is_not_in_it(word: str) -> None:
    folder = Path(content.__file__).parent
    texts = [path.read_text("utf-8") for path in folder.rglob("*") if path.suffix in (".sh", ".yaml")]
    lines = [line for text in texts for line in text.splitlines() if word in line]
    assert all(line.lstrip().startswith("#") or "REFUSED" in line for line in lines), lines


@pytest.mark.parametrize(
    ("version", "rule"), [(6.0, "groups"), (6.2, "template_groups"), (7.4, "template_groups")]
)
@pytest.mark.parametrize("method", ["configuration.import", "configuration.importcompare"])
def test_the_rule_for_groups_has_another_name(method: str, version: float, rule: str) -> None:
    asked = content.imported(content.templates()[0])
    told = spoken(method, asked, version)
    assert isinstance(told, dict)
    assert isinstance(told["rules"], dict)
    assert {"groups", "template_groups"} & set(told["rules"]) == {rule}
    assert {**told, "rules": None} == {**asked, "rules": None}


def test_other_calls_are_spoken_alike() -> None:
    assert spoken("problem.get", {"rules": {"groups": 1}}, 7.4) == {"rules": {"groups": 1}}
    assert spoken("configuration.import", [], 7.4) == []
