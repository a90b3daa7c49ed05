"""The database as nodes and edges: servers, HAProxy nodes, traffic, replication."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.health import Health, worst
from saitotui.model.text import duration, one_line
from saitotui.model.topology import Edge, Fact, Node
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.judge_haproxy import route
from saitotui.tiers.database.judge_replication import gap_of, lag_health
from saitotui.tiers.database.judge_semisync import semisync_word
from saitotui.tiers.database.judge_use import bypassing, connections
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.view import View

TIER = "database"


def nodes(view: View, health: Mapping[str, Health]) -> tuple[Node, ...]:
    """`health` is the worst finding of each subject."""
    servers = [_server(view, server, health) for server in view.servers.values()]
    return (*servers, *(_balancer(balancer, health) for balancer in view.balancers.values()))


def edges(view: View) -> Iterator[Edge]:
    for balancer in view.balancers.values():
        for member in balancer.write or ():
            if member.server and (member in balancer.active or member.line.sessions):
                known = view.servers.get(member.server)
                misled = view.master is not None and member.server != view.master.name
                bad = misled or (known is not None and known.read_only is True)
                count = member.line.sessions
                label = f"{count} session{'s' * (count != 1)}"
                yield Edge(balancer.name, member.server, "traffic", Health.CRIT if bad else Health.OK, label)
    for name, source in view.source.items():
        if source:
            yield _replication(view, view.servers[name], source)


def _replication(view: View, server: ServerView, source: str) -> Edge:
    channel = server.channel
    if channel is None or not (channel.io_runs and channel.sql_runs):
        return Edge(source, server.name, "replication", Health.CRIT, thread_word(server))
    lag = channel.true_lag
    if lag is None:
        return Edge(source, server.name, "replication", Health.UNKNOWN, "lag unknown")
    health = lag_health(lag - channel.delay, view.database.limits)
    return Edge(source, server.name, "replication", health, f"lag {duration(lag)}")


def thread_word(server: ServerView) -> str:
    """Both threads in a word or two: `runs`, `IO Connecting`, `SQL No`, `-`, `?`."""
    if server.channels is None:
        return "?"
    channel = server.channel
    if channel is None:
        return "-"
    wrong = [
        f"{name} {state}" for name, state in (("IO", channel.io), ("SQL", channel.sql)) if state != "Yes"
    ]
    return ", ".join(wrong) or "runs"


def state_word(server: ServerView) -> tuple[str, Health]:
    """Whether it answers, in a word, and how well that is."""
    if server.failure is not None:
        word = "not asked yet" if server.pending else server.failure.kind.value
        return word, Health.UNKNOWN
    return ("read-only" if server.read_only else "writable"), Health.OK


def lag_word(server: ServerView) -> str:
    if server.channels is None:
        return "?"
    if not server.channels:
        return "-"
    return "?" if server.lag is None else duration(server.lag)


def longest(server: ServerView) -> str:
    """Age of the oldest transaction."""
    if server.transactions is None:
        return "?"
    return duration(server.transactions[0].seconds) if server.transactions else "-"


def connections_word(server: ServerView) -> str:
    used = connections(server)
    if used is not None:
        return f"{used[0]} of {used[1]}"
    connected = server.status.connected if server.status else None
    return "?" if connected is None else str(connected)


def _server(view: View, server: ServerView, health: Mapping[str, Health]) -> Node:
    word, base = state_word(server)
    role = view.role(server)
    summary = word
    if server.answers:
        lag = f", lag {lag_word(server)}" if server.channels else ""
        qps = f", {server.qps:.0f} statements/s" if server.qps is not None else ""
        summary = f"{word}{lag}{qps}"
    return Node(
        server.name,
        TIER,
        "mysql",
        worst([base, health.get(server.name, Health.OK)]),
        role.value,
        summary,
        tuple(_server_facts(view, server, word, base)),
        server.profile.host,
    )


def _server_facts(view: View, server: ServerView, word: str, base: Health) -> Iterator[Fact]:
    yield Fact("state", word, base)
    yield Fact("role, by facts", view.role(server).value or "?")
    variables = server.variables or server.last
    aged = "" if server.answers else " (last known)"
    if variables is not None:
        yield Fact("version", f"{variables.product} {variables.version}{aged}")
        yield Fact("read_only", f"{'ON' if variables.read_only else 'OFF'}{aged}")
        if variables.super_read_only is not None:
            yield Fact("super_read_only", f"{'ON' if variables.super_read_only else 'OFF'}{aged}")
        gtids = variables.gtid_current_pos or variables.gtid_executed
        yield Fact("GTID position", f"{one_line(gtids, limit=120) or '-'}{aged}")
    channel = server.channel
    if channel is not None:
        yield Fact("follows", f"{channel.source_host}:{channel.source_port}")
        yield Fact("IO thread", f"{channel.io} {channel.io_error}".strip())
        yield Fact("SQL thread", f"{channel.sql} {channel.sql_error}".strip())
        yield Fact("lag", lag_word(server))
        gap = gap_of(view, server)
        yield Fact("transactions it lacks", "?" if gap is None else str(gap))
    yield Fact("semi-sync", semisync_word(server))
    yield Fact("connections", connections_word(server))
    yield Fact("oldest transaction", longest(server))
    if view.live_master is server and server.processes is not None:
        yield Fact("connections past HAProxy", str(len(bypassing(view, server))))
    if server.status is not None and server.status.uptime is not None:
        yield Fact("up", duration(server.status.uptime))
    if server.daemons is not None:
        pids = ", ".join(str(daemon.pid) for daemon in server.daemons)
        yield Fact("process on its host", f"pid {pids}" if pids else "none")
    if server.failure is not None and not server.pending:
        yield Fact("no answer", server.failure.sentence, Health.UNKNOWN)


def _balancer(balancer: BalancerView, health: Mapping[str, Health]) -> Node:
    base = Health.OK if balancer.answers else Health.UNKNOWN
    count = balancer.sessions
    summary = f"sends writes to {route(balancer)}, {count} session{'s' * (count != 1)}"
    if balancer.failure is not None:
        summary = "not asked yet" if balancer.pending else balancer.failure.kind.value
    return Node(
        balancer.name,
        TIER,
        "haproxy",
        worst([base, health.get(balancer.name, Health.OK)]),
        "",
        summary,
        tuple(_balancer_facts(balancer)),
        balancer.profile.host,
    )


def _balancer_facts(balancer: BalancerView) -> Iterator[Fact]:
    yield Fact("writes go to", route(balancer))
    for member in (*(balancer.write or ()), *(balancer.read or ())):
        line = member.line
        backup = " (backup)" if line.backup else ""
        check = f", {line.check}" if line.check else ""
        yield Fact(f"{line.proxy}/{line.name}", f"{line.note}{backup}, {line.sessions} sessions{check}")
    if balancer.info is not None:
        yield Fact("version", balancer.info.version)
        yield Fact("up", duration(balancer.info.uptime))
    configured, config = balancer.configured, balancer.config
    if configured is not None and config is not None:
        loads = configured.loads_state and config.state_file
        yield Fact("after a reload", f"loads {config.state_file}" if loads else "starts as configured")
    if balancer.failure is not None and not balancer.pending:
        yield Fact("no answer", balancer.failure.sentence, Health.UNKNOWN)
