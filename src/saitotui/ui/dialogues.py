"""What the console says and asks before it acts: every question can be left, and leaving does nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, Protocol

from saitotui.engine.journal.entry import JournalError
from saitotui.engine.runs.folder import RunFolder
from saitotui.engine.runs.planning import Prepared
from saitotui.model.command import Danger
from saitotui.model.picture import Picture
from saitotui.model.plan import Plan
from saitotui.model.run import Decision
from saitotui.ui.acting import Acting
from saitotui.ui.draw.acts import Acts, Followed
from saitotui.ui.draw.questions import gate_lines, start_lines, undo_lines
from saitotui.ui.following import Following
from saitotui.ui.line import Line, plain
from saitotui.ui.views import Kind, View

READ_ONLY = "this console is read-only: :arm 15m and why, first"
CANCELLED = "left: nothing was done"

_log = logging.getLogger(__name__)


class Front(Protocol):
    """What dialogues need of the console."""

    @property
    def picture(self) -> Picture | None: ...

    @property
    def view(self) -> View: ...

    @property
    def width(self) -> int: ...

    def open(self, view: View) -> None: ...

    def say(self, sentence: str, *, wrong: bool = False) -> None: ...

    def redraw(self) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, None], once: str = "") -> None:
        """Carries `work` out beside everything else."""
        ...

    async def ask(self, label: str, lines: Sequence[Line] = (), value: str = "") -> str: ...


class Dialogues:
    """One engineer's hands. Methods without `async` return at once and go on beside the drawing."""

    def __init__(self, acting: Acting, front: Front) -> None:
        self.acting = acting
        self._front = front
        self._following: Following | None = None
        self._busy = False
        self._opening = asyncio.Lock()

    @property
    def acts(self) -> Acts:
        """Everything that is drawn of acting."""
        acts, run = self.acting.acts, self.followed
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
        return self._following.seen if self._following is not None else None

    def begin(self, subject: str) -> None:
        self._one(self._begin(subject))

    def arm(self, text: str) -> None:
        self._front.spawn(self._arm(text))

    def disarm(self, why: str) -> None:
        self._front.spawn(self._disarm(why))

    def go_on(self) -> None:
        self._one(self._go_on())

    def undo(self) -> None:
        self._one(self._decide(Decision.UNDO))

    def abandon(self) -> None:
        self._one(self._decide(Decision.ABANDON))

    def take(self, reason: str) -> None:
        self._one(self._take(reason))

    def release(self) -> None:
        self._front.spawn(self._release())

    def resume(self, name: str) -> None:
        self._one(self._resume(name))

    def approve(self, name: str) -> None:
        self._one(self._approve(name))

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
            if self._following is not None and self._following.mine:
                said += f"; the controls of run {self._following.name} are given back"
                await self._following.release()
            if not await self.acting.disarm(why):
                said = "it was not armed"
        except JournalError as error:
            said = f"read-only again, but not in the journal: {error}"
        self._front.say(said)
        self._front.redraw()

    # --- a run is begun

    async def _begin(self, subject: str) -> None:
        armed = self.acting.armed
        if armed is None:
            self._front.say(READ_ONLY, wrong=True)
            return
        self._front.open(View(Kind.PLAN, subject))
        prepared = await self._prepared(subject)
        if prepared is None or not await self._accepted(prepared):
            return
        assert isinstance(prepared.plan, Plan)
        why = (await self._front.ask("Why? The journal keeps it:", value=armed.why)).strip()
        if not why or not await self._confirmed(prepared):
            self._front.say(CANCELLED)
            return
        again = await self._prepared(subject)
        if again is None:
            return
        if not isinstance(again.plan, Plan) or again.plan.digest != prepared.plan.digest:
            self._front.say(
                "the platform changed meanwhile, and so did the plan: look at it again", wrong=True
            )
            return
        if set(again.amber) - set(prepared.amber):
            self._front.say("the preflight changed meanwhile: look at it again", wrong=True)
            return
        await self._start(again, why)

    async def _prepared(self, subject: str) -> Prepared | None:
        """The plan with a fresh preflight; None (and said why) when it may not be begun."""
        picture = self._front.picture
        if picture is None or picture.restored or picture.paused or not picture.whole:
            self._front.say("not before everything was asked: what is shown is not the present", wrong=True)
            return None
        self._front.say("asking the preflight now")
        prepared = await self.acting.prepare(subject, picture)
        self._front.redraw()
        if prepared.refused:
            self._front.say(f"REFUSED: {prepared.refused}", wrong=True)
            return None
        return prepared

    async def _accepted(self, prepared: Prepared) -> bool:
        """Whether somebody takes the amber lines upon themselves, by typing."""
        if not prepared.amber:
            return True
        lines = [plain(f"AMBER {line.sentence}") for line in prepared.lines or () if line.word == "amber"]
        typed = await self._front.ask("Type accept to take this upon you:", lines)
        if typed.strip() == "accept":
            return True
        self._front.say("not accepted: nothing was done")
        return False

    async def _confirmed(self, prepared: Prepared) -> bool:
        plan = prepared.plan
        assert isinstance(plan, Plan)
        if max((step.danger for step in plan.steps), default=Danger.READ) is Danger.READ:
            return True
        lines = start_lines(plan, self._front.picture, self._front.width)
        return (await self._front.ask("Type y to start it, Esc leaves:", lines)).strip() == "y"

    async def _start(self, prepared: Prepared, why: str) -> None:
        if self.acting.armed is None:
            self._front.say(READ_ONLY, wrong=True)
            return
        try:
            folder = await self.acting.begin(prepared, why)
        except OSError as error:
            self._front.say(f"the run cannot be started: {error}", wrong=True)
            return
        await self.acting.look_at_runs()
        await self._follow_and_take(folder)
        self._front.say(f"run {folder.name} has begun; it goes on without this console")

    async def _follow_and_take(self, folder: RunFolder) -> None:
        self._front.open(View(Kind.RUN, folder.name))
        following = await self.follow(folder.name)
        if following is not None:
            await following.attached.wait()
            await following.take()

    # --- a run is followed

    async def follow(self, name: str) -> Following | None:
        """Follows run `name` from now on, and no other one."""
        async with self._opening:
            return await self._follow(name)

    async def _follow(self, name: str) -> Following | None:
        if self._following is not None and self._following.name == name:
            ended = self._following.seen.where.result is not None
            if self._following.seen.live or ended or not self._following.attached.is_set():
                return self._following
        folder = self.acting.folder(name)
        if folder is None:
            return None
        if self._following is not None:
            await self._following.aclose()
        self._following = Following(folder, self.acting.profile, self._front.redraw, self._told)
        self._following.start()
        return self._following

    def _told(self, sentence: str, wrong: bool) -> None:
        self._front.say(sentence, wrong=wrong)

    def _open_run(self) -> Following | None:
        """The run on the screen, if it can be told anything."""
        if self._front.view.kind is not Kind.RUN or self._following is None:
            self._front.say("no run is open: :attach RUN", wrong=True)
            return None
        if not self._following.seen.live:
            ended = self._following.seen.where.result
            self._front.say("it has ended" if ended else "nothing carries it: :resume", wrong=True)
            return None
        return self._following

    def _in_hand(self) -> Following | None:
        """The run on the screen, if this console holds its controls."""
        following = self._open_run()
        if following is None:
            return None
        if self.acting.armed is None:
            self._front.say(READ_ONLY, wrong=True)
            return None
        if not following.mine:
            self._front.say("the controls are not yours: t takes them", wrong=True)
            return None
        return following

    async def _go_on(self) -> None:
        following = self._in_hand()
        if following is None:
            return
        seen = following.seen
        waiting = seen.where.waiting
        if waiting is None:
            self._front.say("the run does not wait for anybody now")
            return
        stage = seen.plan.stages[waiting.stage] if seen.plan else None
        harmless = stage is not None and all(step.danger is Danger.READ for step in stage.steps)
        word = waiting.confirm or ("" if harmless else "y")
        if word:
            lines = gate_lines(seen, self._front.picture, self._front.width)
            verb = "try again" if waiting.trouble else "begin"
            typed = (await self._front.ask(f"Type {word} to {verb}, Esc leaves:", lines)).strip()
            if typed != word:
                self._front.say(CANCELLED if not typed else f"{typed[:40]!r} is not {word!r}: {CANCELLED}")
                return
        if self._in_hand() is following:
            await following.decide(Decision.GO, waiting.confirm)

    async def _decide(self, decision: Decision) -> None:
        following = self._in_hand()
        if following is None:
            return
        if following.seen.where.waiting is None:
            self._front.say("not inside a stage: it completes or undoes itself, then waits here", wrong=True)
            return
        lines = undo_lines(following.seen, self._front.width, leave=decision is Decision.ABANDON)
        what = "undo all of this" if decision is Decision.UNDO else "end it with everything as it is"
        typed = await self._front.ask(f"Type y to {what}, Esc leaves:", lines)
        if typed.strip() != "y":
            self._front.say(CANCELLED)
        elif self._in_hand() is following:
            await following.decide(decision)

    async def _take(self, reason: str) -> None:
        following = self._open_run()
        if following is None:
            return
        if self.acting.armed is None:
            self._front.say(READ_ONLY, wrong=True)
            return
        holder = following.seen.where.holder
        if following.mine:
            self._front.say("you hold the controls")
            return
        if holder and not reason:
            reason = (await self._front.ask(f"{holder} holds the controls. Why do you take them?")).strip()
            if not reason:
                self._front.say(CANCELLED)
                return
        await following.take(reason)

    async def _release(self) -> None:
        if self._following is None or not self._following.mine:
            self._front.say("this console holds no controls")
            return
        await self._following.release()
        self._front.say("the controls are free: the run waits at its next gate")

    async def _resume(self, name: str) -> None:
        folder = self.acting.folder(name or self._front.view.subject)
        if folder is None or folder.result is not None or folder.pid:
            why = "there is no such run" if folder is None else "only a run that was left behind is resumed"
            self._front.say(f"{why}: :attach lists them", wrong=True)
            return
        if self.acting.armed is None:
            self._front.say(READ_ONLY, wrong=True)
            return
        question = "Every goal is asked again first, nothing is done twice. Type y to go on, Esc leaves:"
        if (await self._front.ask(question)).strip() != "y":
            self._front.say(CANCELLED)
            return
        await self.acting.resume(folder)
        await self.acting.look_at_runs()
        await self._follow_and_take(folder)

    async def _approve(self, name: str) -> None:
        folder = self.acting.folder(name or self._front.view.subject)
        if folder is None:
            self._front.say(":approve RUN: there is no such run", wrong=True)
            return
        request = folder.request
        lines = [
            plain(f"run {folder.name}: {request.runbook}, asked for by {request.who}: {request.why}"),
            plain(f"digest of its plan: {request.digest}"),
        ]
        if (await self._front.ask("Type y to sign it with your key, Esc leaves:", lines)).strip() != "y":
            self._front.say(CANCELLED)
            return
        try:
            await self.acting.approve(folder)
        except (ValueError, JournalError, OSError) as error:
            self._front.say(str(error), wrong=True)
        else:
            self._front.say(f"run {folder.name} is approved")

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
        elif view.kind is Kind.JOURNAL:
            self._front.spawn(self._opened_journal())

    async def _opened_run(self, name: str) -> None:
        if await self.follow(name) is None:
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
        if self._front.view.kind in (Kind.JOURNAL, Kind.ENTRY):
            await self.acting.read_journal()
        if self._front.view.kind is Kind.RUN:
            await self.follow(self._front.view.subject)

    async def aclose(self) -> None:
        if self._following is not None:
            await self._following.aclose()
        await asyncio.to_thread(self.acting.farewell, "the console was left")
        await asyncio.to_thread(self.acting.stop)
