"""How large a block device and the file system on it are (sysfs `size`; dumpe2fs(8), xfs_info(8))."""

from __future__ import annotations

import re

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

_EXT = re.compile(r"^Block (?P<name>count|size):\s{1,20}(?P<value>\d{1,15})$")
_XFS = re.compile(r"^data\s{1,20}=\s{1,20}bsize=(?P<size>\d{1,7})\s{1,20}blocks=(?P<count>\d{1,15})\b")


def device_command(minor: int) -> str:
    """The size of a DRBD device, in sectors of 512 octets."""
    return f"read -r n </sys/block/drbd{minor}/size; echo sectors $n"


def device(answer: Answer) -> int:
    """Reads the output of `device_command`; KiB."""
    found = re.fullmatch(r"sectors (\d{1,15})", answer.text.strip())
    if found is None:
        raise Unparsable(
            f"the kernel does not tell the size (the host said {one_line(answer.text, limit=80)!r})"
        )
    return int(found[1]) // 2


def filesystem_command(kind: str, device: str, mount: str) -> str:
    """What tells the size of a file system of this kind. LookupError for one that is not known here."""
    return {
        "ext4": f"dumpe2fs -h {shell(device)} 2>/dev/null | grep -E '^Block (count|size)'",
        "xfs": f"xfs_info {shell(mount)} | grep '^data'",
    }[kind]


def grow_command(kind: str, device: str, mount: str) -> str:
    """Grows it to the size of its device while it is mounted (resize2fs(8), xfs_growfs(8))."""
    return {"ext4": f"resize2fs {shell(device)}", "xfs": f"xfs_growfs {shell(mount)}"}[kind]


def filesystem(answer: Answer) -> int:
    """Reads the output of `filesystem_command`; KiB."""
    lines = clean(answer.text).splitlines()[:20]
    ext = {found["name"]: int(found["value"]) for line in lines if (found := _EXT.match(line.strip()))}
    if set(ext) == {"count", "size"}:
        return ext["count"] * ext["size"] // 1024
    xfs = next((found for line in lines if (found := _XFS.match(line.strip()))), None)
    if xfs is None:
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"the file system does not tell its size (the host said {said!r})")
    return int(xfs["count"]) * int(xfs["size"]) // 1024
