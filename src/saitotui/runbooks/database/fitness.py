"""Whether a server is fit to be master: what it logs, how it is set, what it can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from saitotui.clients.quoting import shell
from saitotui.facts import mysql, mysql_replica
from saitotui.facts.mysql_settings import ALIKE, LOGGED, SHOW_SETTINGS, settings
from saitotui.model.command import Answer, Client, Command
from saitotui.model.plan import Check, Grade, Precondition, Verdict
from saitotui.model.text import one_line
from saitotui.runbooks.database.checks import ask_sql, no_long_statements
from saitotui.runbooks.judging import reading
from saitotui.tiers.database.servers import ServerView

DURABLE = {"sync_binlog": "1", "innodb_flush_log_at_trx_commit": "1"}
"""With other values a crash loses commits that were acknowledged, and replicas then have what it lacks."""
WARM = 0.5
"""Share of the master's cached pages below which a candidate is cold: its first minutes are slow."""
ROOM = 20
"""Percent of a file system that should be free."""


def logs_alike(new: str, old: Mapping[str, str]) -> Check:
    """Whether a server logs what it replicates, and as the master, set as `old`, logs what it does."""

    def judge(answer: Answer) -> Verdict:
        has = settings(answer)
        wrong = [f"{name} is {has[name]}, not {old[name]}" for name in LOGGED if _differs(has, old, name)]
        logs = has.get("log_replica_updates", has.get("log_slave_updates", ""))
        if has.get("log_bin") != "ON" or logs != "ON":
            wrong.append("it does not log what it replicates")
        if has.get("server_id") == old.get("server_id"):
            wrong.append(f"both have server_id {has.get('server_id')}")
        return Verdict(
            not wrong, "; ".join(wrong) or f"{has.get('binlog_format')}, server_id {has.get('server_id')}"
        )

    return Check(
        f"{new} logs what it replicates, as the master does" if old else f"{new} logs what it replicates",
        ask_sql(new, SHOW_SETTINGS),
        reading(judge),
    )


def set_alike(new: str, old: Mapping[str, str]) -> Check:
    def judge(answer: Answer) -> Verdict:
        has = settings(answer)
        other = [f"{name} is {has[name]}, not {old[name]}" for name in ALIKE if _differs(has, old, name)]
        return Verdict(not other, one_line("; ".join(other), limit=200) or "all alike")

    return Check(f"{new} is set as the master is", ask_sql(new, SHOW_SETTINGS), reading(judge))


def _differs(has: Mapping[str, str], old: Mapping[str, str], name: str) -> bool:
    return name in has and name in old and has[name] != old[name]


def not_older(new: str, old: str) -> Check:
    """Whether a server's release is not older than the master's: replication is supported to newer ones only
    (MySQL manual, "Replication Compatibility Between MySQL Versions"; MariaDB likewise)."""

    def judge(answer: Answer) -> Verdict:
        version = settings(answer).get("version", "")
        return Verdict(_release(version) >= _release(old), f"{version}, the master {old}")

    return Check(f"{new} is no older release than the master", ask_sql(new, SHOW_SETTINGS), reading(judge))


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def durable(new: str, old: Mapping[str, str]) -> Check:
    """Whether commits are as safe there as on the master."""

    def judge(answer: Answer) -> Verdict:
        has = settings(answer)
        weaker = [
            f"{name} is {has.get(name, 'unknown')}"
            for name, safe in DURABLE.items()
            if has.get(name) != safe and old.get(name) == safe
        ]
        return Verdict(not weaker, "; ".join(weaker) or "as on the master")

    return Check(f"commits on {new} survive a crash", ask_sql(new, SHOW_SETTINGS), reading(judge))


def holds_as_much(new: str, old: Mapping[str, str]) -> Check:
    def judge(answer: Answer) -> Verdict:
        has = settings(answer)
        less = [
            f"{name} is {has[name]}, not {old[name]}"
            for name in ("max_connections", "innodb_buffer_pool_size")
            if name in has and name in old and int(has[name]) < 0.9 * int(old[name])
        ]
        return Verdict(not less, "; ".join(less) or f"max_connections {has.get('max_connections', '?')}")

    return Check(f"{new} can hold as much as the master", ask_sql(new, SHOW_SETTINGS), reading(judge))


def warm(new: str, master: ServerView) -> Check:
    """Whether its buffer pool is filled, compared with the master's when the plan was made."""
    there = master.status.pool_pages if master.status else None

    def judge(answer: Answer) -> Verdict:
        pages = mysql.status(answer).pool_pages
        if pages is None or not there:
            return Verdict(None, "the servers do not say how many pages they cache")
        return Verdict(pages >= WARM * there, f"{pages:.0f} pages, the master {there:.0f}")

    return Check(f"{new} has its data in memory", ask_sql(new, mysql.SHOW_STATUS), reading(judge))


def no_filters(new: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        filters = [one for channel in mysql_replica.channels(answer) for one in channel.filters]
        return Verdict(not filters, one_line(", ".join(filters), limit=200) or "none")

    return Check(
        f"{new} leaves nothing out", ask_sql(new, mysql_replica.SHOW_REPLICA, "replica"), reading(judge)
    )


def no_prepared(server: str) -> Check:
    """Whether no XA transaction waits prepared: its locks outlive everything (manual, "XA Transactions")."""

    def judge(answer: Answer) -> Verdict:
        return Verdict(not answer.rows, f"{len(answer.rows)}" if answer.rows else "none")

    return Check(f"no XA transaction is prepared on {server}", ask_sql(server, "XA RECOVER"), reading(judge))


def room(new: str, host: str, folder: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        words = answer.text.strip().splitlines()[-1].split()
        free = 100 - int(words[4].rstrip("%"))
        return Verdict(free >= ROOM, f"{free}% free at {words[5]}")

    command = Command(Client.SSH, host, f"df -P -k -- {shell(folder)}")
    return Check(f"{new} has room for data", command, reading(judge))


def fit(candidate: ServerView, master: ServerView) -> Iterator[Precondition]:
    """The lines of a preflight that say whether `candidate` can take the place of `master`."""
    new, old = candidate.name, master.settings or {}
    version = master.variables.version if master.variables else ""
    yield Precondition(logs_alike(new, old), "nobody could follow it, or not to the letter", decisive=True)
    yield Precondition(no_filters(new), "it is no full copy: what it leaves out would be gone")
    yield Precondition(not_older(new, version), "the old master could not follow it")
    for server in (master.name, new):
        yield Precondition(no_prepared(server), "its locks stay, and nobody is left who ends it")
    for check, why in (
        (durable(new, old), "a crash would lose commits that were acknowledged"),
        (set_alike(new, old), "statements may fail, or mean something else"),
        (holds_as_much(new, old), "it may refuse connections, or be slow"),
        (warm(new, master), "its first minutes are slow"),
        (no_long_statements(new), "it may hold up what is applied"),
    ):
        yield Precondition(check, why, Grade.AMBER, Grade.AMBER)
    folder = (candidate.settings or {}).get("datadir", "")
    if folder:
        check = room(new, candidate.profile.host, folder)
        yield Precondition(check, "a full disk stops it", Grade.AMBER, Grade.AMBER)
