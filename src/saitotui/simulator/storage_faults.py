"""What can go wrong with the storage pair: cuts, split brains, disks, what somebody forgot to start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from saitotui.simulator.storage_state import RESOURCE

if TYPE_CHECKING:
    from saitotui.simulator.storage import StoragePart


def add_faults(part: StoragePart) -> None:
    world, faults = part.world, _Faults(part)
    fill, empty = faults.fill(0.97), faults.fill(0.26)
    for name, summary, inject, heal in (
        ("split-brain", "let both nodes be written to alone", faults.split, faults.settle),
        ("storage-link-cut", "cut DRBD's and heartbeat's link", faults.cut, faults.mend),
        ("disk-lost", "the node's disk fails", faults.detach, faults.attach),
        ("drbd-down", "take the resource down on a node", faults.down, faults.up),
        ("blocks-differ", "change blocks behind DRBD's back", faults.rot, faults.restore),
        ("takeover-lost", "let heartbeat lose its next takeover", faults.forget, faults.recall),
        ("storage-full", "fill the exported file system", fill, empty),
    ):
        world.fault(name, summary, lambda: list(part.nodes), inject, heal)


class _Faults:
    """Each takes the node that it hits, and gives a sentence."""

    def __init__(self, part: StoragePart) -> None:
        self._part = part

    def split(self, target: str) -> str:
        for node in self._part.nodes.values():
            node.own_changes, node.out_of_sync = 1, 36.0 if node.name == target else 2968.0
            node.give_up()
            text = "block drbd0: Split-Brain detected but unresolved, dropping connection!"
            self._part.kernel(node, text)
        return "both storage nodes were written to alone: their data have drifted apart"

    def settle(self, target: str) -> str:
        part, node = self._part, self._part.nodes[target]
        peer = part.peer(node)
        source = peer if peer.role == "Primary" or node.role != "Primary" else node
        for one in (node, peer):
            one.own_changes = 0
        part.begin_resync(source, part.peer(source))
        return f"{part.peer(source).name} gives its changes up"

    def cut(self, target: str) -> str:
        self._part.world.cut_between("st1", "st2")
        return "the link between st1 and st2 is cut"

    def mend(self, target: str) -> str:
        self._part.world.join_between("st1", "st2")
        return "the link between st1 and st2 is whole again"

    def detach(self, target: str) -> str:
        node = self._part.nodes[target]
        node.disk, node.blank = "Diskless", True
        self._part.kernel(node, "block drbd0: local READ IO error sector 4711+8 on sdb")
        self._part.kernel(node, "block drbd0: disk( UpToDate -> Failed )")
        return f"{target} lost its disk and goes on over the network"

    def attach(self, target: str) -> str:
        node = self._part.nodes[target]
        node.disk, node.blank = "UpToDate", False
        self._part.begin_resync(self._part.peer(node), node)
        return f"{target} has a new disk"

    def down(self, target: str) -> str:
        self._part.nodes[target].go_down()
        return f"DRBD on {target} does not run {RESOURCE}"

    def up(self, target: str) -> str:
        self._part.nodes[target].loaded = True
        return f"DRBD on {target} runs {RESOURCE} again"

    def forget(self, target: str) -> str:
        self._part.nodes[target].forgetful = True
        return f"heartbeat on {target} will lose its own message"

    def recall(self, target: str) -> str:
        self._part.nodes[target].forgetful = False
        return f"heartbeat on {target} loses no message"

    def rot(self, target: str) -> str:
        self._part.nodes[target].differs = 12.0
        return f"three blocks of {target} are not what they were"

    def restore(self, target: str) -> str:
        self._part.nodes[target].differs = 0.0
        return f"the blocks of {target} are what they were"

    def fill(self, share: float) -> Callable[[str], str]:
        def fill(target: str) -> str:
            for node in self._part.nodes.values():
                node.used = int(239_483 * share)
            return f"the exported file system is {share:.0%} full"

        return fill
