"""`get /cluster/tasks`: the newest tasks of every node (at most 25 a node), running ones included.

A running task has no `endtime` and no `status`; a finished one has `status` `OK`, `WARNINGS: n` or the error.
For a guest that HA manages, start, stop and migrate are `hastart`, `hastop`, `hamigrate` tasks that end OK
within a second: they only queue the request.
"""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.facts.proxmox_fields import needed, number, records, text
from saitotui.model.command import Answer


@dataclass(frozen=True, slots=True)
class Task:
    """`kind` is PVE's word (`qmstart`), `id` what it acts on (`101`, or ``); times are UTC seconds."""

    upid: str
    node: str
    kind: str
    id: str
    user: str
    started: float
    ended: float | None
    result: str

    @property
    def running(self) -> bool:
        return self.ended is None and not self.result

    @property
    def failed(self) -> bool:
        return not self.running and self.result != "OK" and not self.result.startswith("WARNINGS")


def tasks(answer: Answer) -> tuple[Task, ...]:
    """Reads `get /cluster/tasks`, newest first."""
    found = []
    for record in records(answer, "/cluster/tasks"):
        token = text(record, "tokenid")
        found.append(
            Task(
                upid=needed(record, "upid", "a task"),
                node=text(record, "node"),
                kind=text(record, "type"),
                id=text(record, "id"),
                user=text(record, "user") + (f"!{token}" if token else ""),
                started=number(record, "starttime") or 0.0,
                ended=number(record, "endtime"),
                result=text(record, "status"),
            )
        )
    return tuple(sorted(found, key=lambda task: (-task.started, task.upid)))
