"""The state of one simulated storage node: DRBD 8.4, heartbeat, what it mounts and exports."""

from __future__ import annotations

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


@dataclass
class StorageNode:
    """One node."""

    name: str
    machine: Machine
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
    kernel: list[tuple[float, str]] = field(default_factory=list)
    log: list[tuple[float, str]] = field(default_factory=list)
    sent: float = 262_474.0
    received: float = 0.0

    @property
    def active(self) -> bool:
        """Whether it serves: primary, mounted, exported, with the address."""
        return self.role == "Primary" and self.mounted and self.exporting and self.has_ip

    @property
    def heartbeat_runs(self) -> bool:
        return self.machine.runs(HEARTBEAT)

    @property
    def state(self) -> str:
        """The connection state, as /proc/drbd names it."""
        if self.standalone:
            return "StandAlone"
        if not self.connected:
            return "WFConnection"
        if self.syncing:
            return f"PausedSync{self.syncing[4]}" if self.paused else self.syncing
        return "Connected"
