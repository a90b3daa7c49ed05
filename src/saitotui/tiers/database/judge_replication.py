"""Findings about replication: its threads, its lag, what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.mysql_replica import Channel
from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health
from saitotui.model.profile import DatabaseLimits
from saitotui.model.text import duration
from saitotui.tiers.database.gtids import behind
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.situations import (
    DELAYED,
    FILTERED,
    IO_AUTH,
    IO_CONNECTING,
    IO_DIVERGED,
    IO_ERROR,
    IO_PURGED,
    IO_STOPPED,
    LAGGING,
    REPLICA_STOPPED,
    SQL_ERROR,
    SQL_STOPPED,
)
from saitotui.tiers.database.vantage import LOST
from saitotui.tiers.database.view import View

AUTH = frozenset({1044, 1045, 1130, 1227, 1251, 1698, 2049, 2054, 2059, 2061, 3118, 3159})
"""Errors of an IO thread whose account, host or way of logging in the source refuses."""
BINLOG = frozenset({1236, 13114})
"""The source cannot serve the position that was asked for; its text says why."""
_PURGED = ("purged", "could not find first log", "binary log index", "could not find gtid state")


def replication_findings(view: View) -> Iterator[Finding]:
    for server in view.servers.values():
        for channel in server.channels or ():
            yield from _threads(view, server, channel)
            yield from _lag(view, server, channel)
            if channel.filters:
                sentence = f"{server.name} leaves things out: {', '.join(channel.filters[:3])}"
                yield FILTERED.found(server.name, sentence, *channel.filters)


def io_situation(channel: Channel) -> Situation | None:
    """Which situation an IO thread that does not run is in; None while it runs."""
    if channel.io_runs:
        return None
    errno, text = channel.io_errno, channel.io_error.lower()
    if errno in AUTH or (errno in LOST and "access denied" in text):
        return IO_AUTH
    if errno in BINLOG:
        return IO_PURGED if any(word in text for word in _PURGED) else IO_DIVERGED
    if channel.io in ("Connecting", "Preparing") or errno in LOST:
        return IO_CONNECTING
    return IO_ERROR if errno else IO_STOPPED


def _threads(view: View, server: ServerView, channel: Channel) -> Iterator[Finding]:
    io = io_situation(channel)
    sql_fails = not channel.sql_runs
    stopped = io is IO_STOPPED and sql_fails and not channel.sql_errno
    evidence = _evidence(server, channel)
    name = f"{server.name}'s channel {channel.name}" if channel.name else server.name
    if stopped:
        sentence = f"replication on {name} is stopped, both threads, without an error{_gap(view, server)}"
        yield REPLICA_STOPPED.found(server.name, sentence, *evidence)
        return
    if io is not None:
        yield io.found(server.name, _io_sentence(view, server, name, channel, io), *evidence)
    if sql_fails and channel.sql_errno:
        sentence = f"{name} cannot apply a transaction ({channel.sql_errno}): {_brief(channel.sql_error)}"
        yield SQL_ERROR.found(server.name, sentence, *evidence)
    elif sql_fails:
        sentence = f"{name} fetches but does not apply: its SQL thread is stopped{_gap(view, server)}"
        yield SQL_STOPPED.found(server.name, sentence, *evidence)


def _io_sentence(view: View, server: ServerView, name: str, channel: Channel, io: Situation) -> str:
    where = f"{channel.source_host}:{channel.source_port}"
    if (named := view.addresses.server_at(channel.source_host, channel.source_port)) != "":
        where = f"{named} ({where})"
    if io is IO_STOPPED:
        return f"{name} does not fetch: its IO thread is stopped{_gap(view, server)}"
    if io is IO_AUTH:
        account = f"the replication account {channel.source_user}".rstrip()
        return f"{where} refuses {account} of {name} ({channel.io_errno})"
    if io is IO_CONNECTING:
        stray = ""
        source = view.source.get(server.name, "")
        if source and named != source:
            stray = f"; {source} is not known by that address"
        error = f" ({channel.io_errno})" if channel.io_errno else ""
        return f"{name} cannot reach its source {where}{error}{stray}"
    if io is IO_PURGED:
        return f"{name} needs binary logs that {where} has no more (1236)"
    if io is IO_DIVERGED:
        return f"{where} refuses to feed {name}: it has transactions that are not there ({channel.io_errno})"
    return f"the IO thread of {name} failed ({channel.io_errno}): {_brief(channel.io_error)}"


def _evidence(server: ServerView, channel: Channel) -> Iterator[str]:
    yield f"{server.name}: IO {channel.io}, SQL {channel.sql}"
    if channel.io_errno or channel.io_error:
        yield f"{server.name}: Last_IO_Error {channel.io_errno} {channel.io_error}"
    if channel.sql_errno or channel.sql_error:
        yield f"{server.name}: Last_SQL_Error {channel.sql_errno} {channel.sql_error}"


def _brief(error: str) -> str:
    return error if len(error) <= 110 else error[:109] + "…"


def _gap(view: View, server: ServerView) -> str:
    gap = gap_of(view, server)
    return f"; it lacks {gap} transaction{'s' * (gap != 1)}" if gap else ""


def gap_of(view: View, server: ServerView) -> int | None:
    """Transactions of the live master that `server` has not applied."""
    master = view.live_master
    if master is None or master is server or master.variables is None or server.variables is None:
        return None
    return behind(master.variables, server.variables)


def _lag(view: View, server: ServerView, channel: Channel) -> Iterator[Finding]:
    lag, limits = channel.true_lag, view.database.limits
    if channel.delay > 0:
        sentence = f"{server.name} is delayed by {duration(channel.delay)} on purpose"
        yield DELAYED.found(server.name, sentence, f"{server.name}: SQL_Delay {channel.delay:g}")
    if lag is None:
        return
    excess = lag - channel.delay
    health = lag_health(excess, limits)
    if health is Health.OK:
        return
    gap = gap_of(view, server)
    sentence = f"{server.name} is {duration(excess)} behind"
    sentence += f" its delay of {duration(channel.delay)}" if channel.delay else ""
    sentence += f", {gap} transactions" if gap else ""
    evidence = [f"{server.name}: Seconds_Behind {lag:g}", f"{server.name}: SQL thread: {channel.sql_state}"]
    trend = _trend(server, channel)
    yield LAGGING.found(server.name, sentence + trend, *evidence, health=health)


def lag_health(lag: float, limits: DatabaseLimits) -> Health:
    if lag > limits.lag_crit:
        return Health.CRIT
    return Health.WARN if lag > limits.lag_warn else Health.OK


def _trend(server: ServerView, channel: Channel) -> str:
    """Whether it catches up, from the reading before."""
    before = next((old for old in server.before or () if old.name == channel.name), None)
    if before is None or before.true_lag is None or channel.true_lag is None:
        return ""
    if channel.true_lag < before.true_lag:
        return ", catching up"
    return ", falling behind" if channel.true_lag > before.true_lag else ""
