"""Zabbix's actions that act by themselves, and the remote commands they ran (action, alert objects)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from saitotui.facts.zabbix_fields import HostRef, Row, identity, inner, refs, rows, text, whole
from saitotui.model.command import Answer

REMOTE_COMMAND = 1
"""operationtype: run a script on a host."""
TAG, TAG_VALUE = 25, 26
"""conditiontype: the event has this tag, has this tag with this value."""


class Ran(Enum):
    """What became of a remote command. Handed over says nothing about its success: the exit code is lost."""

    NOT_YET = 0
    HANDED_OVER = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class Action:
    """An action on triggers. `tags` are those its conditions name, with the value where one is asked for."""

    id: str
    name: str
    armed: bool
    commands: bool
    tags: tuple[tuple[str, str], ...] = ()

    def recovers(self, tag: str) -> bool:
        """Whether it acts by itself: it runs commands, or is marked by the platform's tag."""
        return self.commands or any(name == tag for name, _ in self.tags)


@dataclass(frozen=True, slots=True)
class RemoteCommand:
    """A command that an action ran, at `at` (UTC seconds by the server's clock)."""

    id: str
    action: str
    event: str
    at: float
    text: str
    ran: Ran
    error: str
    step: int
    hosts: tuple[HostRef, ...]


def actions(answer: Answer) -> tuple[Action, ...]:
    """Reads `action.get`."""
    return tuple(
        Action(
            identity(row, "actionid"),
            text(row, "name"),
            whole(row, "status", 1) == 0,
            any(whole(one, "operationtype", -1) == REMOTE_COMMAND for one in inner(row, "operations")),
            _tags(row),
        )
        for row in rows(answer)
    )


def _tags(row: Row) -> tuple[tuple[str, str], ...]:
    conditions = row.get("filter")
    found = []
    for one in inner(conditions, "conditions") if isinstance(conditions, dict) else []:
        kind = whole(one, "conditiontype", -1)
        if kind == TAG:
            found.append((text(one, "value"), ""))
        elif kind == TAG_VALUE:
            found.append((text(one, "value2"), text(one, "value")))
    return tuple(found)


def commands(answer: Answer) -> tuple[RemoteCommand, ...]:
    """Reads `alert.get` of remote commands, newest first."""
    found = [
        RemoteCommand(
            identity(row, "alertid"),
            text(row, "actionid"),
            text(row, "eventid"),
            float(whole(row, "clock")),
            text(row, "message"),
            {1: Ran.HANDED_OVER, 2: Ran.FAILED}.get(whole(row, "status"), Ran.NOT_YET),
            text(row, "error"),
            whole(row, "esc_step"),
            refs(row),
        )
        for row in rows(answer)
        if whole(row, "alerttype", 1) == 1
    ]
    return tuple(sorted(found, key=lambda command: -command.at))


@dataclass(frozen=True, slots=True)
class Script:
    """A global script: its command, where it may be used (`scope` 1: by actions) and run (`on` 0: agent)."""

    id: str
    name: str
    command: str
    scope: int
    on: int


def scripts(answer: Answer) -> tuple[Script, ...]:
    """Reads `script.get`."""
    return tuple(
        Script(
            identity(row, "scriptid"),
            text(row, "name"),
            text(row, "command", limit=2000),
            whole(row, "scope", -1),
            whole(row, "execute_on", -1),
        )
        for row in rows(answer)
    )


@dataclass(frozen=True, slots=True)
class Operation:
    """What an action does in its steps `first` to `last`: a script, or a message to groups of users."""

    first: int
    last: int
    script: str
    groups: tuple[str, ...]


def operations(answer: Answer) -> dict[str, tuple[Operation, ...]]:
    """Reads `action.get` with its operations: by the action's name."""
    return {text(row, "name"): tuple(map(_operation, inner(row, "operations"))) for row in rows(answer)}


def _operation(row: Row) -> Operation:
    order = row.get("opcommand")
    script = text(order, "scriptid") if isinstance(order, dict) else ""
    groups = tuple(text(one, "usrgrpid") for one in inner(row, "opmessage_grp"))
    return Operation(whole(row, "esc_step_from"), whole(row, "esc_step_to"), script, groups)
