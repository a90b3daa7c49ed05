"""What can happen to a database server, besides what happens to any machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from saitotui.simulator.database_state import DbServer, Replication

if TYPE_CHECKING:
    from saitotui.simulator.database import DatabasePart

DUPLICATE_1062 = (
    "Could not execute Write_rows_v1 event on table app.w; Duplicate entry '{row}' for key 'PRIMARY', "
    "Error_code: 1062; handler error HA_ERR_FOUND_DUPP_KEY; the event's master log binlog.000174, "
    "end_log_pos 668721"
)

EVENT = "app.purge_carts"

Change = Callable[[DbServer], str]
"""Does something to a server; a sentence about it, without its name."""


def register(part: DatabasePart) -> None:
    """Adds the faults to the part's world."""
    now = part.world.clock.now

    def begin(server: DbServer) -> str:
        server.long_transaction = int(now()) - 300
        return "has a transaction that is open for five minutes"

    def schedule(server: DbServer) -> str:
        server.events[EVENT] = server.event_scheduler = True
        return f"runs the event {EVENT}"

    def unschedule(server: DbServer) -> str:
        for one in part.servers.values():
            one.events.clear()
        return "runs no event"

    kinds: dict[str, tuple[str, Change, Change]] = {
        "lag": ("let a replica fall behind", _lag, _catch_up),
        "replication-stop": ("stop replication on a server", _stop, _start),
        "replication-error": ("a row that breaks replication", _duplicate, _start),
        "stray-write": ("write to a server past everything", _stray, lambda server: _forget(part, server)),
        "connections": ("clients that hold connections", _crowd, _leave),
        "long-transaction": ("a transaction that nobody ends", begin, _end),
        "scheduled-event": ("an event that a server runs every second", schedule, unschedule),
        "read-only": ("set a server read-only", _freeze, _thaw),
        "writable": ("set a server writable", _thaw, _freeze),
        "promoted": ("a replica that was made master", _promote, lambda server: _demote(part, server)),
    }
    for name, (summary, inject, heal) in kinds.items():
        part.world.fault(name, summary, lambda: list(part.servers), _on(part, inject), _on(part, heal))


def _on(part: DatabasePart, change: Change) -> Callable[[str], str]:
    def do(target: str) -> str:
        sentence = f"{target} {change(part.servers[target])}"
        part.world.note(sentence)
        return sentence

    return do


def _lag(server: DbServer) -> str:
    server.lag = 45.0
    return "is 45 s behind its master"


def _catch_up(server: DbServer) -> str:
    server.lag = 0.0
    return "has caught up"


def _stop(server: DbServer) -> str:
    if server.replication is not None:
        server.replication.io_wanted = server.replication.sql_wanted = False
    return "had STOP REPLICA typed on it"


def _start(server: DbServer) -> str:
    if server.replication is not None:
        server.replication = Replication(server.replication.source)
    return "replicates again"


def _duplicate(server: DbServer) -> str:
    if server.replication is not None:
        server.replication.sql_errno, server.replication.sql_error = 1062, DUPLICATE_1062.format(row=4711)
    return "met a row that should not be there"


def _stray(server: DbServer) -> str:
    server.write(3)
    return "was written to directly"


def _forget(part: DatabasePart, server: DbServer) -> str:
    """As if it had been rebuilt from its master."""
    master = next((one for one in part.servers.values() if one is not server), server)
    server.log = dict(master.log)
    return _start(server)


def _crowd(server: DbServer) -> str:
    server.extra_connections = 185
    return "has 185 more connections"


def _leave(server: DbServer) -> str:
    server.extra_connections = 0
    return "was left by them"


def _end(server: DbServer) -> str:
    server.long_transaction = 0
    return "is rid of it"


def _freeze(server: DbServer) -> str:
    server.read_only = True
    return "is read-only"


def _thaw(server: DbServer) -> str:
    server.read_only = False
    return "is writable"


def _promote(server: DbServer) -> str:
    server.replication, server.read_only, server.semi_sync_enabled = None, False, False
    return "was made master"


def _demote(part: DatabasePart, server: DbServer) -> str:
    other = next(one for one in part.servers.values() if one is not server)
    server.replication, server.read_only = Replication(other.name), True
    return "follows again"
