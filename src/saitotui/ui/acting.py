"""What acts for the console: arming, plans with their preflight, runs, evidence, the journal.

Nothing here draws or asks; `dialogues` does. Everything is called on the console's event loop; what may block
(the journal's fsync, files) is done on threads, what asks the platform on a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from saitotui.engine import store
from saitotui.engine.arming import Armed, Arming
from saitotui.engine.aside import Aside, Hub
from saitotui.engine.evidence.archive import Archive, gather
from saitotui.engine.journal.entry import JournalError
from saitotui.engine.journal.file import Journal, actor
from saitotui.engine.poll import Asker
from saitotui.engine.runs.approval import approve
from saitotui.engine.runs.baselines import baselines_of
from saitotui.engine.runs.catalogue import catalogue
from saitotui.engine.runs.folder import RunFolder, all_runs
from saitotui.engine.runs.planning import Prepared, begin, prepare
from saitotui.engine.runs.standing import standings
from saitotui.engine.tail import Tail
from saitotui.model.picture import Picture
from saitotui.model.plan import Plan
from saitotui.model.profile import Profile
from saitotui.ui.draw.acts import Acts, Seen
from saitotui.ui.history import read_journal

_log = logging.getLogger(__name__)


def parse_subject(subject: str) -> tuple[str, Mapping[str, str]]:
    """Runbook and parameters of `swap-db-master k=v k2=v2`; a word without `=` names an empty one."""
    name, *rest = subject.split()
    return name, {key: value for key, _, value in (part.partition("=") for part in rest)}


def helping(picture: Picture) -> list[str]:
    """The runbooks that there are, and that help with what is found now: worst first, causes only."""
    found = [name for finding in picture.findings if not finding.cause for name in finding.runbooks]
    return [name for name in dict.fromkeys(found) if name in catalogue()]


class Acting:
    """Acts on one platform, for one console. `file` is the file of `profile`; `ours` leaves out runs of
    another platform of that name; `start` starts the process of a run (None: detached, as always)."""

    def __init__(
        self,
        profile: Profile,
        file: Path,
        open_hub: Callable[[], Hub],
        *,
        ours: Callable[[RunFolder], bool] = lambda folder: True,
        clock: Callable[[], float] = time.time,
        start: Callable[[RunFolder], None] | None = None,
    ) -> None:
        self.profile, self.file = profile, file
        self.state = store.state_folder(profile.name)
        self.journal = Journal(self.state / "journal.jsonl", clock=clock)
        self._arming = Arming(self.journal, clock)
        self._aside = Aside(open_hub)
        self._ours, self._clock, self._start = ours, clock, start
        self._writing = asyncio.Lock()
        self._seen_size = -1
        self.acts = Acts(able=True)

    # --- arming

    @property
    def armed(self) -> Armed | None:
        return self._arming.now

    async def arm(self, text: str) -> Armed:
        """ValueError or JournalError, with a sentence, when it is not armed."""
        async with self._writing:
            armed = await asyncio.to_thread(self._arming.arm, text)
        self.acts = replace(self.acts, armed=armed)
        return armed

    async def disarm(self, why: str) -> bool:
        """False when it was not armed. JournalError when it is disarmed but could not be written."""
        try:
            async with self._writing:
                return await asyncio.to_thread(self._arming.disarm, why)
        finally:
            self.acts = replace(self.acts, armed=None)

    @property
    def expired(self) -> bool:
        return self._arming.expired

    # --- runs

    async def look_at_runs(self) -> None:
        """How the runs stand now."""
        runs = await asyncio.to_thread(standings, self.state, self._ours)
        ended = {run.name for run in runs if run.finished} - {
            run.name for run in self.acts.runs if run.finished
        }
        self.acts = replace(self.acts, runs=runs)
        if ended:
            await self._measure()

    async def _measure(self) -> None:
        """Reads how long runbooks took here. A journal that cannot be read is told of where it is written."""
        with contextlib.suppress(JournalError):
            found = await asyncio.to_thread(baselines_of, self.journal.file)
            self.acts = replace(self.acts, baselines=found)

    def folder(self, name: str) -> RunFolder | None:
        """The run of that number."""
        found = [run for run in all_runs(self.state) if run.name == name.zfill(4)]
        return found[0] if found and self._ours(found[0]) else None

    async def begin(self, prepared: Prepared, why: str) -> RunFolder:
        """Starts the run of an approved plan in a process of its own. OSError when it cannot be started."""
        plan = prepared.plan
        assert isinstance(plan, Plan)
        return await asyncio.to_thread(
            lambda: begin(
                self.profile,
                self.file,
                prepared.snapshot,
                plan,
                why,
                prepared.amber,
                start=self._start,
            )
        )

    async def resume(self, folder: RunFolder) -> None:
        """Starts a process for a run that was left behind."""
        from saitotui.engine.runs.runner import start

        await asyncio.to_thread(self._start or start, folder)

    async def approve(self, folder: RunFolder) -> None:
        """Signs the plan of a colleague's run. ValueError or JournalError with a sentence."""
        key = self.profile.acting.signing_key
        if not key:
            raise ValueError("the profile has no acting.signing_key: saitotui approve RUN --key FILE")
        file = Path(key).expanduser()  # noqa: ASYNC240 (it reads the environment, no disk)
        async with self._writing:
            await asyncio.to_thread(approve, folder, actor(), file, self.journal)

    # --- plans

    async def prepare(self, subject: str, picture: Picture) -> Prepared:
        """The plan of `subject` on what is seen now, its preflight asked now."""
        name, given = parse_subject(subject)

        async def job(asker: Asker) -> Prepared:
            return await prepare(asker, self.profile, picture.snapshot, name, given, self._clock)

        prepared = await self._aside.do(job)
        self.acts = replace(self.acts, prepared={**self.acts.prepared, subject: prepared})
        return prepared

    async def prepare_old(self, subjects: Sequence[str], picture: Picture) -> bool:
        """Prepares those of `subjects` whose preflight is too old to be believed; whether any was."""
        now = self._clock()
        old = [
            subject
            for subject in subjects
            if (known := self.acts.prepared.get(subject)) is None or now - known.at >= PREPARE_EVERY
        ]
        for subject in old:
            await self.prepare(subject, picture)
        return bool(old)

    # --- logs

    @property
    def clock(self) -> Callable[[], float]:
        return self._clock

    async def tail(self, tail: Tail) -> None:
        """Follows logs until it is cancelled."""
        await self._aside.do(tail.run)

    # --- evidence and journal

    async def gather(self, picture: Picture, why: str) -> Archive:
        """Collects evidence. OSError when the archive cannot be kept, JournalError when its hash cannot."""
        self.acts = replace(self.acts, gathering=True)
        try:
            archive = await self._aside.do(
                lambda asker: gather(asker, picture, self.state / "evidence", self._clock)
            )
            async with self._writing:
                await asyncio.to_thread(self.journal.append, "evidence", {**archive.body, "why": why})
            return archive
        finally:
            self.acts = replace(self.acts, gathering=False)

    async def read_journal(self, *, again: bool = False) -> None:
        """Reads and verifies the journal where it changed since the last time, or `again`."""
        size = await asyncio.to_thread(_size, self.journal.file)
        if size == self._seen_size and not again:
            return
        self._seen_size = size
        seen = await asyncio.to_thread(read_journal, self.journal.file, self.profile)
        self.acts = replace(self.acts, journal=seen)

    async def witnesses(self) -> Seen:
        """Verifies the journal against its witnesses, too."""
        from saitotui.engine.runs.witness import read_heads

        heads, unheard = await self._aside.do(lambda asker: read_heads(asker, self.profile))
        seen = await asyncio.to_thread(read_journal, self.journal.file, self.profile, heads, unheard)
        self.acts = replace(self.acts, journal=seen)
        return seen

    def farewell(self, why: str) -> None:
        """The console ends, however: nothing is armed any more, and the journal says so."""
        with contextlib.suppress(JournalError):
            self._arming.disarm(why)

    def stop(self) -> None:
        self._aside.stop()


PREPARE_EVERY = 30.0
"""Seconds between two preflights of what is shown: as long as one is believed."""


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
