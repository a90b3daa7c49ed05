"""Findings about semi-synchronous replication. Healthy is: status ON *and* at least one client."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.model.finding import Finding
from saitotui.model.text import duration
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.situations import (
    SEMISYNC_BLOCKED,
    SEMISYNC_DEGRADED,
    SEMISYNC_OFF,
    SEMISYNC_ON_REPLICA,
)
from saitotui.tiers.database.view import View

WAITING = "Waiting for semi-sync ACK"
PATIENCE = 2.0
"""Seconds that a commit may wait for a confirmation before it counts as hanging. Servers count whole seconds:
one that waits since the moment before a second began shows as 1."""


def semisync_findings(view: View) -> Iterator[Finding]:
    for server in view.servers.values():
        if (blocked := _blocked(server)) is not None:
            yield blocked
    master = view.live_master
    if master is not None and view.database.semi_sync:
        yield from _of_master(view, master)
    for server in view.servers.values():
        if server is not master and server.channels and (wrong := _of_replica(server)) is not None:
            yield wrong


def semisync_word(server: ServerView) -> str:
    """One word for a table: `on 1` (clients), `off`, `async` (fell back), `?`."""
    variables, status = server.variables, server.status
    if variables is None or status is None:
        return "?"
    if not variables.semi_sync.enabled:
        return "receives" if status.semi_sync_replica_on else "off"
    return f"on {status.semi_sync_clients or 0}" if status.semi_sync_on else "async"


def _of_master(view: View, master: ServerView) -> Iterator[Finding]:
    variables, status = master.variables, master.status
    if variables is None or status is None or len(view.servers) < 2:
        return
    evidence = (
        f"{master.name}: semi-sync enabled {variables.semi_sync.enabled}",
        f"{master.name}: status {'ON' if status.semi_sync_on else 'OFF'}, clients {status.semi_sync_clients}",
    )
    if not variables.semi_sync.enabled:
        missing = "not there (no plug-in)" if variables.semi_sync.enabled is None else "switched off"
        sentence = f"semi-sync is {missing} on {master.name}: commits wait for no replica"
        yield SEMISYNC_OFF.found(master.name, sentence, *evidence)
    elif not status.semi_sync_on:
        sentence = f"{master.name} fell back to asynchronous replication: commits wait for no replica"
        yield SEMISYNC_DEGRADED.found(master.name, sentence, *evidence)
    elif status.semi_sync_clients == 0:
        sentence = f"semi-sync on {master.name} has no replica that confirms: commits wait for nobody"
        yield SEMISYNC_DEGRADED.found(master.name, sentence, *evidence)


def _blocked(server: ServerView) -> Finding | None:
    waiting = [p for p in server.processes or () if p.state.startswith(WAITING) and p.seconds >= PATIENCE]
    if not waiting:
        return None
    longest = max(process.seconds for process in waiting)
    what = "commit" if len(waiting) == 1 else "commits"
    sentence = (
        f"{len(waiting)} {what} on {server.name} hang for up to {duration(longest)}: no replica confirms"
    )
    evidence = [f"{server.name}: process {p.id} ({p.user}) {p.state}" for p in waiting[:4]]
    return SEMISYNC_BLOCKED.found(server.name, sentence, *evidence)


def _of_replica(server: ServerView) -> Finding | None:
    setting = server.variables.semi_sync if server.variables else None
    if setting is None or not setting.enabled or not setting.waits_alone:
        return None
    pause = duration(setting.timeout) if setting.timeout is not None else "its timeout"
    sentence = f"{server.name} is a replica and itself waits {pause} for a replica that it does not have"
    return SEMISYNC_ON_REPLICA.found(
        server.name, sentence, f"{server.name}: semi-sync master side ON, waits without a replica ON"
    )
