"""How the runs of a platform stand, from their folders: for the header, the catalogue, the start."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from saitotui.engine.runs.folder import RunFolder, all_runs
from saitotui.engine.runs.walk import Walk, walk
from saitotui.model.plan import Outcome


@dataclass(frozen=True, slots=True)
class Standing:
    """One run. `carried`: a process carries it; without one and without an outcome it was left behind."""

    name: str
    runbook: str
    who: str
    why: str
    where: Walk
    carried: bool
    outcome: Outcome | None = None

    @property
    def finished(self) -> bool:
        return self.outcome is not None

    @property
    def parked(self) -> bool:
        """Whether somebody must decide before anything goes on."""
        return not self.finished and (not self.carried or self.where.waiting is not None)

    @property
    def word(self) -> str:
        """How it stands, in words."""
        if self.outcome is not None:
            return self.outcome.value
        if not self.carried:
            return "left behind"
        if self.where.waiting is None:
            return "undoing" if self.where.undoing else "running"
        return "in trouble" if self.where.waiting.trouble else "waiting"


STARTING = 10.0
"""Seconds that the process of a new run may take until it says that it carries it."""


def standing(folder: RunFolder, now: float | None = None) -> Standing:
    """How one run stands at `now` (UTC seconds). ValueError when the folder is not that of a run."""
    request, result = folder.request, folder.result
    where = walk(folder.events())
    young = where.last == 0 and 0 <= (time.time() if now is None else now) - request.at < STARTING
    return Standing(
        folder.name,
        request.runbook,
        request.who,
        request.why,
        where,
        folder.pid != 0 or young,
        result.outcome if result else None,
    )


def standings(
    state: Path, ours: Callable[[RunFolder], bool] = lambda folder: True, most: int = 12
) -> tuple[Standing, ...]:
    """The unfinished runs of a platform, newest first, then the newest finished ones; `most` in all. `ours`
    leaves out what is not meant. A folder that cannot be read is left out: `saitotui attach` names it."""
    found: list[RunFolder] = []
    for folder in all_runs(state):
        if (folder.result is None or len(found) < most) and _readable(folder) and ours(folder):
            found.append(folder)
    every = [standing(folder) for folder in found]
    return tuple(sorted(every, key=lambda one: one.finished)[:most])


def _readable(folder: RunFolder) -> bool:
    try:
        return bool(folder.request)
    except ValueError:
        return False
