"""Following one run: everything it did so far, then what it does, until it ends or another one is opened."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace

from saitotui.engine.journal.file import actor
from saitotui.engine.runs.attach import Attachment, ToYou, attach
from saitotui.engine.runs.baselines import Baseline
from saitotui.engine.runs.folder import RunFolder
from saitotui.engine.runs.planning import plan_again
from saitotui.engine.runs.walk import follow, walk
from saitotui.model.profile import Profile
from saitotui.model.run import Decision, RunEvent
from saitotui.ui.draw.acts import Followed

_log = logging.getLogger(__name__)


class Following:
    """One run, as this console follows it. `news` is called for everything that changes what is drawn, `say`
    with what the run tells this console alone (a sentence, and whether it is a refusal)."""

    def __init__(
        self,
        folder: RunFolder,
        profile: Profile,
        news: Callable[[], None],
        say: Callable[[str, bool], None],
        before: Baseline | None = None,
    ) -> None:
        self._folder, self._profile = folder, profile
        self._news, self._say = news, say
        self._events: list[RunEvent] = list(folder.events())
        request = folder.request
        self._followed = Followed(
            folder.name,
            request.runbook,
            request.who,
            request.why,
            walk(self._events),
            second_person=request.runbook in profile.acting.second_person,
            before=before,
        )
        self._attachment: Attachment | None = None
        self._task: asyncio.Task[None] | None = None
        self.attached = asyncio.Event()
        """Set when it is known whether a process carries the run."""

    @property
    def name(self) -> str:
        return self._folder.name

    @property
    def folder(self) -> RunFolder:
        return self._folder

    @property
    def seen(self) -> Followed:
        """The run as it is drawn."""
        return replace(self._followed, events=tuple(self._events))

    @property
    def mine(self) -> bool:
        return self._followed.mine

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        try:
            plan = await asyncio.to_thread(plan_again, self._profile, self._folder)
            self._now(replace(self._followed, plan=plan))
        except (OSError, ValueError) as error:
            _log.warning("the plan of run %s cannot be made again: %s", self.name, error)
        self._attachment = await attach(self._folder, actor())
        if self._attachment is None:
            self.attached.set()
            return
        self._events, where = [], walk(())
        self._now(replace(self._followed, live=True, where=where))
        self.attached.set()
        async for event in self._attachment.events():
            if isinstance(event, ToYou):
                self._to_us(event)
                continue
            self._events.append(event)
            self._now(replace(self._followed, where=follow(self._followed.where, event)))
        self._now(replace(self._followed, live=False, mine=False))

    def _to_us(self, message: ToYou) -> None:
        if message.what.get("holding"):
            self._now(replace(self._followed, mine=True))
        if refused := message.what.get("refused"):
            self._say(str(refused), True)
        if note := message.what.get("note"):
            self._now(replace(self._followed, mine=False))
            self._say(str(note), True)

    def _now(self, followed: Followed) -> None:
        self._followed = followed
        self._news()

    # --- the controls

    async def take(self, reason: str = "") -> None:
        await self._tell("take", reason=reason)

    async def release(self) -> None:
        if self.mine:
            await self._tell("release")
            self._now(replace(self._followed, mine=False))

    async def decide(self, decision: Decision, typed: str = "") -> None:
        await self._tell(decision.value, typed=typed)

    async def stop_waiting(self) -> None:
        await self._tell("stop")

    async def _tell(self, do: str, **what: str) -> None:
        try:
            if self._attachment is None:
                raise ConnectionError("nothing carries it")
            await self._attachment.say(do, **what)
        except ConnectionError as error:
            self._say(f"run {self.name} does not listen: {error}", True)

    async def aclose(self) -> None:
        """Stops following; controls that are held are lost, and the run waits at its next gate."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._attachment is not None:
            with contextlib.suppress(ConnectionError):
                await self._attachment.aclose()
