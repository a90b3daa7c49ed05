"""Processes of runs that are killed at an act; the next one goes on with the events that they told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.runbooks.simulated import Kept

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.runs.earlier import earlier
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Command, Danger, Failure
from saitotui.model.plan import Plan
from saitotui.model.run import Decision, Result, RunEvent
from saitotui.simulator.simulation import Simulation


class Killed(BaseException):
    """SIGKILL: nothing more runs of that process."""


@dataclass
class Mortal:
    """Kills whoever sends the act number `last`, before or after it took effect."""

    hub: Hub
    last: int = -1
    after: bool = False
    acts: int = 0

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        acts = commands[0].danger > Danger.READ
        self.acts += acts
        dies = acts and self.acts - 1 == self.last
        if dies and not self.after:
            raise Killed
        answers = await self.hub.ask(commands, deadline)
        if dies:
            raise Killed
        return answers


async def process(
    simulation: Simulation, plan: Plan, events: list[RunEvent], last: int, after: bool
) -> Result | None:
    """One process of the run; None when it was killed."""
    hub = Hub(load_profile(simulation.profile_path))

    async def gate(stage: int, trouble: str) -> Decision:
        return Decision.ABANDON if trouble else Decision.GO

    record = Record(Kept(), "0001", events.append, first=len(events) + 1)
    before = earlier(plan, list(events))
    try:
        return await Execution(plan, Mortal(hub, last, after), record, gate, before).run()
    except Killed:
        return None
    finally:
        await hub.aclose()
