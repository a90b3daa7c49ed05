"""heartbeat's `haresources`: which scripts a node runs, in order (Linux-HA user's guide, "haresources").

A line names the preferred node and its resources: `st1 drbddisk::r0 Filesystem::/dev/drbd0::/srv/nfs::ext4
10.0.0.20`. They are started from left to right and stopped from right to left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean

READ = "cat /etc/ha.d/haresources"
_NODE = re.compile(r"[\w.-]{1,64}")
_ADDRESS = re.compile(r"[0-9a-fA-F.:]{2,45}(/.{1,60})?")
_NAME = re.compile(r"[\w.@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Resource:
    """A script of /etc/ha.d/resource.d or /etc/init.d, and what it is called with before the verb."""

    script: str
    arguments: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return "::".join((self.script, *self.arguments))


@dataclass(frozen=True, slots=True)
class Group:
    """One line: what moves together. `preferred` is the node that takes it when nobody has it."""

    preferred: str
    resources: tuple[Resource, ...]


def haresources(answer: Answer) -> tuple[Group, ...]:
    """Reads the file; a line goes on after a backslash."""
    if answer.status:
        raise Unparsable("/etc/ha.d/haresources cannot be read")
    text = clean(answer.text).replace("\\\n", " ")
    groups = []
    for line in text.splitlines()[:200]:
        words = line.partition("#")[0].split()
        if not words:
            continue
        if not _NODE.fullmatch(words[0]):
            raise Unparsable(f"haresources: {words[0][:40]!r} is not the name of a node")
        groups.append(Group(words[0], tuple(_resource(word) for word in words[1:])))
    return tuple(groups)


def _resource(word: str) -> Resource:
    """A bare address stands for the script IPaddr."""
    script, *arguments = word.split("::")
    if _ADDRESS.fullmatch(word) and ("." in word or ":" in word):
        return Resource("IPaddr", (word,))
    if not _NAME.fullmatch(script):
        raise Unparsable(f"haresources: {script[:40]!r} is not the name of a script")
    return Resource(script, tuple(arguments))
