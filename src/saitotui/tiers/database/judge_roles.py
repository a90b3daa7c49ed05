"""Findings about who may be written to and who follows whom."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.model.finding import Finding
from saitotui.tiers.database.gtids import foreign, wrote
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.situations import (
    ERRANT,
    MASTER_FOLLOWS,
    NO_WRITABLE,
    NOT_CONFIGURED,
    OLD_MASTER_UNATTACHED,
    READ_ONLY_NOT_SET,
    SPLIT_BRAIN,
    TWO_MASTERS,
    WRONG_SOURCE,
)
from saitotui.tiers.database.view import SUBJECT, View

DIVERGED = frozenset({1236, 1950})
"""Errors that say "you have what I have not": of an IO thread, of a SQL thread in MariaDB's strict mode."""


def role_findings(view: View) -> Iterator[Finding]:
    answering = [server for server in view.servers.values() if server.answers]
    writable = [server for server in answering if server.writable]
    if answering and not writable and (view.live_master or len(answering) == len(view.servers)):
        yield _no_writable(view, answering)
    rivals = rival_masters(view)
    if rivals:
        yield _two_masters(view, rivals)
        yield from _split_brain(view, rivals)
    yield from _master_follows(view)
    for server in answering:
        if view.master is not None and server.name != view.master.name:
            yield from _of_other(view, server, view.master, server in rivals)


def rival_masters(view: View) -> tuple[ServerView, ...]:
    """Servers that can be written to independently of each other; empty when there is at most one. One that
    is writable but replicates from another without trouble is no rival: it merely lacks read_only."""
    writable = [server for server in view.servers.values() if server.writable]
    rivals = tuple(s for s in writable if not _follows(view, s) or foreign_of(view, s) is not None)
    head = view.live_master
    if head is not None and head.writable and head not in rivals and rivals:
        rivals = (head, *rivals)
    return rivals if len(rivals) > 1 else ()


def _follows(view: View, server: ServerView) -> bool:
    """Whether it replicates, without trouble, from another server that answers."""
    source, channel = view.servers.get(view.source.get(server.name, "")), server.channel
    if source is None or channel is None or not source.answers:
        return False
    return channel.io_runs and channel.sql_runs


def foreign_of(view: View, server: ServerView) -> str | None:
    """What `server` has that the live master never had; None when it has nothing, or it cannot be told."""
    master = view.live_master
    if master is None or master is server or master.variables is None or server.variables is None:
        return None
    extra = foreign(server.variables, master.variables)
    if extra is None:
        return None
    return f"{extra.count} ({extra.text})" if extra.count is not None else f"up to {extra.text}"


def _no_writable(view: View, answering: list[ServerView]) -> Finding:
    followed = ""
    if view.master is not None and len(answering) > 1:
        fed = view.master.name in view.source.values() and not view.source.get(view.master.name)
        who = "the one that is replicated from" if fed else "the one that HAProxy uses"
        followed = f"; {view.master.name} is {who}"
    names = " and ".join(server.name for server in answering)
    sentence = f"no server can be written to: {names} {'are' if len(answering) > 1 else 'is'} read-only"
    return NO_WRITABLE.found(SUBJECT, sentence + followed, *(_read_only(server) for server in answering))


def _read_only(server: ServerView) -> str:
    variables = server.variables
    if variables is None:
        return f"{server.name}: not known"
    stronger = (
        "" if variables.super_read_only is None else f", super_read_only {_on(variables.super_read_only)}"
    )
    return f"{server.name}: read_only {_on(variables.read_only)}{stronger}"


def _on(value: bool) -> str:
    return "ON" if value else "OFF"


def _two_masters(view: View, rivals: tuple[ServerView, ...]) -> Finding:
    names = " and ".join(server.name for server in rivals)
    followers = [server.name for server in rivals if _follows(view, server)]
    how = "neither follows the other"
    if followers:
        how = f"{' and '.join(followers)} wrote on its own although it follows"
    sentence = f"{names} can both be written to, and {how}"
    return TWO_MASTERS.found(SUBJECT, sentence, *(_read_only(server) for server in rivals))


def _split_brain(view: View, rivals: tuple[ServerView, ...]) -> Iterator[Finding]:
    master = view.live_master
    for server in rivals:
        extra = foreign_of(view, server)
        if master is not None and extra is not None:
            sentence = f"{server.name} has transactions that {master.name} never had: {extra}"
            yield SPLIT_BRAIN.found(server.name, sentence, *_positions(server), *_positions(master))


def _positions(server: ServerView) -> Iterator[str]:
    variables = server.variables
    if variables is not None:
        text = variables.gtid_binlog_state if variables.mariadb else variables.gtid_executed
        yield f"{server.name}: {'gtid_binlog_state' if variables.mariadb else 'gtid_executed'} {text[:200]}"


def _of_other(view: View, server: ServerView, master: ServerView, rival: bool) -> Iterator[Finding]:
    if not rival:
        yield from _errant(view, server, master)
        if server.writable and server.channels:
            yield _writable_replica(server, view.source.get(server.name, ""))
    if server.channels is None or rival:
        return
    if server.follows_nobody:
        yield _detached(server, master)
    elif view.source.get(server.name) != master.name and server.channel is not None:
        yield _wrong_source(view, server, master)


def _errant(view: View, server: ServerView, master: ServerView) -> Iterator[Finding]:
    extra = foreign_of(view, server)
    if extra is not None:
        sentence = f"{server.name} has transactions that {master.name} never had: {extra}"
        yield ERRANT.found(server.name, sentence, *_positions(server), *_positions(master))


def _writable_replica(server: ServerView, source: str) -> Finding:
    sentence = f"{server.name} follows {source or 'another server'} but can be written to (read_only is OFF)"
    return READ_ONLY_NOT_SET.found(server.name, sentence, _read_only(server))


def _master_follows(view: View) -> Iterator[Finding]:
    """It does, and not in a ring, where that is meant."""
    master = view.live_master
    source = view.servers.get(view.source.get(master.name, "")) if master is not None else None
    if master is None or source is None or view.source.get(source.name) == master.name:
        return
    does = "takes the writes and" if master.writable else "is the master and"
    sentence = f"{master.name} {does} still follows {source.name}"
    if source.answers:
        sentence += ", which is read-only"
    evidence = [_read_only(server) for server in (master, source) if server.answers]
    yield MASTER_FOLLOWS.found(master.name, sentence, *evidence)


def _detached(server: ServerView, master: ServerView) -> Finding:
    evidence = (f"{server.name}: SHOW REPLICA STATUS is empty", _read_only(server))
    if server.variables is not None and wrote(server.variables):
        sentence = f"{server.name} was master before and follows nobody: it must follow {master.name}"
        return OLD_MASTER_UNATTACHED.found(server.name, sentence, *evidence, *_positions(server))
    sentence = f"{server.name} follows nobody: it must follow {master.name}"
    return NOT_CONFIGURED.found(server.name, sentence, *evidence)


def _wrong_source(view: View, server: ServerView, master: ServerView) -> Finding:
    channel = server.channel
    where = f"{channel.source_host}:{channel.source_port}" if channel is not None else "?"
    name = view.source.get(server.name) or f"{where}, which the profile does not name"
    sentence = f"{server.name} follows {name}, but the master is {master.name}"
    return WRONG_SOURCE.found(server.name, sentence, f"{server.name}: source {where}")
