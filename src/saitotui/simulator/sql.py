"""The SQL that consoles, runbooks and people say to a simulated MariaDB 10.11, and its answers."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from saitotui.simulator.database import DatabasePart
from saitotui.simulator.database_state import Connected, DbServer, Replication
from saitotui.simulator.sql_show import (
    Rows,
    events,
    processes,
    replica_status,
    status,
    transactions,
    variables,
)

NOTHING: Rows = ([], [])


class SqlError(Exception):
    """An error with its number (MariaDB Knowledge Base, "MariaDB Error Codes")."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number, self.text = number, text


READ_ONLY = (
    1290,
    "The MariaDB server is running with the --read-only option so it cannot execute this statement",
)
LOCK_TIMEOUT = (1205, "Lock wait timeout exceeded; try restarting transaction")
KILLED = (1317, "Query execution was interrupted")

Handler: TypeAlias = "Callable[[Session, re.Match[str]], Rows]"


@dataclass
class Session:
    """One connection to one server."""

    part: DatabasePart
    server: DbServer
    me: Connected
    privileged: bool
    """Holds READ_ONLY ADMIN and the like."""
    lock_wait_timeout: float = 86_400.0

    async def execute(self, text: str) -> Rows:
        """Carries out one statement; SqlError as the server would say it."""
        statement = " ".join(text.strip().rstrip(";").split())
        self.server.questions += 1
        now = self.part.world.clock.now()
        self.me.command, self.me.info, self.me.since, self.me.state = "Query", statement, now, "starting"
        try:
            await self._wait_for_locks(statement)
            await self._wait_for_user_locks(statement)
            for pattern, handler in STATEMENTS:
                match = pattern.match(statement)
                if match is not None:
                    return handler(self, match)
        finally:
            self.me.command, self.me.info, self.me.state = "Sleep", "", ""
        word = statement[:40]
        raise SqlError(1064, f"You have an error in your SQL syntax; ... near '{word}' at line 1")

    async def _wait_for_locks(self, statement: str) -> None:
        """Writers wait while another session holds FLUSH TABLES WITH READ LOCK."""
        server = self.server
        writes = re.match(
            r"(insert|update|delete|replace|create|drop|alter|set global read_only)\b", statement, re.I
        )
        if not writes or server.locked_by in (0, self.me.id):
            return
        self.me.state = "Waiting for backup lock"
        waiting = [asyncio.ensure_future(event.wait()) for event in (server.unlocked, self.me.interrupted)]
        limit = min(self.lock_wait_timeout, 60) / self.part.world.clock.speed
        done, late = await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        if self.me.interrupted.is_set():
            self.me.interrupted.clear()
            raise SqlError(*KILLED)
        if not done:
            raise SqlError(*LOCK_TIMEOUT)

    async def _wait_for_user_locks(self, statement: str) -> None:
        """GET_LOCK waits its seconds until nobody else holds the name."""
        server, speed = self.server, self.part.world.clock.speed
        for name, seconds in re.findall(r"get_lock\('([^']*)',\s*([\d.]+)\)", statement, re.I):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(float(seconds) / speed):
                    while server.user_locks.get(name, self.me.id) != self.me.id:
                        await server.user_unlocked.wait()
            server.user_locks.setdefault(name, self.me.id)

    def write(self) -> None:
        """One transaction of this session; refused on a read-only server."""
        if self.server.read_only and not self.privileged:
            raise SqlError(*READ_ONLY)
        self.server.write()

    def closed(self) -> None:
        """What the session held is given back."""
        self.server.sessions.pop(self.me.id, None)
        _give_back(self, self.me.id)


def _give_back(session: Session, number: int) -> None:
    """A session has ended, and holds nothing any more."""
    server = session.server
    if server.locked_by == number:
        _unlock(session)
    server.user_locks = {name: held for name, held in server.user_locks.items() if held != number}
    server.user_unlocked.set()
    server.user_unlocked = asyncio.Event()


def _unlock(session: Session) -> Rows:
    session.server.locked_by = 0
    session.server.unlocked.set()
    return NOTHING


def _lock(session: Session, match: re.Match[str]) -> Rows:
    if session.server.locked_by not in (0, session.me.id):
        raise SqlError(*LOCK_TIMEOUT)
    session.server.locked_by = session.me.id
    session.server.unlocked.clear()
    return NOTHING


def _set(session: Session, match: re.Match[str]) -> Rows:
    for part in re.split(r",\s*(?=(?:global|session|@@|\w+\s*=))", match[1], flags=re.I):
        _set_one(session, part.strip())
    return NOTHING


def _set_one(session: Session, text: str) -> None:
    found = re.match(r"(?:(global|session)\s+|@@(global|session)\.|@@)?(\w+)\s*:?=\s*(.+)$", text, re.I)
    if found is None:
        if re.match(r"(names|character set|sql_|autocommit)", text, re.I):
            return
        raise SqlError(1064, f"You have an error in your SQL syntax; ... near '{text[:40]}' at line 1")
    scope = (found[1] or found[2] or "").lower()
    name, value = found[3].lower(), found[4].strip().strip("'\"").upper()
    if name == "lock_wait_timeout" and scope != "global":
        session.lock_wait_timeout = float(value)
    elif scope == "global":
        _set_global(session, name, value)


def _set_global(session: Session, name: str, value: str) -> None:
    server, on = session.server, value in ("1", "ON", "TRUE")
    if not session.privileged:
        needed = "SUPER, READ_ONLY ADMIN" if name == "read_only" else "SUPER"
        text = f"Access denied; you need (at least one of) the {needed} privilege(s) for this operation"
        raise SqlError(1227, text)
    if name == "read_only":
        server.read_only = on
    elif name in ("rpl_semi_sync_master_enabled", "rpl_semi_sync_source_enabled"):
        server.semi_sync_enabled = on
    elif name == "rpl_semi_sync_master_wait_no_slave":
        server.wait_no_slave = on
    elif name == "event_scheduler":
        server.event_scheduler = on
    elif name == "sync_binlog":
        server.sync_binlog = int(value)
    elif name == "super_read_only":
        raise SqlError(1193, "Unknown system variable 'super_read_only'")
    session.part.world.changed(server.machine)


def _replication(session: Session, match: re.Match[str]) -> Rows:
    verb, what = match[1].lower(), (match[2] or "").lower()
    server, replication = session.server, session.server.replication
    if verb == "reset":
        if "all" in what:
            server.replication = None
        return NOTHING
    if replication is None and verb == "stop":
        return NOTHING  # a note, not an error
    if replication is None:
        raise SqlError(
            1200, "Misconfigured slave: MASTER_HOST was not set; Fix in config file or with CHANGE MASTER TO"
        )
    run = verb == "start"
    if "sql" not in what:
        replication.io_wanted = run
    if "io" not in what:
        replication.sql_wanted = run
    if run:
        replication.io_errno, replication.io_error = 0, ""
        replication.sql_errno, replication.sql_error = 0, ""
    session.part.changed(server.machine)
    return NOTHING


def _change_master(session: Session, match: re.Match[str]) -> Rows:
    options = dict(re.findall(r"(\w+)\s*=\s*(?:'([^']*)'|\w+)", match[1]))
    values = {name.lower(): value for name, value in options.items()}
    server = session.server
    if server.replication is not None and server.replication.io_wanted:
        raise SqlError(
            1198, "This operation cannot be performed as you have a running slave ''; run STOP SLAVE '' first"
        )
    host = values.get("master_host", server.replication.source if server.replication else "")
    source = session.part.server_at(host)
    name = source.name if source is not None else host
    server.replication = Replication(
        name, io_wanted=False, sql_wanted=False, delay=int(values.get("master_delay") or 0)
    )
    return NOTHING


def _wait(session: Session, match: re.Match[str]) -> Rows:
    """MASTER_GTID_WAIT: 0 reached, -1 not in time. Replication here applies at once, or lags."""
    session.part.replicate(session.server)
    wanted = max((int(gtid.rpartition("-")[2]) for gtid in match[1].split(",") if gtid), default=0)
    return [(0 if session.server.sequence >= wanted else -1,)], [match[2] or match[0][7:].strip()]


def _kill(session: Session, match: re.Match[str]) -> Rows:
    victim = session.server.sessions.get(int(match[2]))
    if victim is None:
        raise SqlError(1094, f"Unknown thread id: {match[2]}")
    victim.interrupted.set()
    if (match[1] or "").lower() != "query":
        victim.killed = True
        _give_back(session, victim.id)
    return NOTHING


def _select(session: Session, match: re.Match[str]) -> Rows:
    """A list of variables, functions and constants."""
    names, values = [], []
    for part in re.split(r",(?=(?:[^']*'[^']*')*[^']*$)(?![^(]*\))", match[1]):
        expression, _, alias = re.sub(r"\s+as\s+", "\0", part.strip(), flags=re.I).partition("\0")
        names.append(alias.strip("`'\" ") or expression)
        values.append(_value(session, expression.strip()))
    return [tuple(values)], names


def _value(session: Session, text: str) -> object:
    known = dict(variables(session.part, session.server))
    plain = text.lower()
    if plain.startswith("@@"):
        name = plain[2:].removeprefix("global.").removeprefix("session.")
        if name not in known:
            raise SqlError(1193, f"Unknown system variable '{name}'")
        value = known[name]
        return {"ON": 1, "OFF": 0}.get(value, int(value) if value.isdigit() else value)
    functions: dict[str, object] = {
        "connection_id()": session.me.id,
        "version()": session.server.version,
        "user()": f"{session.me.user}@{session.me.host}",
        "now()": "2026-01-15 03:12:00",
        "1": 1,
        "database()": None,
    }
    if plain in functions:
        return functions[plain]
    if user_lock := re.match(r"(get|is_used)_lock\('([^']*)'", text, re.I):
        holder = session.server.user_locks.get(user_lock[2])
        return holder if user_lock[1].lower() == "is_used" else int(holder == session.me.id)
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    raise SqlError(1054, f"Unknown column '{text[:40]}' in 'field list'")


def _insert(session: Session, match: re.Match[str]) -> Rows:
    columns = [name.strip(" `").lower() for name in match[1].split(",")]
    for row in re.findall(r"\(([^()]*)\)", match[2]):
        values = dict(zip(columns, (value.strip(" '") for value in row.split(",")), strict=False))
        number = int(values.get("id", "0"))
        if number in session.server.rows:
            raise SqlError(1062, f"Duplicate entry '{number}' for key 'PRIMARY'")
        session.write()
        session.server.rows[number] = values.get("src", "")
    return NOTHING


def _rows(session: Session, match: re.Match[str]) -> Rows:
    if "count" in match[1].lower():
        return [(len(session.server.rows),)], [match[1].strip()]
    where = re.search(r"id\s*=\s*(\d+)", match[2] or "")
    wanted = [int(where[1])] if where else sorted(session.server.rows)
    return [(n, session.server.rows[n]) for n in wanted if n in session.server.rows], ["id", "src"]


def _delete(session: Session, match: re.Match[str]) -> Rows:
    session.write()
    where = re.search(r"id\s*=\s*(\d+)", match[1] or "")
    for number in [int(where[1])] if where else list(session.server.rows):
        session.server.rows.pop(number, None)
    return NOTHING


def _ddl(session: Session, match: re.Match[str]) -> Rows:
    session.write()
    return NOTHING


def _alter_event(session: Session, match: re.Match[str]) -> Rows:
    name = f"{match[1]}.{match[2]}"
    if name not in session.server.events:
        raise SqlError(1539, f"Unknown event '{match[2]}'")
    session.write()
    session.server.events[name] = match[3].lower() == "enable"
    return NOTHING


def _named(rows: Sequence[tuple[str, str]], condition: str) -> Rows:
    """Rows of SHOW VARIABLES or STATUS that a LIKE or a WHERE ... IN picks."""
    listed = {name.lower() for name in re.findall(r"'([^']*)'", condition)}
    if "like" in condition.lower():
        pattern = re.escape(next(iter(listed), "%")).replace("%", ".*").replace("_", ".")
        rows = [row for row in rows if re.fullmatch(pattern, row[0], re.I)]
    elif listed:
        rows = [row for row in rows if row[0].lower() in listed]
    return list(rows), ["Variable_name", "Value"]


def _master_status(session: Session, match: re.Match[str]) -> Rows:
    row = ("binlog.000174", 668721, "", "")
    return [row], ["File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB"]


def _privileged(session: Session, match: re.Match[str]) -> Rows:
    """Connected accounts that read_only does not stop: none but the console's and the replica's."""
    return [(None, 0, 4)], ["who", "connections", "seen"]


def _transactions(session: Session, match: re.Match[str]) -> Rows:
    return transactions(session.part, session.server, match[1])


def _statement(pattern: str, handler: Handler) -> tuple[re.Pattern[str], Handler]:
    return re.compile(rf"(?:{pattern})$", re.IGNORECASE | re.DOTALL), handler


_CHANNEL = r"(?:slave|replica)"

STATEMENTS: tuple[tuple[re.Pattern[str], Handler], ...] = (
    _statement(
        r"show (?:global |session )?variables(.*)", lambda s, m: _named(variables(s.part, s.server), m[1])
    ),
    _statement(r"show (?:global |session )?status(.*)", lambda s, m: _named(status(s.part, s.server), m[1])),
    _statement(rf"show (?:all )?{_CHANNEL}s? status", lambda s, m: replica_status(s.part, s.server)),
    _statement(r"show (?:full )?processlist", lambda s, m: processes(s.part, s.server)),
    _statement(r"show (?:master|binlog) status", _master_status),
    _statement(r"show warnings.*", lambda s, m: ([], ["Level", "Code", "Message"])),
    _statement(r"xa recover", lambda s, m: ([], ["formatID", "gtrid_length", "bqual_length", "data"])),
    _statement(r"select (.*) from information_schema\.innodb_trx.*", _transactions),
    _statement(r"select .* from information_schema\.user_privileges.*", _privileged),
    _statement(r"select .* from information_schema\.events.*", lambda s, m: events(s.server)),
    _statement(r"select master_gtid_wait\('([^']*)'[^)]*\)(?: as (\w+))?", _wait),
    _statement(r"select (.*) from (?:app\.)?`?w`?(?: (.*))?", _rows),
    _statement(r"select ([^;]*)", _select),
    _statement(r"insert into (?:app\.)?`?w`? ?\(([^)]*)\) values ?(.*)", _insert),
    _statement(r"delete from (?:app\.)?`?w`?(.*)", _delete),
    _statement(
        r"alter definer = \S+ event `?(\w+)`?\.`?(\w+)`? (enable|disable)(?: on slave)?", _alter_event
    ),
    _statement(r"(?:create|drop|alter|truncate|update|replace) .*", _ddl),
    _statement(r"set (.*)", _set),
    _statement(r"flush tables with read lock", _lock),
    _statement(r"unlock tables", lambda s, m: _unlock(s)),
    _statement(r"(?:flush|use|start transaction|do|analyze) .*|begin|commit|rollback", lambda s, m: NOTHING),
    _statement(rf"(start|stop|reset) {_CHANNEL}(?: (all|io_thread|sql_thread))?", _replication),
    _statement(r"change master to (.*)", _change_master),
    _statement(r"kill (?:(query|connection) )?(\d+)", _kill),
)  # fmt: skip
