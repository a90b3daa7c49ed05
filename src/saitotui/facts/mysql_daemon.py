"""Whether a database server's process runs on its host: a view that needs no database (procps `ps`).

Not the port, and not the service manager: a server that recovers from a crash runs, and listens minutes
later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

PS = "ps -o pid=,etimes=,comm= -C mariadbd,mysqld"

_LINE = re.compile(r"^\s{0,20}(\d{1,10})\s{1,20}(\d{1,12})\s{1,20}(mariadbd|mysqld)\s{0,20}$")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A server process; `age` in seconds."""

    pid: int
    age: float
    name: str


def daemons(answer: Answer) -> tuple[Daemon, ...]:
    """Reads the output of `PS`: empty when none runs (exit status 1 and nothing said)."""
    text = clean(answer.text)
    if answer.status == 1 and not text.strip():
        return ()
    found = tuple(
        Daemon(int(line[1]), float(line[2]), line[3])
        for one in text.splitlines()[:1000]
        if (line := _LINE.match(one))
    )
    if answer.status != 0 or not found:
        raise Unparsable(f"ps ended with {answer.status}: {one_line(text, limit=80)!r}")
    return found
