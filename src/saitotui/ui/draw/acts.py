"""What the console knows of acting, as views are given it: arming, runs, plans, the run that is followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from saitotui.engine.arming import Armed
from saitotui.engine.journal.entry import Entry
from saitotui.engine.runs.baselines import Baseline
from saitotui.engine.runs.planning import Prepared
from saitotui.engine.runs.standing import Standing
from saitotui.engine.runs.walk import Walk
from saitotui.engine.tail import Tailed
from saitotui.model.log import Log
from saitotui.model.plan import Plan
from saitotui.model.run import RunEvent


@dataclass(frozen=True, slots=True)
class Followed:
    """The run that is open. `plan` is None when this console makes another one than the run has;
    `live` while a process carries it and is heard, `mine` while this console holds the controls."""

    name: str
    runbook: str
    who: str
    why: str
    where: Walk
    plan: Plan | None = None
    events: Sequence[RunEvent] = ()
    live: bool = False
    mine: bool = False
    second_person: bool = False
    """Whether the profile wants a second engineer's approval of this runbook."""
    before: Baseline | None = None
    """How long this runbook took here before."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The journal as it was read: the newest entries, newest first, of `count` in all; `verdict` is what its
    verification found (None: under way), `broken` whether that is bad."""

    entries: Sequence[Entry] = ()
    count: int = 0
    verdict: str | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Acts:
    """`able`: whether this console can act at all (a picture from a file cannot). `prepared` holds plans with
    their preflight by subject (`swap-db-master`, `swap-db-master k=v`)."""

    able: bool = False
    armed: Armed | None = None
    runs: tuple[Standing, ...] = ()
    prepared: Mapping[str, Prepared] = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    """How long runbooks took on this platform."""
    followed: Followed | None = None
    journal: Seen | None = None
    gathering: bool = False
    """Whether evidence is being collected."""
    following: tuple[tuple[Log, ...], Tailed] | None = None
    """The logs that are followed, and what was heard."""

    @property
    def unfinished(self) -> tuple[Standing, ...]:
        return tuple(run for run in self.runs if not run.finished)

    @property
    def moves(self) -> Mapping[str, tuple[int, bool, bool]]:
        """How far each run is: its stage, whether it waits, whether it has ended. Another value: it moved."""
        return {run.name: (run.where.stage, run.where.waiting is not None, run.finished) for run in self.runs}

    @property
    def disarmed(self) -> int:
        """Robots that runs have disarmed and not proven re-armed, ended runs included: until they are."""
        return sum(len(run.where.disarmed) for run in self.runs)

    @property
    def disarmers(self) -> tuple[str, ...]:
        """Who began the runs that hold them so (`anna`), each once."""
        found = (run.who.partition("@")[0] for run in self.runs if run.where.disarmed)
        return tuple(dict.fromkeys(found))


NOTHING = Acts()
