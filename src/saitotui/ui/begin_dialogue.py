"""What is asked before a run is started."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from saitotui.engine.runs.folder import RunFolder
from saitotui.engine.runs.planning import Prepared
from saitotui.model.command import Danger
from saitotui.model.plan import Plan
from saitotui.ui.acting import Acting
from saitotui.ui.draw.questions import start_lines
from saitotui.ui.front import CANCELLED, READ_ONLY, Front
from saitotui.ui.line import plain
from saitotui.ui.views import Kind, View


class Beginning:
    """The way from a runbook to its run: plan, preflight, what is accepted, the reason, the confirmation.
    `begun` is called with the run's folder."""

    def __init__(self, acting: Acting, front: Front, begun: Callable[[RunFolder], Awaitable[None]]) -> None:
        self._acting, self._front, self._begun = acting, front, begun

    async def begin(self, subject: str) -> None:
        armed = self._acting.armed
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
        prepared = await self._acting.prepare(subject, picture)
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
        if self._acting.armed is None:
            self._front.say(READ_ONLY, wrong=True)
            return
        try:
            folder = await self._acting.begin(prepared, why)
        except OSError as error:
            self._front.say(f"the run cannot be started: {error}", wrong=True)
            return
        await self._acting.look_at_runs()
        await self._begun(folder)
        self._front.say(f"run {folder.name} has begun; it goes on without this console")
