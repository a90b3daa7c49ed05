"""A swap in whose middle something happens to the platform, at any act: a server or HAProxy hangs or stops,
long transactions, events, writes past read_only, lag.

However that ends: one server at most takes writes, the outcome is as the platform is, and the runbooks that
the console offers bring it home.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.runbooks.simulated import Kept, hasty, passing_time, planned, route, writers

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Command, Danger, Failure
from saitotui.model.plan import Outcome, Plan
from saitotui.model.run import Decision, Result
from saitotui.simulator.simulation import Simulation

ACTS = 17
"""Acts of a swap."""
TROUBLES = (
    ("service-hang", "db1/mariadb"),
    ("service-hang", "db2/mariadb"),
    ("service-stop", "db1/mariadb"),
    ("service-stop", "lb2/haproxy"),
    ("service-hang", "lb1/haproxy"),
    ("long-transaction", "db1"),
    ("scheduled-event", "db1"),
    ("stray-write", "db1"),
    ("lag", "db2"),
)
AGAIN = ("swap-db-master", "turn-db-haproxy", "promote-db-replica", "rebuild-db-replica", "open-db-master")
ROUNDS = 4
"""Runbooks after which the platform must be home."""


@dataclass
class Troubled:
    """Something happens right before the act number `at` is sent."""

    hub: Hub
    happen: Callable[[], object]
    at: int = -1
    acts: int = 0

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        if commands[0].danger > Danger.READ:
            if self.acts == self.at:
                self.happen()
            self.acts += 1
        return await self.hub.ask(commands, deadline)


async def carried(simulation: Simulation, plan: Plan, happen: Callable[[], object], at: int) -> Result:
    hub = Hub(load_profile(simulation.profile_path))

    async def go(stage: int, trouble: str) -> Decision:
        return Decision.ABANDON if trouble else Decision.GO

    try:
        way = Troubled(hub, happen, at)
        return await Execution(plan, way, Record(Kept(), "0001", lambda event: None), go).run()
    finally:
        await hub.aclose()


def at_home(simulation: Simulation) -> bool:
    """One master where HAProxy sends writes, and the other follows it with nothing of its own."""
    servers = simulation.database.servers
    if len(writers(simulation)) != 1 or route(simulation) != writers(simulation):
        return False
    (master,) = writers(simulation)
    (other,) = servers.keys() - {master}
    replication = servers[other].replication
    follows = replication is not None and replication.source == master
    runs = follows and replication is not None and (replication.io, replication.sql) == ("Yes", "Yes")
    known = servers[master].log
    return runs and all(last <= known.get(origin, 0) for origin, last in servers[other].log.items())


@pytest.mark.parametrize("at", range(ACTS))
@pytest.mark.parametrize(("fault", "target"), TROUBLES)
async def test_the_runbooks_bring_it_home(tmp_path: Path, fault: str, target: str, at: int) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        made = await planned(simulation, "swap-db-master")
        assert isinstance(made, Plan), made
        async with passing_time(simulation):
            result = await carried(simulation, hasty(made, 1.5), lambda: simulation.inject(fault, target), at)
            told = [f"swap-db-master: {result.outcome.value}: {result.sentence}"]
            assert len(writers(simulation)) <= 1, told
            if result.outcome is Outcome.DONE:
                assert writers(simulation) <= {"db2"}, told
            if result.outcome in (Outcome.REFUSED, Outcome.UNDONE):
                assert writers(simulation) <= {"db1"}, told
            simulation.heal()
            simulation.advance(30)
            for _ in range(ROUNDS):
                if at_home(simulation):
                    return
                for runbook in AGAIN:
                    plan = await planned(simulation, runbook)
                    if isinstance(plan, Plan):
                        result = await carried(simulation, hasty(plan, 60.0), lambda: None, -1)
                        told.append(f"{runbook}: {result.outcome.value}: {result.sentence}")
                        break
                    told.append(f"{runbook} refused: {'; '.join(plan.reasons)}")
                assert len(writers(simulation)) <= 1, told
                simulation.advance(30)
        assert at_home(simulation), "\n".join(told)
