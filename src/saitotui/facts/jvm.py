"""What a JVM says of itself: its process (Tomcat's manager, `vminfo`), its heap by class (jcmd)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import one_line

VMINFO = "GET /text/vminfo"
DUMP = "GET /text/threaddump"
_NAME = re.compile(r"^\s*name: (\d{1,10})@", re.MULTILINE)
_ROW = re.compile(r"^\s*\d+:\s+(\d+)\s+(\d+)\s+(\S.*?)\s*$")
_TOTAL = re.compile(r"^Total\s+(\d+)\s+(\d+)\s*$")
_MODULE = re.compile(r" \([\w.]+(@[\w.+-]+)?\)$")
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Class:
    """Objects of one class, as the JVM names it (`[B` is an array of bytes), and their own bytes."""

    name: str
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """The classes, largest first."""

    classes: tuple[Class, ...]
    objects: int
    bytes: int

    def worded(self, most: int = 3) -> str:
        """`412 MiB in 5123456 objects; most: 120 MiB [B, ...`."""
        largest = ", ".join(f"{one.bytes / MIB:.1f} MiB {one.name}" for one in self.classes[:most])
        return f"{self.bytes / MIB:.1f} MiB in {self.objects} objects; most: {largest}"


def pid(answer: Answer) -> int:
    """Reads the answer to `VMINFO`: the JVM's process on its host (RuntimeMXBean.getName, on HotSpot)."""
    found = _NAME.search(answer.text)
    if answer.status != 200 or found is None:
        raise Unparsable(f"the JVM does not name its process: {one_line(answer.text, limit=80)!r}")
    return int(found[1])


def threads(answer: Answer) -> tuple[int, int]:
    """Reads the answer to `DUMP`: how many threads there are, and how many of them run or wait for input."""
    states = re.findall(r"^\s*java\.lang\.Thread\.State: (\w+)", answer.text, re.MULTILINE)
    if not answer.text.startswith("OK") or not states:
        raise Unparsable(f"no thread dump: {one_line(answer.text, limit=80)!r}")
    return len(states), states.count("RUNNABLE")


def histogram(answer: Answer) -> Histogram:
    """Reads `jcmd PID GC.class_histogram` (JDK manual, jcmd)."""
    classes, total = [], None
    for line in answer.text.splitlines():
        if row := _ROW.match(line):
            classes.append(Class(_MODULE.sub("", row[3]), int(row[1]), int(row[2])))
        elif found := _TOTAL.match(line):
            total = int(found[1]), int(found[2])
    if not classes or total is None:
        said = one_line(answer.text, limit=120) or "nothing"
        raise Unparsable(f"no histogram of a heap: {said}")
    return Histogram(tuple(classes), *total)
