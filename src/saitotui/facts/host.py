"""Facts that every Linux host gives at once: clock, boot, load, memory, local file systems.

`FACTS` starts no program but `date`, `grep` and `uname` (all in every base system); `DISKS` asks for local
file systems only, since a `df` of a hung NFS mount never returns. Formats: proc(5), POSIX df -P.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

FACTS = (
    "read -r boot < /proc/sys/kernel/random/boot_id; "
    "read -r load < /proc/loadavg; read -r up < /proc/uptime; "
    'echo "now $(date +%s.%N)"; echo "boot $boot"; echo "load $load"; echo "uptime $up"; '
    'echo "cpus $(grep -c ^processor /proc/cpuinfo)"; echo "kernel $(uname -sr)"; '
    "grep -E '^(MemTotal|MemAvailable|SwapTotal|SwapFree):' /proc/meminfo"
)
DISKS = "df -P -k -l -x tmpfs -x devtmpfs -x overlay -x squashfs -x efivarfs"

_WORD = re.compile(r"^(?P<label>now|boot|load|uptime|cpus|kernel) (?P<value>.{1,200})$")
_MEMORY = re.compile(r"^(?P<label>MemTotal|MemAvailable|SwapTotal|SwapFree):\s{1,20}(?P<kib>\d{1,15}) kB$")
_DISK = re.compile(
    r"^(?P<device>\S.{0,200}?)\s{1,40}(?P<total>\d{1,15})\s{1,40}(?P<used>\d{1,15})\s{1,40}(?P<free>-?\d{1,15})"
    r"\s{1,20}(?P<percent>\d{1,3})%\s{1,20}(?P<mount>/.{0,400})$"
)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """`now` is the host's own clock (UTC seconds); memory in bytes; `uptime` in seconds; `load` over 1, 5 and
    15 minutes."""

    now: float
    boot_id: str
    uptime: float
    load: tuple[float, float, float]
    cpus: int
    memory_total: float
    memory_available: float
    swap_total: float
    swap_free: float
    kernel: str

    @property
    def memory_percent(self) -> float:
        """Memory that programs hold, in percent (what the kernel could give at once does not count)."""
        return 100 * (1 - self.memory_available / self.memory_total) if self.memory_total else 0.0


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A local file system; bytes, and df's own percentage (which leaves out root's reserve)."""

    device: str
    mount: str
    total: float
    used: float
    percent: float


def facts(answer: Answer) -> HostFacts:
    """Reads the output of `FACTS`."""
    words: dict[str, str] = {}
    memory: dict[str, float] = {}
    for line in clean(answer.text).splitlines()[:200]:
        if found := _WORD.match(line):
            words.setdefault(found["label"], found["value"])
        elif found := _MEMORY.match(line):
            memory.setdefault(found["label"], float(found["kib"]) * 1024)
    missing = [label for label in ("now", "boot", "load", "uptime", "cpus") if label not in words]
    missing += [label for label in ("MemTotal", "MemAvailable") if label not in memory]
    if missing:
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"host facts lack {', '.join(missing)} (the host said {said!r})")
    loads = [_number(value) for value in words["load"].split()[:3]]
    if len(loads) != 3:
        raise Unparsable(f"load averages are {words['load']!r}")
    return HostFacts(
        now=_number(words["now"]),
        boot_id=words["boot"].strip(),
        uptime=_number(words["uptime"].split()[0]),
        load=(loads[0], loads[1], loads[2]),
        cpus=int(_number(words["cpus"])),
        memory_total=memory["MemTotal"],
        memory_available=memory["MemAvailable"],
        swap_total=memory.get("SwapTotal", 0.0),
        swap_free=memory.get("SwapFree", 0.0),
        kernel=one_line(words.get("kernel", "")),
    )


def disks(answer: Answer) -> tuple[FileSystem, ...]:
    """Reads the output of `DISKS`; lines of complaint (a mount that may not be read) are passed over."""
    found = [
        FileSystem(
            one_line(line["device"]),
            one_line(line["mount"]),
            float(line["total"]) * 1024,
            float(line["used"]) * 1024,
            float(line["percent"]),
        )
        for text in clean(answer.text).splitlines()[:2_000]
        if (line := _DISK.match(text))
    ]
    if not found:
        raise Unparsable(f"df names no file system (it said {one_line(answer.text, limit=80)!r})")
    return tuple(found)


def _number(value: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise Unparsable(f"{value!r} is not a number")
    return number
