"""A MySQL server of the lab, from Debian sid: GTID replication, semi-synchronous, read-only until it is made
master, TLS with a certificate of the lab's own authority. Its accounts use `caching_sha2_password`.

It runs out of the folder where `unpack.sh` put it, by that folder's own loader (ld.so(8)).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.lab import unpacking
from tests.lab.database import PASSWORDS, PORT, Database
from tests.lab.host import LabError

PROGRAMS = ("mysql", "mysqladmin", "mysqlbinlog", "my_print_defaults")
_CONSOLE = (
    "RELOAD, PROCESS, EVENT, REPLICATION CLIENT, REPLICATION SLAVE, REPLICATION_SLAVE_ADMIN, BACKUP_ADMIN, "
    "BINLOG_ADMIN, CLONE_ADMIN, CONNECTION_ADMIN, SET_ANY_DEFINER, SYSTEM_USER, SYSTEM_VARIABLES_ADMIN, "
    "XA_RECOVER_ADMIN"
)
_LOGIN = (
    "3f0000010582080000000001210000000000000000000000000000000000000000000000"
    "686170726f7879000063616368696e675f736861325f70617373776f726400"
)
"""HandshakeResponse41 of `haproxy` without password, which names caching_sha2_password (MySQL internals,
"Connection Phase"): what HAProxy's own mysql-check sends is refused by MySQL 8.4 and newer."""


class MySql(Database):
    name = "mysqld"
    unit = "mysql"
    semi_sync = "rpl_semi_sync_source_enabled"
    checks = (
        f"    option tcp-check\n    tcp-check connect\n    tcp-check send-binary {_LOGIN}\n"
        "    tcp-check expect binary 0700000200000002000000\n    tcp-check send-binary 010000000e\n"
        "    tcp-check expect binary 0700000100000002000000\n    tcp-check send-binary 0100000001\n"
    )
    accounts = (
        "SET sql_log_bin = 0",
        "SET GLOBAL super_read_only = OFF",
        f"CREATE USER repl@'%' IDENTIFIED BY '{PASSWORDS['repl']}'",
        "GRANT REPLICATION SLAVE ON *.* TO repl@'%'",
        "CREATE USER haproxy@'%'",
        f"CREATE USER app@'%' IDENTIFIED BY '{PASSWORDS['app']}'",
        "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER ON app.* TO app@'%'",
        f"CREATE USER ctl@'%' IDENTIFIED BY '{PASSWORDS['ctl']}'",
        f"GRANT {_CONSOLE} ON *.* TO ctl@'%'",
        "GRANT SELECT ON app.* TO ctl@'%'",
        "GRANT SELECT ON performance_schema.* TO ctl@'%'",
        f"CREATE USER clone@'%' IDENTIFIED BY '{PASSWORDS['clone']}'",
        "GRANT BACKUP_ADMIN ON *.* TO clone@'%'",
        "SET sql_log_bin = 1",
        "RESET BINARY LOGS AND GTIDS",
        "SET GLOBAL super_read_only = ON",
    )
    root: ClassVar[Path]
    """Where it is unpacked."""

    def prepare(self) -> None:
        (self.machine.folder / "bin").mkdir()
        # The loader's name is the process's, and ps(1) shows that.
        shutil.copy(self._libraries / "ld-linux-x86-64.so.2", self.machine.folder / "bin" / "mysqld")
        for name in PROGRAMS:
            program = self.machine.folder / "bin" / name
            program.write_text(f'#!/bin/sh\nexec {" ".join(self._unpacked(f"bin/{name}"))} "$@"\n', "utf-8")
            program.chmod(0o755)
        super().prepare()

    @property
    def _libraries(self) -> Path:
        return self.root / "usr" / "lib" / "x86_64-linux-gnu"

    def _unpacked(self, program: str, loader: str = "ld-linux-x86-64.so.2") -> Sequence[str]:
        libraries = self._libraries
        return [str(libraries / loader), "--library-path", str(libraries), f"{self.root}/usr/{program}"]

    def options(self) -> str:
        folder, machine, usr = self.machine.folder, self.machine, self.root / "usr"
        return f"""[client]
socket={self.socket}
user=root

[mysqld]
user=mysql
basedir={usr}
plugin-dir={usr}/lib/mysql/plugin
lc-messages-dir={usr}/share/mysql
character-sets-dir={usr}/share/mysql/charsets
datadir={folder}/data
socket={self.socket}
pid-file={folder}/mysqld.pid
log-error={folder}/{self.name}.err
secure-file-priv=
bind-address={machine.address}
port={PORT}
mysqlx=OFF
report-host={machine.address}
report-port={PORT}
skip-name-resolve
ssl-ca={self.tls}/ca.pem
ssl-cert={self.tls}/server.pem
ssl-key={self.tls}/server.pem
server-id={self.number}
gtid-mode=ON
enforce-gtid-consistency=ON
log-bin=binlog
log-replica-updates=ON
relay-log=relay
sync-binlog=1
innodb-flush-log-at-trx-commit=1
innodb-buffer-pool-size=64M
innodb-redo-log-capacity=96M
max-connections=200
super-read-only=ON
skip-replica-start=ON
replica-net-timeout=10
plugin-load-add=semisync_source.so
plugin-load-add=semisync_replica.so
plugin-load-add=mysql_clone.so
loose-rpl-semi-sync-source-enabled=OFF
loose-rpl-semi-sync-replica-enabled=ON
loose-rpl-semi-sync-source-timeout=1000
loose-rpl-semi-sync-source-wait-no-replica=OFF
"""

    def ping(self) -> str:
        return f"{self.machine.folder}/bin/mysqladmin --no-defaults --user=root --socket={self.socket} ping"

    def empty(self) -> None:
        self.new_folder()
        made = subprocess.run(
            [*self.command(), "--initialize-insecure"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        if made.returncode != 0:
            log = self.machine.folder / f"{self.name}.err"
            raise LabError(f"mysqld --initialize on {self.machine.name}: {made.stdout}{log.read_text()}")

    def reached(self) -> Mapping[str, Any]:
        return {"socket": self.socket, "tls": {"ca": f"{self.tls}/ca.pem"}}

    def command(self) -> Sequence[str]:
        loader = f"{self.machine.folder}/bin/mysqld"
        return [*self._unpacked("sbin/mysqld", loader), f"--defaults-file={self._config}"]

    def open(self, on: bool) -> None:
        self.sql(f"SET GLOBAL {'read_only = OFF' if on else 'super_read_only = ON'}")

    def point_to(self, master: Database) -> None:
        self.sql(
            f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{master.machine.address}', SOURCE_PORT = {PORT}, "
            f"SOURCE_USER = 'repl', SOURCE_PASSWORD = '{PASSWORDS['repl']}', SOURCE_CONNECT_RETRY = 1, "
            "SOURCE_AUTO_POSITION = 1, SOURCE_SSL = 1, SOURCE_SSL_VERIFY_SERVER_CERT = 1, "
            f"SOURCE_SSL_CA = '{self.tls}/ca.pem'"
        )

    def load(self, master: Database) -> None:
        dump = [*self._unpacked("bin/mysqldump"), "--no-defaults", "-u", "root", f"--socket={master.socket}",
                "--single-transaction", "--set-gtid-purged=ON", "--databases", "app"]  # fmt: skip
        load = [*self._unpacked("bin/mysql"), "--no-defaults", "-u", "root", f"--socket={self.socket}"]
        said = subprocess.run(dump, check=True, capture_output=True).stdout
        self.open(True)
        subprocess.run(load, input=said, check=True, capture_output=True)

    def acknowledged(self) -> bool:
        """It finds out that a replica has caught up when something is committed."""
        self.sql("INSERT INTO app.orders (node) VALUES ('lab')")
        return super().acknowledged()

    @property
    def position(self) -> str:
        rows = self.sql("SELECT REPLACE(@@global.gtid_executed, '\\n', '') AS position")
        return str(rows[0]["position"])


def unpack(folder: Path) -> str:
    """Puts MySQL into `folder`; '' when it is there, else why it cannot be had."""
    reason = unpacking.unpack(folder, "sid", "install", "mysql-server-core", "mysql-client-core")
    MySql.root = folder / "root"
    return reason
