"""Where a console gets its pictures from: a live watch, a replay, a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from saitotui.model.picture import Picture


class Source(Protocol):
    """Publishes one immutable picture after the other. All methods return at once and may be called from
    any thread; `listen`'s callback runs on the source's own thread and carries nothing."""

    @property
    def picture(self) -> Picture | None:
        """The newest picture; None before the first."""
        ...

    def listen(self, callback: Callable[[], None]) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def pause(self, paused: bool) -> None: ...

    def refresh(self) -> None:
        """Ask everything now, whatever its interval."""
        ...


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that a simulated platform can be given: `power-loss HOST`."""

    name: str
    summary: str
    targets: tuple[str, ...]


class Faults(Protocol):
    """Present in the demo only: makes and undoes trouble on the simulated platform."""

    def kinds(self) -> Sequence[FaultKind]: ...

    def inject(self, name: str, target: str) -> str:
        """Gives a sentence that says what was done; raises ValueError with a sentence when it cannot."""
        ...

    def heal(self, target: str = "") -> str:
        """Undoes every fault (of `target`); gives a sentence."""
        ...
