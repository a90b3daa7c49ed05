"""The application as nodes and edges: nginx, Tomcats, traffic, replication of sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

from saitotui.model.health import Health, worst
from saitotui.model.text import one_line, size
from saitotui.model.topology import Edge, Fact, Node
from saitotui.tiers.application.judge_cluster import Membership
from saitotui.tiers.application.judge_tomcats import TIER, word
from saitotui.tiers.application.view import NginxView, State, TomcatView, View

BASE: Mapping[State, Health] = {
    State.ANSWERS: Health.OK,
    State.DOWN: Health.CRIT,
    State.HUNG: Health.CRIT,
    State.STARTING: Health.WARN,
}
"""How well a service in a state is; in every other state nobody knows."""


def state_health(state: State) -> Health:
    return BASE.get(state, Health.UNKNOWN)


def nodes(view: View, health: Mapping[str, Health]) -> tuple[Node, ...]:
    """`health` is the worst finding of each subject."""
    fronts = (_nginx(view, front, health) for front in view.nginx.values())
    return (*fronts, *(_tomcat(view, tomcat, health) for tomcat in view.tomcats.values()))


def edges(view: View, members: Membership) -> Iterator[Edge]:
    for front in view.nginx.values():
        for tomcat in view.tomcats.values():
            health = worst([state_health(front.state), state_health(tomcat.state)])
            yield Edge(front.name, tomcat.name, "traffic", health)
    for a, b in combinations(view.tomcats.values(), 2):
        health, label = _replication(a, b, members)
        yield Edge(a.name, b.name, "replication", health, label)


def _replication(a: TomcatView, b: TomcatView, members: Membership) -> tuple[Health, str]:
    gone = [one.name for one in (a, b) if one.serving is False]
    if gone:
        return Health.CRIT, ""
    if a.name not in members.sees or b.name not in members.sees:
        return Health.UNKNOWN, ""
    blind = [
        f"{one.name} does not see {other.name}"
        for one, other in ((a, b), (b, a))
        if other.name not in members.sees[one.name]
    ]
    if len(blind) == 2:
        return Health.WARN, "no copies"
    return (Health.WARN, blind[0]) if blind else (Health.OK, "")


def _nginx(view: View, front: NginxView, health: Mapping[str, Health]) -> Node:
    status = front.status
    base = state_health(front.state)
    facts = [
        Fact("state", front.state.value, base),
        Fact(
            "connections",
            f"{status.active} ({status.reading} reading, {status.writing} writing, {status.waiting} waiting)"
            if status
            else "?",
        ),
        Fact("requests", "?" if front.rate is None else f"{front.rate:.0f} a second"),
        Fact("dropped connections", str(status.dropped) if status else "?"),
        Fact("server errors, last 30 s", "?" if front.errors is None else f"{front.errors:.1%}"),
        Fact("slowest of 20 requests", _percentile(front)),
        Fact("answered by", _answered(view, front)),
        Fact("processes", "?" if front.processes is None else str(len(front.processes))),
        Fact("access log", front.profile.access_log),
    ]
    if front.failure is not None and front.state is not State.PENDING:
        facts.append(Fact("no answer", one_line(front.failure.sentence), base))
    summary = front.state.value
    return Node(
        front.name,
        TIER,
        "nginx",
        worst([base, health.get(front.name, Health.OK)]),
        "front",
        summary,
        tuple(facts),
        front.profile.host,
    )


def percentile(front: NginxView) -> float | None:
    """The time that 95 of 100 recent requests stayed below, in seconds; None when the log says no times."""
    times = sorted(request.seconds for request in front.recent or () if request.seconds is not None)
    return times[min(len(times) - 1, len(times) * 95 // 100)] if times else None


def _percentile(front: NginxView) -> str:
    seconds = percentile(front)
    return "?" if seconds is None else f"{seconds * 1000:.0f} ms and more"


def _answered(view: View, front: NginxView) -> str:
    """Which upstream gave the answer: the last one tried."""
    if front.recent is None:
        return "?"
    counts = Counter(view.upstream(request.tries[-1].address) for request in front.recent if request.tries)
    total = counts.total()
    return ", ".join(f"{name} {count / total:.0%}" for name, count in sorted(counts.items())) or "-"


def _tomcat(view: View, tomcat: TomcatView, health: Mapping[str, Health]) -> Node:
    base = state_health(tomcat.state)
    facts = [
        Fact("state", word(tomcat), base),
        *(
            Fact(
                view.named(app.version),
                f"{'running' if app.running else 'stopped'}, {app.sessions} sessions",
                None if app.running else Health.WARN,
            )
            for app in tomcat.apps or ()
        ),
        Fact("serves", served_word(view, tomcat)),
        Fact("request threads", threads_word(tomcat)),
        Fact("heap", _heap(tomcat)),
        Fact("requests", "?" if tomcat.rate is None else f"{tomcat.rate:.0f} a second"),
        Fact("session managers", _managers(tomcat)),
        Fact("name in the session cluster", one_line(tomcat.identity) or "?"),
        Fact("sees", _sees(tomcat)),
        Fact("replication", _mode(tomcat)),
        Fact("Java processes", "?" if tomcat.processes is None else str(len(tomcat.processes))),
    ]
    if tomcat.failure is not None and tomcat.state is not State.PENDING:
        facts.append(Fact("no answer", one_line(tomcat.failure.sentence), base))
    summary = word(tomcat)
    if tomcat.serves is not None:
        summary = f"serves {view.named(tomcat.serves)}"
    return Node(
        tomcat.name,
        TIER,
        "tomcat",
        worst([base, health.get(tomcat.name, Health.OK)]),
        "app",
        summary,
        tuple(facts),
        tomcat.profile.host,
    )


def served_word(view: View, tomcat: TomcatView) -> str:
    if tomcat.apps is None:
        return "?"
    return "nothing" if tomcat.serves is None else view.named(tomcat.serves)


def threads_word(tomcat: TomcatView) -> str:
    threads = tomcat.threads
    return "?" if threads is None else f"{threads.busy} of {threads.most or 'unlimited'} busy"


def _heap(tomcat: TomcatView) -> str:
    heap = tomcat.heap
    if heap is None:
        return "?"
    return size(heap.used) if heap.most is None else f"{heap.percent:.0f}% of {size(heap.most)}"


def _managers(tomcat: TomcatView) -> str:
    if tomcat.managers is None:
        return "?"
    kinds = {one.kind for one in tomcat.managers}
    return ", ".join(sorted(kinds)) or "none"


def _sees(tomcat: TomcatView) -> str:
    if tomcat.cluster is None:
        return "?"
    return ", ".join(one_line(member.name) for member in tomcat.cluster.others) or "nobody"


def _mode(tomcat: TomcatView) -> str:
    if tomcat.cluster is None:
        return "?"
    if not tomcat.cluster.configured:
        return "no session cluster"
    return "synchronous (a hung member stops all)" if tomcat.cluster.synchronous else "asynchronous"
