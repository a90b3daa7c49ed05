"""What is asked and said about a run that is under way."""

from __future__ import annotations

import asyncio

from saitotui.engine.journal.entry import JournalError
from saitotui.engine.runs.folder import RunFolder
from saitotui.model.command import Danger
from saitotui.model.run import Decision
from saitotui.ui.acting import Acting
from saitotui.ui.draw.acts import Followed
from saitotui.ui.draw.questions import gate_lines, undo_lines
from saitotui.ui.following import Following
from saitotui.ui.front import CANCELLED, READ_ONLY, Front
from saitotui.ui.line import plain
from saitotui.ui.views import Kind, View


class RunDialogue:
    """The run that is followed, and the hands on it."""

    def __init__(self, acting: Acting, front: Front) -> None:
        self._acting, self._front = acting, front
        self._following: Following | None = None
        self._opening = asyncio.Lock()

    @property
    def followed(self) -> Followed | None:
        return self._following.seen if self._following is not None else None

    async def follow_and_take(self, folder: RunFolder) -> None:
        self._front.open(View(Kind.RUN, folder.name))
        following = await self.follow(folder.name)
        if following is not None:
            await following.attached.wait()
            await following.take()

    async def follow(self, name: str) -> Following | None:
        """Follows run `name` from now on, and no other one."""
        async with self._opening:
            return await self._follow(name)

    async def _follow(self, name: str) -> Following | None:
        if self._following is not None and self._following.name == name:
            ended = self._following.seen.where.result is not None
            if self._following.seen.live or ended or not self._following.attached.is_set():
                return self._following
        folder = self._acting.folder(name)
        if folder is None:
            return None
        if self._following is not None:
            await self._following.aclose()
        self._following = Following(
            folder,
            self._acting.profile,
            self._front.redraw,
            self._told,
            self._acting.acts.baselines.get(folder.request.runbook),
        )
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
        if self._acting.armed is None:
            self._front.say(READ_ONLY, wrong=True)
            return None
        if not following.mine:
            self._front.say("the controls are not yours: t takes them", wrong=True)
            return None
        return following

    async def go_on(self) -> None:
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

    async def decide(self, decision: Decision) -> None:
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

    async def stop_waiting(self) -> None:
        following = self._in_hand()
        if following is None:
            return
        if not following.seen.where.waits:
            self._front.say("the run waits for nothing that can be stopped now")
            return
        typed = await self._front.ask("Type y to stop the wait, Esc leaves it waiting:")
        if typed.strip() != "y":
            self._front.say(CANCELLED)
        elif self._in_hand() is following:
            await following.stop_waiting()

    async def take(self, reason: str) -> None:
        following = self._open_run()
        if following is None:
            return
        if self._acting.armed is None:
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

    async def release(self) -> None:
        if self._following is None or not self._following.mine:
            self._front.say("this console holds no controls")
            return
        await self._following.release()
        self._front.say("the controls are free: the run waits at its next gate")

    async def resume(self, name: str) -> None:
        folder = self._acting.folder(name or self._front.view.subject)
        if folder is None or folder.result is not None or folder.pid:
            why = "there is no such run" if folder is None else "only a run that was left behind is resumed"
            self._front.say(f"{why}: :attach lists them", wrong=True)
            return
        if self._acting.armed is None:
            self._front.say(READ_ONLY, wrong=True)
            return
        question = "Every goal is asked again first, nothing is done twice. Type y to go on, Esc leaves:"
        if (await self._front.ask(question)).strip() != "y":
            self._front.say(CANCELLED)
            return
        await self._acting.resume(folder)
        await self._acting.look_at_runs()
        await self.follow_and_take(folder)

    async def approve(self, name: str) -> None:
        folder = self._acting.folder(name or self._front.view.subject)
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
            await self._acting.approve(folder)
        except (ValueError, JournalError, OSError) as error:
            self._front.say(str(error), wrong=True)
        else:
            self._front.say(f"run {folder.name} is approved")

    async def aclose(self) -> None:
        if self._following is not None:
            await self._following.aclose()
