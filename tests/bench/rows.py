"""What a benchmark says, and how two things are measured side by side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a ratio against something else (`baseline`, in the same `unit`), or a figure alone. `aim` is
    the most that the ratio, or the figure, should be; 0: no aim."""

    what: str
    ours: float
    unit: str
    baseline: float | None = None
    against: str = ""
    aim: float = 0.0

    @property
    def ratio(self) -> float | None:
        return self.ours / self.baseline if self.baseline else None

    @property
    def text(self) -> str:
        measured = self.ratio if self.ratio is not None else self.ours
        verdict = "" if not self.aim else ("meets" if measured <= self.aim else "MISSES") + f" {self.aim:g}"
        ratio = f"{self.ratio:.2f}x" if self.ratio is not None else ""
        other = f"{self.baseline:.4g} {self.unit} {self.against}" if self.baseline is not None else ""
        return f"{self.what:46} {self.ours:>9.4g} {self.unit:5} {ratio:>8} {verdict:12} {other}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A comparison that could not be made, and why: said as loudly as a result."""

    what: str
    why: str

    @property
    def text(self) -> str:
        return f"{self.what:46} SKIPPED: {self.why}"


Result = Row | Skipped


def alternate(*takes: Callable[[], float], rounds: int = 5) -> Sequence[float]:
    """The medians of measurements that take turns, so that a busy moment meets all of them."""
    values = [[take() for take in takes] for _ in range(rounds)]
    return [median(column) for column in zip(*values, strict=True)]


async def alternate_async(*takes: Callable[[], Awaitable[float]], rounds: int = 5) -> Sequence[float]:
    """As `alternate`."""
    values = [[await take() for take in takes] for _ in range(rounds)]
    return [median(column) for column in zip(*values, strict=True)]
