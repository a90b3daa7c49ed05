"""DRBD as a node sees it: `/proc/drbd` (kernel module 8.4) and `drbdsetup status` (8.4 text, 9 JSON).

Both are read into one `View` in the words of DRBD 9, so that nothing above needs to know the version. Formats:
DRBD 8.4 and 9.0 user's guides ("/proc/drbd", "status information via drbdsetup"); recordings of 8.4.11 with
drbd-utils 9.22. Sizes are KiB, as DRBD counts them.
"""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

PROC = "cat /proc/drbd"
"""Needs no netlink and no lock: it answers while `drbdsetup` hangs in the kernel."""
BUSY = 75
"""Exit status of `status`: an earlier drbdsetup still waits in the kernel."""


def status_command(resource: str) -> str:
    """Asks for the status of `resource`. The lock keeps questions from piling up behind one that hangs in the
    kernel, where no signal reaches it."""
    ask = f"exec flock -w 0.5 -E {BUSY} /proc/drbd timeout -k 0.5 2 drbdsetup status {shell(resource)}"
    return (
        'read -r version </proc/drbd || exit 1; case $version in "version: 9"*) '
        f"{ask} --json;; *) {ask} --verbose --statistics;; esac"
    )


def config_command(resource: str) -> str:
    """Checksums of what must be the same on both nodes. The configuration holds a secret: only its checksum
    leaves the host. Comments name the host that printed them, so they are left out."""
    return (
        f"if d=$(timeout -k 1 5 drbdadm dump {shell(resource)} 2>/dev/null); "
        """then echo "drbd.conf $(printf '%s\\n' "$d" | grep -v '^ *#' | cksum)"; fi; """
        "for f in /etc/ha.d/ha.cf /etc/ha.d/haresources /etc/exports; do "
        'if [ -r "$f" ]; then echo "$f $(cksum <"$f")"; fi; done'
    )


@dataclass(frozen=True, slots=True)
class View:
    """A resource as one node sees it. States as DRBD 9 names them, `` where this source does not say.

    `known`: whether the kernel has the resource. `percent` is how much of a resync is done, `finish` the
    kernel's own estimate (seconds), `speed` in KiB/s. `paused`: why a resync does not go on (`user`, `peer`,
    `dependency`). `suspended`: I/O stands still.
    """

    known: bool = False
    version: str = ""
    role: str = ""
    disk: str = ""
    connection: str = ""
    replication: str = ""
    peer_role: str = ""
    peer_disk: str = ""
    out_of_sync: int = 0
    size: int = 0
    percent: float | None = None
    finish: float | None = None
    speed: int | None = None
    paused: tuple[str, ...] = ()
    suspended: bool = False
    quorum: bool = True
    peer: str = ""
