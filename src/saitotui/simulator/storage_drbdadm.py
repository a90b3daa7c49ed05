"""drbdadm and LVM on a simulated storage node: what changes DRBD's state, and copies of the disk under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from saitotui.simulator.storage_state import RESOURCE, SIZE, StorageNode
from saitotui.simulator.storage_tools import CONFIG, Tools
from saitotui.simulator.world import Printed, ignoring

if TYPE_CHECKING:
    from saitotui.simulator.storage import StoragePart

GROUP, VOLUME = "vg0", "r0"
FREE = 3 * SIZE
"""KiB of the volume group that no volume has, at the start."""


class Drbdadm:
    """The programs of one node."""

    def __init__(self, part: StoragePart, node: StorageNode) -> None:
        self._part = part
        self._node = node
        self._tools = Tools(part, node)

    def install(self) -> None:
        plain: dict[str, Callable[[Sequence[str]], Printed]] = {
            "drbdadm": self._drbdadm, "lvs": self._lvs, "lvcreate": self._lvcreate,
            "lvremove": self._lvremove, "lvextend": self._lvextend, "resize2fs": self._resize2fs,
            "dumpe2fs": self._dumpe2fs,
        }  # fmt: skip
        self._node.machine.programs |= {name: ignoring(function) for name, function in plain.items()}

    def _drbdadm(self, words: Sequence[str]) -> Printed:
        given = [word for word in words[1:] if not word.startswith("-")]
        # `-c FILE`: another configuration, of which only `dump` is asked.
        verb = given[1] if words[1:2] == ["-c"] else next(iter(given), "")
        role, disk = self._tools.peer_words()
        node = self._node
        shown = {
            "status": self._tools.status(), "role": f"{node.role}/{role}\n", "cstate": f"{node.state}\n",
            "dstate": f"{node.disk}/{disk}\n", "dump": f"# {node.name}\n{CONFIG}",
            "sh-ll-dev": f"/dev/{GROUP}/{VOLUME}\n", "get-gi": node.generations,
            "show-gi": f"flags: {node.role}, {node.state}, {node.disk}\n",
        }  # fmt: skip
        if verb in shown:
            if verb.endswith("-gi") and not node.loaded:
                return Printed(err=f"{RESOURCE}: not defined in the kernel\n", status=10)
            return Printed(shown[verb])
        act = {
            "primary": self._primary, "secondary": self._secondary, "connect": self._connect,
            "disconnect": self._disconnect, "pause-sync": self._pause, "resume-sync": self._resume,
            "up": self._up, "down": self._down, "attach": self._attach, "detach": self._detach,
            "create-md": self._create, "verify": self._verify, "adjust": self._nothing,
            "disk-options": self._nothing, "resize": self._resize,
        }.get(verb)  # fmt: skip
        if act is None:
            return Printed(err=f"drbdadm: Unknown command '{verb}'\n", status=1)
        return act(words)

    def _nothing(self, words: Sequence[str]) -> Printed:
        return Printed()

    def _primary(self, words: Sequence[str]) -> Printed:
        node, peer = self._node, self._part.peer(self._node)
        if node.connected and peer.role == "Primary":
            text = "0: State change failed: (-1) Multiple primaries not allowed by config\n"
            return Printed(err=text, status=11)
        if node.disk != "UpToDate":
            return Printed(err="0: State change failed: (-2) Need access to UpToDate data\n", status=17)
        node.role = "Primary"
        return Printed()

    def _secondary(self, words: Sequence[str]) -> Printed:
        if self._node.mounted:
            return Printed(err="0: State change failed: (-12) Device is held open by someone\n", status=11)
        self._node.role = "Secondary"
        return Printed()

    def _connect(self, words: Sequence[str]) -> Printed:
        node = self._node
        if "--discard-my-data" in words:
            if node.role == "Primary":
                return Printed(
                    err="0: Failure: (123) --discard-my-data not allowed when primary.\n", status=10
                )
            node.own_changes = 0
        node.standalone = False
        return Printed()

    def _disconnect(self, words: Sequence[str]) -> Printed:
        self._node.give_up()
        return Printed()

    def _pause(self, words: Sequence[str]) -> Printed:
        self._node.paused = True
        return Printed()

    def _resume(self, words: Sequence[str]) -> Printed:
        self._node.paused = False
        return Printed()

    def _up(self, words: Sequence[str]) -> Printed:
        self._node.loaded = True
        return Printed()

    def _down(self, words: Sequence[str]) -> Printed:
        self._node.go_down()
        return Printed()

    def _attach(self, words: Sequence[str]) -> Printed:
        node = self._node
        if node.blank:
            return Printed(err="No valid meta data found\n", status=1)
        if node.disk == "Diskless":
            self._part.begin_resync(self._part.peer(node), node)
        return Printed()

    def _detach(self, words: Sequence[str]) -> Printed:
        self._node.disk = "Diskless"
        return Printed()

    def _create(self, words: Sequence[str]) -> Printed:
        if self._node.disk != "Diskless":
            return Printed(err="Device '0' is configured!\n", status=20)
        self._node.blank, self._node.out_of_sync = False, float(SIZE)
        return Printed(
            "initializing bitmap (8 KB) to all zero\nNew drbd meta data block successfully created.\n"
        )

    def _verify(self, words: Sequence[str]) -> Printed:
        if not self._node.connected or self._node.syncing:
            return Printed(err="0: State change failed: (-15) Need a connection for this\n", status=11)
        self._part.begin_verify()
        return Printed()

    def _free(self) -> int:
        return FREE - sum(self._node.kept.values()) - (self._node.lower - SIZE)

    def _lvs(self, words: Sequence[str]) -> Printed:
        """Of the volume under DRBD, or of a copy of it."""
        asked = words[-1].rpartition("/")[2]
        if asked == VOLUME:
            return Printed(f"  {GROUP} {VOLUME} {self._node.lower}.00 {self._free()}.00\n")
        if asked in self._node.kept:
            return Printed(f"  {asked} 0.00\n")
        return Printed(err=f'  Failed to find logical volume "{GROUP}/{asked}"\n', status=5)

    def _lvcreate(self, words: Sequence[str]) -> Printed:
        size = int(words[words.index("-L") + 1].rstrip("k"))
        if size > self._free():
            return Printed(err=f'  Volume group "{GROUP}" has insufficient free space\n', status=5)
        self._node.kept[words[words.index("-n") + 1]] = size
        return Printed()

    def _lvextend(self, words: Sequence[str]) -> Printed:
        node, size = self._node, int(words[words.index("-L") + 1].rstrip("k"))
        if size <= node.lower:
            return Printed(err="  New size given is not larger than existing size\n", status=5)
        if size - node.lower > self._free():
            return Printed(err="  Insufficient free space\n", status=5)
        node.lower = size
        return Printed()

    def _resize(self, words: Sequence[str]) -> Printed:
        if self._part.grow():
            return Printed()
        return Printed(err="0: Failure: (130) Resize not allowed during resync.\n", status=10)

    def _resize2fs(self, words: Sequence[str]) -> Printed:
        part = self._part
        if not self._node.mounted:
            return Printed(err="resize2fs: Read-only file system\n", status=1)
        part.filesystem = part.size
        return Printed(f"The filesystem on {words[-1]} is now {part.size // 4} (4k) blocks long.\n")

    def _dumpe2fs(self, words: Sequence[str]) -> Printed:
        return Printed(
            f"Block count:              {self._part.filesystem // 4}\nBlock size:               4096\n"
        )

    def _lvremove(self, words: Sequence[str]) -> Printed:
        self._node.kept.pop(words[-1].rpartition("/")[2], None)
        return Printed()
