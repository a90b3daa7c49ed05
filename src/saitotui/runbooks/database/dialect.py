"""The statements of swaps and promotions in MariaDB's and MySQL's words.

MariaDB Knowledge Base: "Global Transaction ID", "CHANGE MASTER TO", "Semisynchronous Replication". MySQL 8.4
Reference Manual: "Functions Used with Global Transaction Identifiers", "CHANGE REPLICATION SOURCE TO".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.clients.quoting import sql_text
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
    `reached` waits for it: its `{position}` is captured during the run. `written` reads what a server wrote
    itself, and what `{position}` was. `drained` waits until all that was `{received}` is applied. `known`
    reads all that a server ever had, `compared` the same beside what another, `{known}`, has. `closed` are
    the options with which a server starts read-only and follows nobody."""

    no_wait: int
    position: str
    written: str
    reached: str
    drained: str
    open: str
    close: str
    stop: tuple[str, ...]
    semi_sync: str
    known: str
    compared: str
    closed: str

    def lacking(self, state: str, known: str, writer: Variables) -> Sequence[str]:
        """What a server with `state` has and `writer`, which had `known` a moment ago, lacks. MariaDB: the
        last transaction that both have, for each domain and server; MySQL: a set."""
        raise NotImplementedError

    def wrote_since(self, state: str, own: str, wanted: str) -> str:
        """The transactions of server `own` in `state` that `wanted` lacks; '' when there are none."""
        raise NotImplementedError

    def change_source(self, host: str, port: int, user: str) -> str:
        """Makes a server that was master follow another, from where it stands."""
        raise NotImplementedError


class _MariaDb(Dialect):
    __slots__ = ()

    def wrote_since(self, state: str, own: str, wanted: str) -> str:
        known = mysql_gtid.last_of_domain(mysql_gtid.mariadb(wanted))
        mine = [one for one in mysql_gtid.mariadb(state) if str(one.server) == own]
        return ",".join(str(one) for one in mine if one.sequence > known.get(one.domain, 0))

    def lacking(self, state: str, known: str, writer: Variables) -> Sequence[str]:
        own, others = mysql_gtid.mariadb(state), mysql_gtid.mariadb(known)
        seen = {(one.domain, one.server): one.sequence for one in others}
        return [
            f"{one.domain}-{one.server}-{seen.get((one.domain, one.server), 0)}"
            for one in mysql_gtid.mariadb_foreign(own, others, writer.server_id)
        ]

    def change_source(self, host: str, port: int, user: str) -> str:
        return (
            f"CHANGE MASTER TO master_host = {sql_text(host)}, master_port = {int(port)}, "
            f"master_user = {sql_text(user)}, master_password = {SECRET}, master_connect_retry = 1, "
            "master_use_gtid = slave_pos, master_demote_to_slave = 1"
        )


class _MySql(Dialect):
    __slots__ = ()

    def wrote_since(self, state: str, own: str, wanted: str) -> str:
        new = mysql_gtid.mysql(state) - mysql_gtid.mysql(wanted)
        return str(new - new.without(own))

    def lacking(self, state: str, known: str, writer: Variables) -> Sequence[str]:
        new = (mysql_gtid.mysql(state) - mysql_gtid.mysql(known)).without(writer.server_uuid)
        return [str(new)] if new else []

    def change_source(self, host: str, port: int, user: str) -> str:
        return (
            f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = {sql_text(host)}, SOURCE_PORT = {int(port)}, "
            f"SOURCE_USER = {sql_text(user)}, SOURCE_PASSWORD = {SECRET}, SOURCE_CONNECT_RETRY = 1, "
            "SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1"
        )


MARIADB = _MariaDb(
    no_wait=0,
    position="SELECT @@global.gtid_binlog_pos AS position",
    written="SELECT @@global.gtid_binlog_state AS state, @@global.server_id AS own, {position} AS wanted",
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
)
MYSQL = _MySql(
    no_wait=1,
    position="SELECT REPLACE(@@global.gtid_executed, '\\n', '') AS position",
    written="SELECT @@global.gtid_executed AS state, @@global.server_uuid AS own, {position} AS wanted",
    reached="SELECT WAIT_FOR_EXECUTED_GTID_SET({position}, 5) AS waited",
    drained=f"SELECT WAIT_FOR_EXECUTED_GTID_SET({{received}}, {DRAIN}) AS waited",
    open="SET GLOBAL super_read_only = 0, GLOBAL read_only = 0",
    close="SET GLOBAL read_only = 1, GLOBAL super_read_only = 1",
    stop=("STOP REPLICA", "RESET REPLICA ALL"),
    semi_sync="rpl_semi_sync_source_enabled",
    known="SELECT @@global.gtid_executed AS state",
    compared="SELECT @@global.gtid_executed AS state, {known} AS known",
    closed="--super-read-only=ON --skip-replica-start",
)


def dialect(variables: Variables) -> Dialect | None:
    """The words for a server; None for one too old to be demoted safely."""
    if not variables.mariadb:
        return MYSQL
    return MARIADB if variables.release >= DEMOTES else None
