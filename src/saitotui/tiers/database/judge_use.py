"""Findings about use and set-up of the servers: connections, transactions, clients, events, versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from saitotui.facts.mysql import Variables
from saitotui.facts.mysql_processes import Process
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.text import duration
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.situations_use import (
    BINLOG_OFF,
    BYPASSING,
    CONNECTIONS_HIGH,
    EVENTS_ON_REPLICA,
    LONG_TRANSACTION,
    SERVER_ID_DUPLICATE,
    VERSION_MIXED,
)
from saitotui.tiers.database.view import View

NEARLY_FULL = 95.0
"""Percent of max_connections from which the next crowd is turned away."""


def use_findings(view: View) -> Iterator[Finding]:
    for server in view.servers.values():
        yield from _connections(view, server)
        yield from _transactions(view, server)
        yield from _events(view, server)
        yield from _binlog(view, server)
    yield from _bypassing(view)
    yield from _versions(view)
    yield from _identities(view)


def connections(server: ServerView) -> tuple[int, int] | None:
    """Connections in use and the most allowed."""
    variables, status = server.variables, server.status
    if variables is None or status is None or status.connected is None or not variables.max_connections:
        return None
    return status.connected, variables.max_connections


def _connections(view: View, server: ServerView) -> Iterator[Finding]:
    used = connections(server)
    if used is None:
        return
    percent = 100 * used[0] / used[1]
    if percent < view.database.limits.connections_percent:
        return
    sentence = f"{server.name} has {used[0]} of {used[1]} connections in use ({percent:.0f}%)"
    users = Counter(process.user for process in server.processes or () if not process.internal)
    crowd = ", ".join(f"{user} {count}" for user, count in users.most_common(3))
    evidence = [f"{server.name}: Threads_connected {used[0]}, max_connections {used[1]}"]
    evidence += [f"{server.name}: most by {crowd}"] if crowd else []
    health = Health.CRIT if percent >= NEARLY_FULL else Health.WARN
    yield CONNECTIONS_HIGH.found(server.name, sentence, *evidence, health=health)


def _transactions(view: View, server: ServerView) -> Iterator[Finding]:
    """Those of clients: what replication applies is as long as it was on the master."""
    by_id = {process.id: process for process in server.processes or ()}
    limit = view.database.limits.long_transaction
    for transaction in server.transactions or ():
        process = by_id.get(transaction.thread)
        if not transaction.writes or transaction.seconds <= limit or (process and process.internal):
            continue
        who = f"{process.user}@{process.address or 'localhost'}" if process else "an unknown client"
        doing = "idle" if process is not None and process.command == "Sleep" else "running"
        sentence = (
            f"a transaction of {who} on {server.name} is open for {duration(transaction.seconds)}, {doing}, "
            f"{transaction.modified} rows changed (process {transaction.thread})"
        )
        evidence = f"{server.name}: innodb_trx {transaction.state}, {transaction.locked} rows locked"
        yield LONG_TRANSACTION.found(server.name, sentence, evidence)
        return


def _events(view: View, server: ServerView) -> Iterator[Finding]:
    running = [one.name for one in server.events or () if one.enabled]
    if not running or server.variables is None or not server.variables.event_scheduler:
        return
    if server.channels and view.master is not None and view.master.name != server.name:
        names = ", ".join(running[:3])
        sentence = f"{len(running)} scheduled events run on the replica {server.name} too: {names}"
        yield EVENTS_ON_REPLICA.found(server.name, sentence, f"{server.name}: event_scheduler ON")


def _binlog(view: View, server: ServerView) -> Iterator[Finding]:
    variables = server.variables
    if variables is None or len(view.servers) < 2:
        return
    if variables.log_bin is False:
        sentence = f"the binary log is off on {server.name}: nobody could follow it"
        yield BINLOG_OFF.found(server.name, sentence, f"{server.name}: log_bin OFF")
    elif variables.log_bin and variables.log_replica_updates is False and server.channels:
        sentence = f"{server.name} does not log what it replicates: nobody could follow it after a promotion"
        yield BINLOG_OFF.found(server.name, sentence, f"{server.name}: log_replica_updates OFF")


def bypassing(view: View, server: ServerView) -> list[Process]:
    """Client connections to `server` that come neither through HAProxy nor from an address that may."""
    return [
        process
        for process in server.processes or ()
        if not process.internal
        and not process.dumps
        and process.user != server.profile.user
        and view.addresses.can_judge(process.address)
        and not view.addresses.may_connect(process.address)
    ]


def _bypassing(view: View) -> Iterator[Finding]:
    master = view.live_master
    if master is None or not master.writable:
        return
    stray = bypassing(view, master)
    if not stray:
        return
    who = Counter(f"{process.user}@{process.address}" for process in stray)
    names = ", ".join(f"{name} ({count})" for name, count in who.most_common(3))
    count = len(stray)
    sentence = (
        f"{count} connection{'s' * (count != 1)} to {master.name} "
        f"{'come' if count != 1 else 'comes'} past HAProxy: {names}"
    )
    evidence = [f"{master.name}: process {p.id} {p.user}@{p.address} {p.command}" for p in stray[:5]]
    yield BYPASSING.found(master.name, sentence, *evidence)


def _versions(view: View) -> Iterator[Finding]:
    master = view.live_master
    if master is None or master.variables is None:
        return
    for server in view.replicas:
        mine, other = server.variables, master.variables
        if server is master or mine is None or not _older(mine, other):
            continue
        sentence = (
            f"{server.name} runs {mine.product} {mine.version}, its master {master.name} "
            f"{other.product} {other.version}"
        )
        yield VERSION_MIXED.found(server.name, sentence, f"{server.name}: version {mine.version}")


def _older(replica: Variables, master: Variables) -> bool:
    """Patch levels may differ; MySQL 8.0's brought features, but replicate both ways in practice."""
    return replica.mariadb != master.mariadb or replica.release[:2] < master.release[:2]


def _identities(view: View) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for server in view.servers.values():
        variables = server.variables
        if variables is None or len(view.servers) < 2:
            continue
        for label, value in (("server_id", variables.server_id), ("server_uuid", variables.server_uuid)):
            key = f"{label} {value}"
            if value and key in seen:
                sentence = f"{seen[key]} and {server.name} have the same {key}"
                yield SERVER_ID_DUPLICATE.found(server.name, sentence, f"{server.name}: {key}")
                return
            seen[key] = server.name
