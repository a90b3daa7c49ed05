"""What any Linux host shows of itself: /proc, its clock, disks, addresses, processes and services."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from saitotui.simulator.world import Content, Machine, Printed, Program, World, ignoring

PROCESSES = {
    "mariadb": "mariadbd",
    "haproxy": "haproxy",
    "nginx": "nginx",
    "tomcat10": "java",
    "pveproxy": "pveproxy",
    "pvedaemon": "pvedaemon",
    "corosync": "corosync",
    "heartbeat": "heartbeat",
    "nfs-server": "rpc.mountd",
    "zabbix-server": "zabbix_server",
    "zabbix-agent": "zabbix_agentd",
    "ssh": "sshd",
}
"""What a unit's process is called."""

_KIB = 1024


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


PRIVATE = {
    "/etc/ha.d/authkeys": "600 root root",
    "/etc/drbd.d/r0.res": "600 root root",
    "/etc/tomcat10/tomcat-users.xml": "640 root tomcat",
    "/etc/nftables.conf": "755 root root",
}
"""Mode, owner and group of files that not everybody reads, or that are run."""


class Host:
    """The ordinary side of one machine."""

    def __init__(self, world: World, machine: Machine) -> None:
        self._world = world
        self._machine = machine
        machine.files |= self._files()
        machine.programs |= self._programs()

    def _files(self) -> dict[str, Content]:
        machine = self._machine
        return {
            "/proc/sys/kernel/random/boot_id": self._boot_id,
            "/proc/loadavg": lambda: f"{machine.load:.2f} {machine.load:.2f} {machine.load:.2f} 1/312 4711\n",
            "/proc/uptime": lambda: f"{self._uptime():.2f} {self._uptime() * machine.cores * 0.9:.2f}\n",
            "/proc/cpuinfo": lambda: "".join(f"processor\t: {n}\n\n" for n in range(machine.cores)),
            "/proc/meminfo": self._memory,
            "/proc/1/stat": f"1 (systemd) S 0 1 1 0 -1 4194560 {'0 ' * 8}20 0 1 0 31 174161920\n",
            "/proc/version": "Linux version 6.1.0-30-amd64\n",
            "/etc/hostname": f"{machine.name}\n",
        }

    def _uptime(self) -> float:
        return self._world.clock.now() - self._machine.boot_at

    def _boot_id(self) -> str:
        return f"{uuid.uuid5(uuid.NAMESPACE_DNS, f'{self._machine.name}/{self._machine.boot_at:.0f}')}\n"

    def _memory(self) -> str:
        total = self._machine.memory // _KIB
        free = int(total * 0.55)
        return (
            f"MemTotal:       {total:>8} kB\nMemFree:        {free // 2:>8} kB\n"
            f"MemAvailable:   {free:>8} kB\n"
            f"SwapTotal:      {8388604:>8} kB\nSwapFree:       {8388604:>8} kB\n"
        )

    def _now(self) -> float:
        return self._world.clock.now() + self._machine.clock_offset

    def _programs(self) -> dict[str, Program]:
        plain: dict[str, Callable[[Sequence[str]], Printed]] = {
            "date": self._date,
            "uname": lambda words: Printed(
                f"{self._machine.name}\n" if "-n" in words else "Linux 6.1.0-30-amd64\n"
            ),
            "hostname": lambda words: Printed(f"{self._machine.name}\n"),
            "nproc": lambda words: Printed(f"{self._machine.cores}\n"),
            "id": lambda words: Printed(
                "0\n" if "-u" in words else "uid=0(root) gid=0(root) groups=0(root)\n"
            ),
            "whoami": lambda words: Printed("root\n"),
            "uptime": lambda words: Printed(f" up {int(self._uptime() // 86400)} days\n"),
            "df": self._df,
            "last": self._last,
            "pgrep": self._pgrep,
            "ps": self._ps,
            "systemctl": self._systemctl,
            "ls": self._ls,
            "stat": self._stat,
            "ip": self._ip,
            "my_print_defaults": lambda words: Printed("--datadir=/var/lib/mysql\n--read-only=ON\n"),
        }
        return {name: ignoring(function) for name, function in plain.items()}

    def _date(self, words: Sequence[str]) -> Printed:
        form = next((word[1:] for word in words if word.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
        now = self._now()
        text = form.replace("%s.%N", f"{now:.9f}").replace("%s", f"{now:.0f}")
        return Printed(datetime.fromtimestamp(now, UTC).strftime(text.replace("%N", "000000000")) + "\n")

    def _df(self, words: Sequence[str]) -> Printed:
        """df -P -k: the root file system; a storage host adds its mount."""
        head = "Filesystem     1024-blocks      Used Available Capacity Mounted on\n"
        used = 100 if self._machine.disk_full else 37
        total = 51_342_816
        taken = total * used // 100
        row = f"/dev/sda1         {total:>8} {taken:>9} {total - taken:>9} {used:>7}% /\n"
        return Printed(head + row + "".join(self._machine.read(f"/.df/{n}") or "" for n in ("mount",)))

    def _last(self, words: Sequence[str]) -> Printed:
        """last -w --time-format iso"""
        found = [
            (at, f"{user:8} pts/0        {origin:16} {_iso(at)}   still logged in\n")
            for at, user, origin in self._machine.logins
        ]
        booted = self._machine.boot_at
        found.append((booted, f"reboot   system boot  6.1.0-30-amd64   {_iso(booted)}   still running\n"))
        lines = [line for _, line in sorted(found, reverse=True)]
        return Printed("".join(lines) + f"\nwtmp begins {_iso(booted)}\n")

    def processes(self) -> list[tuple[int, str]]:
        """Process number and name of every running unit."""
        found = [(1, "systemd"), (411, "sshd")]
        for number, (unit, state) in enumerate(sorted(self._machine.services.items())):
            if state != "stopped":
                found.append((700 + 37 * number, PROCESSES.get(unit, unit)))
        return found

    def _pgrep(self, words: Sequence[str]) -> Printed:
        wanted = [word for word in words[1:] if not word.startswith("-")]
        hits = [pid for pid, name in self.processes() if wanted and wanted[-1] in name]
        return Printed("".join(f"{pid}\n" for pid in hits), status=int(not hits))

    def _ps(self, words: Sequence[str]) -> Printed:
        """ps -o pid=,etimes=,comm= -C NAME,NAME; any of pid, ppid, etimes and comm."""
        names = words[words.index("-C") + 1].split(",") if "-C" in words else None
        age = int(self._uptime())
        hits = [(pid, name) for pid, name in self.processes() if names is None or name in names]
        columns = (
            words[words.index("-o") + 1].replace("=", "").split(",") if "-o" in words else ["pid", "comm"]
        )
        shown = [{"pid": pid, "ppid": 1, "etimes": age, "comm": name} for pid, name in hits]
        text = "".join(" ".join(f"{one.get(column, '-'):>7}" for column in columns) + "\n" for one in shown)
        return Printed(text, status=int(not hits))

    def _systemctl(self, words: Sequence[str]) -> Printed:
        verb, *units = [word for word in words[1:] if not word.startswith("-")]
        if verb == "reboot" and "-ff" in words:
            self._world.reboot(self._machine.name)
            return Printed(hangs=True)
        if verb in ("set-environment", "unset-environment", "daemon-reload"):
            return Printed()
        done = [self._unit(verb, unit.removesuffix(".service"), "--now" in words) for unit in units]
        failed = next((one for one in done if one.err), None)
        return failed or Printed("".join(one.out for one in done), status=max(one.status for one in done))

    def _unit(self, verb: str, unit: str, now: bool) -> Printed:
        """One verb of systemctl(1) for one unit."""
        state, masked = self._machine.services.get(unit), self._machine.masked
        if state is None:
            return Printed(err=f"Failed to {verb} {unit}.service: Unit {unit}.service not found.\n", status=5)
        if verb == "is-active":
            return Printed("active\n") if state == "running" else Printed("inactive\n", status=3)
        if verb == "is-enabled":
            return Printed("masked\n", status=1) if unit in masked else Printed("enabled\n")
        if verb in ("mask", "unmask"):
            (masked.add if verb == "mask" else masked.discard)(unit)
        if verb in ("start", "restart", "reload") and unit in masked:
            return Printed(err=f"Failed to {verb} {unit}.service: Unit {unit}.service is masked.\n", status=1)
        if verb in ("stop", "restart") or (verb == "mask" and now):
            self._world.service(self._machine.name, unit, "stopped")
        if verb in ("start", "restart", "reload"):
            self._world.service(self._machine.name, unit, "running")
        return Printed()

    def _stat(self, words: Sequence[str]) -> Printed:
        """stat -c '%a %U %G' FILE"""
        if self._machine.read(words[-1]) is None:
            return Printed(err=f"stat: cannot statx '{words[-1]}': No such file or directory\n", status=1)
        return Printed(PRIVATE.get(words[-1], "644 root root") + "\n")

    def _ip(self, words: Sequence[str]) -> Printed:
        """ip -br addr"""
        return Printed(
            "lo               UNKNOWN        127.0.0.1/8 ::1/128 \n"
            f"eth0             UP             {self._machine.address}/24 \n"
        )

    def _ls(self, words: Sequence[str]) -> Printed:
        folder = next((word for word in words[1:] if word.startswith("/")), "/root").rstrip("/")
        names = {
            file[len(folder) + 1 :].split("/")[0]
            for file in self._machine.files
            if file.startswith(f"{folder}/")
        }
        return Printed("".join(f"{name}\n" for name in sorted(names - {"."})))
