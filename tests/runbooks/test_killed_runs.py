"""Runs of all database runbooks whose process is killed at any act: the next one brings them home.

What a process knows is lost with it, but for the events it told. Its connections end, and with them what they
held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.runbooks.simulated import Kept, hasty, passing_time, planned, route, writers

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.runs.earlier import earlier
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Command, Danger, Failure
from saitotui.model.plan import Outcome, Plan
from saitotui.model.run import Decision, Result, RunEvent
from saitotui.simulator.simulation import Simulation

RUNS = {
    "swap-db-master": ("healthy", 17),
    "promote-db-replica": ("db-master-dead", 10),
    "rebuild-db-replica": ("db-old-master-ahead", 12),
}
"""Runbook: the scenario in which it is begun, and how many acts it has. After each db2 is master."""


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


CASES = [(runbook, last) for runbook, (_, acts) in RUNS.items() for last in range(acts)]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("runbook", "last"), CASES)
async def test_the_next_process_gets_home(tmp_path: Path, runbook: str, last: int, after: bool) -> None:
    scenario, _ = RUNS[runbook]
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        made = await planned(simulation, runbook)
        assert isinstance(made, Plan), made
        plan, events = hasty(made, 60.0), list[RunEvent]()
        async with passing_time(simulation):
            assert await process(simulation, plan, events, last, after) is None
            assert len(writers(simulation)) <= 1
            result = await process(simulation, plan, events, -1, False)
        assert result is not None
        assert result.outcome in (Outcome.DONE, Outcome.ALREADY), result.sentence
        assert writers(simulation) == route(simulation) == {"db2"}
