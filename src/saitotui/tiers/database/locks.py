"""Findings about everybody waiting: freezes, held read locks, schema changes.

States are those of MariaDB ("Waiting for backup lock", since 10.4) and MySQL ("Waiting for global read lock",
"commit lock", "table flush", "backup lock", "table metadata lock").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from saitotui.facts.mysql_processes import Process
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.text import duration
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.situations_use import FREEZE_WAITING, FROZEN, METADATA_LOCKS
from saitotui.tiers.database.view import View

PATIENCE = 1.0
"""Seconds: a planned freeze is over in milliseconds, a backup's in less than this."""
QUEUE = 3
"""Statements behind one schema change that make a queue ..."""
QUEUE_PATIENCE = 5.0
"""... after this many seconds."""

_FREEZES = re.compile(
    r"\s{0,20}(?:flush\s[^;]{0,60}\btables?\b|set\s[^;]{0,60}\bread_only\b|backup\s+(?:stage|lock)\b|lock\s+instance\b)",
    re.IGNORECASE,
)
_GLOBAL = re.compile(r"^Waiting for (?:backup|global read|commit|table flush|instance backup) ?(?:lock)?$")
_TABLE = "Waiting for table metadata lock"


def lock_findings(view: View) -> Iterator[Finding]:
    for server in view.servers.values():
        if server.processes:
            yield from _frozen(view, server, server.processes)
            yield from _queue(server, server.processes)


def _frozen(view: View, server: ServerView, processes: Sequence[Process]) -> Iterator[Finding]:
    waiting = [p for p in processes if _GLOBAL.match(p.state) and p.seconds >= PATIENCE]
    if not waiting:
        return
    freezers = [p for p in waiting if _FREEZES.match(p.statement)]
    blocked = [p for p in waiting if p not in freezers]
    evidence = [_line(server, p) for p in (*freezers[:2], *blocked[:3])]
    health = Health.CRIT if view.master is None or view.master.name == server.name else Health.WARN
    crowd = _crowd(blocked)
    if freezers:
        freezer = max(freezers, key=lambda p: p.seconds)
        sentence = (
            f"{freezer.user}'s {_words(freezer.statement)} waits on {server.name} for "
            f"{duration(freezer.seconds)}{_blocker(processes, waiting, freezer)}; {crowd}"
        )
        yield FREEZE_WAITING.found(server.name, sentence, *evidence, health=health)
    else:
        sentence = f"{crowd} on {server.name}: somebody holds the global read lock"
        yield FROZEN.found(server.name, sentence, *evidence, health=health)


def _crowd(blocked: Sequence[Process]) -> str:
    if not blocked:
        return "no writer waits behind it yet"
    longest = max(process.seconds for process in blocked)
    verb = "writers wait" if len(blocked) > 1 else "writer waits"
    return f"{len(blocked)} {verb} for up to {duration(longest)}"


def _blocker(processes: Sequence[Process], waiting: Sequence[Process], freezer: Process) -> str:
    """The statement that most likely keeps the freeze waiting: the oldest that runs, and writes."""
    running = [
        p
        for p in processes
        if p.command == "Query" and p not in waiting and not p.internal and p.seconds >= freezer.seconds
    ]
    if not running:
        return ""
    oldest = max(running, key=lambda p: (not _reads(p.statement), p.seconds))
    return f" behind {oldest.user}'s {_words(oldest.statement)} (process {oldest.id})"


def _reads(statement: str) -> bool:
    return statement.lstrip().lower().startswith(("select", "show"))


def _queue(server: ServerView, processes: Sequence[Process]) -> Iterator[Finding]:
    queue = [p for p in processes if p.state == _TABLE and p.seconds >= QUEUE_PATIENCE]
    if len(queue) < QUEUE:
        return
    changes = [p for p in queue if not _reads(p.statement)]
    first = max(changes or queue, key=lambda p: p.seconds)
    sentence = (
        f"{len(queue)} statements on {server.name} wait for a table for up to {duration(first.seconds)}, "
        f"{first.user}'s {_words(first.statement)} (process {first.id}) first"
    )
    yield METADATA_LOCKS.found(server.name, sentence, *(_line(server, p) for p in queue[:4]))


def _words(statement: str) -> str:
    """The first words of a statement: enough to know it, too few to hold data."""
    words = statement.split()[:4]
    return " ".join(words) if words else "statement"


def _line(server: ServerView, process: Process) -> str:
    return (
        f"{server.name}: process {process.id} ({process.user}@{process.address or 'server'}) "
        f"{process.state} for {duration(process.seconds)}: {_words(process.statement)}"
    )
