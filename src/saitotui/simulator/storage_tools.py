"""What a simulated storage node shows and does when asked: programs and files of DRBD, heartbeat and NFS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from saitotui.simulator.pve_corosync import on_links
from saitotui.simulator.storage_state import (
    CLIENTS,
    DEVICE,
    FLOATING_IP,
    MOUNT,
    RESOURCE,
    SIZE,
    VERIFY,
    StorageNode,
)
from saitotui.simulator.world import Machine, Printed, ignoring

if TYPE_CHECKING:
    from saitotui.simulator.storage import StoragePart

CONFIG = """resource r0 {
    on st1 { device /dev/drbd0 minor 0; disk /dev/vg0/r0; meta-disk internal; address ipv4 10.0.0.21:7788; }
    on st2 { device /dev/drbd0 minor 0; disk /dev/vg0/r0; meta-disk internal; address ipv4 10.0.0.22:7788; }
    net { protocol C; cram-hmac-alg sha1; shared-secret "simulated"; verify-alg crc32c;
        ping-int        	7; # seconds
        ping-timeout    	10; # 1/10 seconds
    }
    disk { on-io-error detach; resync-rate 40M; }
}
"""
_HA_CF = (
    "logfile /var/log/ha-log\nkeepalive 2\nwarntime 5\ndeadtime 10\ninitdead 60\nudpport 694\n"
    "ucast eno1 10.0.0.21\nucast eno1 10.0.0.22\nucast eno2 10.0.1.21\nucast eno2 10.0.1.22\n"
    "auto_failback off\nnode st1\nnode st2\nping 10.0.0.1\n"
)
_HARESOURCES = (
    "st1 drbddisk::r0 Filesystem::/dev/drbd0::/srv/nfs::ext4 nfs-server IPaddr2::10.0.0.20/24/eno1\n"
)
_EXPORT = "10.0.0.0/24(rw,sync,wdelay,hide,nocrossmnt,secure,no_root_squash,no_subtree_check,fsid=1,sec=sys)"


class Tools:
    """The programs and files of one node."""

    def __init__(self, part: StoragePart, node: StorageNode) -> None:
        self._part = part
        self._node = node

    def install(self) -> None:
        machine, node = self._node.machine, self._node
        machine.files |= {
            "/proc/sys/kernel/hostname": f"{node.name}\n",
            "/proc/mounts": self._mounts,
            "/etc/ha.d/ha.cf": _HA_CF,
            "/etc/ha.d/haresources": _HARESOURCES,
            "/etc/exports": f"{MOUNT} 10.0.0.0/24(rw,sync,no_root_squash,no_subtree_check,fsid=1)\n",
            "/proc/drbd": self.proc,
            "/sys/block/drbd0/size": lambda: f"{2 * self._part.size}\n",
            "/var/log/ha-log": self._ha_log,
            "/.df/mount": self._df_row,
            "/proc/fs/nfsd/threads": lambda: "8\n" if node.exporting else "0\n",
            "/var/lib/nfs/etab": lambda: f"{MOUNT}\t{_EXPORT}\n" if node.exporting else "",
        }
        for number, client in enumerate(CLIENTS):
            machine.files[f"/proc/fs/nfsd/clients/{number + 3}/info"] = self._client(client, number)
        plain: dict[str, Callable[[Sequence[str]], Printed]] = {
            "drbdsetup": self._drbdsetup, "cl_status": self._cl_status,
            "hb_standby": self._hb_standby, "hb_takeover": self._hb_takeover, "ip": self._ip, "ss": self._ss,
            "dmesg": self._dmesg, "exportfs": self._exportfs, "df": self._df,
        }  # fmt: skip
        machine.programs |= {name: ignoring(function) for name, function in plain.items()}
        self._ordinary = machine.programs.get("systemctl", ignoring(lambda words: Printed()))
        machine.programs["systemctl"] = self._systemctl

    def _mounts(self) -> str:
        row = f"{DEVICE} {MOUNT} ext4 rw,noatime 0 0\n" if self._node.mounted else ""
        return "/dev/sda1 / ext4 rw,relatime 0 0\n" + row

    def _df_row(self) -> str:
        total, used = 239_483 + self._part.filesystem - SIZE, self._node.used
        if not self._node.mounted:
            return ""
        return f"{DEVICE}       {total:>8} {used:>9} {total - used:>9} {used * 100 // total:>7}% {MOUNT}\n"

    def _df(self, words: Sequence[str]) -> Printed:
        """df -P -k: of everything, or of the file system that a path is on."""
        head = "Filesystem     1024-blocks      Used Available Capacity Mounted on\n"
        used = 100 if self._node.machine.disk_full else 37
        total = 51_342_816
        taken = total * used // 100
        root = f"/dev/sda1         {total:>8} {taken:>9} {total - taken:>9} {used:>7}% /\n"
        mounted = self._df_row()
        if MOUNT in words:
            return Printed(head + (mounted or root))
        return Printed(head + root + mounted)

    def _client(self, address: str, number: int) -> Callable[[], str | None]:
        """What nfsd knows of a client; there are none on a node that does not serve."""

        def content() -> str | None:
            if not self._node.active:
                return None
            name = f"tc{number + 1}"
            return (
                f'clientid: 0x7b07d4e16b0455b{number}\naddress: "{address}:870"\nstatus: confirmed\n'
                f'seconds from last renew: 6\nname: "Linux NFSv4.2 {name}"\nminor version: 2\n'
            )

        return content

    def proc(self) -> str:
        """/proc/drbd of the 8.4 module."""
        node, head = (
            self._node,
            "version: 8.4.11 (api:1/proto:86-101)\nsrcversion: 059B1B470318F053F5077D5 \n",
        )
        if not node.loaded:
            return head
        role, disk = self.peer_words()
        protocol = " " if node.standalone else "C"
        row = f" 0: cs:{node.state} ro:{node.role}/{role} ds:{node.disk}/{disk} {protocol} r-----\n"
        counts = (
            f"    ns:{node.sent:.0f} nr:{node.received:.0f} dw:{node.received + 20565:.0f} dr:263548 al:50 "
            f"bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:{node.out_of_sync:.0f}\n"
        )
        return head + row + counts + self._progress()

    def peer_words(self) -> tuple[str, str]:
        peer = self._part.peer(self._node)
        return (peer.role, peer.disk) if self._node.connected else ("Unknown", "DUnknown")

    def _progress(self) -> str:
        node = self._node
        if node.verify_at:
            share = self._part.verified
            left = int(VERIFY * (1 - share))
            bar = "=" * int(share * 20) + ">" + "." * (19 - int(share * 20))
            return (
                f"\t[{bar}] verified: {100 * share:4.1f}% ({SIZE * share:.0f}/{SIZE})K\n"
                f"\tfinish: 0:{left // 60:02d}:{left % 60:02d} speed: 13,104 (13,104) want: 40,960 K/sec\n"
            )
        if not node.syncing or not node.resync_total:
            return ""
        done = 100 * (1 - node.out_of_sync / node.resync_total)
        bar = "=" * int(done / 5) + ">" + "." * (19 - int(done / 5))
        left = int(node.out_of_sync / 4096)
        return (
            f"\t[{bar}] sync'ed: {done:4.1f}% ({node.out_of_sync:.0f}/{node.resync_total:.0f})K\n"
            f"\tfinish: 0:{left // 60:02d}:{left % 60:02d} speed: 4,096 (4,096) K/sec\n"
        )

    def status(self) -> str:
        """drbdsetup status --verbose --statistics."""
        node = self._node
        role, disk = self.peer_words()
        text = (
            f"{RESOURCE} role:{node.role} suspended:no\n    write-ordering:flush\n"
            f"  volume:0 minor:0 disk:{node.disk}\n"
            f"      size:{self._part.size} read:263548 written:{node.received + 20565:.0f} "
            "al-writes:50 bm-writes:0\n"
            "      upper-pending:0 lower-pending:0 al-suspended:no blocked:no\n"
        )
        if node.standalone:
            return text + "\n"
        connection = "Connected" if node.connected else "Connecting"
        verifies = node.state if node.verify_at else ""
        replication = verifies or node.syncing or ("Established" if node.connected else "Off")
        done = f" done:{100 * (1 - node.out_of_sync / node.resync_total):.2f}" if node.syncing else ""
        done = " done:100.00" if verifies else done
        return text + (
            f"  peer connection:{connection} role:{role} congested:no\n"
            f"    volume:0 replication:{replication} peer-disk:{disk}{done} resync-suspended:no\n"
            f"        received:{node.received:.0f} sent:{node.sent:.0f} out-of-sync:{node.out_of_sync:.0f} "
            "pending:0 unacked:0\n\n"
        )

    def _drbdsetup(self, words: Sequence[str]) -> Printed:
        if words[1:2] == ["show"]:
            return Printed(CONFIG)
        if words[1:2] == ["status"]:
            if not self._node.loaded:
                return Printed(err=f"{RESOURCE}: No such resource\n", status=10)
            return Printed(self.status())
        return Printed(err=f"drbdsetup: unknown command {' '.join(words[1:2])}\n", status=1)

    def _cl_status(self, words: Sequence[str]) -> Printed:
        node, verb, *rest = self._node, *words[1:]
        running = node.manager_runs
        if verb == "hbstatus":
            word = "running" if running else "stopped"
            return Printed(f"Heartbeat is {word} on this machine.\n", status=0 if running else 1)
        if not running:
            return Printed(err="REASON: heartbeat is not running\n", status=255)
        peer = self._part.peer(node).name
        if verb == "listnodes":
            return Printed(f"10.0.0.1\n{peer}\n{node.name}\n")
        if verb == "nodestatus":
            word = (
                "ping"
                if rest == ["10.0.0.1"]
                else "active"
                if node.peer_seen or rest == [node.name]
                else "dead"
            )
            return Printed(f"{word}\n", status=1 if word == "dead" else 0)
        if verb == "listhblinks":
            return Printed("\teno1\n\teno2\n")
        if verb == "hblinkstatus":
            up = node.peer_seen or rest[:1] == [node.name]
            return Printed("up\n" if up else "dead\n", status=0 if up else 1)
        if verb == "rscstatus":
            return Printed(f"{node.believes}\n")
        return Printed("10\n" if verb == "hbparameter" else "")

    def _hb_standby(self, words: Sequence[str]) -> Printed:
        if self._part.switch(self._node):
            return Printed("Going standby [all].\n")
        return Printed(err="heartbeat is not running on both nodes\n", status=1)

    def _hb_takeover(self, words: Sequence[str]) -> Printed:
        if self._part.switch(self._part.peer(self._node)):
            return Printed("Requesting takeover of all resources\n")
        self._part.take_over(self._node)
        return Printed()

    def _systemctl(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        """The manager gives up what it has when it is stopped, takes what nobody has when it is started."""
        verb = next((word for word in words[1:] if not word.startswith("-")), "")
        if self._node.manager not in words:
            return self._ordinary(machine, words, stdin)
        if verb == "show":
            return Printed("always\n")
        if verb == "stop" and self._node.manager_runs and not self._part.stop_manager(self._node):
            return Printed(hangs="--no-block" not in words)
        printed = self._ordinary(machine, words, stdin)
        if verb == "start":
            self._part.start_manager(self._node)
        return printed

    def _ip(self, words: Sequence[str]) -> Printed:
        own = self._node.machine.address
        floating = f" {FLOATING_IP}/24" if self._node.has_ip else ""
        if "-br" in words:
            loopback = "lo               UNKNOWN        127.0.0.1/8 ::1/128 \n"
            first = f"eno1             UP             {own}/24{floating} \n"
            return Printed(f"{loopback}{first}eno2             UP             {on_links(own)[1]}/24 \n")
        rows = f"2: eno1    inet {own}/24 brd 10.0.0.255 scope global eno1\n"
        return Printed(
            rows + (f"2: eno1    inet{floating} scope global secondary eno1\n" if floating else "")
        )

    def _ss(self, words: Sequence[str]) -> Printed:
        if not self._node.active:
            return Printed()
        return Printed("".join(f"0      0      {FLOATING_IP}:2049      {client}:870\n" for client in CLIENTS))

    def _dmesg(self, words: Sequence[str]) -> Printed:
        return Printed("".join(f"[{at:>12.6f}] {text}\n" for at, text in self._node.kernel))

    def _exportfs(self, words: Sequence[str]) -> Printed:
        if "-ua" in words or "-u" in words:
            self._node.exporting = False
        elif "-r" in words or "-ra" in words:
            self._node.exporting = self._node.mounted
        return Printed(f"{MOUNT}\t{_EXPORT}\n" if self._node.exporting and "-v" in words else "")

    def _ha_log(self) -> str:
        return "".join(
            f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d_%H:%M:%S} {text}\n" for at, text in self._node.log
        )
