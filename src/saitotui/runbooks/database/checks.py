"""Questions that database runbooks ask of servers and HAProxy nodes, and what counts as yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saitotui.clients.quoting import shell, sql
from saitotui.facts import haproxy, haproxy_config, mysql_events, mysql_processes, mysql_replica
from saitotui.facts.mysql import Variables
from saitotui.model.command import ACTING, Answer, Client, Command, Unparsable
from saitotui.model.plan import Check, Verdict
from saitotui.runbooks.database.dialect import Dialect
from saitotui.runbooks.judging import reading

LAG = 1.0
"""Seconds of replication lag at most: writers wait for as long (MHA allows 30, orchestrator 20)."""
LONG = 10.0
"""Seconds after which a transaction that wrote is long: its end would be waited for, or it would be cut."""


def ask_sql(server: str, text: str, session: str = "") -> Command:
    return Command(Client.MYSQL, server, text, session=session)


def writable(server: str, wanted: bool) -> Check:
    """Whether ordinary accounts can write to a server."""

    def judge(answer: Answer) -> Verdict:
        closed = str(answer.rows[0]["closed"]).upper() in ("1", "ON")
        return Verdict(closed is not wanted, "read_only is " + ("ON" if closed else "OFF"))

    word = "is writable" if wanted else "is read-only"
    return Check(f"{server} {word}", ask_sql(server, "SELECT @@global.read_only AS closed"), reading(judge))


def closed(server: str) -> Check:
    """Whether it is read-only and nothing that a run has sent there can open it any more: before another one
    opens, asked in the session that acts."""
    check = writable(server, False)
    return replace(check, command=replace(check.command, session=ACTING))


def follows(server: str, source: str, host: str, port: int, lag: float | None) -> Check:
    """Whether a server replicates from `host:port` with both threads, not more than `lag` seconds behind."""

    def judge(answer: Answer) -> Verdict:
        channels = mysql_replica.channels(answer)
        if len(channels) != 1:
            return Verdict(False, f"{len(channels)} replication channels")
        (one,) = channels
        late = "unknown" if one.lag is None else f"{one.lag}s"
        said = f"{one.source_host}:{one.source_port}, IO {one.io}, SQL {one.sql}, lag {late}"
        right = (one.source_host, one.source_port) == (host, port) and one.io_runs and one.sql_runs
        if lag is not None and right:
            if one.true_lag is None:
                return Verdict(None, said)
            right = one.true_lag <= lag and not one.delay
        return Verdict(right, said)

    return Check(
        f"{server} follows {source}", ask_sql(server, mysql_replica.SHOW_REPLICA, "replica"), reading(judge)
    )


def replicates_in_the_clear(server: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        encrypted = any(one.tls for one in mysql_replica.channels(answer))
        return Verdict(not encrypted, "over TLS" if encrypted else "without TLS")

    return Check(
        f"{server} replicates without TLS, as the profile has it",
        ask_sql(server, mysql_replica.SHOW_REPLICA, "replica"),
        reading(judge),
    )


def follows_nobody(server: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = mysql_replica.channels(answer)
        return Verdict(not found, f"follows {found[0].source_host}" if found else "no source")

    return Check(
        f"{server} follows nobody", ask_sql(server, mysql_replica.SHOW_REPLICA, "replica"), reading(judge)
    )


def variable(server: str, name: str, wanted: bool, sentence: str) -> Check:
    """Whether a system variable is on or off."""

    def judge(answer: Answer) -> Verdict:
        if not answer.rows:
            return Verdict(None, f"{server} has no {name}")
        on = str(answer.rows[0]["Value"]).upper() in ("1", "ON")
        return Verdict(on is wanted, f"{name} is {'ON' if on else 'OFF'}")

    text = f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({sql(name)})"
    return Check(sentence, ask_sql(server, text), reading(judge))


def no_long_writers(server: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        long = [one for one in mysql_processes.transactions(answer) if one.writes and one.seconds >= LONG]
        if not long:
            return Verdict(True, "none")
        first = long[0]
        return Verdict(False, f"{len(long)}, the oldest {first.seconds:.0f}s in connection {first.thread}")

    sentence = f"no transaction that wrote is older than {LONG:g}s on {server}"
    return Check(sentence, ask_sql(server, mysql_processes.SELECT_TRANSACTIONS), reading(judge))


def no_long_statements(server: str) -> Check:
    """Whether nothing runs for long, or waits for a lock that would stop a freeze."""

    def judge(answer: Answer) -> Verdict:
        held = [
            one
            for one in mysql_processes.processes(answer)
            if one.state.startswith(("Waiting for backup lock", "Waiting for global read lock"))
            or (one.command == "Query" and one.seconds >= LONG and not one.internal)
        ]
        first = f"connection {held[0].id} of {held[0].user}: {held[0].statement}" if held else "none"
        return Verdict(not held, first)

    sentence = f"no statement runs for longer than {LONG:g}s on {server}"
    return Check(sentence, ask_sql(server, mysql_processes.SHOW_PROCESSES), reading(judge))


def no_events(server: str) -> Check:
    """Events run with their definer's rights, which may be those to write to a read-only server."""

    def judge(answer: Answer) -> Verdict:
        found = [one.name for one in mysql_events.events(answer) if one.enabled]
        return Verdict(not found, ", ".join(found[:3]) or "none")

    text = mysql_events.SELECT_EVENTS
    return Check(f"no event is enabled on {server}", ask_sql(server, text), reading(judge))


def semi_sync_works(server: str, name: str) -> Check:
    """Whether commits wait for a replica: status ON means nothing without a client."""
    status, clients = name.replace("enabled", "status"), name.replace("enabled", "clients")

    def judge(answer: Answer) -> Verdict:
        found = {str(row["Variable_name"]).lower(): str(row["Value"]) for row in answer.rows}
        if not found:
            return Verdict(None, "no semi-synchronous replication there")
        holds = found.get(status, "").upper() == "ON" and int(found.get(clients, "0")) > 0
        return Verdict(holds, f"{found.get(status, '?')}, {found.get(clients, '?')} replicas")

    text = (
        f"SHOW GLOBAL STATUS WHERE Variable_name IN ({sql(status.capitalize())}, {sql(clients.capitalize())})"
    )
    return Check(f"commits on {server} wait for a replica", ask_sql(server, text), reading(judge))


def sends_writes_to(node: str, backend: str, server: str, others: Sequence[str], *, drained: bool) -> Check:
    """Whether an HAProxy node sends writes to `server` alone; `drained`: and no session is left on others."""

    def judge(answer: Answer) -> Verdict:
        lines = {one.name: one for one in haproxy.stat(answer) if one.proxy == backend and one.is_server}
        if server not in lines:
            return Verdict(None, f"no {backend}/{server}")
        said = ", ".join(f"{name} {one.note} {one.sessions} sessions" for name, one in sorted(lines.items()))
        right = lines[server].takes and not any(
            one.takes or one.backup for n, one in lines.items() if n != server
        )
        left = sum(lines[name].sessions for name in others if name in lines)
        return Verdict(right and not (drained and left), said)

    rest = ", and no session is left elsewhere" if drained else ""
    command = Command(Client.HAPROXY, node, haproxy.SHOW_STAT)
    return Check(f"{node} sends writes to {server} alone{rest}", command, reading(judge))


def reaches(node: str, server_id: int, server: str) -> Check:
    """Whether a connection through an HAProxy node ends at a server, and could write there."""

    def judge(answer: Answer) -> Verdict:
        row = answer.rows[0]
        closed = str(row["closed"]).upper() in ("1", "ON")
        holds = int(row["id"] or 0) == server_id and not closed
        return Verdict(holds, f"server_id {row['id']}, read_only {'ON' if closed else 'OFF'}")

    text = "SELECT @@global.server_id AS id, @@global.read_only AS closed"
    return Check(
        f"a connection through {node} writes to {server}", ask_sql(node, text, "proof"), reading(judge)
    )


def lacks_nothing(server: str, words: Dialect, master: str, writer: Variables) -> Check:
    """Whether a server has nothing that its master, whose `{known}` the run captured a moment ago, lacks."""

    def judge(answer: Answer) -> Verdict:
        row = answer.rows[0]
        try:
            lacking = words.lacking(str(row["state"] or ""), str(row["known"] or ""), writer)
        except Unparsable as error:
            return Verdict(None, str(error))
        return Verdict(not lacking, f"it has what came after {', '.join(lacking)}" if lacking else "nothing")

    return Check(f"{server} has nothing that {master} lacks", ask_sql(server, words.compared), reading(judge))


def saved(node: str, host: str, file: str, backend: str, server: str) -> Check:
    """Whether HAProxy would send writes to `server` after a reload, as its state file has it."""

    def judge(answer: Answer) -> Verdict:
        if answer.status != 0:
            return Verdict(False, answer.text.strip() or "no file")
        lines = [one for one in haproxy.servers_state(answer) if one.backend == backend]
        ready = [one.name for one in lines if not one.admin & haproxy.MAINTENANCE]
        return Verdict(ready == [server], "ready: " + (", ".join(ready) or "none"))

    command = Command(Client.SSH, host, f"cat -- {shell(file)}")
    return Check(f"a reload of {node} keeps writes on {server}", command, reading(judge))


def keeps_state(node: str, host: str, config: str) -> Check:
    """Whether HAProxy's configuration names a file that keeps what is set at run time."""

    def judge(answer: Answer) -> Verdict:
        file = haproxy_config.config(answer).state_file
        return Verdict(bool(file), file or "no server-state-file")

    command = Command(Client.SSH, host, haproxy_config.ask_config(config))
    return Check(f"{node} keeps over a reload what is set at run time", command, reading(judge))
