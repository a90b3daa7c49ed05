"""Is a server dead? Asked of several vantage points; only when they agree is it proven.

First hand: its port refuses, or its host says that no server process runs. Second hand: replicas that lost
it, HAProxy nodes whose checks fail. One that still has it (a replica that reads from it, a check that
succeeds) overrules all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from saitotui.model.command import FailureKind
from saitotui.model.text import duration
from saitotui.tiers.database.balancers import BalancerView
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.view import View

LOST = frozenset({2002, 2003, 2005, 2006, 2013, 1158, 1159, 1160, 1161})
"""Errors of an IO thread that lost its source: no connection, or one that broke."""
_WELL = frozenset({"L4OK", "L6OK", "L7OK", "L7OKC"})
MARGIN = 3.0
"""Seconds by which a process's age may be off against the time of the last answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`proofs` first hand, `agree` and `dissent` second hand: one sentence each. `starting` is set when its
    process is newer than its last answer."""

    proofs: tuple[str, ...]
    agree: tuple[str, ...]
    dissent: tuple[str, ...]
    starting: str = ""

    @property
    def dead(self) -> bool:
        if not self.proofs or self.dissent or self.starting:
            return False
        return bool(self.agree) or len(self.proofs) > 1

    @property
    def evidence(self) -> tuple[str, ...]:
        return (*self.proofs, *self.agree, *self.dissent)


def verdict(view: View, server: ServerView) -> Verdict:
    """What everybody says of `server`, which does not answer."""
    proofs = _first_hand(server)
    agree: list[str] = []
    dissent: list[str] = []
    for replica in view.replicas:
        if view.source.get(replica.name) == server.name:
            _ask_replica(replica, agree, dissent)
    _ask_balancers(view.balancers.values(), server.name, agree, dissent)
    return Verdict(tuple(proofs), tuple(agree), tuple(dissent), _starting(view, server))


def _first_hand(server: ServerView) -> list[str]:
    proofs = []
    if server.failure is not None and server.failure.kind is FailureKind.REFUSED:
        proofs.append(f"{server.name} refuses connections")
    if server.daemons == ():
        proofs.append(f"no mariadbd or mysqld runs on {server.profile.host}")
    return proofs


def _starting(view: View, server: ServerView) -> str:
    if not server.daemons or server.last is None:
        return ""
    youngest = min(server.daemons, key=lambda daemon: daemon.age)
    if youngest.age + MARGIN >= view.at - server.last_at:
        return ""
    return (
        f"{youngest.name} (pid {youngest.pid}) runs on {server.profile.host} since {duration(youngest.age)}"
    )


def _ask_replica(replica: ServerView, agree: list[str], dissent: list[str]) -> None:
    channel = replica.channel
    if channel is None:
        return
    if channel.io_runs:
        dissent.append(f"{replica.name} still reads from it")
    elif channel.io_errno in LOST:
        agree.append(f"{replica.name} lost it ({channel.io_errno})")


def _ask_balancers(
    balancers: Iterable[BalancerView], server: str, agree: list[str], dissent: list[str]
) -> None:
    down: dict[str, list[str]] = {}
    for balancer in balancers:
        lines = [member.line for member in balancer.members(server) if not member.line.maintenance]
        fails = [line for line in lines if line.down]
        well = [line for line in lines if line.status == "UP" and line.check in _WELL]
        if fails:
            reason = " ".join(word for word in (fails[0].check, fails[0].check_text) if word)
            down.setdefault(reason or "no reason given", []).append(balancer.name)
        elif well:
            dissent.append(f"{balancer.name} calls it UP ({well[0].check})")
    for reason, names in down.items():
        agree.append(f"{' and '.join(names)} call{'s' * (len(names) == 1)} it DOWN ({reason})")
