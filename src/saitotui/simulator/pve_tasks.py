"""Tasks of Proxmox VE: what a node's worker processes did, under their UPIDs.

`UPID:node:PID:PSTART:STARTTIME:type:id:user:` (pids and times in hexadecimal), as recorded from 9.2 and 8.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Json = object


@dataclass(slots=True)
class Task:
    """`end` is None while it runs; `status` is PVE's exit text (`OK`, or the error)."""

    upid: str
    node: str
    type: str
    id: str
    user: str
    token: str
    pid: int
    pstart: int
    start: int
    end: int | None = None
    status: str = ""
    log: list[str] = field(default_factory=list)

    def finish(self, now: float, status: str = "OK") -> None:
        self.end, self.status = int(now), status

    def lines(self) -> list[str]:
        """The log as `.../log` shows it."""
        if self.end is None:
            return self.log
        return [*self.log, "TASK OK" if self.status == "OK" else f"TASK ERROR: {self.status}"]

    def _who(self) -> dict[str, Json]:
        return {"tokenid": self.token} if self.token else {}

    def in_cluster(self) -> dict[str, Json]:
        """An entry of /cluster/tasks."""
        entry: dict[str, Json] = {
            "type": self.type, "user": self.user, "node": self.node, "upid": self.upid,
            "starttime": self.start, "id": self.id, **self._who(),
        }  # fmt: skip
        if self.end is not None:
            entry |= {"saved": "1", "endtime": self.end, "status": self.status}
        return entry

    def in_node(self) -> dict[str, Json]:
        """An entry of /nodes/NODE/tasks."""
        entry: dict[str, Json] = {
            "type": self.type, "user": self.user, "node": self.node, "upid": self.upid, "pid": self.pid,
            "pstart": self.pstart, "starttime": self.start, "id": self.id, **self._who(),
        }  # fmt: skip
        if self.end is not None:
            entry |= {"endtime": self.end, "status": self.status}
        return entry

    def state(self) -> dict[str, Json]:
        """The answer of .../tasks/UPID/status."""
        entry = {name: value for name, value in self.in_node().items() if name not in ("endtime", "status")}
        if self.end is None:
            return {**entry, "status": "running"}
        return {**entry, "status": "stopped", "exitstatus": self.status}


class Tasks:
    """All tasks of a cluster, newest first; each node knows its own, and hears of the others'."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began = now()
        self._serial = 0
        self.all: list[Task] = []

    def begin(self, node: str, kind: str, id: str = "", user: str = "root@pam", token: str = "") -> Task:
        """Starts a task; the caller finishes it."""
        self._serial += 1
        now = int(self._now())
        pid = 0x400 + 7 * self._serial
        pstart = 200_000 + int(100 * (self._now() - self._began)) + self._serial
        who = f"{user}!{token}" if token else user
        upid = f"UPID:{node}:{pid:08X}:{pstart:08X}:{now:08X}:{kind}:{id}:{who}:"
        task = Task(upid, node, kind, id, user, token, pid, pstart, now)
        self.all.insert(0, task)
        del self.all[500:]
        return task

    def find(self, upid: str) -> Task | None:
        return next((task for task in self.all if task.upid == upid), None)
