"""The scheduled events of a database server: `information_schema.events`.

An event that was replicated is `SLAVESIDE_DISABLED` (MySQL 8.4 and newer: `REPLICA_SIDE_DISABLED`): it runs
on its source, and stays off here when this server becomes master (MySQL manual, "Replication of Invoked
Features"). Needs the EVENT privilege; without it the answer is empty.
"""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.model.command import Answer, Scalar
from saitotui.model.text import one_line

SELECT_EVENTS = (
    "SELECT event_schema AS place, event_name AS event, definer AS definer, status AS state "
    "FROM information_schema.events WHERE status <> 'DISABLED' ORDER BY 1, 2 LIMIT 500"
)


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    """One event, with its account (`user@host`). `enabled`: it runs here, if the scheduler does; else where
    this server replicates from."""

    schema: str
    event: str
    definer: str
    enabled: bool

    @property
    def name(self) -> str:
        return one_line(f"{self.schema}.{self.event}")


def events(answer: Answer) -> tuple[ScheduledEvent, ...]:
    """Reads the answer to `SELECT_EVENTS`."""
    return tuple(
        ScheduledEvent(
            _text(row["place"]), _text(row["event"]), _text(row["definer"]), _text(row["state"]) == "ENABLED"
        )
        for row in answer.rows
    )


def _text(value: Scalar) -> str:
    return "" if value is None else str(value)
