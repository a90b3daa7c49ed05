"""Who is connected to a database server and what they wait for: process list, transactions.

`SHOW PROCESSLIST` (not FULL: 100 characters of a statement are enough to know it, and a snapshot should not
carry the data of others) shows everybody's only with the PROCESS privilege, without it only the own threads.
`information_schema.innodb_trx` refuses without PROCESS. `trx_started` is in the server process's own time
zone, whatever the session's is: so "now" is taken in that zone too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.model.command import Answer, Scalar, Unparsable
from saitotui.model.text import one_line

SHOW_PROCESSES = "SHOW PROCESSLIST"

SELECT_TRANSACTIONS = (
    "SELECT trx_mysql_thread_id AS thread, trx_state AS state, "
    "TIMESTAMPDIFF(SECOND, trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) AS seconds, "
    "trx_rows_modified AS modified, trx_rows_locked AS locked, LEFT(trx_query, 100) AS query "
    "FROM information_schema.innodb_trx ORDER BY trx_started LIMIT 50"
)


@dataclass(frozen=True, slots=True)
class Process:
    """One connection. `address` is the host without the port (empty for the server's own threads); `seconds`
    since it entered its present state; `command` is `Query`, `Sleep`, `Binlog Dump`, ..."""

    id: int
    user: str
    address: str
    database: str
    command: str
    seconds: float
    state: str
    statement: str

    @property
    def dumps(self) -> bool:
        """Whether it is a replica that reads the binary log."""
        return self.command.startswith("Binlog Dump")

    @property
    def internal(self) -> bool:
        """Whether it is a thread of the server itself, or one that has not logged in yet."""
        return self.user in ("system user", "event_scheduler", "unauthenticated user") or (
            self.command in ("Daemon", "Connect") and not self.address
        )


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open InnoDB transaction, `seconds` old. `thread` is its connection's id (0: recovered, XA)."""

    thread: int
    state: str
    seconds: float
    modified: int
    locked: int
    statement: str

    @property
    def writes(self) -> bool:
        """Whether others wait for it: it changed or locked rows."""
        return self.modified > 0 or self.locked > 0


def processes(answer: Answer) -> tuple[Process, ...]:
    """Reads the answer to `SHOW_PROCESSES`. There is always a row: the one that asks."""
    if not answer.rows:
        raise Unparsable("the process list is empty")
    return tuple(_process(row) for row in answer.rows)


def transactions(answer: Answer) -> tuple[Transaction, ...]:
    """Reads the answer to `SELECT_TRANSACTIONS`, oldest first."""
    return tuple(
        Transaction(
            int(_number(row["thread"])),
            one_line(_text(row["state"])),
            max(0.0, _number(row["seconds"])),
            int(_number(row["modified"])),
            int(_number(row["locked"])),
            one_line(_text(row["query"]), limit=100),
        )
        for row in answer.rows
    )


def _process(row: Mapping[str, Scalar]) -> Process:
    host = _text(row["Host"])
    return Process(
        id=int(_number(row["Id"])),
        user=one_line(_text(row["User"])),
        address=one_line(_address(host)),
        database=one_line(_text(row.get("db"))),
        command=one_line(_text(row["Command"])),
        seconds=max(0.0, _number(row["Time"])),
        state=one_line(_text(row.get("State"))),
        statement=one_line(_text(row.get("Info")), limit=100),
    )


def _address(host: str) -> str:
    """`10.0.0.1:4711`, `db2:4711`, `::1:4711` (no brackets) or a bare name."""
    name, colon, port = host.rpartition(":")
    return name.strip("[]") if colon and port.isdigit() else host


def _text(value: Scalar) -> str:
    return "" if value is None else str(value)


def _number(value: Scalar) -> float:
    number = float(value) if value not in (None, "", "NULL") else 0.0
    if not math.isfinite(number):
        raise Unparsable(f"{value!r} is not a number")
    return number
