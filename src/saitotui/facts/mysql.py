"""What MariaDB and MySQL answer, read alike. Column and variable names differ by product and version; here they
have one name each: source and replica."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.model.command import Answer, Scalar, Unparsable


def named_values(answer: Answer) -> Mapping[str, str]:
    """`SHOW GLOBAL VARIABLES` or `STATUS`: values by lower-case name."""
    values: dict[str, str] = {}
    for row in answer.rows:
        name, value = row["Variable_name"], row["Value"]
        values[str(name).lower()] = "" if value is None else str(value)
    if not values:
        raise Unparsable("no variable was answered")
    return values


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """`SHOW REPLICA STATUS`. `io` and `sql` are Yes, No, Connecting or Preparing; `lag` is seconds, None for
    unknown; `delay` is a wanted one, in seconds."""

    source_host: str
    source_port: int
    source_id: int
    source_uuid: str
    io: str
    sql: str
    io_errno: int
    io_error: str
    sql_errno: int
    sql_error: str
    lag: float | None
    delay: float
    io_state: str
    sql_state: str
    retrieved: str
    """MariaDB: Gtid_IO_Pos. MySQL: Retrieved_Gtid_Set."""
    uses_gtid: bool

    @property
    def running(self) -> bool:
        return self.io == "Yes" and self.sql == "Yes"


def replica_status(answer: Answer) -> ReplicaStatus | None:
    """The first (unnamed) replication channel; None when the server replicates from nobody."""
    if not answer.rows:
        return None
    row = {_neutral(name): value for name, value in answer.rows[0].items()}
    lag = row.get("Seconds_Behind_Source")
    return ReplicaStatus(
        source_host=_text(row, "Source_Host"),
        source_port=_number(row, "Source_Port"),
        source_id=_number(row, "Source_Server_Id"),
        source_uuid=_text(row, "Source_UUID"),
        io=_text(row, "Replica_IO_Running"),
        sql=_text(row, "Replica_SQL_Running"),
        io_errno=_number(row, "Last_IO_Errno"),
        io_error=_text(row, "Last_IO_Error"),
        sql_errno=_number(row, "Last_SQL_Errno"),
        sql_error=_text(row, "Last_SQL_Error"),
        lag=None if lag is None else float(lag),
        delay=float(row.get("SQL_Delay") or 0),
        io_state=_text(row, "Replica_IO_State"),
        sql_state=_text(row, "Replica_SQL_Running_State"),
        retrieved=_text(row, "Gtid_IO_Pos") or _text(row, "Retrieved_Gtid_Set"),
        uses_gtid=_text(row, "Using_Gtid") not in ("", "No") or _text(row, "Auto_Position") == "1",
    )


def _neutral(name: str) -> str:
    return name.replace("Master", "Source").replace("Slave", "Replica")


def _text(row: Mapping[str, Scalar], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _number(row: Mapping[str, Scalar], name: str) -> int:
    value = row.get(name)
    return int(value) if value not in (None, "") else 0


@dataclass(frozen=True, slots=True)
class Process:
    """One session. `seconds` is how long it is in its present command."""

    id: int
    user: str
    host: str
    """Address without port; empty for the server's own threads."""
    command: str
    seconds: int
    state: str
    info: str

    @property
    def idle(self) -> bool:
        return self.command in ("Sleep", "Daemon", "Binlog Dump", "Binlog Dump GTID", "Connect", "Slave_IO")

    @property
    def own(self) -> bool:
        """A thread of the server itself: replication, events, housekeeping."""
        return self.user in ("system user", "event_scheduler") or self.command in (
            "Daemon",
            "Slave_worker",
            "Slave_SQL",
            "Slave_IO",
        )


def processes(answer: Answer) -> tuple[Process, ...]:
    """`SHOW FULL PROCESSLIST`."""
    found = []
    for row in answer.rows:
        row = {name.lower(): value for name, value in row.items()}
        found.append(
            Process(
                id=_number(row, "id"),
                user=_text(row, "user"),
                host=_text(row, "host").rpartition(":")[0] or _text(row, "host"),
                command=_text(row, "command"),
                seconds=_number(row, "time"),
                state=_text(row, "state"),
                info=_text(row, "info"),
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open InnoDB transaction, `seconds` old, that changed `modified` rows so far."""

    thread: int
    state: str
    seconds: int
    modified: int
    query: str


def transactions(answer: Answer) -> tuple[Transaction, ...]:
    """Open transactions, oldest first."""
    return tuple(
        Transaction(
            _number(row, "thread"),
            _text(row, "state"),
            _number(row, "seconds"),
            _number(row, "modified"),
            _text(row, "query"),
        )
        for row in answer.rows
    )


def on(value: str) -> bool:
    """Whether a boolean variable is on."""
    return value.upper() in ("ON", "1", "YES", "TRUE")
