"""Runs of the database runbooks that lose their journal's disk, or the way to the platform, at any moment.

However that ends, one server at most takes writes, the run names how it stands, and once the trouble is
over the next process of the same run gets home.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.runbooks.simulated import Kept, hasty, planned, route, writers

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.journal.entry import JournalError
from saitotui.engine.poll import Asker
from saitotui.engine.runs.earlier import earlier
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind
from saitotui.model.plan import Outcome, Plan
from saitotui.model.run import Decision, Result, RunEvent
from saitotui.simulator.simulation import Simulation

RUNS = {"swap-db-master": "healthy", "promote-db-replica": "db-master-dead"}
"""Runbooks and the scenario in which each is begun; both make db2 the master."""
MASTER_BEFORE = {"swap-db-master": {"db1"}, "promote-db-replica": set[str]()}


@dataclass
class Full(Kept):
    """A journal whose disk is full after `room` writes."""

    room: int = 0

    def append_all(self, items: list[tuple[str, Mapping[str, Any]]], run: str = "") -> Sequence[object]:
        self.room -= 1
        if self.room < 0:
            raise JournalError("No space left on device")
        return super().append_all(items, run)


@dataclass
class Cut:
    """A way to the platform on which, from the act number `last` on, nothing over `client` is answered. The
    first that is lost took effect (`after`) or not."""

    hub: Asker | None = None
    client: Client | None = None
    last: int = -1
    after: bool = False
    acts: int = 0

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        assert self.hub is not None
        first = commands[0]
        if first.danger > Danger.READ:
            self.acts += 1
        lost = self.last >= 0 and self.acts > self.last and first.client is self.client
        if not lost:
            return await self.hub.ask(commands, deadline)
        if self.after and first.danger > Danger.READ:
            self.after = False
            await self.hub.ask(commands, deadline)
        return [Failure(FailureKind.UNREACHABLE, "the connection is lost") for _ in commands]


@dataclass
class Home:
    """A simulated platform and one run on it, in as many processes as it takes."""

    simulation: Simulation
    plan: Plan
    events: list[RunEvent] = field(default_factory=list)

    async def process(self, journal: Kept, way: Cut) -> Result:
        async def gate(stage: int, trouble: str) -> Decision:
            return Decision.ABANDON if trouble else Decision.GO

        record = Record(journal, "0001", self.events.append, first=len(self.events) + 1)
        before = earlier(self.plan, list(self.events))
        return await Execution(self.plan, way, record, gate, before).run()


async def brought_home(tmp_path: Path, runbook: str, journal: Kept, way: Cut) -> None:
    async with Simulation(tmp_path / "sim", RUNS[runbook], frozen=True) as simulation:
        plan = await planned(simulation, runbook)
        assert isinstance(plan, Plan), plan
        hub = Hub(load_profile(simulation.profile_path))
        way.hub = hub
        home = Home(simulation, hasty(plan, 1.5))
        try:
            result = await home.process(journal, way)
            after = writers(simulation)
            assert len(after) <= 1, result.sentence
            if result.outcome in (Outcome.REFUSED, Outcome.UNDONE):
                assert after == MASTER_BEFORE[runbook], result.sentence
            if result.outcome is Outcome.DONE:
                assert after == route(simulation) == {"db2"}
                return
            assert result.sentence
            simulation.advance(5)
            again = await home.process(Kept(), Cut(hub))
            assert again.outcome in (Outcome.DONE, Outcome.ALREADY), f"{result.sentence}\n{again.sentence}"
            assert writers(simulation) == route(simulation) == {"db2"}
        finally:
            await hub.aclose()


@pytest.mark.parametrize("room", range(0, 40, 3))
@pytest.mark.parametrize("runbook", RUNS)
async def test_a_journal_whose_disk_is_full(tmp_path: Path, runbook: str, room: int) -> None:
    await brought_home(tmp_path, runbook, Full(room=room), Cut())


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("last", range(0, 14, 2))
@pytest.mark.parametrize("client", [Client.MYSQL, Client.HAPROXY])
@pytest.mark.parametrize("runbook", RUNS)
async def test_a_way_that_is_cut(
    tmp_path: Path, runbook: str, client: Client, last: int, after: bool
) -> None:
    await brought_home(tmp_path, runbook, Kept(), Cut(None, client, last, after))
