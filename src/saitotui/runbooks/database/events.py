"""Scheduled events go with the master: they run with their definer's rights, which may be those to write to a
read-only server, and a replica that becomes master does not run those that it replicated.

MySQL manual, "Replication of Invoked Features": what is enabled on the master is switched off on its replicas
by replication itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saitotui.clients.quoting import sql_name, sql_text
from saitotui.facts import mysql_events
from saitotui.facts.mysql_events import SELECT_EVENTS, ScheduledEvent
from saitotui.model.command import Answer, Danger
from saitotui.model.plan import Check, Grade, Precondition, Step, Verdict
from saitotui.model.text import one_line
from saitotui.runbooks.database import checks
from saitotui.runbooks.database.checks import ask_sql
from saitotui.runbooks.database.pair import Server
from saitotui.runbooks.database.steps import FORWARD, act
from saitotui.runbooks.judging import reading
from saitotui.tiers.database.servers import ServerView

SCHEDULER = "event_scheduler"


def running(server: ServerView) -> tuple[ScheduledEvent, ...]:
    """The events that run on a server, as the snapshot has it."""
    return tuple(one for one in server.events or () if one.enabled)


def waiting(server: ServerView) -> tuple[ScheduledEvent, ...]:
    """The events that a replica would not run if it became master."""
    return tuple(one for one in server.events or () if not one.enabled)


def scheduled(server: ServerView) -> bool:
    """Whether a server's scheduler runs."""
    return bool(server.variables and server.variables.event_scheduler)


def names(found: Sequence[ScheduledEvent]) -> str:
    rest = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return one_line(", ".join(one.name for one in found[:3]) + rest, limit=120)


def known(server: str, found: Sequence[ScheduledEvent]) -> Precondition:
    """That the events of a master are those that the plan moves."""

    def judge(answer: Answer) -> Verdict:
        now = {one.name for one in mysql_events.events(answer) if one.enabled}
        new, gone = now - {one.name for one in found}, {one.name for one in found} - now
        said = [f"also {', '.join(sorted(new)[:3])}"] if new else []
        said += [f"no {', '.join(sorted(gone)[:3])}"] if gone else []
        return Verdict(not said, one_line("; ".join(said), limit=160) or names(found) or "none")

    word = f"{len(found)} events are" if len(found) > 1 else f"{'one' if found else 'no'} event is"
    check = Check(f"{word} enabled on {server}", ask_sql(server, SELECT_EVENTS), reading(judge))
    return Precondition(check, "an event that the plan does not know would run on neither", Grade.AMBER)


def stop(old: Server) -> Step:
    """No event begins on a server from now on. Inside the critical stage: nothing that an event writes can be
    on the old master alone."""
    return Step(
        f"{old.name} begins no more events",
        (act(old, f"SET GLOBAL {SCHEDULER} = OFF"),),
        undo=(act(old, f"SET GLOBAL {SCHEDULER} = ON"),),
        undone=scheduler(old.name, True),
        deadline=2.0,
        expected=0.001,
    )


def move(old: str, new: Server, found: Sequence[ScheduledEvent], *, run: bool) -> Iterator[Step]:
    """The events run on the new master, and on nobody else. `run`: the scheduler is started there, too."""
    yield Step(
        f"{names(found)} run{'s' * (len(found) == 1)} on {new.name}",
        tuple(act(new, _enable(one), Danger.REVERSIBLE) for one in found),
        goal=_enabled(new.name, found),
        no_undo=FORWARD,
        deadline=15.0,
        expected=0.05,
    )
    if run:
        yield _started(new)
    if old:
        # Replication switches them off there.
        yield Step(
            f"no event is enabled on {old}", (), goal=checks.no_events(old), deadline=15.0, expected=0.1
        )


def restart(old: Server) -> Step:
    """A server whose scheduler was stopped has it back: nothing is enabled there."""
    return _started(old)


def _started(server: Server) -> Step:
    return Step(
        f"the event scheduler of {server.name} is on",
        (act(server, f"SET GLOBAL {SCHEDULER} = ON", Danger.REVERSIBLE),),
        goal=scheduler(server.name, True),
        no_undo=FORWARD,
        expected=0.02,
    )


def scheduler(server: str, on: bool) -> Check:
    """Whether a server runs its events."""
    return checks.variable(server, SCHEDULER, on, f"{SCHEDULER} is {'ON' if on else 'OFF'} on {server}")


def _enable(one: ScheduledEvent) -> str:
    """Without DEFINER the event would be ours from now on ("ALTER EVENT Statement")."""
    user, _, host = one.definer.rpartition("@")
    definer = f"DEFINER = {sql_text(user)}@{sql_text(host)}"
    return f"ALTER {definer} EVENT {sql_name(one.schema)}.{sql_name(one.event)} ENABLE"


def _enabled(server: str, found: Sequence[ScheduledEvent]) -> Check:
    def judge(answer: Answer) -> Verdict:
        on = {one.name for one in mysql_events.events(answer) if one.enabled}
        missing = [one.name for one in found if one.name not in on]
        return Verdict(not missing, f"not {', '.join(missing[:3])}" if missing else f"{len(found)} enabled")

    return Check(f"{names(found)} enabled on {server}", ask_sql(server, SELECT_EVENTS), reading(judge))
