"""What hosts of the database tier show to whoever makes a pair of them.

A server that is fresh is as Debian's package leaves it: it logs nothing, takes writes, and knows nobody but
root. It becomes a member by its option file, a restart, and what root tells it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saitotui.simulator.database_state import UNIT as MARIADB
from saitotui.simulator.database_state import Connected, DbServer
from saitotui.simulator.haproxy_state import CONFIG, READ, UNIT, WRITE, BackendServer, Node
from saitotui.simulator.world import Machine, Printed, Program

if TYPE_CHECKING:
    from saitotui.simulator.database import DatabasePart

OPTIONS = "/etc/mysql/mariadb.conf.d/99-saitotui.cnf"
PLAIN = "global\n    stats socket /run/haproxy/admin.sock mode 660 level admin\ndefaults\n    mode http\n"
"""HAProxy's configuration as its package brings it: it listens nowhere."""
_ACCOUNT = re.compile(
    r"\(select count\(\*\) from mysql\.user where user = '([^']*)' and host = '[^']*'\), .*"
    r"password = (?:password\('([^']*)'\)|'')\), .*privilege_type in \(([^)]*)\)\)",
    re.IGNORECASE,
)
_CREATED = re.compile(
    r"create user if not exists '([^']*)'@'[^']*'(?: identified by '([^']*)')?", re.IGNORECASE
)
_SERVER = re.compile(r"^\s*server (\S+) \S+ check(.*)$")


def section(secret: str) -> dict[str, Any]:
    """What the profile says of the pair: `database.build`."""
    return {"network": "10.0.0.%", "password": secret, "port": 3306, "write_port": 3306}


class Building:
    """The programs of both kinds of host, and the fault that makes all of them fresh."""

    def __init__(self, part: DatabasePart) -> None:
        self._part = part
        self._loaded: dict[str, str | None] = {}
        for server in part.servers.values():
            programs = server.machine.programs
            self._over(programs, "mariadb", self._mariadb)
            self._over(programs, "systemctl", self._manage)
            programs["mariadbd"] = lambda machine, words, stdin: Printed(
                "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)\n"
            )
        for node in part.haproxy.nodes.values():
            programs = node.machine.programs
            self._over(programs, "systemctl", self._balance)
            programs["haproxy"] = lambda machine, words, stdin: Printed()
            programs["find"] = self._find
            self._loaded[node.name] = node.machine.read(CONFIG)
        hit = "database"
        part.world.fault(
            "db-fresh", "a database tier that is not made yet", lambda: [hit], self._fresh, self._made
        )

    def _over(self, programs: dict[str, Program], name: str, mine: Any) -> None:
        """`mine`, which is given what was there before."""
        before = programs.get(name, _not_there)
        programs[name] = lambda machine, words, stdin: mine(machine, words, stdin, before)

    def _manage(self, machine: Machine, words: Sequence[str], stdin: str, plain: Program) -> Printed:
        printed = plain(machine, words, stdin)
        server = self._part.servers[machine.name]
        if words[1:2] == ["restart"] and MARIADB in words and server.up and machine.read(OPTIONS):
            server.configured = server.log_bin = True
        return printed

    def _mariadb(self, machine: Machine, words: Sequence[str], stdin: str, plain: Program) -> Printed:
        """mariadb(1) as root, by the server's socket; with `--host` it logs in elsewhere."""
        given = next((word.partition("=")[2] for word in words if word.startswith("--execute=")), stdin)
        if any(word.startswith("--host=") for word in words):
            return plain(machine, words, stdin)
        server = self._part.servers[machine.name]
        if not server.up:
            return Printed(
                err="ERROR 2002 (HY000): Can't connect to local server through socket "
                "'/run/mysqld/mysqld.sock' (2)\n",
                status=1,
            )
        lines = []
        for statement in filter(None, (" ".join(part.split()) for part in given.split(";"))):
            rows = self._one(server, statement)
            if isinstance(rows, Printed):
                return rows
            lines += rows
        return Printed("".join(f"{line}\n" for line in lines))

    def _one(self, server: DbServer, text: str) -> list[str] | Printed:
        if account := _ACCOUNT.search(text):
            user, password, rights = account[1], account[2] or "", account[3]
            there = user in server.users
            knows = there and server.users[user] == password
            return [f"{int(there)}\t{int(knows)}\t{(rights.count(',') + 1) if there else 0}"]
        if created := _CREATED.match(text):
            server.users.setdefault(created[1], created[2] or "")
            return []
        if text.startswith(("GRANT ", "SET sql_log_bin")):
            return []
        if made := re.match(r"create database if not exists `(\w+)`", text, re.IGNORECASE):
            if made[1] not in server.schemas:
                server.schemas.add(made[1])
                server.write()
            return []
        if text.startswith("SELECT CONCAT('schema '"):
            return [f"schema {name}" for name in sorted(server.schemas)]
        if text.startswith("SELECT CONCAT('transactions '"):
            return [f"transactions {server.position}"] if server.position else []
        if text.startswith("SELECT 'logs'"):
            return ["logs"] if server.log_bin and server.configured else []
        if asked := re.search(r"information_schema\.schemata WHERE schema_name = '(\w+)'", text):
            return [str(int(asked[1] in server.schemas))]
        return self._said(server, text)

    def _said(self, server: DbServer, text: str) -> list[str] | Printed:
        """Any other statement, as a client of the server's would say it."""
        from saitotui.simulator.sql import Session, SqlError

        session = Session(self._part, server, Connected(0, "root", "localhost", 0.0), privileged=True)
        coroutine = session.execute(text)
        try:
            # Nothing that root is told here waits for anybody.
            coroutine.send(None)
        except StopIteration as done:
            rows, _ = done.value
            return ["\t".join(str(value) for value in row) for row in rows]
        except SqlError as error:
            return Printed(err=f"ERROR {error.number} (HY000) at line 1: {error.text}\n", status=1)
        coroutine.close()
        return Printed(err="ERROR 1205 (HY000) at line 1: Lock wait timeout exceeded\n", status=1)

    def _balance(self, machine: Machine, words: Sequence[str], stdin: str, plain: Program) -> Printed:
        if words[1:2] != ["reload-or-restart"] or UNIT not in words:
            return plain(machine, words, stdin)
        node = self._part.haproxy.nodes[machine.name]
        self._load(node, machine.read(CONFIG) or "")
        return plain(machine, ["systemctl", "start", UNIT], stdin)

    def _load(self, node: Node, text: str) -> None:
        """HAProxy reads its file: servers that it does not know yet are there then."""
        self._loaded[node.name] = text
        backend = ""
        for line in text.splitlines():
            backend = line.split()[1] if line.startswith("listen ") else backend
            if (found := _SERVER.match(line)) and backend in (WRITE, READ):
                off = " disabled" in found[2]
                number = 1 + sum(one == backend for one, _ in node.servers)
                new = BackendServer(backend, found[1], number, 1, "maint" if off else "ready", off)
                node.servers.setdefault((backend, found[1]), new)

    def _find(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        """find /run/haproxy.pid -newer FILE"""
        node = self._part.haproxy.nodes[machine.name]
        new = machine.runs(UNIT) and self._loaded[node.name] == machine.read(CONFIG)
        return Printed(f"{words[1]}\n" if new else "")

    def _fresh(self, target: str) -> str:
        for server in self._part.servers.values():
            server.log, server.rows, server.replication = {}, {}, None
            server.slave_pos = (0, 0)
            server.configured = server.log_bin = server.read_only = server.semi_sync_enabled = False
            server.schemas.clear()
            server.users.clear()
        for node in self._part.haproxy.nodes.values():
            node.servers.clear()
            node.machine.files[CONFIG] = self._loaded[node.name] = PLAIN
        return "the database tier is as Debian's packages leave it"

    def _made(self, target: str) -> str:
        return "what was made stays made"


def _not_there(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
    return Printed(err=f"sh: 1: {words[0]}: not found\n", status=127)
