"""Logs of the platform's services: where they lie, and what a line of them says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from saitotui.model.health import Health


@dataclass(frozen=True, slots=True)
class LogLine:
    """The first line of an entry: when it was written (UTC seconds), how bad it is, what it says without the
    time."""

    at: float
    health: Health
    text: str


@dataclass(frozen=True, slots=True)
class Log:
    """A log of `node`: `file` on `host`, which may hold the day as strftime(3) writes it. `read` takes a line
    and its host's distance from UTC (seconds); None: it goes on with the entry before."""

    node: str
    name: str
    host: str
    file: str
    read: Callable[[str, int], LogLine | None] = field(compare=False)
    busy: bool = False
    """Whether what is well in it comes all the time: of each second a few entries say enough."""

    @property
    def daily(self) -> bool:
        """Whether each day has a file of its own."""
        return "%" in self.file

    @property
    def label(self) -> str:
        return f"{self.node} {self.name}"
