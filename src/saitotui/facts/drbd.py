"""DRBD as a node sees it: `/proc/drbd` (kernel module 8.4) and `drbdsetup status` (8.4 text, 9 JSON).

Both are read into one `View` in the words of DRBD 9, so that nothing above needs to know the version. Sizes
are KiB, as DRBD counts them. Formats: DRBD 8.4 and 9.0 user's guides ("/proc/drbd", "status information via
drbdsetup"); recordings of 8.4.11 with drbd-utils 9.22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

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


def patience_command(resource: str) -> str:
    """How soon heartbeat and DRBD notice that the peer is gone. The configuration holds a secret: only these
    two lines of it leave the host."""
    show = f"timeout -k 1 4 drbdsetup show --show-defaults {shell(resource)}"
    return f"echo deadtime $(cl_status hbparameter -p deadtime); {show} | grep -E 'ping-(int|timeout)'"


ESTABLISHED = "Established"
CONNECTED = "Connected"
CONNECTING = "Connecting"
STANDALONE = "StandAlone"
UP_TO_DATE = "UpToDate"
_SUM = re.compile(r"^(?P<name>drbd\.conf|/etc/[\w./-]{1,80}) (?P<sum>\d{1,12} \d{1,12})$")
_DEADTIME = re.compile(r"^deadtime (?P<count>\d{1,7})(?P<unit>ms)?$")
_PING = re.compile(r"^\s*ping-(?P<name>int|timeout)\s{1,40}(?P<count>\d{1,7});")
_MINOR = re.compile(r"/dev/drbd(\d{1,7})$")


@dataclass(frozen=True, slots=True)
class View:
    """A resource as one node sees it. States as DRBD 9 names them, `` where this source does not say.

    `loaded`: whether the kernel has DRBD at all, `known`: whether it has the resource, `hung`: whether
    `drbdsetup` does not come back. `percent` is how much of a resync or verify is done, `finish` the kernel's
    own estimate (seconds), `speed` in KiB/s. `paused`: why a resync does not go on (`user`, `peer`,
    `dependency`). `suspended`: I/O stands still.
    """

    loaded: bool = True
    known: bool = True
    hung: bool = False
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

    @property
    def says(self) -> bool:
        """Whether it says anything about the resource (`/proc/drbd` of DRBD 9 does not)."""
        return self.known and bool(self.role)

    @property
    def connected(self) -> bool:
        return self.connection == CONNECTED

    @property
    def resyncing(self) -> bool:
        """A resync runs, is about to, or is paused half-way."""
        return self.replication.startswith(("Sync", "PausedSync", "WFBitMap", "StartingSync", "WFSync"))

    @property
    def in_sync(self) -> bool:
        """Connected, both copies up to date, and nothing is copied."""
        return self.connected and self.disk == self.peer_disk == UP_TO_DATE and not self.resyncing

    @property
    def verifying(self) -> bool:
        return self.replication.startswith("Verify")

    @property
    def source(self) -> bool | None:
        """Whether a resync copies from this node; None when none runs."""
        return self.replication.endswith(("S", "Source")) if self.resyncing else None


def minor_of(device: str) -> int | None:
    """The minor number that the name of a device tells (`/dev/drbd0`); None for a name that does not."""
    found = _MINOR.fullmatch(device)
    return int(found[1]) if found else None


def merged(proc: View | None, status: View | None) -> View | None:
    """One view of both: `drbdsetup` says more, `/proc/drbd` estimates, and goes on when `drbdsetup` hangs."""
    if proc is not None and not proc.loaded:
        return proc
    if status is None or status.hung:
        said = proc if proc is None or proc.says or not proc.known else None
        if said is None:
            return None
        return replace(said, hung=True) if status is not None else said
    if proc is None or not (proc.says and status.says):
        return status
    # During a verify drbdsetup of 8.4 always says 100 %.
    percent = proc.percent if status.verifying or status.percent is None else status.percent
    # One that has given its peer up shows no peer to drbdsetup, but counts on.
    behind = status.out_of_sync or proc.out_of_sync
    return replace(
        status,
        version=proc.version,
        percent=percent,
        finish=proc.finish,
        speed=proc.speed,
        out_of_sync=behind,
    )


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which heartbeat calls a silent peer dead (`deadtime` of ha.cf), and after which DRBD does
    at the latest (`ping-int` and `ping-timeout` of drbd.conf(5))."""

    heartbeat: float
    drbd: float


def patience(answer: Answer) -> Patience:
    """Reads the output of `patience_command`."""
    lines = clean(answer.text).splitlines()[:50]
    dead = next((found for line in lines if (found := _DEADTIME.match(line.strip()))), None)
    pings = {found["name"]: int(found["count"]) for line in lines if (found := _PING.match(line))}
    if dead is None or set(pings) != {"int", "timeout"}:
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"heartbeat and DRBD do not tell how soon they notice (the host said {said!r})")
    seconds = int(dead["count"]) / (1000 if dead["unit"] else 1)
    return Patience(seconds, pings["int"] + pings["timeout"] / 10)


def config(answer: Answer) -> Mapping[str, str]:
    """Checksum by file name, of those files that exist and may be read (`config_command`)."""
    lines = clean(answer.text).splitlines()
    sums = {found["name"]: found["sum"] for line in lines[:50] if (found := _SUM.match(line))}
    if not sums:
        raise Unparsable(
            f"no checksum of a configuration (the host said {one_line(answer.text, limit=80)!r})"
        )
    return sums
