"""The disk under DRBD on one node, and whether LVM can keep a copy of it as it is (lvs(8), `lvcreate -s`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

_DISK = re.compile(r"^disk (/dev/\S{1,200})$")
_VOLUME = re.compile(
    r"^volume (?P<group>[\w.+-]{1,120}) (?P<name>[\w.+-]{1,120}) (?P<size>\d{1,15})(?:\.\d+)?"
    r" (?P<free>\d{1,15})(?:\.\d+)?$"
)


def backing_command(resource: str) -> str:
    """The lower disk, and what LVM says of it where it is one of its volumes (sizes in KiB)."""
    return (
        f"d=$(timeout -k 1 5 drbdadm sh-ll-dev {shell(resource)}) || exit 1; d=$(echo $d | cut -d' ' -f1); "
        'echo "disk $d"; command -v lvs >/dev/null || exit 0; '
        "v=$(timeout -k 1 5 lvs --noheadings --nosuffix --units k -o vg_name,lv_name,lv_size,vg_free "
        '"$d" 2>/dev/null) && echo volume $v'
    )


@dataclass(frozen=True, slots=True)
class Backing:
    """The logical volume by `group` and `name`, `` when it is none; `size` and `free` (group) in KiB."""

    disk: str
    group: str = ""
    name: str = ""
    size: int = 0
    free: int = 0

    @property
    def lvm(self) -> bool:
        return bool(self.group)


def backing(answer: Answer) -> Backing:
    """Reads the answer of `backing_command`."""
    lines = clean(answer.text).splitlines()[:20]
    disk = next((found[1] for line in lines if (found := _DISK.match(line.strip()))), None)
    if disk is None:
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"drbdadm does not name the lower disk (it said {said!r})")
    volume = next((found for line in lines if (found := _VOLUME.match(line.strip()))), None)
    if volume is None:
        return Backing(disk)
    return Backing(disk, volume["group"], volume["name"], int(volume["size"]), int(volume["free"]))
