"""The state of one simulated storage node: DRBD 8.4, its cluster manager, what it mounts and exports."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from saitotui.simulator.world import Machine

RESOURCE, DEVICE, MOUNT = "r0", "/dev/drbd0", "/srv/nfs"
FLOATING_IP = "10.0.0.20"
CLIENTS = ("10.0.0.61", "10.0.0.62", "10.0.0.63")
HEARTBEAT, NFS = "heartbeat", "nfs-server"
TICK = 0.5
DEADTIME = 10.0
"""Seconds without a sign of the peer until heartbeat takes over."""
TAKEOVER = 3.0
"""Seconds that acquiring the resources takes."""
FIFO = "/var/lib/heartbeat/fifo"
"""Where scripts write messages for heartbeat."""
HAND = 1.5
"""Seconds from when one node has given until the other one serves, by hand_over.sh."""
INITDEAD = 15.0
"""Seconds for which heartbeat waits for its peer when it starts."""
LOST = 8.0
"""Seconds until DRBD notices that its peer is gone (ping-int and ping-timeout)."""
SERVED_AFTER = 41.0
"""Seconds after its start at which the node that serves took everything over."""
WRITES = 48.0
"""KiB a second that NFS clients write."""
RATE = 4096.0
"""KiB a second that a resync moves."""
SIZE = 262_100
"""KiB of the device."""
VERIFY = 20.0
"""Seconds that an online verify takes."""
HISTORY = "9DAB1C4E2F730A64"
"""The generation that both copies have while they are one."""
EMPTY = "0" * 16


@dataclass
class StorageNode:
    """One node."""

    name: str
    machine: Machine
    manager: str = HEARTBEAT
    """The unit of its cluster manager."""
    role: str = "Secondary"
    disk: str = "UpToDate"
    connected: bool = True
    standalone: bool = False
    loaded: bool = True
    own_changes: int = 0
    """Generations that were begun here while the peer was away: with such on both sides, brains are split."""
    out_of_sync: float = 0.0
    resync_total: float = 0.0
    syncing: str = ""
    """`SyncSource` or `SyncTarget` while a resync runs."""
    paused: bool = False
    mounted: bool = False
    exporting: bool = False
    has_ip: bool = False
    used: int = 62_300
    """KiB used of the file system."""
    peer_silent_since: float = 0.0
    peer_seen: bool = True
    heard_at: float = 0.0
    """When heartbeat last heard its peer."""
    acquiring: bool = False
    forgetful: bool = False
    """Whether heartbeat here loses its next takeover: it starts nothing, and does not end it."""
    stops: bool = False
    """Whether heartbeat stops when what it takes over is taken over: it delays that until then."""
    holds: str = ""
    """What heartbeat believes to have since it moved something; empty: what it had at its start."""
    standby: bool = False
    """Whether pacemaker may run nothing here."""
    peer_unclean: bool = False
    """Whether pacemaker here could not fence its peer."""
    waits: bool = False
    """Whether hand_over.sh waits here for the other node to give."""
    lower: int = SIZE
    """KiB of the volume under DRBD."""
    blank: bool = False
    """Whether the lower disk has no metadata of DRBD: it is a new one."""
    kept: dict[str, int] = field(default_factory=dict)
    """Snapshots of the lower disk by name, with their size in KiB."""
    differs: float = 0.0
    """KiB that are not what the other copy has, and that nobody knows of."""
    verify_at: float = 0.0
    """When an online verify began; 0 while none runs."""
    kernel: list[tuple[float, str]] = field(default_factory=list)
    log: list[tuple[float, str]] = field(default_factory=list)
    sent: float = 262_474.0
    received: float = 0.0

    @property
    def active(self) -> bool:
        """Whether it serves: primary, mounted, exported, with the address."""
        return self.role == "Primary" and self.mounted and self.exporting and self.has_ip

    def give_up(self) -> None:
        """It does not try to reach its peer any more."""
        self.standalone, self.connected, self.syncing = True, False, ""

    def go_down(self) -> None:
        """The kernel does not run the resource any more."""
        self.loaded, self.connected, self.syncing = False, False, ""

    @property
    def generation(self) -> str:
        """Which history its copy has: a new one from when it went on alone."""
        return f"{zlib.crc32(self.name.encode()):08X}77A3C1E4" if self.own_changes else HISTORY

    @property
    def generations(self) -> str:
        """As `drbdadm get-gi` prints them; the lowest bit says Primary."""
        current = f"{int(self.generation, 16) | (self.role == 'Primary'):016X}"
        bitmap = HISTORY if self.own_changes else EMPTY
        return f"{current}:{bitmap}:{EMPTY}:{EMPTY}:1:1:{int(self.role == 'Primary')}:1:0:0:0\n"

    @property
    def believes(self) -> str:
        """What `cl_status rscstatus` says."""
        if self.acquiring:
            return "transition"
        if self.holds:
            return self.holds
        return "all" if self.active and not self.peer_seen else "local" if self.active else "foreign"

    @property
    def manager_runs(self) -> bool:
        return self.machine.runs(self.manager)

    @property
    def state(self) -> str:
        """The connection state, as /proc/drbd names it."""
        if self.standalone:
            return "StandAlone"
        if not self.connected:
            return "WFConnection"
        if self.verify_at:
            return "VerifyS" if self.role == "Primary" else "VerifyT"
        if self.syncing:
            return f"PausedSync{self.syncing[4]}" if self.paused else self.syncing
        return "Connected"
