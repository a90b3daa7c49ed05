"""Variables and counters of a MariaDB or MySQL server.

`SHOW GLOBAL VARIABLES` and `SHOW GLOBAL STATUS` need no privilege and give two columns, `Variable_name` and
`Value`, whose values are always text (MariaDB Knowledge Base, MySQL Reference Manual, "SHOW Statements").
The two dialects name the same things differently; what a server does not have is left out of the answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from saitotui.model.command import Answer, Scalar, Unparsable
from saitotui.model.text import one_line

VARIABLES = (
    "version", "version_comment", "hostname", "report_host", "port", "server_id", "server_uuid",
    "read_only", "super_read_only", "offline_mode", "max_connections", "event_scheduler",
    "log_bin", "log_slave_updates", "log_replica_updates", "binlog_format", "sync_binlog",
    "innodb_flush_log_at_trx_commit", "gtid_mode", "gtid_executed", "gtid_purged", "gtid_strict_mode",
    "gtid_domain_id", "gtid_binlog_pos", "gtid_binlog_state", "gtid_slave_pos", "gtid_current_pos",
    "rpl_semi_sync_master_enabled", "rpl_semi_sync_master_timeout", "rpl_semi_sync_master_wait_no_slave",
    "rpl_semi_sync_slave_enabled", "rpl_semi_sync_source_enabled", "rpl_semi_sync_source_timeout",
    "rpl_semi_sync_source_wait_no_replica", "rpl_semi_sync_replica_enabled",
)  # fmt: skip

STATUS = (
    "Uptime", "Questions", "Threads_connected", "Threads_running", "Max_used_connections",
    "Com_commit", "Com_insert", "Com_update", "Com_delete", "Aborted_connects", "Slaves_connected",
    "Slaves_running", "Innodb_buffer_pool_pages_data", "Innodb_buffer_pool_pages_total",
    "Innodb_row_lock_current_waits",
    "Rpl_semi_sync_master_status", "Rpl_semi_sync_master_clients", "Rpl_semi_sync_master_wait_sessions",
    "Rpl_semi_sync_master_no_tx", "Rpl_semi_sync_master_yes_tx", "Rpl_semi_sync_slave_status",
    "Rpl_semi_sync_source_status", "Rpl_semi_sync_source_clients", "Rpl_semi_sync_source_wait_sessions",
    "Rpl_semi_sync_source_no_tx", "Rpl_semi_sync_source_yes_tx", "Rpl_semi_sync_replica_status",
)  # fmt: skip


def _show(what: str, names: Iterable[str]) -> str:
    return f"SHOW GLOBAL {what} WHERE Variable_name IN ({', '.join(repr(name) for name in names)})"


SHOW_VARIABLES = _show("VARIABLES", VARIABLES)
SHOW_STATUS = _show("STATUS", STATUS)

_VERSION = re.compile(r"^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?")
_OFF = {"", "0", "off", "no", "false"}


@dataclass(frozen=True, slots=True)
class SemiSync:
    """Semi-synchronous replication, seen from the side that commits. None: the server does not say (MySQL
    without the plug-in). `timeout` in seconds; `waits_alone`: commits wait for it even without a replica."""

    enabled: bool | None = None
    timeout: float | None = None
    waits_alone: bool | None = None
    replica_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Variables:
    """What a server is set to. `read_only` is the weaker of the two: no ordinary account can write.

    GTID positions are text: a MariaDB list (`0-1-100`) or a MySQL set (`uuid:1-100`); empty when the server
    has none.
    """

    version: str
    mariadb: bool
    release: tuple[int, int, int]
    read_only: bool
    super_read_only: bool | None = None
    offline: bool = False
    hostname: str = ""
    report_host: str = ""
    port: int = 0
    server_id: int = 0
    server_uuid: str = ""
    max_connections: int | None = None
    event_scheduler: bool | None = None
    log_bin: bool | None = None
    log_replica_updates: bool | None = None
    gtid_mode: str = ""
    gtid_strict: bool | None = None
    gtid_executed: str = ""
    gtid_purged: str = ""
    gtid_binlog_pos: str = ""
    gtid_binlog_state: str = ""
    gtid_slave_pos: str = ""
    gtid_current_pos: str = ""
    semi_sync: SemiSync = SemiSync()

    @property
    def product(self) -> str:
        return "MariaDB" if self.mariadb else "MySQL"


@dataclass(frozen=True, slots=True)
class Status:
    """Counters and gauges; None where the server does not say. `uptime` in seconds."""

    uptime: float | None = None
    questions: float | None = None
    connected: int | None = None
    running: int | None = None
    max_used: int | None = None
    replicas_connected: int | None = None
    sql_threads: int | None = None
    pool_pages: float | None = None
    pool_pages_total: float | None = None
    semi_sync_on: bool | None = None
    semi_sync_clients: int | None = None
    semi_sync_waiting: int | None = None
    semi_sync_missed: float | None = None
    """Commits that no replica confirmed in time."""
    semi_sync_replica_on: bool | None = None


def named(answer: Answer) -> Mapping[str, str]:
    """`Variable_name` (lower case) to `Value`; Unparsable when the rows are not that."""
    found: dict[str, str] = {}
    for row in answer.rows:
        if "Variable_name" not in row or "Value" not in row:
            raise Unparsable(f"the columns are {one_line(', '.join(row), limit=80)!r}")
        found[str(row["Variable_name"]).lower()] = _text(row["Value"])
    if not found:
        raise Unparsable("the answer has no rows")
    return found


def variables(answer: Answer) -> Variables:
    """Reads the answer to `SHOW_VARIABLES`."""
    values = named(answer)
    missing = [name for name in ("version", "read_only") if name not in values]
    if missing:
        raise Unparsable(f"variables lack {', '.join(missing)}")
    version = one_line(values["version"], limit=60)
    return Variables(
        version=version,
        mariadb="mariadb" in version.lower() or "mariadb" in values.get("version_comment", "").lower(),
        release=_release(version),
        read_only=_on(values["read_only"]),
        super_read_only=_switch(values, "super_read_only"),
        offline=_switch(values, "offline_mode") or False,
        hostname=one_line(values.get("hostname", "")),
        report_host=one_line(values.get("report_host", "")),
        port=_whole(values, "port") or 0,
        server_id=_whole(values, "server_id") or 0,
        server_uuid=one_line(values.get("server_uuid", "")).lower(),
        max_connections=_whole(values, "max_connections"),
        event_scheduler=_switch(values, "event_scheduler"),
        log_bin=_switch(values, "log_bin"),
        log_replica_updates=_switch(values, "log_replica_updates", "log_slave_updates"),
        gtid_mode=one_line(values.get("gtid_mode", "")),
        gtid_strict=_switch(values, "gtid_strict_mode"),
        gtid_executed=_gtids(values, "gtid_executed"),
        gtid_purged=_gtids(values, "gtid_purged"),
        gtid_binlog_pos=_gtids(values, "gtid_binlog_pos"),
        gtid_binlog_state=_gtids(values, "gtid_binlog_state"),
        gtid_slave_pos=_gtids(values, "gtid_slave_pos"),
        gtid_current_pos=_gtids(values, "gtid_current_pos"),
        semi_sync=_semi_sync(values),
    )


def status(answer: Answer) -> Status:
    """Reads the answer to `SHOW_STATUS`."""
    values = named(answer)
    if "uptime" not in values:
        raise Unparsable("status lacks Uptime")
    return Status(
        uptime=_number(values, "uptime"),
        questions=_number(values, "questions"),
        connected=_whole(values, "threads_connected"),
        running=_whole(values, "threads_running"),
        max_used=_whole(values, "max_used_connections"),
        replicas_connected=_whole(values, "slaves_connected"),
        sql_threads=_whole(values, "slaves_running"),
        pool_pages=_number(values, "innodb_buffer_pool_pages_data"),
        pool_pages_total=_number(values, "innodb_buffer_pool_pages_total"),
        semi_sync_on=_switch(values, *_both("source_status", "master_status")),
        semi_sync_clients=_whole(values, *_both("source_clients", "master_clients")),
        semi_sync_waiting=_whole(values, *_both("source_wait_sessions", "master_wait_sessions")),
        semi_sync_missed=_number(values, *_both("source_no_tx", "master_no_tx")),
        semi_sync_replica_on=_switch(values, *_both("replica_status", "slave_status")),
    )


def _semi_sync(values: Mapping[str, str]) -> SemiSync:
    timeout = _number(values, *_both("source_timeout", "master_timeout"))
    return SemiSync(
        _switch(values, *_both("source_enabled", "master_enabled")),
        None if timeout is None else timeout / 1000,
        _switch(values, *_both("source_wait_no_replica", "master_wait_no_slave")),
        _switch(values, *_both("replica_enabled", "slave_enabled")),
    )


def _both(*names: str) -> tuple[str, ...]:
    return tuple(f"rpl_semi_sync_{name}" for name in names)


def _release(version: str) -> tuple[int, int, int]:
    found = _VERSION.match(version)
    if found is None:
        raise Unparsable(f"the version {version!r} does not begin with a number")
    return int(found[1]), int(found[2]), int(found[3] or 0)


def _on(value: str) -> bool:
    """MariaDB 12 knows more than ON and OFF (`NO_LOCK`): whatever is not off forbids writing."""
    return value.strip().lower() not in _OFF


def _switch(values: Mapping[str, str], *names: str) -> bool | None:
    return next((_on(values[name]) for name in names if name in values), None)


def _number(values: Mapping[str, str], *names: str) -> float | None:
    value = next((values[name] for name in names if values.get(name, "").strip()), None)
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise Unparsable(f"{names[0]} is {one_line(value, limit=40)!r}")
    return number


def _whole(values: Mapping[str, str], *names: str) -> int | None:
    number = _number(values, *names)
    return None if number is None else int(number)


def _gtids(values: Mapping[str, str], name: str) -> str:
    """MySQL breaks long sets over lines."""
    return "".join(values.get(name, "").split())


def _text(value: Scalar) -> str:
    return "" if value is None else str(value)
