"""What the robots of this platform are made of, as Zabbix takes it (`configuration.import`, format of 6.0,
which later versions read too).

Templates are data: `templates/*.yaml`, one file each, in the words of Zabbix's own export. What all have in
common is added here: UUIDs, the group, and that a trigger waits while the agent does not answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

GROUP = {"uuid": "a571c0d144b14fd4a87a9d9b2aa9fcd6", "name": "Templates/Applications"}
"""A group that every Zabbix has."""
TAG = "recovery"
"""The tag of triggers whose problems a robot acts on; its value names the action."""
_AGENT = "saitotui agent"
_DOWN = {
    "name": "The agent on {HOST.NAME} does not answer",
    "expression": "last(/saitotui agent/zabbix[host,agent,available])=2",
}
_PARTS = ("items", "triggers", "discovery_rules", "item_prototypes", "trigger_prototypes")
RULES: Mapping[str, Mapping[str, bool]] = {
    "groups": {"createMissing": True, "updateExisting": True},
    "templates": {"createMissing": True, "updateExisting": True},
    "items": {"createMissing": True, "updateExisting": True, "deleteMissing": True},
    "triggers": {"createMissing": True, "updateExisting": True, "deleteMissing": True},
    "discoveryRules": {"createMissing": True, "updateExisting": True, "deleteMissing": True},
}


@dataclass(frozen=True, slots=True)
class Template:
    """One template: for hosts of `role`; `source` is its export, and `recoveries` the values of the tag."""

    name: str
    role: str
    source: str
    recoveries: tuple[str, ...]


@cache
def templates() -> tuple[Template, ...]:
    """All of them, the agent's first: the others' triggers stand on its trigger."""
    folder = files(__package__).joinpath("templates")
    sources = [file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".yaml")]
    found = [template(given, given.pop("role")) for given in map(yaml.safe_load, sources)]
    return tuple(sorted(found, key=lambda one: (one.name != _AGENT, one.name)))


def template(given: Mapping[str, Any], role: str) -> Template:
    """A template in the words of Zabbix's export, with all that it needs besides."""
    name = str(given["template"])
    body = _whole({**given, "name": name, "groups": [{"name": GROUP["name"]}]}, name)
    export = {
        "zabbix_export": {
            "version": "6.0",
            "groups": [GROUP],
            "templates": [body],
        }
    }
    tags = [tag["value"] for tag in _tags(body) if tag["tag"] == TAG]
    return Template(name, role, json.dumps(export), tuple(dict.fromkeys(tags)))


def _uuid(path: str) -> str:
    """A UUID that is always the same for the same thing, in the shape of version 4: Zabbix takes no other."""
    digest = hashlib.sha256(path.encode()).hexdigest()
    return f"{digest[:12]}4{digest[13:16]}a{digest[17:32]}"


def _whole(thing: Mapping[str, Any], path: str) -> dict[str, Any]:
    """`thing` with its UUID, and all that it holds with theirs."""
    body = {"uuid": _uuid(path), **thing}
    if body.pop("waits_for_agent", False):
        body["dependencies"] = [dict(_DOWN)]
    for part in _PARTS:
        if part in body:
            body[part] = [_whole(one, f"{path}/{part}/{one['name']}") for one in body[part]]
    return {key: value for key, value in body.items() if value != []}


def _tags(thing: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    yield from thing.get("tags", ())
    for part in _PARTS:
        for one in thing.get(part, ()):
            yield from _tags(one)


def imported(template: Template) -> dict[str, Any]:
    """The parameters of `configuration.import` and `configuration.importcompare`."""
    return {"format": "json", "source": template.source, "rules": RULES}


def differences(found: object) -> list[str]:
    """What `configuration.importcompare` says, in words: one a thing that is added, removed or updated."""
    return list(_differences(found)) if isinstance(found, dict) else []


def _differences(found: Mapping[str, Any]) -> Iterator[str]:
    for kind, changes in found.items():
        for word, ones in changes.items() if isinstance(changes, dict) else ():
            for one in ones if isinstance(ones, list) else ():
                yield from _difference(kind, word, one)


def _difference(kind: str, word: str, one: Mapping[str, Any]) -> Iterator[str]:
    before, after = one.get("before", {}), one.get("after", {})
    named = after or before
    name = str(named.get("name") or named.get("macro") or named.get("uuid", "?"))
    fields = [key for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)]
    what = f"{kind.rstrip('s').replace('_', ' ')} {name!r} {word}"
    if word != "updated":
        yield what
    elif fields:
        yield f"{what} ({', '.join(fields)})"
    yield from _differences({key: value for key, value in one.items() if key not in ("before", "after")})
