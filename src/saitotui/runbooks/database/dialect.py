"""The statements of swaps and promotions in MariaDB's and MySQL's words.

MariaDB Knowledge Base: "Global Transaction ID", "CHANGE MASTER TO", "Semisynchronous Replication". MySQL 8.4
Reference Manual: "Functions Used with Global Transaction Identifiers", "CHANGE REPLICATION SOURCE TO".
"""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.clients.quoting import sql_text
from saitotui.facts.mysql import Variables

SECRET = "'{secret:replication}'"
"""Stands for the replication account's password; the client puts it in, nobody else sees it."""
DRAIN = 60
"""Seconds that a server waits until it has applied its relay log."""
DEMOTES = (10, 10, 0)
"""The MariaDB release from which `master_demote_to_slave` exists."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """`no_wait` is the least lock_wait_timeout (seconds), `position` reads how far a server has written,
    `reached` waits for it: its `{position}` is captured during the run. `drained` waits until everything is
    applied that was `{received}` (seconds: `DRAIN`)."""

    no_wait: int
    position: str
    reached: str
    drained: str
    open: str
    close: str
    stop: tuple[str, ...]
    semi_sync: str

    def change_source(self, host: str, port: int, user: str) -> str:
        """Makes a server that was master follow another, from where it stands."""
        raise NotImplementedError


class _MariaDb(Dialect):
    __slots__ = ()

    def change_source(self, host: str, port: int, user: str) -> str:
        return (
            f"CHANGE MASTER TO master_host = {sql_text(host)}, master_port = {int(port)}, "
            f"master_user = {sql_text(user)}, master_password = {SECRET}, master_connect_retry = 1, "
            "master_use_gtid = slave_pos, master_demote_to_slave = 1"
        )


class _MySql(Dialect):
    __slots__ = ()

    def change_source(self, host: str, port: int, user: str) -> str:
        return (
            f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = {sql_text(host)}, SOURCE_PORT = {int(port)}, "
            f"SOURCE_USER = {sql_text(user)}, SOURCE_PASSWORD = {SECRET}, SOURCE_CONNECT_RETRY = 1, "
            "SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1"
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
)
MYSQL = _MySql(
    no_wait=1,
    position="SELECT REPLACE(@@global.gtid_executed, '\\n', '') AS position",
    reached="SELECT WAIT_FOR_EXECUTED_GTID_SET({position}, 5) AS waited",
    drained=f"SELECT WAIT_FOR_EXECUTED_GTID_SET({{received}}, {DRAIN}) AS waited",
    open="SET GLOBAL super_read_only = 0, GLOBAL read_only = 0",
    close="SET GLOBAL read_only = 1, GLOBAL super_read_only = 1",
    stop=("STOP REPLICA", "RESET REPLICA ALL"),
    semi_sync="rpl_semi_sync_source_enabled",
)


def dialect(variables: Variables) -> Dialect | None:
    """The words for a server; None for one too old to be demoted safely."""
    if not variables.mariadb:
        return MYSQL
    return MARIADB if variables.release >= DEMOTES else None
