"""What database screens may place: tables, series, robots."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.model.health import Health
from saitotui.model.text import duration
from saitotui.model.topology import Cell, Node, Robot, Row, Sample, Table
from saitotui.tiers.database.judge_haproxy import route
from saitotui.tiers.database.judge_members import disarmed
from saitotui.tiers.database.judge_replication import gap_of
from saitotui.tiers.database.judge_semisync import semisync_word
from saitotui.tiers.database.nodes import connections_word, lag_word, longest, state_word, thread_word
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.view import View

PROCESSES = 40
"""Processes shown."""
LONG = 1.0
"""Seconds from which a statement is shown."""


def tables(view: View, drawn: tuple[Node, ...]) -> tuple[Table, ...]:
    health = {node.id: node.health for node in drawn}
    return _servers(view, health), _haproxy(view, health), _processes(view, health)


def _servers(view: View, health: dict[str, Health]) -> Table:
    rows = []
    for server in view.servers.values():
        word, base = state_word(server)
        gap = gap_of(view, server)
        io, sql = _threads(server)
        cells = (
            Cell(server.name),
            Cell(view.role(server).value or "?"),
            Cell(word, base),
            Cell(io),
            Cell(sql),
            Cell(lag_word(server)),
            Cell("-" if view.live_master is server else "?" if gap is None else str(gap)),
            Cell(semisync_word(server)),
            Cell(connections_word(server)),
            Cell("?" if server.qps is None else f"{server.qps:.0f}"),
            Cell(longest(server)),
        )
        rows.append(Row(server.name, cells, health.get(server.name, base)))
    columns = (
        "server",
        "role",
        "state",
        "IO",
        "SQL",
        "lag",
        "gap",
        "semi-sync",
        "conns",
        "qps",
        "oldest trx",
    )
    return Table("servers", "Servers", columns, tuple(rows))


def _threads(server: ServerView) -> tuple[str, str]:
    channel = server.channel
    if channel is None:
        word = thread_word(server)
        return word, word
    return channel.io, channel.sql


def _haproxy(view: View, health: dict[str, Health]) -> Table:
    rows = []
    for balancer in view.balancers.values():
        states = {
            name: ", ".join(
                f"{member.line.note} {member.line.sessions}"
                for member in balancer.write or ()
                if member.server == name
            )
            for name in view.servers
        }
        cells = (
            Cell(balancer.name),
            Cell(route(balancer)),
            *(Cell(states[name] or ("-" if balancer.answers else "?")) for name in view.servers),
            Cell(str(balancer.sessions) if balancer.answers else "?"),
        )
        rows.append(Row(balancer.name, cells, health.get(balancer.name, Health.UNKNOWN)))
    columns = ("node", "writes to", *view.servers, "sessions")
    return Table("haproxy", "HAProxy: state and sessions in the write backend", columns, tuple(rows))


def _processes(view: View, health: dict[str, Health]) -> Table:
    """Statements that run and transactions that are open, the oldest first."""
    found: list[tuple[float, Row]] = []
    for server in view.servers.values():
        open_since = {trx.thread: trx for trx in server.transactions or ()}
        for process in server.processes or ():
            transaction = open_since.get(process.id)
            runs = process.command not in ("Sleep", "Daemon") and process.seconds >= LONG
            if process.internal or process.dumps or not (runs or transaction):
                continue
            age = max(process.seconds if runs else 0.0, transaction.seconds if transaction else 0.0)
            if age < LONG:
                continue
            cells = (
                Cell(server.name),
                Cell(str(process.id)),
                Cell(f"{process.user}@{process.address or 'localhost'}"),
                Cell(duration(age)),
                Cell(f"{transaction.modified} rows" if transaction else "-"),
                Cell(process.state or process.command),
                Cell(process.statement or "-"),
            )
            found.append((age, Row(server.name, cells, health.get(server.name, Health.OK))))
    rows = [row for _, row in sorted(found, key=lambda one: -one[0])[:PROCESSES]]
    columns = ("server", "id", "who", "for", "changed", "state", "statement")
    return Table("processes", "Long statements and transactions", columns, tuple(rows))


def samples(view: View) -> Iterator[Sample]:
    for server in view.servers.values():
        connected = server.status.connected if server.status else None
        gap = gap_of(view, server)
        yield Sample(f"{server.name}-qps", f"{server.name} statements", server.qps, "/s")
        yield Sample(
            f"{server.name}-connections",
            f"{server.name} connections",
            None if connected is None else float(connected),
        )
        if view.live_master is not server:
            yield Sample(f"{server.name}-lag", f"{server.name} lag", server.lag, "s")
            yield Sample(
                f"{server.name}-gap",
                f"{server.name} transactions lacking",
                None if gap is None else float(gap),
            )


def robots(view: View) -> tuple[Robot, ...]:
    """HAProxy moves writes by itself as soon as more than one server may take them."""
    found = []
    for balancer in view.balancers.values():
        off = disarmed(balancer)
        if off is None:
            sentence = f"cannot tell whether {balancer.name} would move writes by itself"
        elif off:
            sentence = f"{balancer.name} keeps writes where they are: one server takes part"
        else:
            usable = [m.label for m in balancer.write or () if not m.line.maintenance]
            sentence = f"{balancer.name} moves writes by itself between {' and '.join(usable)}"
        found.append(Robot(f"haproxy {balancer.name}", None if off is None else not off, sentence))
    return tuple(found)
