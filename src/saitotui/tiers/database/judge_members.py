"""Findings about HAProxy's servers and the traps in its set-up: failback, lost state, maintenance."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.haproxy import ServerState
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.text import duration
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.judge_servers import dead_servers
from saitotui.tiers.database.situations_use import (
    HAPROXY_FAILBACK,
    HAPROXY_FORGOTTEN,
    HAPROXY_NAME,
    HAPROXY_SERVER_DOWN,
    HAPROXY_SESSIONS,
    HAPROXY_STALE_SESSIONS,
    HAPROXY_STOPPING,
    HAPROXY_UNKNOWN_SERVER,
    HAPROXY_VOLATILE,
)
from saitotui.tiers.database.view import View

FORGOTTEN = 3600.0
"""Seconds after which maintenance of a well server is called forgotten."""
SESSIONS_PERCENT = 90.0


def member_findings(view: View) -> Iterator[Finding]:
    dead = dead_servers(view)
    for balancer in view.balancers.values():
        if balancer.write is None:
            continue
        yield from _failback(balancer)
        yield from _down(view, balancer, dead)
        yield from _forgotten(view, balancer)
        yield from _volatile(balancer)
        yield from _stale(balancer)
        yield from _names(balancer)
        yield from _process(balancer)


def disarmed(balancer: BalancerView) -> bool | None:
    """Whether this node can no longer move writes by itself; None when it cannot be told."""
    if balancer.write is None:
        return None
    usable = [m for m in balancer.write if not m.line.maintenance]
    return len(usable) <= 1


def _failback(balancer: BalancerView) -> Iterator[Finding]:
    """A backup server that may take over, and the first one that may take back."""
    first = [m for m in balancer.write or () if not m.line.backup and not m.line.maintenance]
    configured = balancer.configured
    if not balancer.fallback or not first or (configured is not None and configured.sticky):
        return
    backup, primary = balancer.fallback[0], first[0]
    evidence = [f"{balancer.name}: {backup.line.proxy}/{backup.line.name} is a backup server"]
    if configured is not None and configured.checks:
        evidence.append(f"{balancer.name}: it checks by {', '.join(configured.checks)}")
    if backup in balancer.active:
        sentence = (
            f"{balancer.name} moved writes to the backup server {backup.label} and moves them back by itself "
            f"as soon as {primary.label} answers"
        )
        yield HAPROXY_FAILBACK.found(balancer.name, sentence, *evidence, health=Health.CRIT)
    else:
        sentence = (
            f"{balancer.name} moves writes to {backup.label} by itself when {primary.label} fails, "
            "and back again"
        )
        yield HAPROXY_FAILBACK.found(balancer.name, sentence, *evidence)


def _down(view: View, balancer: BalancerView, dead: dict[str, str]) -> Iterator[Finding]:
    seen = set()
    for member in (*(balancer.write or ()), *(balancer.read or ())):
        server = view.servers.get(member.server)
        if not member.line.down or server is None or server.name in seen or server.name in dead:
            continue
        seen.add(server.name)
        line = member.line
        reason = " ".join(word for word in (line.check, line.check_text or line.agent) if word)
        answers = (
            "although it answers this console" if server.answers else "and it does not answer here either"
        )
        sentence = f"{balancer.name} calls {server.name} DOWN ({reason or 'no reason given'}), {answers}"
        yield HAPROXY_SERVER_DOWN.found(
            balancer.name, sentence, f"{balancer.name}: {line.proxy}/{line.name} {line.note}"
        )


def _forgotten(view: View, balancer: BalancerView) -> Iterator[Finding]:
    """In the read backend only: in the write backend, maintenance is how all but one are kept out."""
    for member in balancer.read or ():
        server, since = view.servers.get(member.server), member.line.since
        out = member.forced or member.line.status == "DRAIN"
        if out and server is not None and server.answers and since is not None and since > FORGOTTEN:
            sentence = (
                f"{server.name} is in {member.line.status} in {member.line.proxy} on {balancer.name} "
                f"for {duration(since)}, and is well"
            )
            yield HAPROXY_FORGOTTEN.found(balancer.name, sentence, f"{balancer.name}: {member.line.note}")
            return


def _volatile(balancer: BalancerView) -> Iterator[Finding]:
    """Which servers of the write backend would be in maintenance after a reload, against now."""
    configured, config = balancer.configured, balancer.config
    if configured is None or config is None or balancer.states is None:
        return
    if configured.loads_state == "local":
        return
    loads = configured.loads_state == "global" and bool(config.state_file or balancer.profile.state_file)
    saved = {state.name: state for state in config.saved or () if state.backend == balancer.backend}
    changed = [
        state
        for state in balancer.states
        if state.backend == balancer.backend and _changes(state, saved if loads else {}, configured.disabled)
    ]
    if not changed:
        return
    after = " and ".join(
        f"{state.name} {'back into service' if state.maintenance else 'into maintenance'}"
        for state in changed
    )
    why = "its state file is older than that" if loads and saved else "it loads no state file"
    sentence = f"a reload of HAProxy on {balancer.name} would put {after}: {why}"
    evidence = [f"{balancer.name}: {s.name} srv_admin_state {s.admin} now" for s in changed]
    evidence.append(
        f"{balancer.name}: disabled in the configuration: {', '.join(configured.disabled) or 'none'}"
    )
    yield HAPROXY_VOLATILE.found(balancer.name, sentence, *evidence)


def _changes(now: ServerState, saved: dict[str, ServerState], disabled: tuple[str, ...]) -> bool:
    file = saved.get(now.name)
    then = file.maintenance if file is not None else now.name in disabled
    return then != now.maintenance


def _stale(balancer: BalancerView) -> Iterator[Finding]:
    active = balancer.active
    for member in balancer.write or ():
        line = member.line
        if active and member not in active and line.sessions and not line.takes:
            count = line.sessions
            sentence = (
                f"{count} session{'s' * (count != 1)} of {balancer.name} still "
                f"{'use' if count != 1 else 'uses'} {member.label}, which is in {line.status}"
            )
            yield HAPROXY_STALE_SESSIONS.found(balancer.name, sentence, f"{balancer.name}: scur {count}")


def _names(balancer: BalancerView) -> Iterator[Finding]:
    for member in (*(balancer.write or ()), *(balancer.read or ())):
        if member.named and member.server != member.named:
            sentence = (
                f"the server {member.line.name} of {balancer.name} leads to {member.server} "
                f"({member.line.address})"
            )
            yield HAPROXY_NAME.found(balancer.name, sentence, f"{balancer.name}: {member.line.proxy}")
            return
    for member in balancer.active:
        if not member.server:
            name = f"{member.line.name} ({member.line.address or 'address unknown'})"
            sentence = f"{balancer.name} sends writes to {name}, which the profile does not name"
            yield HAPROXY_UNKNOWN_SERVER.found(
                balancer.name, sentence, f"{balancer.name}: {member.line.note}"
            )


def _process(balancer: BalancerView) -> Iterator[Finding]:
    if balancer.info is not None and balancer.info.stopping:
        sentence = f"the HAProxy process that answers on {balancer.name} (pid {balancer.info.pid}) is ending"
        yield HAPROXY_STOPPING.found(balancer.name, sentence, f"{balancer.name}: Stopping 1")
    for line in balancer.lines or ():
        mine = line.proxy == balancer.backend and (line.name == "FRONTEND" or line.is_server)
        if mine and line.limit and 100 * line.sessions / line.limit >= SESSIONS_PERCENT:
            sentence = (
                f"{line.proxy}/{line.name} on {balancer.name} has {line.sessions} of {line.limit} "
                "sessions in use"
            )
            yield HAPROXY_SESSIONS.found(balancer.name, sentence, f"{balancer.name}: {line.queued} queued")
            return
