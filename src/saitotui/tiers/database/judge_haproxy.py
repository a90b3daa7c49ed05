"""Findings about where HAProxy sends writes, and whether all nodes agree with the master."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from saitotui.model.command import FailureKind
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.tiers.database.balancers import BalancerView, Member
from saitotui.tiers.database.situations_use import (
    HAPROXY_BACKEND_MISSING,
    HAPROXY_DISAGREE,
    HAPROXY_DOWN,
    HAPROXY_NO_SERVER,
    HAPROXY_READ_ONLY,
    HAPROXY_SPREADS,
    HAPROXY_UNREACHABLE,
    HAPROXY_UNREADABLE,
    HAPROXY_WRONG_MASTER,
)
from saitotui.tiers.database.view import SUBJECT, View

_SILENT = {FailureKind.UNREACHABLE, FailureKind.TIMEOUT}


def route_findings(view: View) -> Iterator[Finding]:
    for balancer in view.balancers.values():
        if balancer.lines is None:
            yield from _unseen(view, balancer)
        elif balancer.write is None:
            sentence = f"{balancer.name} has no backend {balancer.backend}"
            proxies = sorted({line.proxy for line in balancer.lines})[:8]
            yield HAPROXY_BACKEND_MISSING.found(
                balancer.name, sentence, f"{balancer.name}: it has {', '.join(proxies)}"
            )
        else:
            yield from _route(view, balancer)
    yield from _disagreement(view)


def route(balancer: BalancerView) -> str:
    """Where it sends writes, in words: `db1`, `db1 and db2`, `nobody`, `?`."""
    if balancer.write is None:
        return "?"
    return " and ".join(sorted(member.label for member in balancer.active)) or "nobody"


def _unseen(view: View, balancer: BalancerView) -> Iterator[Finding]:
    failure = balancer.failure
    if failure is None or balancer.pending:
        return
    if failure.kind is FailureKind.REFUSED:
        others = [one.name for one in view.balancers.values() if one.answers]
        rest = f"; {' and '.join(others)} still answers" if others else ""
        health = Health.WARN if others else Health.CRIT
        sentence = f"HAProxy does not run on {balancer.name}: its runtime API refuses{rest}"
        yield HAPROXY_DOWN.found(balancer.name, sentence, failure.sentence, health=health)
    elif failure.kind in _SILENT:
        sentence = f"{balancer.name} does not answer this console: where it sends writes is not known"
        yield HAPROXY_UNREACHABLE.found(balancer.name, sentence, failure.sentence)
    else:
        sentence = f"{balancer.name} answers, but not with its statistics: {failure.kind.value}"
        yield HAPROXY_UNREADABLE.found(balancer.name, sentence, failure.sentence)


def _route(view: View, balancer: BalancerView) -> Iterator[Finding]:
    active = balancer.active
    evidence = [_line(balancer, member) for member in balancer.write or ()]
    if not active:
        states = ", ".join(f"{m.label} {m.line.note}" for m in balancer.write or ()) or "it has none"
        sentence = f"{balancer.name} has no server to send writes to: {states}"
        yield HAPROXY_NO_SERVER.found(balancer.name, sentence, *evidence)
        return
    if len(active) > 1:
        sentence = f"{balancer.name} spreads writes over {route(balancer)}"
        yield HAPROXY_SPREADS.found(balancer.name, sentence, *evidence)
    for member in active:
        server = view.servers.get(member.server)
        if server is not None and server.read_only:
            sentence = f"{balancer.name} sends writes to {server.name}, which is read-only, and calls it UP"
            check = f"{balancer.name}: check {member.line.check or 'none'} says nothing about read_only"
            yield HAPROXY_READ_ONLY.found(balancer.name, sentence, *evidence, check)
        elif _misled(view, member):
            master = view.master.name if view.master else ""
            sentence = f"{balancer.name} sends writes to {member.label}, but the master is {master}"
            yield HAPROXY_WRONG_MASTER.found(balancer.name, sentence, *evidence)


def _misled(view: View, member: Member) -> bool:
    return bool(view.master and member.server and member.server != view.master.name)


def _disagreement(view: View) -> Iterator[Finding]:
    """Nodes that send writes to different servers. One that has no server at all is an outage instead."""
    routes: dict[str, list[str]] = defaultdict(list)
    for balancer in view.balancers.values():
        if balancer.active:
            routes[route(balancer)].append(balancer.name)
    if len(routes) > 1:
        told = "; ".join(f"{' and '.join(names)} to {where}" for where, names in routes.items())
        sentence = f"HAProxy nodes disagree where writes go: {told}"
        evidence = [f"{names[0]}: writes go to {where}" for where, names in routes.items()]
        yield HAPROXY_DISAGREE.found(SUBJECT, sentence, *evidence)


def _line(balancer: BalancerView, member: Member) -> str:
    line = member.line
    check = f", check {line.check} {line.check_text}".rstrip() if line.check else ""
    backup = ", backup" if line.backup else ""
    return f"{balancer.name}: {line.proxy}/{line.name} {line.note}, {line.sessions} sessions{backup}{check}"
