"""From a runbook to a run: what it would do now, whether it may, and how it is begun.

The console and the command line both go this way, so that both ask the same and start the same.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from saitotui.engine import store
from saitotui.engine.artefacts import keep
from saitotui.engine.fetching import PLACE, fetch
from saitotui.engine.journal.file import actor
from saitotui.engine.poll import Asker, look_again
from saitotui.engine.registry import platform
from saitotui.engine.runs.catalogue import plan_of
from saitotui.engine.runs.catalogue import runbook as runbook_of
from saitotui.engine.runs.execution import PREFLIGHT_LIFE, Line, preflight
from saitotui.engine.runs.folder import Request, RunFolder, create
from saitotui.model.plan import Plan, Refusal
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, the snapshot that it was made of, and its preflight (None: not asked) as it was `at` (UTC
    seconds)."""

    plan: Plan | Refusal
    snapshot: Snapshot
    at: float
    lines: tuple[Line, ...] | None = None

    def count(self, word: str) -> int:
        """How many lines of the preflight are `green`, `amber` or `red`."""
        return sum(line.word == word for line in self.lines or ())

    @property
    def amber(self) -> tuple[str, ...]:
        """The sentences that somebody must take upon themselves."""
        return tuple(line.condition.check.sentence for line in self.lines or () if line.word == "amber")

    @property
    def refused(self) -> str:
        """Why it may not be begun, in a sentence; '' when it may, as far as this preflight can tell."""
        if isinstance(self.plan, Refusal):
            return "; ".join(self.plan.reasons)
        if self.lines is None:
            return "its preflight was not asked"
        red = [line for line in self.lines if line.word == "red"]
        return f"a red line of the preflight: {red[0].sentence}" if red else ""

    def fresh(self, now: float) -> bool:
        """Whether the preflight is still to be believed: it is a photograph, and expires."""
        return self.lines is not None and 0 <= now - self.at < PREFLIGHT_LIFE


async def look_and_plan(
    asker: Asker, profile: Profile, runbook: str, given: Mapping[str, str]
) -> tuple[Snapshot, Plan | Refusal]:
    """A fresh look at the platform, and the plan that the runbook makes of it."""
    snapshot = await look_again(asker, platform(profile).questions.values(), time.time)
    kept = await keep_files(asker, profile, runbook, given)
    return snapshot, kept if isinstance(kept, Refusal) else plan_of(profile, snapshot, runbook, kept)


async def keep_files(
    asker: Asker, profile: Profile, name: str, given: Mapping[str, str]
) -> Mapping[str, str] | Refusal:
    """What is `given` to runbook `name`, with files of this machine and of hosts (`HOST:/PATH`) kept by their
    content from now on; or why that cannot be."""
    book = runbook_of(name)
    files = {one.name for one in book.parameters if one.file} if book else set()
    state = store.state_folder(profile.name)
    try:
        return {
            key: await _kept(asker, profile, state, text) if key in files and text else text
            for key, text in given.items()
        }
    except ValueError as error:
        return Refusal(name, (str(error),))


async def _kept(asker: Asker, profile: Profile, state: Path, text: str) -> str:
    remote = PLACE.fullmatch(text)
    if remote is None:
        return await asyncio.to_thread(keep, state, Path(text))
    if remote[1] not in profile.hosts:
        raise ValueError(f"the profile has no host {remote[1]!r}")
    return await fetch(asker, state, remote[1], remote[2])


async def prepare(
    asker: Asker,
    profile: Profile,
    snapshot: Snapshot,
    runbook: str,
    given: Mapping[str, str],
    clock: Callable[[], float] = time.time,
) -> Prepared:
    """The plan that `runbook` makes of `snapshot`, with its preflight asked now."""
    kept = await keep_files(asker, profile, runbook, given)
    plan = kept if isinstance(kept, Refusal) else _planned(profile, snapshot, runbook, kept)
    if isinstance(plan, Refusal):
        return Prepared(plan, snapshot, clock(), ())
    lines = await preflight(asker, plan.preflight)
    return Prepared(plan, snapshot, clock(), tuple(lines))


def _planned(profile: Profile, snapshot: Snapshot, runbook: str, given: Mapping[str, str]) -> Plan | Refusal:
    """One runbook that fails must not take away the others: that it does is why there is no plan of it."""
    try:
        return plan_of(profile, snapshot, runbook, given)
    except Exception as error:
        _log.exception("runbook %s makes no plan", runbook)
        words = f"a defect of this runbook: {type(error).__name__}: {error}"
        return Refusal(runbook, (words,))


def begin(
    profile: Profile,
    file: Path,
    snapshot: Snapshot,
    plan: Plan,
    why: str,
    accepted: Sequence[str] = (),
    *,
    hands_free: bool = False,
    start: Callable[[RunFolder], None] | None = None,
) -> RunFolder:
    """Starts the run of an approved plan in a process of its own, and gives its folder. `file` is the file of
    `profile`. Raises OSError when the folder cannot be written."""
    if start is None:
        from saitotui.engine.runs.runner import start as start_runner

        start = start_runner
    request = Request(
        platform=profile.name,
        profile=str(file),
        runbook=plan.runbook,
        parameters=plan.parameters,
        digest=plan.digest,
        who=actor(),
        why=why,
        at=time.time(),
        accepted=tuple(accepted),
        hands_free=hands_free,
    )
    folder = create(store.state_folder(profile.name), request, store.dump(snapshot))
    start(folder)
    return folder


def plan_again(profile: Profile, folder: RunFolder) -> Plan | None:
    """The plan of a run, made again of what it was first made of; None when this console makes another one
    of it (a newer version of the runbook, a changed profile). Raises OSError or ValueError."""
    request = folder.request
    snapshot = store.load(folder.snapshot, platform(profile).questions)
    plan = plan_of(profile, snapshot, request.runbook, request.parameters)
    return plan if isinstance(plan, Plan) and plan.digest == request.digest else None
