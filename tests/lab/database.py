"""A database server of the lab, whichever it is: its accounts, its connections, its service manager.

Accounts: `root` over the socket; `ctl`, the console's; `app`, which may not write to a read-only server;
`repl`; `clone`, which reads everything; `haproxy`, without password, for HAProxy's checks. None of them is in
the binary log.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pymysql
import pymysql.cursors
from tests.lab.host import Machine, Service, wait_for

PORT = 3306
PASSWORDS = {"ctl": "ctl-pw", "app": "app-pw", "repl": "repl-pw", "clone": "clone-pw"}
SCHEMA = (
    "CREATE DATABASE app",
    "CREATE TABLE app.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, node VARCHAR(32) NOT NULL, "
    "at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))",
    "INSERT INTO app.orders (node) VALUES ('lab')",
)

_SYSTEMCTL = """#!/bin/sh
# The service manager of a machine without systemd, for one service.
here={folder}
running() {{ kill -0 "$(cat $here/mysqld.pid 2>/dev/null)" 2>/dev/null; }}
end() {{
    pid=$(cat $here/mysqld.pid 2>/dev/null) && kill -"$1" "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}}
case "$1" in
mask) touch $here/masked; end KILL;;
unmask) rm -f $here/masked;;
is-enabled) if [ -e $here/masked ]; then echo masked; exit 1; else echo enabled; fi;;
set-environment) echo "$2" >$here/environment;;
unset-environment) rm -f $here/environment;;
stop) end TERM;;
start)
    if [ -e $here/masked ]; then echo "Unit $2 is masked." >&2; exit 1; fi
    options=$(sed -n 's/^MYSQLD_OPTS=//p' $here/environment 2>/dev/null)
    running || {{ rm -f $here/mysqld.pid; setsid {command} $options </dev/null >>$here/{name}.out 2>&1 & }}
    for try in $(seq 600); do
        {ping} >/dev/null 2>&1 && exit 0
        sleep 0.1
    done
    exit 1;;
*) echo "systemctl: cannot $1" >&2; exit 1;;
esac
"""


class Database(Service):
    """`number` becomes its server_id."""

    accounts: Sequence[str] = ()
    """Statements that create the accounts and leave the binary log empty."""
    stop_following = "STOP REPLICA"
    start_following = "START REPLICA"
    forget_source = "RESET REPLICA ALL"
    semi_sync = ""
    """The variable that makes commits wait for a replica."""
    checks = ""
    """How HAProxy checks it, as lines of its configuration."""
    unit = ""
    """Its systemd unit."""

    def __init__(self, machine: Machine, number: int, tls: Path) -> None:
        """`tls` is the folder of ca.pem and server.pem."""
        super().__init__(machine)
        self.number, self.tls = number, tls
        self.socket = str(machine.folder / "mysqld.sock")
        self._config = machine.folder / "my.cnf"

    def prepare(self) -> None:
        """Configuration and an empty data directory."""
        folder = self.machine.folder
        (folder / "bin").mkdir(exist_ok=True)
        systemctl = folder / "bin" / "systemctl"
        text = _SYSTEMCTL.format(
            folder=folder, name=self.name, command=" ".join(self.command()), ping=self.ping()
        )
        systemctl.write_text(text, "utf-8")
        systemctl.chmod(0o755)
        shutil.chown(folder, "mysql", "mysql")
        self._config.write_text(self.options(), "utf-8")
        self.empty()
        # Whoever logs in finds this server's settings where they always are.
        self.machine.run("mount", "--bind", str(self._config), "/etc/mysql/mariadb.cnf")

    def options(self) -> str:
        """The text of its option file."""
        raise NotImplementedError

    def ping(self) -> str:
        """The shell command that tells whether it answers."""
        raise NotImplementedError

    def empty(self) -> None:
        """Makes a new data directory, without anything of its own."""
        raise NotImplementedError

    @property
    def temporary(self) -> Path:
        """A folder of its own for temporary tables: a server that starts removes those it finds."""
        return self.machine.folder / "temporary"

    def new_folder(self) -> Path:
        data = self.machine.folder / "data"
        for folder in (data, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o755)
            shutil.chown(folder, "mysql", "mysql")
        return data

    @property
    def masked(self) -> bool:
        """Whether its machine's service manager would start it no more."""
        return (self.machine.folder / "masked").exists()

    def end_all(self) -> None:
        """Ends it, whoever started it, and lets it be started again."""
        self.kill()
        self.machine.run(str(self.machine.folder / "bin" / "systemctl"), "mask", self.unit)
        self.machine.run(str(self.machine.folder / "bin" / "systemctl"), "unmask", self.unit)

    def reached(self) -> Mapping[str, Any]:
        """How a profile says that it is reached, where that is not plain TCP."""
        return {}

    def answers(self) -> bool:
        try:
            self.sql("SELECT 1")
        except pymysql.err.OperationalError:
            return False
        return True

    def sql(self, *statements: str) -> list[dict[str, Any]]:
        """Runs statements as root over the socket; gives the rows of the last one."""
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def connect(self) -> pymysql.connections.Connection[pymysql.cursors.DictCursor]:
        """A connection of root, that commits each statement."""
        connection = pymysql.connect(
            unix_socket=self.socket, user="root", autocommit=True, connect_timeout=5, read_timeout=30,
            cursorclass=pymysql.cursors.DictCursor, defer_connect=True,
        )  # fmt: skip
        # pymysql leaves a socket that was refused to the garbage collector: it is given one that we close.
        way = socket.socket(socket.AF_UNIX)
        try:
            way.connect(self.socket)
            connection.connect(way)
        except OSError as error:
            way.close()
            raise pymysql.err.OperationalError(2002, str(error)) from error
        except pymysql.err.Error:
            way.close()
            raise
        return connection

    def create_accounts(self) -> None:
        self.sql(*self.accounts)

    def open(self, on: bool) -> None:
        """Whether it takes writes."""
        raise NotImplementedError

    def wait_for_replica(self, on: bool) -> None:
        """Whether its commits wait for the acknowledgement of a replica."""
        self.sql(f"SET GLOBAL {self.semi_sync} = {'ON' if on else 'OFF'}")

    def become_master(self, schema: bool = False) -> None:
        self.sql(self.stop_following, self.forget_source)
        self.open(True)
        self.wait_for_replica(True)
        if schema:
            self.sql(*SCHEMA)

    def follow(self, master: Database) -> None:
        """Becomes the replica of `master`, by GTID; also a master that was one before."""
        self.sql(self.stop_following)
        self.wait_for_replica(False)
        self.open(False)
        self.point_to(master)
        self.sql(self.start_following)
        wait_for(f"{self.machine.name} to follow", self.caught_up, log=self.log)

    def point_to(self, master: Database) -> None:
        """Names its source."""
        raise NotImplementedError

    def rebuild(self, master: Database) -> None:
        """Begins anew with what `master` has. One that was killed as master may have committed what nobody
        was told of: it cannot simply follow."""
        self.kill()
        self.empty()
        self.start()
        self.create_accounts()
        self.load(master)
        self.follow(master)

    def load(self, master: Database) -> None:
        """Copies the schema `app` of `master`, and from where to follow it."""
        raise NotImplementedError

    @property
    def position(self) -> str:
        """The GTIDs that it has."""
        raise NotImplementedError

    @property
    def replication(self) -> Mapping[str, Any]:
        """Its replica status in MariaDB's words; empty when it follows nobody."""
        rows = self.sql("SHOW REPLICA STATUS")
        if not rows:
            return {}
        return {
            name.replace("Replica_", "Slave_").replace("Source", "Master"): value
            for name, value in rows[0].items()
        }

    def acknowledged(self) -> bool:
        """As a master: whether commits wait for a replica's acknowledgement, and there is one."""
        prefix = self.semi_sync.removesuffix("_enabled")
        rows = self.sql(f"SHOW GLOBAL STATUS LIKE '{prefix}%'")
        status = {row["Variable_name"].lower(): row["Value"] for row in rows}
        return status[f"{prefix}_status"] == "ON" and int(status[f"{prefix}_clients"]) > 0

    def caught_up(self) -> bool:
        status = self.replication
        return (
            status.get("Slave_IO_Running") == "Yes"
            and status.get("Slave_SQL_Running") == "Yes"
            and status.get("Seconds_Behind_Master") == 0
        )
