"""heartbeat (Linux-HA 3.0) as a node sees it: `cl_status` and its log.

Formats: cl_status(1); recordings of heartbeat 3.0.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

STATUS = (
    "cl_status hbstatus || exit 0; read -r me </proc/sys/kernel/hostname; "
    'echo "resources $(cl_status rscstatus)"; '
    "for n in $(cl_status listnodes); do s=$(cl_status nodestatus $n); "
    'echo "node $n $s"; '
    'if [ "$s" != ping ] && [ $n != "$me" ]; then for l in $(cl_status listhblinks $n); do '
    'echo "link $n $l $(cl_status hblinkstatus $n $l)"; done; fi; done'
)
"""Everything in one loop: a fork costs 20-80 ms on a slow host."""

_RUNNING = "Heartbeat is running"
_STOPPED = "Heartbeat is stopped"
_RESOURCES = re.compile(r"^resources (?P<held>none|local|foreign|all|transition)$")
_NODE = re.compile(r"^node (?P<name>[\w.:-]{1,100}) (?P<status>[\w-]{1,20})$")
_LINK = re.compile(r"^link (?P<node>[\w.:-]{1,100}) (?P<name>[\w./:-]{1,60}) (?P<status>[\w-]{1,20})$")


@dataclass(frozen=True, slots=True)
class Link:
    """A heartbeat link towards `node`."""

    node: str
    name: str
    status: str

    @property
    def up(self) -> bool:
        return self.status == "up"


@dataclass(frozen=True, slots=True)
class Membership:
    """What heartbeat on one node says. `resources` is what it believes to hold: `none`, `local`, `foreign`,
    `all` or `transition` (`` when it does not say); it is a belief and proves nothing. `nodes` are all it
    knows by name with their status: `active`, `up`, `dead`, and `ping` for an address that it pings."""

    running: bool
    resources: str = ""
    nodes: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()

    @property
    def rests(self) -> bool:
        """Whether it moves nothing."""
        return self.resources not in ("transition", "")


def membership(answer: Answer) -> Membership:
    """Reads the output of `STATUS`."""
    lines = clean(answer.text).splitlines()[:500]
    if any(_STOPPED in line for line in lines):
        return Membership(False)
    if not any(_RUNNING in line for line in lines):
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"cl_status does not say whether heartbeat runs (it said {said!r})")
    resources = next((found["held"] for line in lines if (found := _RESOURCES.match(line))), "")
    nodes = {found["name"]: found["status"] for line in lines if (found := _NODE.match(line))}
    links = [Link(*found.groups()) for line in lines if (found := _LINK.match(line))]
    return Membership(True, resources, nodes, tuple(links))
