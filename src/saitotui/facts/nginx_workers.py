"""The processes of nginx by their titles: who serves, and who only ends what it began before a reload.

A worker is titled `nginx: worker process`, and `nginx: worker process is shutting down` from a reload on
until its last connection ends (nginx, "Controlling nginx", "Changing Configuration").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

ASK = "ps -o pid=,args= -C nginx"
_LINE = re.compile(r"^\s{0,20}(\d{1,10})\s{1,20}nginx: (master process|worker process)( is shutting down)?")


@dataclass(frozen=True, slots=True)
class Workers:
    """Process numbers, in order: workers that take connections, and workers that are leaving."""

    serving: tuple[int, ...]
    leaving: tuple[int, ...]


def workers(answer: Answer) -> Workers:
    """Reads the output of `ASK`, whatever else stands between; raises Unparsable when no nginx runs."""
    found = [line for one in clean(answer.text).splitlines()[:4000] if (line := _LINE.match(one))]
    if not any(line[2] == "master process" for line in found):
        raise Unparsable(f"no nginx runs there: {one_line(answer.text, limit=80)!r}")
    mine = [(int(line[1]), bool(line[3])) for line in found if line[2] == "worker process"]
    return Workers(
        tuple(sorted(pid for pid, leaves in mine if not leaves)),
        tuple(sorted(pid for pid, leaves in mine if leaves)),
    )
