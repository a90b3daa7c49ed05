"""What a simulated MariaDB server shows: variables, counters, replication, sessions, transactions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from saitotui.simulator.database import DatabasePart
from saitotui.simulator.database_state import DbServer

Rows: TypeAlias = "tuple[Sequence[Sequence[object]], Sequence[str]]"


def _on(value: bool) -> str:
    return "ON" if value else "OFF"


def variables(part: DatabasePart, server: DbServer) -> list[tuple[str, str]]:
    """Name and value of every variable it has, all as text."""
    origin, sequence = server.slave_pos
    slave = f"0-{origin}-{sequence}" if server.replication is not None else ""
    return [
        ("bind_address", server.machine.address if server.configured else "127.0.0.1"),
        ("binlog_format", "ROW"),
        ("binlog_row_image", "FULL"),
        ("character_set_server", "utf8mb4"),
        ("collation_server", "utf8mb4_general_ci"),
        ("datadir", "/var/lib/mysql/"),
        ("event_scheduler", _on(server.event_scheduler)),
        ("explicit_defaults_for_timestamp", "ON"),
        ("gtid_binlog_pos", server.position),
        ("gtid_binlog_state", server.state),
        ("gtid_current_pos", server.position),
        ("gtid_domain_id", "0"),
        ("gtid_slave_pos", slave),
        ("gtid_strict_mode", _on(server.configured)),
        ("hostname", server.name),
        ("innodb_buffer_pool_size", "4294967296"),
        ("innodb_flush_log_at_trx_commit", "1"),
        ("log_bin", _on(server.log_bin)),
        ("log_bin_basename", "/var/lib/mysql/binlog"),
        ("log_slave_updates", _on(server.configured)),
        ("lower_case_table_names", "0"),
        ("max_allowed_packet", "16777216"),
        ("max_connections", str(server.max_connections)),
        ("port", "3306"),
        ("read_only", _on(server.read_only)),
        ("report_host", server.machine.address if server.configured else ""),
        ("report_port", "3306"),
        ("rpl_semi_sync_master_enabled", _on(server.semi_sync_enabled)),
        ("rpl_semi_sync_master_timeout", "1000"),
        ("rpl_semi_sync_master_wait_no_slave", _on(server.wait_no_slave)),
        ("rpl_semi_sync_slave_enabled", "ON"),
        ("server_id", str(server.server_id)),
        ("sql_mode", "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER"),
        ("sync_binlog", str(server.sync_binlog)),
        ("time_zone", "SYSTEM"),
        ("tx_isolation", "REPEATABLE-READ"),
        ("version", server.version),
        ("version_comment", "Debian 12"),
    ]


def status(part: DatabasePart, server: DbServer) -> list[tuple[str, str]]:
    """Name and value of every counter it has, all as text."""
    clients = part.semi_sync_clients(server)
    uptime = int(part.world.clock.now() - server.machine.boot_at)
    connected = 2 + _application_sessions(part, server) + server.extra_connections + clients
    return [
        ("Aborted_connects", "128"),
        ("Com_commit", str(server.sequence)),
        ("Com_insert", str(server.sequence)),
        ("Connections", str(server.next_id)),
        ("Innodb_buffer_pool_pages_data", "3800"),
        ("Innodb_buffer_pool_pages_total", "4096"),
        ("Innodb_row_lock_current_waits", "0"),
        ("Max_used_connections", str(connected)),
        ("Questions", str(329_491 + round(server.questions))),
        ("Rpl_semi_sync_master_clients", str(clients if server.semi_sync_enabled else 0)),
        ("Rpl_semi_sync_master_status", _on(server.semi_sync_enabled)),
        ("Rpl_semi_sync_master_wait_sessions", "0"),
        ("Rpl_semi_sync_master_yes_tx", str(server.sequence)),
        ("Rpl_semi_sync_master_no_tx", "0"),
        (
            "Rpl_semi_sync_slave_status",
            _on(server.replication is not None and server.replication.io == "Yes"),
        ),
        ("Slaves_connected", str(clients)),
        ("Slaves_running", str(int(server.replication is not None and server.replication.sql == "Yes"))),
        ("Threads_connected", str(connected)),
        ("Threads_running", "3"),
        ("Uptime", str(uptime)),
    ]


def _application_sessions(part: DatabasePart, server: DbServer) -> int:
    """Sessions that come through the balancers."""
    return sum(
        stat.sessions
        for node in part.haproxy.nodes.values()
        for stat in node.backend("mysql_write")
        if stat.name == server.name
    )


def replica_status(part: DatabasePart, server: DbServer) -> Rows:
    """SHOW REPLICA STATUS: no row on a server that does not replicate."""
    replication = server.replication
    if replication is None:
        return [], ["Slave_IO_State"]
    source = part.servers.get(replication.source)
    waiting = "Waiting for master to send event" if replication.io == "Yes" else "Connecting to master"
    row: dict[str, object] = {
        "Slave_IO_State": waiting if replication.io_wanted else "",
        "Master_Host": source.machine.address if source is not None else replication.source,
        "Master_User": "repl",
        "Master_Port": 3306,
        "Connect_Retry": 1,
        "Master_Log_File": "binlog.000173",
        "Read_Master_Log_Pos": 121473,
        "Relay_Log_File": "relay.000002",
        "Relay_Log_Pos": 121769,
        "Relay_Master_Log_File": "binlog.000173",
        "Slave_IO_Running": replication.io,
        "Slave_SQL_Running": replication.sql,
        "Replicate_Do_DB": "",
        "Replicate_Ignore_DB": "",
        "Replicate_Do_Table": "",
        "Replicate_Ignore_Table": "",
        "Replicate_Wild_Do_Table": "",
        "Replicate_Wild_Ignore_Table": "",
        "Last_Errno": replication.sql_errno,
        "Last_Error": replication.sql_error,
        "Skip_Counter": 0,
        "Exec_Master_Log_Pos": 121473,
        "Relay_Log_Space": 122068,
        "Until_Condition": "None",
        "Seconds_Behind_Master": part.seconds_behind(server),
        "Last_IO_Errno": replication.io_errno,
        "Last_IO_Error": replication.io_error,
        "Last_SQL_Errno": replication.sql_errno,
        "Last_SQL_Error": replication.sql_error,
        "Master_Server_Id": source.server_id if source is not None else 0,
        "Using_Gtid": "Slave_Pos",
        "Gtid_IO_Pos": f"0-{server.slave_pos[0]}-{server.slave_pos[1]}",
        "Parallel_Mode": "optimistic",
        "SQL_Delay": replication.delay,
        "SQL_Remaining_Delay": None,
        "Slave_SQL_Running_State": "Slave has read all relay log; waiting for more updates",
        "Slave_DDL_Groups": 2,
        "Slave_Non_Transactional_Groups": 0,
        "Slave_Transactional_Groups": server.sequence,
    }
    return [tuple(row.values())], list(row)


def processes(part: DatabasePart, server: DbServer) -> Rows:
    """SHOW PROCESSLIST: replication, applications through the balancers, and who is really connected."""
    now = part.world.clock.now()
    rows: list[tuple[object, ...]] = []
    for other in part.servers.values():
        replication = other.replication
        if (
            replication is not None
            and replication.source == server.name
            and replication.io == "Yes"
            and other.up
        ):
            state = "Master has sent all binlog to slave; waiting for more updates"
            rows.append(
                (33_700, "repl", f"{other.machine.address}:53722", None, "Binlog Dump", 120, state, None, 0.0)
            )
    number = 33_710
    for node in part.haproxy.nodes.values():
        for stat in node.backend("mysql_write"):
            for _ in range(stat.sessions if stat.name == server.name else 0):
                number += 1
                host = f"{node.machine.address}:{40_000 + number % 20_000}"
                rows.append((number, "app", host, "app", "Sleep", 0, "", None, 0.0))
    if server.long_transaction:
        seconds = int(now - server.long_transaction)
        rows.append((33_600, "report", "10.0.0.71:50112", "app", "Sleep", seconds, "", None, 0.0))
    for one in server.sessions.values():
        info = one.info or None
        host = f"{one.host}:{50_000 + one.id % 10_000}"
        rows.append((one.id, one.user, host, None, one.command, int(now - one.since), one.state, info, 0.0))
    return rows, ["Id", "User", "Host", "db", "Command", "Time", "State", "Info", "Progress"]


def events(server: DbServer) -> Rows:
    """The rows of information_schema.events that are not disabled."""
    rows = [
        (*name.split(".", 1), "root@localhost", "ENABLED" if on else "SLAVESIDE_DISABLED")
        for name, on in sorted(server.events.items())
    ]
    return rows, ["place", "event", "definer", "state"]


def transactions(part: DatabasePart, server: DbServer, columns: str) -> Rows:
    """Open transactions, in the columns that are asked for by alias."""
    names = re.findall(r"\bas (\w+)", columns, re.IGNORECASE)
    if not server.long_transaction:
        return [], names
    seconds = int(part.world.clock.now() - server.long_transaction)
    known: dict[str, object] = {
        "thread": 33_600,
        "state": "RUNNING",
        "seconds": seconds,
        "modified": 17,
        "locked": 40,
        "query": None,
    }
    return [tuple(known.get(name.lower()) for name in names)], names
