"""The statements of swaps and promotions in MariaDB's and MySQL's words.

MariaDB Knowledge Base: "Global Transaction ID", "CHANGE MASTER TO", "Semisynchronous Replication". MySQL 8.4
Reference Manual: "Functions Used with Global Transaction Identifiers", "CHANGE REPLICATION SOURCE TO".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.clients.quoting import option, sql_text
from saitotui.facts import mysql_gtid
from saitotui.facts.mysql import Variables

SECRET = "'{secret:replication}'"
"""Stands for the replication account's password; the client puts it in, nobody else sees it."""
DRAIN = 60
"""Seconds that a server waits until it has applied its relay log."""
DEMOTES = (10, 10, 0)
"""The MariaDB release from which `master_demote_to_slave` exists."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """`no_wait` is the least lock_wait_timeout (seconds). `position` reads how far a server has written,
    `reached` waits for it: its `{position}` is captured during the run. `drained` waits until all that was
    `{received}` is applied. `known` reads all that a server ever had, `compared` the same beside what
    another, `{known}`, has. `closed` are the options with which a server starts read-only and follows nobody.
    `family` names the part of `rebuild.sh` that is its own, `programs` what that needs."""

    no_wait: int
    position: str
    reached: str
    drained: str
    open: str
    close: str
    stop: tuple[str, ...]
    semi_sync: str
    known: str
    compared: str
    closed: str
    family: str
    programs: tuple[str, ...]

    def lacking(self, state: str, known: str, writer: Variables) -> Sequence[str]:
        """What a server with `state` has and `writer`, which had `known` a moment ago, lacks. MariaDB: the
        last transaction that both have, for each domain and server; MySQL: a set."""
        raise NotImplementedError

    def change_source(self, host: str, port: int, user: str, authority: str) -> str:
        """Makes a server that was master follow another, from where it stands; over TLS that is verified
        against `authority`, a file on the server, unless that is empty."""
        raise NotImplementedError

    def login(self, host: str, port: int, user: str, authority: str) -> str:
        """What `rebuild.sh begin` reads: how a copy logs in to the master."""
        raise NotImplementedError

    def options(self, user: str, secret: str, authority: str) -> str:
        """An option file with which this family's client, `programs[0]`, logs in as `user`."""
        raise NotImplementedError


class _MariaDb(Dialect):
    __slots__ = ()

    def lacking(self, state: str, known: str, writer: Variables) -> Sequence[str]:
        own, others = mysql_gtid.mariadb(state), mysql_gtid.mariadb(known)
        seen = {(one.domain, one.server): one.sequence for one in others}
        return [
            f"{one.domain}-{one.server}-{seen.get((one.domain, one.server), 0)}"
            for one in mysql_gtid.mariadb_foreign(own, others, writer.server_id)
        ]

    def change_source(self, host: str, port: int, user: str, authority: str) -> str:
        verified = (
            f", master_ssl = 1, master_ssl_ca = {sql_text(authority)}, master_ssl_verify_server_cert = 1"
        )
        return (
            f"CHANGE MASTER TO master_host = {sql_text(host)}, master_port = {int(port)}, "
            f"master_user = {sql_text(user)}, master_password = {SECRET}, master_connect_retry = 1, "
            "master_use_gtid = slave_pos, master_demote_to_slave = 1"
        ) + (verified if authority else "")

    def login(self, host: str, port: int, user: str, authority: str) -> str:
        return self.options(user, "clone", authority)

    def options(self, user: str, secret: str, authority: str) -> str:
        return f"[client]\nuser={option(user)}\npassword={{secret:{secret}}}\n" + (
            f"ssl-ca={option(authority)}\nssl-verify-server-cert\n" if authority else ""
        )


class _MySql(Dialect):
    __slots__ = ()

    def lacking(self, state: str, known: str, writer: Variables) -> Sequence[str]:
        new = (mysql_gtid.mysql(state) - mysql_gtid.mysql(known)).without(writer.server_uuid)
        return [str(new)] if new else []

    def change_source(self, host: str, port: int, user: str, authority: str) -> str:
        verified = f"SOURCE_SSL = 1, SOURCE_SSL_CA = {sql_text(authority)}, SOURCE_SSL_VERIFY_SERVER_CERT = 1"
        return (
            f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = {sql_text(host)}, SOURCE_PORT = {int(port)}, "
            f"SOURCE_USER = {sql_text(user)}, SOURCE_PASSWORD = {SECRET}, SOURCE_CONNECT_RETRY = 1, "
            f"SOURCE_AUTO_POSITION = 1, {verified if authority else 'GET_SOURCE_PUBLIC_KEY = 1'}"
        )

    def login(self, host: str, port: int, user: str, authority: str) -> str:
        verified = f"SET GLOBAL clone_ssl_ca = {sql_text(authority)};\n" if authority else ""
        return (
            f"SET GLOBAL clone_valid_donor_list = {sql_text(f'{host}:{port}')};\n{verified}"
            f"CLONE INSTANCE FROM {sql_text(user)}@{sql_text(host)}:{int(port)} "
            "IDENTIFIED BY '{secret:clone}'"
        )

    def options(self, user: str, secret: str, authority: str) -> str:
        verified = f"ssl-ca={option(authority)}\nssl-mode=VERIFY_IDENTITY\n"
        return f"[client]\nuser={option(user)}\npassword={{secret:{secret}}}\n" + (
            verified if authority else "get-server-public-key\n"
        )


MARIADB = _MariaDb(
    no_wait=0,
    position="SELECT @@global.gtid_binlog_pos AS position",
    reached="SELECT MASTER_GTID_WAIT({position}, 5) AS waited",
    drained=f"SELECT MASTER_GTID_WAIT({{received}}, {DRAIN}) AS waited",
    open="SET GLOBAL read_only = 0",
    close="SET GLOBAL read_only = 1",
    stop=("STOP SLAVE", "RESET SLAVE ALL"),
    semi_sync="rpl_semi_sync_master_enabled",
    known="SELECT @@global.gtid_binlog_state AS state",
    compared="SELECT @@global.gtid_binlog_state AS state, {known} AS known, "
    "@@global.log_bin_basename AS binlog, @@global.datadir AS data",
    closed="--read-only=ON --skip-slave-start",
    family="mariadb",
    programs=("mariadb", "mariadb-binlog", "mariadb-dump", "mariadb-install-db"),
)
_EXECUTED = "REPLACE(@@global.gtid_executed, CHAR(10 USING utf8mb4), '')"
"""On one line: the server breaks a set of several sources into lines."""
MYSQL = _MySql(
    no_wait=1,
    position=f"SELECT {_EXECUTED} AS position",
    reached="SELECT WAIT_FOR_EXECUTED_GTID_SET({position}, 5) AS waited",
    drained=f"SELECT WAIT_FOR_EXECUTED_GTID_SET({{received}}, {DRAIN}) AS waited",
    open="SET GLOBAL super_read_only = 0, GLOBAL read_only = 0",
    close="SET GLOBAL read_only = 1, GLOBAL super_read_only = 1",
    stop=("STOP REPLICA", "RESET REPLICA ALL"),
    semi_sync="rpl_semi_sync_source_enabled",
    known=f"SELECT {_EXECUTED} AS state",
    compared=f"SELECT {_EXECUTED} AS state, {{known}} AS known, "
    "@@global.log_bin_basename AS binlog, @@global.datadir AS data",
    closed="--super-read-only=ON --skip-replica-start",
    family="mysql",
    programs=("mysql", "mysqlbinlog"),
)


def dialect(variables: Variables) -> Dialect | None:
    """The words for a server; None for one too old to be demoted safely."""
    if not variables.mariadb:
        return MYSQL
    return MARIADB if variables.release >= DEMOTES else None
