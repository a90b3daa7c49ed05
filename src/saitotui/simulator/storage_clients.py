"""Clients of the simulated export: a mount that answers while somebody serves, and hangs meanwhile."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from saitotui.simulator.storage_state import CLIENTS, FLOATING_IP, MOUNT
from saitotui.simulator.world import Machine, Printed

if TYPE_CHECKING:
    from saitotui.simulator.storage import StoragePart

PLACE = "/srv/shared"


def install_clients(part: StoragePart) -> None:
    for machine in part.world.machines.values():
        if machine.address in CLIENTS:
            _install(part, machine)


def written(part: StoragePart, name: str) -> str | None:
    """What a client wrote into a file of the export."""
    for machine in part.world.machines.values():
        if machine.address in CLIENTS and (content := machine.read(f"{PLACE}/{name}")) is not None:
            return content
    return None


def _install(part: StoragePart, machine: Machine) -> None:
    ordinary, usual = (machine.programs.get(name) for name in ("ls", "stat"))
    mounts = f"{FLOATING_IP}:{MOUNT} {PLACE} nfs4 rw,vers=4.2,hard 0 0\n"
    machine.files["/proc/mounts"] = f"/dev/sda1 / ext4 rw,relatime 0 0\n{mounts}"

    def hangs() -> bool:
        return part.serving is None or not part.world.connected(machine.name, part.serving.name)

    def ls(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        if any(word.startswith(PLACE) for word in words):
            return Printed(hangs=True) if hangs() else Printed(f"{words[-1]}\n")
        return ordinary(machine, words, stdin) if ordinary else Printed()

    def stat(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        """stat -c %i FILE, in what is mounted; elsewhere as on any host."""
        if usual is not None and not words[-1].startswith(PLACE):
            return usual(machine, words, stdin)
        name = words[-1].removeprefix(f"{PLACE}/")
        if hangs():
            return Printed(hangs=True)
        if machine.read(words[-1]) is None:
            return Printed(err=f"stat: cannot statx '{words[-1]}': No such file or directory\n", status=1)
        return Printed(f"{zlib.crc32(name.encode()) % 100_000}\n")

    machine.programs |= {"ls": ls, "stat": stat}
