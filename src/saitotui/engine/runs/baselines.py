"""How long runbooks take on this platform, by its journal: what a plan's own numbers are set beside.

A run counts when it was done in one go: its stages' seconds are what it worked, without waiting at gates. A
run that was taken up again, or ended otherwise, says nothing of how long the runbook takes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from saitotui.engine.journal.entry import Entry
from saitotui.engine.journal.file import Journal
from saitotui.model.plan import Outcome

KEPT = 20
"""Runs of each runbook that count: the newest."""


@dataclass(frozen=True, slots=True)
class Took:
    """One run: when it ended (UTC seconds), and the seconds of each stage by its number, from 1."""

    at: float
    stages: Mapping[int, float]

    @property
    def seconds(self) -> float:
        return sum(self.stages.values())


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the newest runs of one runbook took, oldest first; there is at least one."""

    runs: tuple[Took, ...]

    @property
    def at(self) -> float:
        return self.runs[-1].at

    @property
    def seconds(self) -> float:
        """The median of whole runs."""
        return median(run.seconds for run in self.runs)

    @property
    def most(self) -> float:
        return max(run.seconds for run in self.runs)

    def stage(self, number: int) -> float | None:
        """The median of a stage, counted from 1; None when no run had it."""
        found = [run.stages[number] for run in self.runs if number in run.stages]
        return median(found) if found else None

    @property
    def stages(self) -> Sequence[int]:
        """The numbers of the stages that there were."""
        return sorted({number for run in self.runs for number in run.stages})


@dataclass(slots=True)
class _Run:
    """A run as its entries come."""

    runbook: str = ""
    stages: dict[int, float] = field(default_factory=dict)
    number: int = 0
    begun: float = 0.0
    spoilt: bool = False

    def note(self, entry: Entry) -> None:
        if entry.kind == "run-begin":
            self.runbook = str(entry.body.get("runbook", ""))
        elif entry.kind == "run-resume":
            self.spoilt = True
        elif entry.kind == "stage":
            self.number, self.begun = int(entry.body.get("number", 0)), entry.time
            self.spoilt = self.spoilt or self.number in self.stages
            self.stages[self.number] = 0.0
        elif self.number and entry.kind in ("result", "verdict"):
            self.stages[self.number] = max(0.0, entry.time - self.begun)


def baselines(entries: Iterable[Entry]) -> Mapping[str, Baseline]:
    """What runs took, by runbook."""
    under_way: dict[str, _Run] = defaultdict(_Run)
    found: dict[str, list[Took]] = defaultdict(list)
    for entry in entries:
        if not entry.run:
            continue
        run = under_way[entry.run]
        run.note(entry)
        if entry.kind == "run-end":
            done = entry.body.get("outcome") == Outcome.DONE.value
            if done and run.runbook and run.stages and not run.spoilt:
                found[run.runbook].append(Took(entry.time, run.stages))
            del under_way[entry.run]
    return {runbook: Baseline(tuple(runs[-KEPT:])) for runbook, runs in found.items()}


def baselines_of(journal: Path) -> Mapping[str, Baseline]:
    """Those of a journal; none when there is none yet. JournalError when it cannot be read."""
    return baselines(Journal(journal).entries()) if journal.exists() else {}
