"""What a storage node shows to whoever asks what it was made of: its disk, files, programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saitotui.simulator.pve_corosync import on_links
from saitotui.simulator.storage import StoragePart
from saitotui.simulator.storage_state import FLOATING_IP
from saitotui.simulator.world import Machine, Printed, Program

SIGNATURES = """DEVICE OFFSET     TYPE UUID                                 LABEL
r0     0xfff7000  drbd 9a2ae34844cd5230
r0     0x438      ext4 f91d1e79-bb59-4927-b759-d6cc89b065aa
"""


def section(addresses: Mapping[str, str], secret: str) -> dict[str, Any]:
    """What the profile says of the pair: `storage.build`."""
    links = {name: on_links(address) for name, address in addresses.items()}
    return {
        "disk": "/dev/vg0/r0",
        "addresses": {name: both[1] for name, both in links.items()},
        "links": [
            {"interface": device, "addresses": {name: both[number] for name, both in links.items()}}
            for number, device in enumerate(("eno1", "eno2"))
        ],
        "network": "10.0.0.0/24",
        "interface": "eno1",
        "ping": "10.0.0.1",
        "secret": secret,
    }


def install(part: StoragePart) -> None:
    """Gives the nodes the programs by which that is asked."""
    for node in part.nodes.values():
        machine = node.machine
        machine.files.setdefault("/etc/exports", "")
        known: dict[str, Callable[[Machine, Sequence[str]], Printed]] = {
            "wipefs": lambda machine, words: Printed(SIGNATURES),
            "bash": lambda machine, words: Printed(status=int(not _listens(part, words))),
        }
        for name, program in known.items():
            machine.programs[name] = _program(program)
        for name in ("blockdev", "modprobe", "mkfs.ext4", "rpc.nfsd"):
            machine.programs.setdefault(name, _program(lambda machine, words: Printed()))


def _program(do: Callable[[Machine, Sequence[str]], Printed]) -> Program:
    return lambda machine, words, stdin: do(machine, words)


def _listens(part: StoragePart, words: Sequence[str]) -> bool:
    """Whether a connection to the floating address's NFS port opens."""
    return f"/dev/tcp/{FLOATING_IP}/2049" in " ".join(words) and any(
        node.active for node in part.nodes.values()
    )
