"""`hand_over.sh` and `changes.sh` on a simulated storage node, and the small tools that runbooks look with.

The scripts are the console's; here stands what they do to a node, and what they print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from saitotui.simulator.storage_clients import written
from saitotui.simulator.storage_state import MOUNT, StorageNode
from saitotui.simulator.world import Machine, Printed

if TYPE_CHECKING:
    from saitotui.simulator.storage import StoragePart

SCRIPT = "/hand_over.sh"
HERE = ("modprobe", "fuser", "rpc.nfsd", "setsid", "sync")
"""Programs that only have to be there."""
SCRIPTS = ("drbddisk", "Filesystem", "nfs-server", "IPaddr2")


class Hands:
    """The programs of one node."""

    def __init__(self, part: StoragePart, node: StorageNode) -> None:
        self._part = part
        self._node = node

    def install(self) -> None:
        machine = self._node.machine
        machine.programs["sh"] = self._sh
        machine.programs["ping"] = self._ping
        machine.programs["find"] = self._find
        for name in HERE:
            machine.programs[name] = lambda machine, words, stdin: Printed()
        machine.files |= {f"/etc/ha.d/resource.d/{name}": "#!/bin/sh\n" for name in SCRIPTS}
        machine.files[f"{MOUNT}/."] = ""

    def _sh(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        if words[1:3] == ["-s", "--"]:
            return self._changes()
        script, verb = words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else ""
        if machine.read(script) is None or not script.endswith(SCRIPT):
            return Printed(err=f"sh: 0: cannot open {script}: No such file\n", status=2)
        acts: dict[str, Callable[[], Printed]] = {
            "settled": self._settled, "take": self._take, "give": self._give, "drop": self._drop,
            "back": self._back, "start": self._start, "discard": self._discard,
        }  # fmt: skip
        told = {"ready": "ready\n", "tickle": f"told {max(0, len(words) - 7)} connections\n"}
        if verb in told:
            return Printed(told[verb])
        return acts[verb]() if verb in acts else Printed(err=f"unknown verb {verb}\n", status=2)

    def _take(self) -> Printed:
        node, peer = self._node, self._part.peer(self._node)
        if node.role == "Primary":
            return Printed("it is here\n")
        if node.connected and peer.role != "Primary":
            return Printed("both are Secondary: nothing is to be given\n", status=3)
        node.waits = True
        return Printed("waiting\n")

    def _give(self) -> Printed:
        self._part.give(self._node)
        return Printed("given\n")

    def _settled(self) -> Printed:
        self._node.waits = False
        return Printed()

    def _drop(self) -> Printed:
        self._node.waits = False
        self._part.release(self._node)
        return Printed()

    def _back(self) -> Printed:
        node, peer = self._node, self._part.peer(self._node)
        if node.role != "Primary" and not (node.connected and peer.role == "Secondary"):
            return Printed(f"not started: {node.state} {node.role}/Unknown\n", status=3)
        return self._start()

    def _start(self) -> Printed:
        if not self._part.serve(self._node):
            return Printed("start drbddisk::r0: status 1\n", status=1)
        return Printed()

    def _discard(self) -> Printed:
        node, peer = self._node, self._part.peer(self._node)
        if node.role == "Primary":
            return Printed(err="0: Failure: (123) --discard-my-data not allowed when primary.\n", status=1)
        if peer.standalone:
            return Printed("no connection within 60 s\n", status=10)
        node.own_changes, node.standalone = 0, False
        self._part.meet(node)
        if node.syncing == "SyncSource":
            node.give_up()
            return Printed("wrong direction: disconnected\n", status=9)
        return Printed("direction: to this node\n" if node.connected else "no connection within 60 s\n")

    def _changes(self) -> Printed:
        """What changes.sh lists: what was written while this node was alone."""
        node, now = self._node, datetime.fromtimestamp(self._part.world.clock.now(), UTC)
        octets, when = int(node.out_of_sync) * 1024, f"{now:%Y-%m-%dT%H:%M:%S}"
        return Printed(
            f"2 files with {octets} octets changed since {when}Z\n4096 {when} d uploads\n"
            f"{octets - 812} {when} f uploads/{node.name}-4711.jpg\n812 {when} f uploads/{node.name}.json\n"
        )

    def _ping(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        names = {one.address: one.name for one in self._part.world.machines.values()}
        target = names.get(words[-1], words[-1])
        known = target in self._part.world.machines
        return Printed(status=0 if known and self._part.world.connected(machine.name, target) else 1)

    def _find(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        """Finds what a client wrote, on the node that serves."""
        name = words[words.index("-name") + 1] if "-name" in words else ""
        content = written(self._part, name)
        if not self._node.mounted or content is None:
            return Printed()
        machine.files[f"{MOUNT}/{name}"] = content
        return Printed(f"{MOUNT}/{name}\n")
