"""A runbook in whose middle something happens to the platform, at any act: a server or HAProxy hangs or
stops, cables, long transactions, events, writes past read_only, lag.

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

SWAP = "swap-db-master"
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
    ("network-cut", "db1"),
)
HAPROXY = (("service-stop", "lb2/haproxy"), ("service-hang", "lb1/haproxy"))
DB1 = (("service-hang", "db1/mariadb"), ("service-stop", "db1/mariadb"))
DB2 = (("service-hang", "db2/mariadb"), ("service-stop", "db2/mariadb"))
RUNBOOKS = (
    (SWAP, "healthy", 17, TROUBLES),
    ("promote-db-replica", "db-master-dead", 9, (*HAPROXY, *DB2)),
    ("rebuild-db-replica", "db-old-master-ahead", 11, (*HAPROXY, *DB2)),
    ("turn-db-haproxy", "db-half-handed-over", 2, (*DB1, *DB2)),
    ("open-db-master", "db-all-closed", 2, (*HAPROXY, *DB1, *DB2)),
    ("turn-db-haproxy", "haproxy-disagrees", 2, (*DB1, *DB2)),
)
"""Runbook, scenario, how many acts it has, what happens at each."""
CASES = [
    (runbook, scenario, fault, target, at)
    for runbook, scenario, acts, troubles in RUNBOOKS
    for fault, target in troubles
    for at in range(acts)
]
AGAIN: tuple[tuple[str, dict[str, str]], ...] = (
    ("swap-db-master", {}),
    ("turn-db-haproxy", {}),
    ("promote-db-replica", {}),
    ("promote-db-replica", {"to": "db2"}),
    ("rebuild-db-replica", {}),
    ("open-db-master", {}),
)
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


def as_said(simulation: Simulation, runbook: str, outcome: Outcome) -> bool:
    """Whether the platform is as the run's outcome has it; a server that hangs or is gone takes no writes."""
    if runbook != SWAP:
        return len(writers(simulation)) <= 1
    if outcome is Outcome.DONE:
        return writers(simulation) <= {"db2"}
    if outcome in (Outcome.REFUSED, Outcome.UNDONE):
        return writers(simulation) <= {"db1"}
    return len(writers(simulation)) <= 1


async def bring_home(simulation: Simulation, told: list[str]) -> None:
    for _ in range(ROUNDS):
        if at_home(simulation):
            return
        for runbook, parameters in AGAIN:
            plan = await planned(simulation, runbook, **parameters)
            if isinstance(plan, Plan):
                result = await carried(simulation, hasty(plan, 60.0), lambda: None, -1)
                told.append(f"{runbook}: {result.outcome.value}: {result.sentence}")
                break
            told.append(f"{runbook} refused: {'; '.join(plan.reasons)}")
        assert len(writers(simulation)) <= 1, told
        simulation.advance(30)


@pytest.mark.parametrize(("runbook", "scenario", "fault", "target", "at"), CASES)
async def test_the_runbooks_bring_it_home(
    tmp_path: Path, runbook: str, scenario: str, fault: str, target: str, at: int
) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        made = await planned(simulation, runbook)
        assert isinstance(made, Plan), made
        async with passing_time(simulation):
            result = await carried(simulation, hasty(made, 1.5), lambda: simulation.inject(fault, target), at)
            told = [f"{runbook}: {result.outcome.value}: {result.sentence}"]
            assert as_said(simulation, runbook, result.outcome), told
            simulation.heal(target)
            simulation.advance(30)
            await bring_home(simulation, told)
        assert at_home(simulation), "\n".join(told)
