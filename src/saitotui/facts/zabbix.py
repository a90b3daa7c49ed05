"""Zabbix's problems, triggers and events (API reference 6.0 to 7.4: problem, trigger, event objects)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from saitotui.facts.zabbix_fields import HostRef, Row, flag, identity, inner, refs, rows, tags, text, whole
from saitotui.model.command import Answer


class Severity(IntEnum):
    NOT_CLASSIFIED = 0
    INFORMATION = 1
    WARNING = 2
    AVERAGE = 3
    HIGH = 4
    DISASTER = 5

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Problem:
    """An open problem. `since` in UTC seconds by the server's clock; `message` is what a person wrote last
    when acknowledging. Which host it is about only its trigger tells."""

    id: str
    trigger: str
    name: str
    severity: Severity
    since: float
    acknowledged: bool
    suppressed: bool
    tags: tuple[tuple[str, str], ...] = ()
    message: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that is in problem. `enabled`: it and all its hosts are."""

    id: str
    description: str
    severity: Severity
    since: float
    enabled: bool
    hosts: tuple[HostRef, ...]
    closable: bool


@dataclass(frozen=True, slots=True)
class RaisedEvent:
    """A problem was raised, or resolved."""

    id: str
    at: float
    raised: bool
    name: str
    severity: Severity
    hosts: tuple[HostRef, ...]


def severity(number: int) -> Severity:
    return Severity(number) if 0 <= number <= 5 else Severity.NOT_CLASSIFIED


def problems(answer: Answer) -> tuple[Problem, ...]:
    """Reads `problem.get`."""
    return tuple(
        Problem(
            identity(row, "eventid"),
            text(row, "objectid"),
            text(row, "name"),
            severity(whole(row, "severity")),
            float(whole(row, "clock")),
            flag(row, "acknowledged"),
            flag(row, "suppressed"),
            tags(row),
            _last_message(inner(row, "acknowledges")),
            text(row, "opdata"),
        )
        for row in rows(answer)
    )


def _last_message(acknowledges: Sequence[Row]) -> str:
    said = [(whole(one, "clock"), text(one, "message")) for one in acknowledges if text(one, "message")]
    return max(said)[1] if said else ""


def triggers(answer: Answer) -> tuple[Trigger, ...]:
    """Reads `trigger.get`."""
    return tuple(_trigger(row) for row in rows(answer) if whole(row, "value", 1) == 1)


def _trigger(row: Row) -> Trigger:
    hosts = refs(row)
    return Trigger(
        identity(row, "triggerid"),
        text(row, "description"),
        severity(whole(row, "priority")),
        float(whole(row, "lastchange")),
        whole(row, "status") == 0 and all(host.enabled for host in hosts),
        hosts,
        flag(row, "manual_close"),
    )


def events(answer: Answer) -> tuple[RaisedEvent, ...]:
    """Reads `event.get`."""
    return tuple(
        RaisedEvent(
            identity(row, "eventid"),
            float(whole(row, "clock")),
            whole(row, "value") == 1,
            text(row, "name"),
            severity(whole(row, "severity")),
            refs(row),
        )
        for row in rows(answer)
    )
