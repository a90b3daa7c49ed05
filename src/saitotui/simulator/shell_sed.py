"""sed(1), as far as runbooks use it, and regular expressions as POSIX writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from saitotui.simulator.shell import Shell, Streams
from saitotui.simulator.shell_octets import inputs

_ADDRESSED = re.compile(r"/(.*?)/(?:,/(.*?)/)?([dp])")

Rule = Callable[[str], tuple[str, bool, bool]]
"""What is done with a line: the line, whether it is printed once more, whether it goes."""


def regular(pattern: str, extended: bool) -> str:
    """A POSIX regular expression as Python's."""
    text = pattern.replace("[[:space:]]", r"\s").replace("[[:digit:]]", r"\d").replace("[:space:]", r"\s")
    if extended:
        return text
    return re.sub(r"\\([(){}|+?])|([(){}|+?])", lambda m: m[1] or "\\" + m[2], text)


def sed(shell: Shell, words: list[str], streams: Streams) -> int:
    """`[-n] [-E] [-e] SCRIPT ... [FILE ...]`; a script is `s/PATTERN/TEXT/[g][p]`, `/PATTERN/d`, or
    `/PATTERN/p`; for several lines `/FROM/,/TO/d`."""
    quiet, extended = "-n" in words, "-E" in words or "-r" in words
    scripts = [after for word, after in pairwise(words) if word == "-e"]
    rest = [word for word in words[1:] if not word.startswith("-") and word not in scripts]
    files = rest if scripts else rest[1:]
    rules = [_rule(script, extended) for script in scripts or rest[:1]]
    found, status = inputs(shell, "sed", files, streams)
    for line in (line for _, content in found for line in content.splitlines()):
        streams.out.extend(f"{one}\n" for one in _done(line, rules, quiet))
    return int(bool(status))


def _done(line: str, rules: Sequence[Rule], quiet: bool) -> Sequence[str]:
    printed = []
    for rule in rules:
        line, again, gone = rule(line)
        printed += [line] * again
        if gone:
            return printed
    return printed if quiet else [*printed, line]


def _rule(script: str, extended: bool) -> Rule:
    if script.startswith("s"):
        _, pattern, text, flags = re.split(r"(?<!\\)" + re.escape(script[1]), script)
        return _changed(re.compile(regular(pattern, extended)), text, flags)
    if (parts := _ADDRESSED.fullmatch(script)) is None:
        raise ValueError(f"sed: {script!r} is no script that is known here")
    first, last = (re.compile(regular(part, extended)) if part else None for part in parts.group(1, 2))
    return _addressed(first or re.compile(""), last, parts[3])


def _changed(pattern: re.Pattern[str], text: str, flags: str) -> Rule:
    def rule(line: str) -> tuple[str, bool, bool]:
        changed, hits = pattern.subn(text, line, 0 if "g" in flags else 1)
        return changed, bool(hits) and "p" in flags, False

    return rule


def _addressed(first: re.Pattern[str], last: re.Pattern[str] | None, verb: str) -> Rule:
    inside = False

    def rule(line: str) -> tuple[str, bool, bool]:
        nonlocal inside
        hit = inside or first.search(line) is not None
        inside = hit and last is not None and not (inside and last.search(line))
        return line, hit and verb == "p", hit and verb == "d"

    return rule
