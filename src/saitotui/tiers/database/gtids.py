"""How far two servers are apart, in transactions, whatever their dialect."""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.facts import mysql_gtid
from saitotui.facts.mysql import Variables
from saitotui.model.command import Unparsable
from saitotui.model.text import one_line


@dataclass(frozen=True, slots=True)
class Foreign:
    """Transactions that a server has and another never had. `count` is None where it cannot be told (MariaDB
    names only the last of a server's); `text` names them."""

    count: int | None
    text: str


def behind(master: Variables, replica: Variables) -> int | None:
    """Transactions of `master` that `replica` has not applied; None when GTIDs do not say. The two were not
    read in the same instant: a busy pair is a few apart."""
    try:
        return _behind(master, replica)
    except Unparsable:
        return None


def _behind(master: Variables, replica: Variables) -> int | None:
    if master.mariadb and replica.mariadb:
        ahead = mysql_gtid.mariadb(master.gtid_current_pos or master.gtid_binlog_pos)
        reached = mysql_gtid.mariadb(f"{replica.gtid_slave_pos},{replica.gtid_binlog_pos}")
        return mysql_gtid.mariadb_behind(ahead, reached) if ahead else None
    if master.mariadb or replica.mariadb or not master.gtid_executed:
        return None
    return (mysql_gtid.mysql(master.gtid_executed) - mysql_gtid.mysql(replica.gtid_executed)).count


def foreign(replica: Variables, master: Variables) -> Foreign | None:
    """What `replica` has that `master` never had, but for what `master` wrote itself (the reading of it may
    be the older one). None when it has nothing, or GTIDs do not say."""
    try:
        return _foreign(replica, master)
    except Unparsable:
        return None


def _foreign(replica: Variables, master: Variables) -> Foreign | None:
    if master.mariadb and replica.mariadb:
        own = mysql_gtid.mariadb(replica.gtid_binlog_state)
        known = mysql_gtid.mariadb(f"{master.gtid_binlog_state},{master.gtid_slave_pos}")
        if not known:
            return None
        ids = mysql_gtid.mariadb_foreign(own, known, master.server_id)
        return Foreign(None, ", ".join(str(gtid) for gtid in ids[:4])) if ids else None
    if master.mariadb or replica.mariadb or not master.gtid_executed:
        return None
    executed = mysql_gtid.mysql(replica.gtid_executed).without(master.server_uuid)
    extra = executed - mysql_gtid.mysql(master.gtid_executed)
    return Foreign(extra.count, one_line(str(extra), limit=160)) if extra else None


def wrote(server: Variables) -> bool:
    """Whether the newest transaction in its history is its own: then it was master when it last wrote."""
    try:
        if server.mariadb:
            ids = mysql_gtid.mariadb(server.gtid_binlog_pos)
            return any(gtid.server == server.server_id for gtid in ids)
        return any(
            source.split(":")[0] == server.server_uuid
            for source in mysql_gtid.mysql(server.gtid_executed).sources
        )
    except Unparsable:
        return False
