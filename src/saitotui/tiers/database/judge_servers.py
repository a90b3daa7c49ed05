"""Findings about reaching the servers: dead, unreachable, refusing, half blind."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.model.command import Failure, FailureKind
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.situations import (
    ACCESS_DENIED,
    MASTER_DEAD,
    MASTER_UNREACHABLE,
    PRIVILEGE_MISSING,
    READING_MISSING,
    SERVER_DOWN,
    SERVER_REFUSING,
    SERVER_STARTING,
    SERVER_UNREACHABLE,
)
from saitotui.tiers.database.vantage import Verdict, verdict
from saitotui.tiers.database.view import View

_LOST = {FailureKind.UNREACHABLE, FailureKind.REFUSED, FailureKind.TIMEOUT}
_NEEDED = ("replica", "status", "processes", "transactions")


def server_findings(view: View) -> Iterator[Finding]:
    for server in view.servers.values():
        if server.answers:
            yield from _half_blind(server)
        elif server.failure is not None and not server.pending:
            yield _silent(view, server, server.failure)


def dead_servers(view: View) -> dict[str, str]:
    """Servers that are proven dead, with the sentence that proves it."""
    return {
        finding.subject: finding.sentence
        for finding in server_findings(view)
        if finding.code in (MASTER_DEAD.code, SERVER_DOWN.code)
    }


def _silent(view: View, server: ServerView, failure: Failure) -> Finding:
    if failure.kind is FailureKind.DENIED:
        return ACCESS_DENIED.found(
            server.name,
            f"{server.name} refuses this console's account {server.profile.user}",
            failure.sentence,
        )
    if failure.kind is FailureKind.ERROR:
        return _refusing(view, server, failure)
    if failure.kind not in _LOST:
        return READING_MISSING.found(
            server.name, f"{server.name} answers what this console cannot read", failure.sentence
        )
    return _lost(view, server, failure, verdict(view, server))


def _refusing(view: View, server: ServerView, failure: Failure) -> Finding:
    is_master = view.master is not None and view.master.name == server.name
    what = failure.sentence.partition("): ")[2] or failure.sentence
    sentence = f"{server.name} runs but turns this console away: {what}"
    health = Health.CRIT if is_master or len(view.servers) == 1 else Health.WARN
    return SERVER_REFUSING.found(server.name, sentence, failure.sentence, health=health)


def _lost(view: View, server: ServerView, failure: Failure, said: Verdict) -> Finding:
    is_master = view.master is not None and view.master.name == server.name
    evidence = (failure.sentence, *said.evidence)
    if said.starting:
        sentence = f"{server.name} is starting: {said.starting}, and does not listen yet"
        health = Health.CRIT if is_master else Health.WARN
        return SERVER_STARTING.found(server.name, sentence, *evidence, health=health)
    if said.dead:
        reasons = ", ".join((*said.proofs, *said.agree))
        word = "the master " if is_master else ""
        situation = MASTER_DEAD if is_master else SERVER_DOWN
        return situation.found(server.name, f"{word}{server.name} is dead: {reasons}", *evidence)
    how = {FailureKind.TIMEOUT: "hangs", FailureKind.REFUSED: "refuses connections"}
    state = how.get(failure.kind, "does not answer this console")
    others = ", ".join((*said.agree, *said.dissent)) or "nobody else can say whether it lives"
    if is_master:
        return MASTER_UNREACHABLE.found(server.name, f"the master {server.name} {state}; {others}", *evidence)
    return SERVER_UNREACHABLE.found(server.name, f"{server.name} {state}; {others}", *evidence)


def _half_blind(server: ServerView) -> Iterator[Finding]:
    missing = {key: server.failures[key] for key in _NEEDED if key in server.failures}
    denied = {key: failure for key, failure in missing.items() if failure.kind is FailureKind.DENIED}
    if denied:
        yield _ungranted(server, denied)
    for key, failure in missing.items():
        if key not in denied and failure.kind is not FailureKind.PENDING:
            sentence = f"{server.name} answers, but not about its {_WORDS[key]}: {failure.kind.value}"
            yield READING_MISSING.found(server.name, sentence, failure.sentence)
            return


_WORDS = {
    "replica": "replication",
    "status": "counters",
    "processes": "processes",
    "transactions": "transactions",
}


def _ungranted(server: ServerView, denied: dict[str, Failure]) -> Finding:
    variables = server.variables
    monitor = "SLAVE MONITOR" if variables is not None and variables.mariadb else "REPLICATION CLIENT"
    needed = {"replica": monitor}
    privileges = sorted({needed.get(key, "PROCESS") for key in denied})
    account = f"'{server.profile.user}'@'...'"
    sentence = (
        f"the console's account on {server.name} may not see its "
        f"{' and '.join(_WORDS[key] for key in denied)}: "
        f"GRANT {', '.join(privileges)} ON *.* TO {account}"
    )
    return PRIVILEGE_MISSING.found(server.name, sentence, *(f.sentence for f in denied.values()))
