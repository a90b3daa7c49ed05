"""Whether processes run on a host, by name (procps `ps`): a view that needs nothing of the service itself.

Only names are asked for, never arguments: those of a Java process may hold passwords.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

_LINE = re.compile(r"^\s{0,20}(\d{1,10})\s{1,20}(\d{1,12})\s{1,20}(\S{1,64})\s{0,20}$")


@dataclass(frozen=True, slots=True)
class Process:
    """A process; `age` in seconds."""

    pid: int
    age: float
    name: str


def ask_processes(*names: str) -> str:
    """The shell command that lists the processes called one of `names` (plain words)."""
    if not all(re.fullmatch(r"\w[\w.-]*", name) for name in names):
        raise ValueError(f"not names of processes: {names!r}")
    return f"ps -o pid=,etimes=,comm= -C {','.join(names)}"


def processes(answer: Answer) -> tuple[Process, ...]:
    """Reads its output, oldest first: empty when none runs (exit status 1 and nothing said)."""
    text = clean(answer.text)
    if answer.status == 1 and not text.strip():
        return ()
    found = [
        Process(int(line[1]), float(line[2]), line[3])
        for one in text.splitlines()[:1000]
        if (line := _LINE.match(one))
    ]
    if answer.status != 0 or not found:
        raise Unparsable(f"ps ended with {answer.status}: {one_line(text, limit=80)!r}")
    return tuple(sorted(found, key=lambda process: (-process.age, process.pid)))
