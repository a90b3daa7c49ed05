"""Tomcat's JMX proxy: how its answers are cut into beans (org.apache.tomcat.util.modeler MBeanDumper).

`Name: domain:key=value,...`, then `attribute: value` lines; elements of an array follow on lines of their own
that begin with a tab; long values are folded onto lines that begin with a space.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from saitotui.facts.tomcat import body
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import one_line

MOST = 500
"""Beans that are read of one answer."""

_COUNT = re.compile(r"^OK - Number of results: (\d{1,6})\s*$")
_KEY = re.compile(r'([^=,"]{1,100})=("[^"]*"|[^,]*)')
_PAIR = re.compile(r"(\w{1,60})=(-?\d{1,20})\b")


@dataclass(frozen=True, slots=True)
class Bean:
    """One MBean: its object name in parts, and its plain attributes."""

    domain: str
    keys: Mapping[str, str]
    values: Mapping[str, str] = field(default_factory=dict)

    def text(self, attribute: str) -> str:
        """An attribute; Unparsable when the bean has none of that name."""
        if attribute not in self.values:
            raise Unparsable(f"the bean {self.keys.get('type', '?')} has no {attribute}")
        return self.values[attribute]

    def number(self, attribute: str) -> int:
        text = self.text(attribute)
        if not re.fullmatch(r"-?\d{1,20}", text):
            raise Unparsable(f"{attribute} is not a number: {one_line(text, limit=40)!r}")
        return int(text)

    def flag(self, attribute: str) -> bool:
        return self.text(attribute) == "true"

    def parts(self, attribute: str) -> Mapping[str, int]:
        """A composite of numbers: `{committed=64880640, max=162201600}`."""
        return {found[1]: int(found[2]) for found in _PAIR.finditer(self.text(attribute)[:2000])}


def ask_beans(pattern: str) -> str:
    """The request for the beans whose object name matches `pattern` (no `&`, `#`, `%`, `+` or blanks)."""
    if re.search(r"[&#%+\s]", pattern):
        raise ValueError(f"not a plain pattern: {pattern!r}")
    return f"GET /jmxproxy/?qry={pattern}"


def beans(answer: Answer) -> tuple[Bean, ...]:
    """Reads an answer to `ask_beans`; none is an answer too. Unparsable when beans are missing."""
    text = body(answer)
    count = _COUNT.match(answer.text.split("\n", 1)[0])
    if count is None:
        raise Unparsable(f"this is not an answer of the JMX proxy: {one_line(answer.text, limit=60)!r}")
    found: list[Bean] = []
    # Beans have attributes called Name too; an object's name follows an empty line.
    for block in re.split(r"(?:\A|\n)\nName: ", text)[1 : MOST + 1]:
        found.append(_bean(block.splitlines()))
    if len(found) != min(int(count[1]), MOST):
        raise Unparsable(f"the JMX proxy announces {count[1]} beans and shows {len(found)}")
    return tuple(found)


def _bean(lines: list[str]) -> Bean:
    domain, _, keys = lines[0].partition(":") if lines else ("", "", "")
    named = {found[1]: found[2].strip('"') for found in _KEY.finditer(keys[:2000])}
    values: dict[str, str] = {}
    last = ""
    for line in lines[1:]:
        if line.startswith(" ") and last:
            values[last] += line[1:]
        elif not line.startswith("\t") and ": " in f"{line} ":
            last, _, value = line.partition(":")
            values[last] = value.removeprefix(" ")
    return Bean(domain, named, values)
