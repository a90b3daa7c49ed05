"""A MariaDB server of the lab: GTID replication, semi-synchronous, read-only until it is made master."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from tests.lab.database import PASSWORDS, PORT, Database
from tests.lab.host import LabError

_CONSOLE = (
    "RELOAD, PROCESS, SUPER, READ_ONLY ADMIN, REPLICATION SLAVE, REPLICATION SLAVE ADMIN, "
    "REPLICATION MASTER ADMIN, BINLOG MONITOR, BINLOG ADMIN, CONNECTION ADMIN, SLAVE MONITOR, EVENT"
)
_CLONE = "SELECT, RELOAD, SHOW VIEW, EVENT, TRIGGER, LOCK TABLES, BINLOG MONITOR"


class MariaDb(Database):
    name = "mariadbd"
    unit = "mariadb"
    semi_sync = "rpl_semi_sync_master_enabled"
    checks = "    option mysql-check user haproxy post-41\n"
    accounts = (
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

    def options(self) -> str:
        folder, machine = self.machine.folder, self.machine
        return f"""[client]
socket={self.socket}
user=root

[mariadbd]
user=mysql
datadir={folder}/data
tmpdir={self.temporary}
socket={self.socket}
pid-file={folder}/mysqld.pid
log-error={folder}/{self.name}.err
bind-address={machine.address}
port={PORT}
report-host={machine.address}
report-port={PORT}
skip-name-resolve
ssl-ca={self.tls}/ca.pem
ssl-cert={self.tls}/server.pem
ssl-key={self.tls}/server.pem
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
"""

    def ping(self) -> str:
        return f"mariadb-admin --no-defaults --user=root --socket={self.socket} ping"

    def empty(self) -> None:
        self.new_folder()
        made = subprocess.run(
            ["mariadb-install-db", f"--defaults-file={self._config}", "--user=mysql", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--skip-name-resolve"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        if made.returncode:
            log = self.machine.folder / f"{self.name}.err"
            said = log.read_text("utf-8", "replace")[-3000:] if log.exists() else ""
            raise LabError(f"mariadb-install-db on {self.machine.name}: {made.stdout}{said}")

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/mariadbd", f"--defaults-file={self._config}"]

    def open(self, on: bool) -> None:
        self.sql(f"SET GLOBAL read_only = {'OFF' if on else 'ON'}")

    def point_to(self, master: Database) -> None:
        self.sql(
            "SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_current_pos",
            f"CHANGE MASTER TO master_host = '{master.machine.address}', master_port = {PORT}, "
            f"master_user = 'repl', master_password = '{PASSWORDS['repl']}', master_connect_retry = 1, "
            "master_use_gtid = slave_pos",
        )

    def load(self, master: Database) -> None:
        dump = ["mariadb-dump", "--no-defaults", "-u", "root", f"--socket={master.socket}",
                "--single-transaction", "--gtid", "--master-data=1", "--databases", "app"]  # fmt: skip
        load = ["mariadb", "--no-defaults", "-u", "root", f"--socket={self.socket}",
                "--init-command=SET sql_log_bin = 0"]  # fmt: skip
        said = subprocess.run(dump, check=True, capture_output=True).stdout
        subprocess.run(load, input=said, check=True, capture_output=True)

    @property
    def position(self) -> str:
        return str(self.sql("SELECT @@global.gtid_current_pos AS position")[0]["position"])
