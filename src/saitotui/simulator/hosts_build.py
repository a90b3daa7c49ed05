"""What machines show to whoever gives them names, the time and a firewall.

A machine that is fresh is as an installer leaves it: called `debian`, with its package's time servers, and
open to everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from saitotui.simulator.pve_network import HEADERS, pinged
from saitotui.simulator.world import Machine, Printed, Program, World

CHRONY, NFTABLES = "chrony", "nftables"
HOSTS, NAME = "/etc/hosts", "/etc/hostname"
TIME, RULES = "/etc/chrony/chrony.conf", "/etc/nftables.conf"
FRESH = {
    NAME: "debian\n",
    HOSTS: "127.0.0.1\tlocalhost\n127.0.1.1\tdebian\n",
    TIME: "pool 2.debian.pool.ntp.org iburst\nsourcedir /etc/chrony/sources.d\nmakestep 1 3\n",
    RULES: "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n}\n",
}
"""What an installer and Debian's packages leave."""
ROUND_TRIP = 0.263
"""Milliseconds between two machines."""
_PORTS = {
    "ssh": 22, "mariadb": 3306, "haproxy": 3306, "nginx": 80, "tomcat10": 8080, "zabbix-agent": 10050,
    "zabbix-server": 10051, "pveproxy": 8006, "nfs-server": 2049,
}  # fmt: skip


def section() -> dict[str, Any]:
    """What the profile says of every host: `build`."""
    return {
        "time_servers": ["ntp1.example.com", "ntp2.example.com"],
        "networks": ["10.0.0.0/24", "10.0.255.0/24"],
        # Where this console comes from.
        "logins": ["127.0.0.0/8"],
    }


class Building:
    """The programs of all machines, and the fault that makes all of them fresh."""

    def __init__(self, world: World) -> None:
        hosts = [_Host(world, machine) for machine in world.machines.values()]

        def fresh(target: str) -> str:
            for host in hosts:
                host.fresh()
            return "every host is as an installer leaves it"

        def made(target: str) -> str:
            return "what was made stays made"

        world.fault("hosts-fresh", "hosts that are not made yet", lambda: ["hosts"], fresh, made)


class _Host:
    """One machine. `rules` is what is in force, `pending` names the timer that takes it back."""

    def __init__(self, world: World, machine: Machine) -> None:
        self._world, self._machine = world, machine
        self._name = machine.name
        self._proxmox = "pvecm" in machine.programs
        self._rules, self._pending, self._boots = "", 0, False
        machine.files |= {path: text for path, text in FRESH.items() if path != NAME}
        machine.files[HOSTS] = f"127.0.0.1\tlocalhost\n{machine.address}\t{machine.name}\n"
        self._time = machine.read(TIME)
        own = {
            "uname": self._uname, "hostname": self._hostname, "getent": self._getent, "ping": self._ping,
            "find": self._find, "ss": self._ss, "systemctl": self._systemctl, "chronyc": self._chronyc,
            "chronyd": self._checked, "nft": self._nft, "systemd-run": self._run_later,
        }  # fmt: skip
        for name, program in own.items():
            self._over(name, program)

    def _over(self, name: str, mine: Any) -> None:
        """`mine`, which gives None for what the program that was there before knows better."""
        before: Program | None = self._machine.programs.get(name)

        def run(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
            printed: Printed | None = mine(words)
            if printed is not None:
                return printed
            return before(machine, words, stdin) if before else Printed(status=1)

        self._machine.programs[name] = run

    def fresh(self) -> None:
        # Proxmox's installer asks for the name: it cannot be changed later.
        left = {path: text for path, text in FRESH.items() if not self._proxmox or path not in (NAME, HOSTS)}
        self._machine.files |= left
        self._name, self._time = self._machine.name if self._proxmox else "debian", FRESH[TIME]
        self._rules, self._boots = "", False

    def _uname(self, words: Sequence[str]) -> Printed | None:
        return Printed(f"{self._name}\n") if "-n" in words else None

    def _hostname(self, words: Sequence[str]) -> Printed:
        if "-F" in words:
            self._name = (self._machine.read(words[-1]) or "").strip()
            return Printed()
        return Printed(f"{self._name}\n")

    def _getent(self, words: Sequence[str]) -> Printed | None:
        """getent ahostsv4 NAME, by /etc/hosts"""
        if words[1] != "ahostsv4":
            return None
        lines = [line.split() for line in (self._machine.read(HOSTS) or "").splitlines()]
        found = [line[0] for line in lines if words[2] in line[1:] and not line[0].startswith("#")]
        return Printed("".join(f"{one:15} STREAM {words[2]}\n" for one in found), status=2 * (not found))

    def _ping(self, words: Sequence[str]) -> Printed | None:
        """ping -q -c 1 -W 2 ADDRESS, and ping -M do -s OCTETS -c COUNT ... ADDRESS"""
        # A host has the same number in each of the platform's networks.
        numbers = {one.address.rpartition(".")[2]: one for one in self._world.machines.values()}
        there = numbers.get(words[-1].rpartition(".")[2])
        in_cluster = self._proxmox and there is not None and "pvecm" in there.programs
        if "-W" not in words or ("-M" in words and in_cluster):
            return None
        comes = there is not None and self._world.connected(self._machine.name, there.name)
        if "-M" not in words:
            return Printed(status=int(not comes))
        count, octets = (int(words[words.index(option) + 1]) for option in ("-c", "-s"))
        whole = there is not None and octets + HEADERS <= min(self._machine.mtu, there.mtu)
        status, said = pinged(words[-1], count, octets, ROUND_TRIP if comes and whole else None)
        return Printed(said, status=status)

    def _find(self, words: Sequence[str]) -> Printed | None:
        """find FILE -newermt TIME"""
        if words[1] != TIME:
            return None
        return Printed("" if self._machine.read(TIME) == self._time else f"{TIME}\n")

    def _ss(self, words: Sequence[str]) -> Printed | None:
        """ss -Hltn"""
        if words[1:] != ["-Hltn"]:
            return None
        ports = {
            _PORTS[unit] for unit in self._machine.services if unit in _PORTS and self._machine.runs(unit)
        }
        return Printed("".join(f"LISTEN 0      128    0.0.0.0:{port} 0.0.0.0:*\n" for port in sorted(ports)))

    def _systemctl(self, words: Sequence[str]) -> Printed | None:
        """What is said of chronyd, of nftables, and of the timer."""
        verb, *units = [word for word in words[1:] if not word.startswith("-")]
        unit = units[-1].removesuffix(".timer") if units else ""
        if unit == CHRONY:
            if verb == "restart":
                self._time = self._machine.read(TIME)
            said = {
                "is-active": "active\n",
                "is-enabled": "enabled\n",
                "show": "Mon 2026-01-12 03:00:00.000000 UTC\n",
            }
            return Printed(said.get(verb, ""))
        if unit == NFTABLES:
            if verb in ("enable", "disable"):
                self._boots = verb == "enable"
            booted = Printed("enabled\n") if self._boots else Printed("disabled\n", status=1)
            return booted if verb == "is-enabled" else Printed()
        if unit.startswith("saitotui-firewall"):
            if verb == "stop":
                self._pending = 0
            active = Printed("active\n") if self._pending else Printed("inactive\n", status=3)
            return active if verb == "is-active" else Printed()
        return None

    def _chronyc(self, words: Sequence[str]) -> Printed:
        """chronyc -n -c tracking"""
        offset = self._machine.clock_offset
        return Printed(
            f"C0A80101,192.0.2.10,3,1768186800.001,{-offset:.9f},0.000000103,0.000021,-12.1,0.001,0.02,0.0031,0.0005,64.4,Normal\n"
        )

    def _checked(self, words: Sequence[str]) -> Printed:
        """chronyd -p -f FILE"""
        there = self._machine.read(words[-1]) is not None
        return Printed() if there else Printed(err=f"Could not open {words[-1]}\n", status=1)

    def _nft(self, words: Sequence[str]) -> Printed:
        """nft [-c] -f FILE | list table ... | delete table ..."""
        if "-f" in words:
            text = "" if words[-1] == "-" else self._machine.read(words[-1])
            if text is None:
                return Printed(err=f"Error: Could not open file {words[-1]}\n", status=1)
            if "-c" not in words:
                self._rules = text
            return Printed()
        if not self._rules:
            return Printed(err="Error: No such file or directory\n", status=1)
        if words[1] == "delete":
            self._rules = ""
            return Printed()
        return Printed(self._rules)

    def _run_later(self, words: Sequence[str]) -> Printed:
        """systemd-run [--unit UNIT] --on-active=SECONDS sh -c TEXT: what has a unit can be stopped."""
        from saitotui.simulator.shell import Shell

        seconds = next(float(word.partition("=")[2]) for word in words if word.startswith("--on-active="))
        number = 0
        if "--unit" in words:
            self._pending += 1
            number = self._pending

        def elapsed() -> None:
            if number == self._pending:
                self._pending = 0
            elif number:
                return
            Shell(self._machine).run(words[-1])

        self._world.clock.call_later(seconds, elapsed)
        return Printed()
