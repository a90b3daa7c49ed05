"""What a replica says about its replication: `SHOW REPLICA STATUS`.

MariaDB (10.5 and newer) answers with the columns of `SHOW SLAVE STATUS`, MySQL (8.0.22 and newer) with
`Replica_`/`Source_` ones; one row a channel, no row on a server that does not replicate. Needs REPLICATION
SLAVE ADMIN or SLAVE MONITOR (MariaDB), REPLICATION CLIENT (MySQL). A MariaDB server with a *named* connection
shows it only in `SHOW ALL SLAVES STATUS`, which MySQL does not know: `Slaves_running` betrays it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.model.command import Answer, Scalar, Unparsable
from saitotui.model.text import one_line

SHOW_REPLICA = "SHOW REPLICA STATUS"

_FILTERS = re.compile(r"^Replicate_(?!Rewrite)")
_COUNTED = re.compile(r"_(?:Errno|Error)$")


@dataclass(frozen=True, slots=True)
class Channel:
    """One source of a replica.

    `io` and `sql` are `Yes`, `No`, `Connecting` (MariaDB also `Preparing`). `lag` in seconds as the server
    says it, None when it cannot; it means nothing while a thread stands still (MySQL says 0 then). `delay` is
    the delay that somebody configured, in seconds. `tls`: whether it asks its source for encryption.
    """

    source_host: str
    source_port: int
    source_user: str
    source_id: int
    source_uuid: str
    io: str
    io_state: str
    io_errno: int
    io_error: str
    sql: str
    sql_state: str
    sql_errno: int
    sql_error: str
    lag: float | None
    delay: float
    remaining_delay: float | None
    gtid: bool
    retrieved: str
    executed: str
    filters: tuple[str, ...]
    name: str = ""
    tls: bool = False

    @property
    def io_runs(self) -> bool:
        return self.io == "Yes"

    @property
    def sql_runs(self) -> bool:
        return self.sql == "Yes"

    @property
    def true_lag(self) -> float | None:
        """Lag in seconds while both threads run; None when it says nothing."""
        return self.lag if self.io_runs and self.sql_runs else None


def channels(answer: Answer) -> tuple[Channel, ...]:
    """Reads the answer to `SHOW_REPLICA`: empty on a server that does not replicate."""
    return tuple(_channel(row) for row in answer.rows)


def _channel(row: Mapping[str, Scalar]) -> Channel:
    if not any(name in row for name in ("Slave_IO_Running", "Replica_IO_Running")):
        raise Unparsable(f"no replica status: the columns are {one_line(', '.join(row), limit=80)!r}")
    auto = _text(row, "Auto_Position") == "1" or _text(row, "Using_Gtid") not in ("", "No")
    return Channel(
        source_host=_text(row, "Source_Host", "Master_Host"),
        source_port=int(_number(row, "Source_Port", "Master_Port") or 0),
        source_user=_text(row, "Source_User", "Master_User"),
        source_id=int(_number(row, "Source_Server_Id", "Master_Server_Id") or 0),
        source_uuid=_text(row, "Source_UUID", "Master_UUID").lower(),
        io=_text(row, "Replica_IO_Running", "Slave_IO_Running"),
        io_state=_text(row, "Replica_IO_State", "Slave_IO_State"),
        io_errno=int(_number(row, "Last_IO_Errno") or 0),
        io_error=_long(row, "Last_IO_Error"),
        sql=_text(row, "Replica_SQL_Running", "Slave_SQL_Running"),
        sql_state=_text(row, "Replica_SQL_Running_State", "Slave_SQL_Running_State"),
        sql_errno=int(_number(row, "Last_SQL_Errno") or 0),
        sql_error=_long(row, "Last_SQL_Error"),
        lag=_number(row, "Seconds_Behind_Source", "Seconds_Behind_Master"),
        delay=_number(row, "SQL_Delay") or 0.0,
        remaining_delay=_number(row, "SQL_Remaining_Delay"),
        gtid=auto,
        retrieved="".join(_raw(row, "Retrieved_Gtid_Set", "Gtid_IO_Pos").split()),
        executed="".join(_raw(row, "Executed_Gtid_Set").split()),
        filters=_filters(row),
        name=_text(row, "Channel_Name", "Connection_name"),
        tls=_text(row, "Source_SSL_Allowed", "Master_SSL_Allowed") == "Yes",
    )


def _filters(row: Mapping[str, Scalar]) -> tuple[str, ...]:
    return tuple(
        f"{name}={one_line(str(value), limit=80)}"
        for name, value in row.items()
        if _FILTERS.match(name) and not _COUNTED.search(name) and value not in (None, "", 0)
    )


def _raw(row: Mapping[str, Scalar], *names: str) -> str:
    value = next((row[name] for name in names if row.get(name) is not None), None)
    return "" if value is None else str(value)


def _text(row: Mapping[str, Scalar], *names: str) -> str:
    return one_line(_raw(row, *names))


def _long(row: Mapping[str, Scalar], name: str) -> str:
    return one_line(_raw(row, name), limit=600)


def _number(row: Mapping[str, Scalar], *names: str) -> float | None:
    value = _raw(row, *names).strip()
    if not value or value == "NULL":
        return None
    number = float(value)
    if not math.isfinite(number):
        raise Unparsable(f"{names[0]} is {one_line(value, limit=40)!r}")
    return number
