"""What the console says and asks before it acts: every question can be left, and leaving does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from saitotui.engine.journal.entry import JournalError
from saitotui.model.run import Decision
from saitotui.ui.acting import Acting
from saitotui.ui.begin_dialogue import Beginning
from saitotui.ui.draw.acts import Acts, Followed
from saitotui.ui.front import Front
from saitotui.ui.run_dialogue import RunDialogue
from saitotui.ui.tailing import Tailing
from saitotui.ui.views import Kind, View


class Dialogues:
    """One engineer's hands. Methods without `async` return at once and go on beside the drawing."""

    def __init__(self, acting: Acting, front: Front) -> None:
        self.acting = acting
        self._front = front
        self._runs = RunDialogue(acting, front)
        self._beginning = Beginning(acting, front, self._runs.follow_and_take)
        self._tailing = Tailing(acting, front)
        self._busy = False

    @property
    def acts(self) -> Acts:
        """Everything that is drawn of acting."""
        acts, run = replace(self.acting.acts, following=self._tailing.seen), self.followed
        if run is None:
            return replace(acts, armed=self.acting.armed)
        # What is followed is known at once; folders are looked at every few seconds.
        ended = run.where.result.outcome if run.where.result else None
        runs = tuple(
            replace(one, where=run.where, outcome=one.outcome or ended) if one.name == run.name else one
            for one in acts.runs
        )
        return replace(acts, runs=runs, armed=self.acting.armed, followed=run)

    @property
    def followed(self) -> Followed | None:
        return self._runs.followed

    def begin(self, subject: str) -> None:
        self._one(self._beginning.begin(subject))

    def arm(self, text: str) -> None:
        self._front.spawn(self._arm(text))

    def disarm(self, why: str) -> None:
        self._front.spawn(self._disarm(why))

    def go_on(self) -> None:
        self._one(self._runs.go_on())

    def undo(self) -> None:
        self._one(self._runs.decide(Decision.UNDO))

    def abandon(self) -> None:
        self._one(self._runs.decide(Decision.ABANDON))

    def stop_waiting(self) -> None:
        self._one(self._runs.stop_waiting())

    def take(self, reason: str) -> None:
        self._one(self._runs.take(reason))

    def release(self) -> None:
        self._front.spawn(self._runs.release())

    def resume(self, name: str) -> None:
        self._one(self._runs.resume(name))

    def approve(self, name: str) -> None:
        self._one(self._runs.approve(name))

    def evidence(self, why: str) -> None:
        self._front.spawn(self._evidence(why))

    def verify(self) -> None:
        self._front.spawn(self._verify())

    def _one(self, work: Coroutine[Any, Any, None]) -> None:
        """One dialogue at a time."""
        if self._busy:
            work.close()
            self._front.say("one thing at a time: the last one is still under way", wrong=True)
            return

        async def guarded() -> None:
            try:
                await work
            finally:
                self._busy = False

        self._busy = True
        self._front.spawn(guarded())

    # --- arming

    async def _arm(self, text: str) -> None:
        try:
            armed = await self.acting.arm(text)
        except (ValueError, JournalError) as error:
            self._front.say(str(error), wrong=True)
            return
        self._front.say(f"armed: {armed.why}. It ends by itself, with this session, and by :disarm")
        self._front.redraw()

    async def _disarm(self, why: str, said: str = "read-only again") -> None:
        """Disarmed, this console holds no controls either."""
        try:
            if self.followed is not None and self.followed.mine:
                said += f"; the controls of run {self.followed.name} are given back"
                await self._runs.release()
            if not await self.acting.disarm(why):
                said = "it was not armed"
        except JournalError as error:
            said = f"read-only again, but not in the journal: {error}"
        self._front.say(said)
        self._front.redraw()

    # --- evidence and journal

    async def _evidence(self, why: str) -> None:
        picture = self._front.picture
        if picture is None or self.acting.acts.gathering:
            self._front.say("it is being collected" if picture else "nothing is known yet", wrong=True)
            return
        self._front.say("collecting the state of every machine: seconds, and nothing is changed")
        try:
            archive = await self.acting.gather(picture, why)
        except (OSError, JournalError) as error:
            self._front.say(f"the evidence was not kept: {error}", wrong=True)
            return
        missing = f", {archive.failures} did not come" if archive.failures else ""
        name = archive.file.name
        self._front.say(f"{archive.answers} answers{missing}: {name}; where and its hash: J")

    async def _verify(self) -> None:
        self._front.say("reading the whole journal, and asking its witnesses")
        seen = await self.acting.witnesses()
        self._front.say(str(seen.verdict), wrong=seen.broken)
        self._front.redraw()

    # --- what happens by itself

    def opened(self, view: View) -> None:
        """A view was opened: what it shows is fetched."""
        if view.kind is Kind.RUN:
            self._front.spawn(self._opened_run(view.subject))
        elif view.kind in (Kind.JOURNAL, Kind.LOG):
            self._front.spawn(self._opened_journal())
        if view.kind is Kind.TAIL:
            self._tailing.follow(view.subject)
        elif view.kind is not Kind.LINE:
            self._tailing.stop()

    async def _opened_run(self, name: str) -> None:
        if await self._runs.follow(name) is None:
            self._front.say(f"there is no run {name[:20]}: r lists them", wrong=True)
        self._front.redraw()

    async def _opened_journal(self) -> None:
        await self.acting.read_journal()
        self._front.redraw()

    async def tick(self) -> None:
        """Every few seconds: arming that is over, how runs stand, the journal where it is shown."""
        if self.acting.expired:
            await self._disarm("its time is over", "the time is over: read-only again")
        await self.acting.look_at_runs()
        if self._front.view.kind in (Kind.JOURNAL, Kind.ENTRY, Kind.LOG):
            await self.acting.read_journal()
        if self._front.view.kind is Kind.RUN:
            await self._runs.follow(self._front.view.subject)

    async def aclose(self) -> None:
        self._tailing.stop()
        await self._runs.aclose()
        await asyncio.to_thread(self.acting.farewell, "the console was left")
        await asyncio.to_thread(self.acting.stop)
