"""`rebuild.sh` on a simulated database host: it keeps transactions and copies the master, in virtual time.

The script itself is the console's; here stands what it does to a server, and what it prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from saitotui.simulator.database_state import UNIT, DbServer
from saitotui.simulator.world import Machine, Printed

if TYPE_CHECKING:
    from saitotui.simulator.database import DatabasePart

SCRIPT = "/rebuild.sh"
PROGRAMS = ("mariadb-binlog", "mariadb-dump", "mariadb-install-db", "setsid")
STOPS, STARTS, TAKES = 2.0, 8.0, 60.0
"""Seconds from the beginning until the server is down, is up again and empty, has everything."""
MEGABYTES = 412


@dataclass
class Job:
    """A copy: for what state of the server it began, and when; `broken` by what, '' while it is not."""

    key: str
    began: float
    broken: str = ""


class Rebuilds:
    """The copies of one pair, one at a time on each host."""

    def __init__(self, part: DatabasePart) -> None:
        self._part = part
        self._jobs: dict[str, Job] = {}
        self._kept: dict[str, tuple[str, str]] = {}
        for server in part.servers.values():
            server.machine.programs["sh"] = self._sh
            for name in PROGRAMS:
                server.machine.programs[name] = _not_here
            server.machine.programs["mariadb"] = self._mariadb

    def _sh(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        script, verb, rest = words[1] if len(words) > 1 else "", words[2:3], words[3:]
        if machine.read(script) is None or not script.endswith(SCRIPT):
            return Printed(err=f"sh: 0: cannot open {script}: No such file\n", status=2)
        server = self._part.servers[machine.name]
        match verb:
            case ["keep"]:
                return self._keep(server, rest[2], rest[3:], script.removesuffix(SCRIPT))
            case ["kept"]:
                key, said = self._kept.get(machine.name, ("", ""))
                return Printed(f"kept: {said}\n" if said and key == rest[2] else "not yet\n")
            case ["begin"]:
                return self._begin(server, rest[2], rest[6] == "always" or len(rest) > 7)
            case ["status"]:
                return Printed(self._status(server, rest[2]) + "\n")
        return Printed(err=f"no verb {verb}\n", status=1)

    def _mariadb(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        """mariadb(1), which logs in to another server and asks what it may there."""
        login = dict(line.partition("=")[::2] for line in stdin.splitlines())
        options = dict(word.partition("=")[::2] for word in words[1:])
        user, address = login.get("user", "").strip('"'), options.get("--host", "")
        server = self._part.server_at(address)
        if server is None or not server.up or not self._part.world.connected(machine.name, server.name):
            return Printed(
                err=f"ERROR 2002 (HY000): Can't connect to server on '{address}' (111)\n", status=1
            )
        if login.get("password", "").strip('"') != server.users.get(user):
            who = f"'{user}'@'{machine.address}' (using password: YES)"
            return Printed(err=f"ERROR 1045 (28000): Access denied for user {who}\n", status=1)
        return Printed(f"GRANT REPLICATION SLAVE ON *.* TO `{user}`@`%` IDENTIFIED BY PASSWORD '*00'\n")

    def _keep(self, server: DbServer, key: str, gtids: Sequence[str], folder: str) -> Printed:
        if not gtids:
            self._kept[server.name] = (key, "nothing, for it has nothing that the master lacks")
            return Printed()
        count = sum(server.log.get(int(origin), 0) - int(last) for _, origin, last in map(_parts, gtids))
        moment = datetime.fromtimestamp(self._part.world.clock.now(), UTC)
        file = f"{folder}/only-here-{moment:%Y%m%dT%H%M%SZ}.sql"
        server.machine.files[file] = "".join(f"### INSERT INTO `app`.`w` -- {gtid}\n" for gtid in gtids)
        self._kept[server.name] = (key, f"{count} transactions in {file}")
        return Printed(f"      {count} INSERT INTO `app`.`w`\n")

    def _begin(self, server: DbServer, key: str, needed: bool) -> Printed:
        job = self._jobs.get(server.name)
        if job is not None and job.key == key and not job.broken:
            return Printed("it runs already\n")
        now = self._part.world.clock.now()
        self._jobs[server.name] = job = Job(key, now if needed else now - TAKES)
        if not needed:
            return Printed("nothing is here that the master lacks: it stays as it is\n")
        clock = self._part.world.clock
        clock.call_later(STOPS, lambda: self._part.world.service(server.name, UNIT, "stopped"))
        clock.call_later(STARTS, lambda: self._part.world.service(server.name, UNIT, "running"))
        clock.call_later(TAKES, lambda: self._loaded(server, job))
        return Printed("begun\n")

    def _loaded(self, server: DbServer, job: Job) -> None:
        master = next((one for one in self._part.servers.values() if one is not server and one.up), None)
        if master is None or not server.up or not self._part.world.connected(server.name, master.name):
            job.broken = "loading: Lost connection to the master"
            return
        server.log, server.rows, server.replication = {}, dict(master.rows), None
        server.slave_pos = (master.server_id, master.sequence)
        server.lag = 0.0

    def _status(self, server: DbServer, key: str) -> str:
        job = self._jobs.get(server.name)
        if job is None or job.key != key:
            return "not begun"
        if job.broken:
            return f"failed: {job.broken}; the old data directory is back"
        spent = self._part.world.clock.now() - job.began
        if spent >= TAKES:
            return "done"
        if spent < STARTS:
            return "running: laying out an empty server"
        share = (spent - STARTS) / (TAKES - STARTS)
        done, left = share * MEGABYTES, TAKES - spent
        return f"running: loaded {done:.0f} of about {MEGABYTES} MB, about {left:.0f} s left"


def _parts(gtid: str) -> Sequence[str]:
    return gtid.split("-")


def _not_here(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
    return Printed(err=f"{words[0]}: only {SCRIPT[1:]} works with it here\n", status=1)
