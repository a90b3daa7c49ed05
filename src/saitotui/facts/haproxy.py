"""What one HAProxy process says of itself and its servers over the runtime API.

Formats: management guide 9.1 (CSV of `show stat`), 9.3 (`show servers state`, version 1; `show info`).
Columns are read by name: each release appends some.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

SHOW_STAT = "show stat"
SHOW_STATE = "show servers state"
SHOW_INFO = "show info"

MOST_LINES = 20_000

FORCED = 0x01
"""Administrative state bits (HAProxy, `server-t.h`): maintenance by the runtime API or by `disabled` ..."""
MAINTENANCE = 0x01 | 0x02 | 0x20
"""... or inherited from a tracked server or name resolution. 0x04 ("disabled in the configuration") stays set
when somebody makes the server ready at run time, and keeps it out of nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `show stat`: `name` is a server's, or `FRONTEND`, `BACKEND`.

    `status` is the first word (`UP`, `DOWN`, `MAINT`, `DRAIN`, `NOLB`, `OPEN`, `no`), `note` the whole text
    (`UP 1/3`). `since` is seconds in that state; `check` the result of the last check (`L7OK`, `L4CON`).
    """

    proxy: str
    name: str
    status: str
    note: str
    backup: bool
    sessions: int
    limit: int | None
    queued: int
    total: int
    since: float | None
    check: str
    check_text: str
    agent: str
    address: str

    @property
    def is_server(self) -> bool:
        return self.name not in ("FRONTEND", "BACKEND")

    @property
    def takes(self) -> bool:
        """Whether it takes new sessions. `no check` is a server that is never checked."""
        return self.status in ("UP", "no")

    @property
    def down(self) -> bool:
        return self.status == "DOWN"

    @property
    def maintenance(self) -> bool:
        return self.status.startswith("MAINT")


@dataclass(frozen=True, slots=True)
class ServerState:
    """One line of `show servers state`, which is also the format of the state file."""

    backend: str
    name: str
    address: str
    port: int
    operational: int
    admin: int
    weight: int

    @property
    def maintenance(self) -> bool:
        return bool(self.admin & MAINTENANCE)


@dataclass(frozen=True, slots=True)
class Info:
    version: str
    uptime: float
    pid: int
    stopping: bool
    connections: int
    most_connections: int | None


def stat(answer: Answer) -> tuple[Line, ...]:
    """Reads the answer to `SHOW_STAT`; lines of listeners (a `type` of 3) are left out."""
    text = clean(answer.text, limit=4 * 1024 * 1024).lstrip("\n")
    if not text.startswith("# pxname,"):
        raise Unparsable(f"this is not HAProxy's statistics: {one_line(text, limit=60)!r}")
    try:
        rows = list(csv.DictReader(io.StringIO(text[2:])))
    except csv.Error as error:
        raise Unparsable(f"statistics that are not CSV: {error}") from None
    lines = [_line(row) for row in rows[:MOST_LINES] if row.get("type") != "3"]
    if not lines:
        raise Unparsable("the statistics name no proxy")
    return tuple(lines)


def _line(row: Mapping[str, str | None]) -> Line:
    note = _word(row, "status")
    if not _word(row, "pxname") or not _word(row, "svname") or not note:
        raise Unparsable("a line of the statistics is cut off")
    since = _word(row, "lastchg")
    limit = _word(row, "slim")
    return Line(
        proxy=_word(row, "pxname"),
        name=_word(row, "svname"),
        status=note.split()[0],
        note=note,
        backup=_word(row, "bck") not in ("", "0") and _word(row, "type") == "2",
        sessions=_count(row, "scur"),
        limit=int(limit) if limit else None,
        queued=_count(row, "qcur"),
        total=_count(row, "stot"),
        since=float(int(since)) if since else None,
        check=_word(row, "check_status").lstrip("* "),
        check_text=_word(row, "last_chk") or _word(row, "check_desc"),
        agent=_word(row, "last_agt") or _word(row, "agent_desc"),
        address=_word(row, "addr"),
    )


def _word(row: Mapping[str, str | None], name: str) -> str:
    return one_line(row.get(name) or "")


def _count(row: Mapping[str, str | None], name: str) -> int:
    return int(_word(row, name) or 0)


def servers_state(answer: Answer) -> tuple[ServerState, ...]:
    """Reads the answer to `SHOW_STATE`, or the text of a state file."""
    lines = clean(answer.text, limit=4 * 1024 * 1024).strip("\n").splitlines()
    if len(lines) < 2 or lines[0].strip() != "1" or not lines[1].startswith("# be_id "):
        said = one_line(answer.text, limit=60)
        raise Unparsable(f"this is not HAProxy's server state, version 1: {said!r}")
    names = lines[1][2:].split()
    return tuple(_state(names, line) for line in lines[2:MOST_LINES] if line.strip() and line[0] != "#")


def _state(names: list[str], line: str) -> ServerState:
    row = dict(zip(names, line.split(), strict=False))
    missing = {"be_name", "srv_name", "srv_addr", "srv_op_state", "srv_admin_state"} - row.keys()
    if missing:
        raise Unparsable(f"a line of the server state is cut off: {one_line(line, limit=60)!r}")
    return ServerState(
        one_line(row["be_name"]),
        one_line(row["srv_name"]),
        one_line(row["srv_addr"]),
        int(row.get("srv_port", "0")),
        int(row["srv_op_state"]),
        int(row["srv_admin_state"]),
        int(row.get("srv_uweight", "1")),
    )


_INFO = re.compile(r"^([A-Za-z_ -]{1,40}): (.{0,300})$")


def info(answer: Answer) -> Info:
    """Reads the answer to `SHOW_INFO`."""
    words: dict[str, str] = {}
    for line in clean(answer.text).splitlines()[:400]:
        if found := _INFO.match(line):
            words.setdefault(found[1], found[2].strip())
    missing = [name for name in ("Version", "Uptime_sec", "Pid") if name not in words]
    if missing:
        raise Unparsable(f"show info lacks {', '.join(missing)}")
    return Info(
        version=one_line(words["Version"]),
        uptime=float(int(words["Uptime_sec"])),
        pid=int(words["Pid"]),
        stopping=words.get("Stopping", "0") != "0",
        connections=int(words.get("CurrConns", "0")),
        most_connections=int(words["Maxconn"]) if "Maxconn" in words else None,
    )
