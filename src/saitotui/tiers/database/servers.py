"""A database server as one snapshot shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from saitotui.facts.mysql import Status, Variables
from saitotui.facts.mysql_daemon import Daemon
from saitotui.facts.mysql_events import ScheduledEvent
from saitotui.facts.mysql_processes import Process, Transaction
from saitotui.facts.mysql_replica import Channel
from saitotui.model.command import Failure, FailureKind
from saitotui.model.profile import MysqlServer
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.database.questions import ServerQuestions


@dataclass(frozen=True, slots=True)
class ServerView:
    """What is known of one server now. None means unknown: failed, stale and not asked alike.

    `failure` is why its variables are not known; `failures` are all missing answers by the last word of
    their question's key. `last` is what it was set to when it last answered, at `last_at`. `qps` is
    statements per second. `before` are the replication channels of the reading before this one.
    """

    name: str
    profile: MysqlServer
    failure: Failure | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)
    variables: Variables | None = None
    last: Variables | None = None
    last_at: float = 0.0
    status: Status | None = None
    channels: tuple[Channel, ...] | None = None
    before: tuple[Channel, ...] | None = None
    processes: tuple[Process, ...] | None = None
    transactions: tuple[Transaction, ...] | None = None
    events: tuple[ScheduledEvent, ...] | None = None
    settings: Mapping[str, str] | None = None
    daemons: tuple[Daemon, ...] | None = None
    qps: float | None = None

    @property
    def answers(self) -> bool:
        return self.variables is not None

    @property
    def pending(self) -> bool:
        return self.failure is not None and self.failure.kind is FailureKind.PENDING

    @property
    def silent(self) -> bool:
        """Asked, and no answer."""
        return self.failure is not None and not self.pending

    @property
    def writable(self) -> bool | None:
        """Whether ordinary accounts can write to it."""
        if self.variables is None:
            return None
        return not (self.variables.read_only or self.variables.offline)

    @property
    def read_only(self) -> bool | None:
        writable = self.writable
        return None if writable is None else not writable

    @property
    def channel(self) -> Channel | None:
        """Its replication: the first channel that runs, else the first one."""
        if not self.channels:
            return None
        running = (channel for channel in self.channels if channel.io_runs and channel.sql_runs)
        return next(running, self.channels[0])

    @property
    def follows_nobody(self) -> bool:
        """Known to have no source. A named MariaDB connection is not listed, but its SQL thread counts."""
        running = self.status.sql_threads if self.status else None
        return self.channels == () and not running

    @property
    def lag(self) -> float | None:
        """Seconds behind its source, as far as that can be said."""
        return self.channel.true_lag if self.channel else None


def look_at_server(name: str, profile: MysqlServer, asked: ServerQuestions, snapshot: Snapshot) -> ServerView:
    """What `snapshot` says about the server `name`."""
    reading = snapshot.reading(asked.variables)
    earlier = snapshot.earlier.get(asked.replica.key)
    return ServerView(
        name=name,
        profile=profile,
        failure=reading.failure,
        failures={
            question.key.rpartition("/")[2]: failure
            for question in asked.all
            if (failure := snapshot.reading(question).failure) is not None
        },
        variables=reading.get(),
        last=snapshot.last(asked.variables),
        last_at=reading.at if reading.ok else reading.good_at,
        status=snapshot.get(asked.status),
        channels=snapshot.get(asked.replica),
        before=earlier.get() if earlier else None,
        processes=snapshot.get(asked.processes),
        transactions=snapshot.get(asked.transactions),
        events=snapshot.get(asked.events),
        settings=snapshot.get(asked.settings),
        daemons=snapshot.get(asked.daemon),
        qps=snapshot.rate(asked.status, lambda status: status.questions or 0.0),
    )
