"""A MariaDB server of the lab: GTID replication, semi-synchronous, read-only until it is made master.

Accounts: `root` over the socket; `ctl`, the console's; `app`, which may not write to a read-only server;
`repl`; `clone`, which reads everything; `haproxy`, without password, for HAProxy's checks. None of them is in
the binary log.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import pymysql
import pymysql.cursors
from tests.lab.host import LabError, Machine, Service, wait_for

PORT = 3306
PASSWORDS = {"ctl": "ctl-pw", "app": "app-pw", "repl": "repl-pw", "clone": "clone-pw"}

_SYSTEMCTL = """#!/bin/sh
# The service manager of a machine without systemd, for one service.
here={folder} running="pgrep -x mariadbd"
case "$1" in
mask) touch $here/masked; pkill -KILL -x mariadbd; while $running >/dev/null; do sleep 0.05; done;;
unmask) rm -f $here/masked;;
is-enabled) if [ -e $here/masked ]; then echo masked; exit 1; else echo enabled; fi;;
set-environment) echo "$2" >$here/environment;;
unset-environment) rm -f $here/environment;;
stop) pkill -TERM -x mariadbd; while $running >/dev/null; do sleep 0.05; done;;
start)
    if [ -e $here/masked ]; then echo "Unit $2 is masked." >&2; exit 1; fi
    options=$(sed -n 's/^MYSQLD_OPTS=//p' $here/environment 2>/dev/null)
    $running >/dev/null ||
        setsid /usr/sbin/mariadbd --defaults-file=$here/my.cnf $options </dev/null >>$here/mariadbd.out 2>&1 &
    for try in $(seq 600); do
        mariadb-admin --no-defaults --user=root --socket=$here/mysqld.sock ping >/dev/null 2>&1 && exit 0
        sleep 0.1
    done
    exit 1;;
*) echo "systemctl: cannot $1" >&2; exit 1;;
esac
"""

_CONSOLE = (
    "RELOAD, PROCESS, SUPER, READ_ONLY ADMIN, REPLICATION SLAVE, REPLICATION SLAVE ADMIN, "
    "REPLICATION MASTER ADMIN, BINLOG MONITOR, BINLOG ADMIN, CONNECTION ADMIN, SLAVE MONITOR, EVENT"
)
_CLONE = "SELECT, RELOAD, SHOW VIEW, EVENT, TRIGGER, LOCK TABLES, BINLOG MONITOR"
_ACCOUNTS = (
    "SET sql_log_bin = 0",
    f"CREATE USER repl@'%' IDENTIFIED BY '{PASSWORDS['repl']}'",
    "GRANT REPLICATION SLAVE ON *.* TO repl@'%'",
    "CREATE USER haproxy@'%'",
    f"CREATE USER app@'%' IDENTIFIED BY '{PASSWORDS['app']}'",
    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER ON app.* TO app@'%'",
    f"CREATE USER ctl@'%' IDENTIFIED BY '{PASSWORDS['ctl']}'",
    f"GRANT {_CONSOLE} ON *.* TO ctl@'%'",
    "GRANT SELECT ON app.* TO ctl@'%'",
    f"CREATE USER clone@'%' IDENTIFIED BY '{PASSWORDS['clone']}'",
    f"GRANT {_CLONE} ON *.* TO clone@'%'",
    "SET sql_log_bin = 1",
    "RESET MASTER",
)
_SCHEMA = (
    "CREATE DATABASE app",
    "CREATE TABLE app.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, node VARCHAR(32) NOT NULL, "
    "at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))",
    "INSERT INTO app.orders (node) VALUES ('lab')",
)


class MariaDb(Service):
    """`number` becomes its server_id."""

    name = "mariadbd"

    def __init__(self, machine: Machine, number: int) -> None:
        super().__init__(machine)
        self.number = number
        self.socket = str(machine.folder / "mysqld.sock")
        self._config = machine.folder / "my.cnf"

    def prepare(self) -> None:
        """Configuration and an empty data directory."""
        folder, machine = self.machine.folder, self.machine
        (folder / "bin").mkdir()
        (folder / "bin" / "systemctl").write_text(_SYSTEMCTL.format(folder=folder), "utf-8")
        (folder / "bin" / "systemctl").chmod(0o755)
        shutil.chown(folder, "mysql", "mysql")
        self._config.write_text(
            f"""[client]
socket={self.socket}
user=root

[mariadbd]
user=mysql
datadir={folder}/data
socket={self.socket}
pid-file={folder}/mysqld.pid
log-error={folder}/{self.name}.err
bind-address={machine.address}
port={PORT}
report-host={machine.address}
report-port={PORT}
skip-name-resolve
server-id={self.number}
gtid-domain-id=0
gtid-strict-mode=ON
log-bin=binlog
log-slave-updates=ON
binlog-format=ROW
relay-log=relay
sync-binlog=1
innodb-flush-log-at-trx-commit=1
innodb-buffer-pool-size=32M
innodb-log-file-size=16M
performance-schema=OFF
max-connections=200
read-only=ON
skip-slave-start
slave-net-timeout=10
slave-parallel-threads=4
rpl-semi-sync-master-enabled=OFF
rpl-semi-sync-master-wait-no-slave=OFF
rpl-semi-sync-slave-enabled=ON
rpl-semi-sync-master-timeout=1000
rpl-semi-sync-master-wait-point=AFTER_SYNC
""",
            "utf-8",
        )
        self._empty()
        # Whoever logs in finds this server's settings where they always are.
        self.machine.run("mount", "--bind", str(self._config), "/etc/mysql/mariadb.cnf")

    def _empty(self) -> None:
        data = self.machine.folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o755)
        shutil.chown(data, "mysql", "mysql")
        made = subprocess.run(
            ["mariadb-install-db", f"--defaults-file={self._config}", "--user=mysql", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--skip-name-resolve"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        if made.returncode != 0:
            raise LabError(f"mariadb-install-db on {self.machine.name}: {made.stdout}")

    @property
    def masked(self) -> bool:
        """Whether its machine's service manager would start it no more."""
        return (self.machine.folder / "masked").exists()

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/mariadbd", f"--defaults-file={self._config}"]

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
        self.sql(*_ACCOUNTS)

    def become_master(self, schema: bool = False) -> None:
        self.sql("STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = OFF")
        self.sql("SET GLOBAL rpl_semi_sync_master_enabled = ON", *(_SCHEMA if schema else ()))

    def follow(self, master: MariaDb) -> None:
        """Becomes the replica of `master`, by GTID; also a master that was one before."""
        self.sql(
            "STOP SLAVE",
            "SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_current_pos",
            "SET GLOBAL read_only = ON, GLOBAL rpl_semi_sync_master_enabled = OFF",
            f"CHANGE MASTER TO master_host = '{master.machine.address}', master_port = {PORT}, "
            f"master_user = 'repl', master_password = '{PASSWORDS['repl']}', master_connect_retry = 1, "
            "master_use_gtid = slave_pos",
            "START SLAVE",
        )
        wait_for(f"{self.machine.name} to follow", self.caught_up, log=self.log)

    def rebuild(self, master: MariaDb) -> None:
        """Begins anew with what `master` has. One that was killed as master may have committed what nobody
        was told of: it cannot simply follow."""
        self.kill()
        self._empty()
        self.start()
        self.create_accounts()
        dump = ["mariadb-dump", "--no-defaults", "-u", "root", f"--socket={master.socket}",
                "--single-transaction", "--gtid", "--master-data=1", "--databases", "app"]  # fmt: skip
        load = ["mariadb", "--no-defaults", "-u", "root", f"--socket={self.socket}",
                "--init-command=SET sql_log_bin = 0"]  # fmt: skip
        said = subprocess.run(dump, check=True, capture_output=True).stdout
        subprocess.run(load, input=said, check=True, capture_output=True)
        self.follow(master)

    @property
    def position(self) -> str:
        """The GTIDs that it has."""
        return str(self.sql("SELECT @@global.gtid_current_pos AS position")[0]["position"])

    @property
    def replication(self) -> Mapping[str, Any]:
        """SHOW SLAVE STATUS; empty when it follows nobody."""
        rows = self.sql("SHOW SLAVE STATUS")
        return rows[0] if rows else {}

    def acknowledged(self) -> bool:
        """As a master: whether commits wait for a replica's acknowledgement, and there is one."""
        rows = self.sql("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_%'")
        status = {row["Variable_name"]: row["Value"] for row in rows}
        return (
            status["Rpl_semi_sync_master_status"] == "ON" and int(status["Rpl_semi_sync_master_clients"]) > 0
        )

    def caught_up(self) -> bool:
        status = self.replication
        return (
            status.get("Slave_IO_Running") == "Yes"
            and status.get("Slave_SQL_Running") == "Yes"
            and status.get("Seconds_Behind_Master") == 0
        )
