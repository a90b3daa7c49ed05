"""A console that acts on a platform of a few names: real runs, real sockets, a real journal."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.ui.console_child import Scripted
from tests.ui.pictures_trouble import master_dead
from textual.pilot import Pilot

from saitotui import runbooks
from saitotui.config import load_profile, load_screens
from saitotui.engine.journal.entry import Entry
from saitotui.engine.journal.file import Journal
from saitotui.engine.runs import runner
from saitotui.engine.runs.catalogue import catalogue, plan_of
from saitotui.engine.runs.folder import RunFolder
from saitotui.engine.runs.planning import begin
from saitotui.model.command import Answer, Command, Failure, FailureKind
from saitotui.model.picture import Picture
from saitotui.model.plan import Plan
from saitotui.model.profile import Profile
from saitotui.model.run import Kind, RunEvent
from saitotui.model.snapshot import Snapshot
from saitotui.resources import data
from saitotui.ui.acting import Acting
from saitotui.ui.app import Console
from saitotui.ui.shot import text_of

BOOKS = Path(__file__).parent / "books"
PROFILE = data("profiles") / "example.yaml"
CALM = {"a": "0", "b": "0", "robot": "on", "calm": "yes", "sure": "yes"}
PATIENCE = 2_000
"""Rounds of the event loop that something may take to be seen."""


@dataclass
class World:
    """Names with values. `set` of a name in `stuck` is refused, in `silent` it is not answered."""

    values: dict[str, str] = field(default_factory=lambda: dict(CALM))
    sets: list[str] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    written: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Lines of logs by host and a part of the file's name."""
    followed: list[str] = field(default_factory=list)

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        return [self._one(command.text) for command in commands]

    def _one(self, text: str) -> Answer | Failure:
        verb, *words = text.split()
        if verb == "get" and words[0] in self.values:
            if words[0] in self.silent and f"set {words[0]} 1" in self.sets:
                return Failure(FailureKind.TIMEOUT, f"no answer about {words[0]}")
            return Answer(self.values[words[0]])
        if verb != "set" or words[0] not in self.values:
            return Failure(FailureKind.UNREACHABLE, "nothing else is there")
        self.sets.append(text)
        if words[0] in self.silent:
            return Failure(FailureKind.TIMEOUT, "no answer")
        if words[0] in self.stuck:
            return Failure(FailureKind.ERROR, "refused by the server")
        self.values[words[0]] = words[1]
        return Answer("ok")

    async def stream(self, command: Command) -> AsyncGenerator[str | Failure, None]:
        """What stands in `written`, and what is put there later."""
        self.followed.append(command.target)
        try:
            yield f"{time.time():.9f}+0000"
            told = 0
            while True:
                lines = [
                    line
                    for (host, word), written in self.written.items()
                    for line in written
                    if host == command.target and word in command.text
                ]
                for line in lines[told:]:
                    yield line
                told = len(lines)
                await asyncio.sleep(0.01)
        finally:
            self.followed.remove(command.target)

    async def aclose(self) -> None:
        pass


class Clock:
    """The real time, and `skew` seconds more."""

    def __init__(self) -> None:
        self.skew = 0.0

    def __call__(self) -> float:
        return time.time() + self.skew


@contextmanager
def books() -> Iterator[None]:
    """The runbooks of the tests, beside the real ones."""
    before = list(runbooks.__path__)
    runbooks.__path__.append(str(BOOKS))
    catalogue.cache_clear()
    try:
        yield
    finally:
        runbooks.__path__[:] = before
        sys.modules.pop("saitotui.runbooks.toy_walk", None)
        catalogue.cache_clear()


@dataclass
class Stand:
    """Everything that a test holds: the console, what it acts on, what it left behind."""

    world: World
    profile: Profile
    clock: Clock
    source: Scripted
    app: Console
    acting: Acting
    pilot: Pilot[None]
    runners: list[asyncio.Task[Any]]

    @property
    def text(self) -> str:
        return text_of(self.app)

    @property
    def state(self) -> Path:
        return self.acting.state

    def entries(self) -> list[Entry]:
        file = self.state / "journal.jsonl"
        return list(Journal(file).entries()) if file.exists() else []

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries()]

    async def seen(self, *words: str) -> str:
        """The screen, once it shows all `words`, wherever its lines end."""

        def shown() -> bool:
            text = self.text
            folded = " ".join(text.split())
            return all(word in text or word in folded for word in words)

        await self.until(shown, f"{words}")
        return self.text

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        """Waits for what other tasks and threads do; how many rounds that takes is nobody's promise."""
        for _ in range(PATIENCE):
            if holds():
                return
            await self.pilot.pause(0.005)
        raise AssertionError(f"it never came: {what or holds}; the screen:\n{self.text}")

    async def command(self, text: str) -> None:
        """Types a command."""
        await self.pilot.press("colon", *keys(text), "enter")
        await self.pilot.pause()

    async def answer(self, label: str, text: str) -> None:
        """Answers the question that contains `label`."""
        await self.seen(label)
        await self.pilot.press(*keys(text), "enter")
        await self.pilot.pause()

    async def armed(self) -> None:
        await self.command("arm 15m INC-7")
        await self.seen("ARMED 15m")

    async def begun(self) -> None:
        """A run of the toy that waits before its first stage, this console holding its controls."""
        await self.armed()
        await self.command("run toy-walk")
        await self.answer("Why?", "")
        await self.answer("Type y to start it", "y")
        await self.seen("WAITS before stage 1", "yours")


def left_behind(profile: Profile) -> RunFolder:
    """A run that began and was cut off before its first stage."""
    snapshot = Snapshot(time.time() - 7_200)
    plan = plan_of(profile, snapshot, "toy-walk", {})
    assert isinstance(plan, Plan)
    folder = begin(profile, PROFILE, snapshot, plan, "INC-6", start=lambda run: None)
    folder.add(RunEvent(1, snapshot.at, Kind.NOTE, "it begins"))
    return folder


NAMES = {" ": "space", ":": "colon", "-": "minus", "=": "equals_sign", "/": "slash", ".": "full_stop"}


def keys(text: str) -> list[str]:
    return [NAMES.get(character, character) for character in text]


def seen_picture(profile: Profile) -> Picture:
    """A dead master on the example's platform."""
    picture = master_dead()
    return replace(picture, profile=profile, snapshot=Snapshot(time.time()))


@asynccontextmanager
async def stand(
    monkeypatch: pytest.MonkeyPatch,
    world: World | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    before: Callable[[Profile], object] = lambda profile: None,
    profile: Callable[[Profile], Profile] = lambda profile: profile,
) -> AsyncIterator[Stand]:
    """A console on `world`; `before` happens before it is opened. Runs are tasks of this process."""
    world = world or World()
    monkeypatch.setattr(runner, "Hub", lambda profile, progress=None: world)
    monkeypatch.setattr(runner, "LINGER", 0.0)
    changed = profile(load_profile(PROFILE))
    monkeypatch.setattr(runner, "load_profile", lambda file: changed)
    loop, runners = asyncio.get_running_loop(), list[asyncio.Task[Any]]()

    def start(folder: RunFolder) -> None:
        folder.take()
        loop.call_soon_threadsafe(lambda: runners.append(loop.create_task(runner.Runner(folder).run())))

    before(changed)
    source = Scripted(seen_picture(changed))
    clock = Clock()
    acting = Acting(changed, PROFILE, lambda: world, clock=clock, start=start)
    app = Console(source, load_screens(), acting=acting, clock=clock, color=True, ascii_only=False)
    try:
        async with app.run_test(size=size) as pilot:
            yield Stand(world, changed, clock, source, app, acting, pilot, runners)
    finally:
        # What the console's end does to a run happens in the run's own task.
        for _ in range(50):
            await asyncio.sleep(0)
        for task in runners:
            task.cancel()
        await asyncio.gather(*runners, return_exceptions=True)
