"""What the database tier asks: every server in SQL, its host for the process, every HAProxy node.

The statements are the same for MariaDB (10.5 and newer) and MySQL (8.0.22 and newer): a server leaves out
what it does not have. The account needs `PROCESS`, and `SLAVE MONITOR` (MariaDB) or `REPLICATION CLIENT`
(MySQL); with `EVENT` it also sees events. HAProxy: any level of the runtime API reads; `operator` shows
addresses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.facts import (
    haproxy,
    haproxy_config,
    mysql,
    mysql_daemon,
    mysql_events,
    mysql_processes,
    mysql_replica,
    mysql_settings,
)
from saitotui.facts.haproxy import Info, Line, ServerState
from saitotui.facts.haproxy_config import Config
from saitotui.facts.mysql import Status, Variables
from saitotui.facts.mysql_daemon import Daemon
from saitotui.facts.mysql_events import ScheduledEvent
from saitotui.facts.mysql_processes import Process, Transaction
from saitotui.facts.mysql_replica import Channel
from saitotui.model.command import Client, Command, Question
from saitotui.model.profile import Database, Haproxy

SLOW = 30.0
"""Seconds between two looks at what only people change: events, configuration."""


@dataclass(frozen=True, slots=True)
class ServerQuestions:
    """What is asked of one database server."""

    name: str
    variables: Question[Variables]
    status: Question[Status]
    replica: Question[tuple[Channel, ...]]
    processes: Question[tuple[Process, ...]]
    transactions: Question[tuple[Transaction, ...]]
    events: Question[tuple[ScheduledEvent, ...]]
    settings: Question[Mapping[str, str]]
    daemon: Question[tuple[Daemon, ...]]

    @property
    def sql(self) -> Sequence[Question[Any]]:
        return (
            self.variables,
            self.status,
            self.replica,
            self.processes,
            self.transactions,
            self.events,
            self.settings,
        )

    @property
    def all(self) -> Sequence[Question[Any]]:
        return (*self.sql, self.daemon)


@dataclass(frozen=True, slots=True)
class HaproxyQuestions:
    """What is asked of one HAProxy node."""

    name: str
    stat: Question[tuple[Line, ...]]
    state: Question[tuple[ServerState, ...]]
    info: Question[Info]
    config: Question[Config]

    @property
    def all(self) -> Sequence[Question[Any]]:
        return (self.stat, self.state, self.info, self.config)


@dataclass(frozen=True, slots=True)
class DatabaseQuestions:
    """Everything that is asked of one database."""

    servers: Mapping[str, ServerQuestions]
    haproxy: Mapping[str, HaproxyQuestions]

    @property
    def all(self) -> Sequence[Question[Any]]:
        servers = [question for server in self.servers.values() for question in server.all]
        return [*servers, *(question for node in self.haproxy.values() for question in node.all)]


def ask(database: Database, poll: float) -> DatabaseQuestions:
    """The questions for `database`; `poll` is the profile's interval for what moves fast (seconds)."""
    return DatabaseQuestions(
        {name: _server(name, server.host, poll) for name, server in database.servers.items()},
        {name: _haproxy(name, node, poll) for name, node in database.haproxy.items()},
    )


def _server(name: str, host: str, poll: float) -> ServerQuestions:
    def sql(key: str, text: str, parse: Any, every: float = poll, session: str = "") -> Question[Any]:
        command = Command(Client.MYSQL, name, text, session=session)
        return Question(f"database/{name}/{key}", name, command, parse, every)

    daemon = Command(Client.SSH, host, mysql_daemon.PS)
    return ServerQuestions(
        name,
        sql("variables", mysql.SHOW_VARIABLES, mysql.variables),
        sql("status", mysql.SHOW_STATUS, mysql.status),
        # Waits behind a STOP REPLICA that waits for a long transaction; must not keep the others waiting.
        sql("replica", mysql_replica.SHOW_REPLICA, mysql_replica.channels, session="replica"),
        sql("processes", mysql_processes.SHOW_PROCESSES, mysql_processes.processes),
        sql("transactions", mysql_processes.SELECT_TRANSACTIONS, mysql_processes.transactions, 2 * poll),
        sql("events", mysql_events.SELECT_EVENTS, mysql_events.events, SLOW),
        sql("settings", mysql_settings.SHOW_SETTINGS, mysql_settings.settings, SLOW),
        Question(f"database/{name}/daemon", name, daemon, mysql_daemon.daemons, 2 * poll),
    )


def _haproxy(name: str, node: Haproxy, poll: float) -> HaproxyQuestions:
    def line(key: str, text: str, parse: Any, every: float = poll) -> Question[Any]:
        return Question(f"database/{name}/{key}", name, Command(Client.HAPROXY, name, text), parse, every)

    config = Command(Client.SSH, node.host, haproxy_config.ask_config(node.config, node.state_file))
    return HaproxyQuestions(
        name,
        line("stat", haproxy.SHOW_STAT, haproxy.stat),
        line("state", haproxy.SHOW_STATE, haproxy.servers_state),
        line("info", haproxy.SHOW_INFO, haproxy.info, 5 * poll),
        Question(f"database/{name}/config", name, config, haproxy_config.config, SLOW, deadline=5.0),
    )
