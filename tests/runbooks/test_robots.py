"""A robot that began before a runbook is waited for, on the host where it is at work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.runbooks.simulated import hasty
from tests.runbooks.storage_runs import Carried, made

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.runs.walk import Walk, walk
from saitotui.model.command import Answer, Command, Failure
from saitotui.model.plan import Outcome, Plan
from saitotui.model.run import Result
from saitotui.runbooks.recovery.hosts import Watched, script
from saitotui.runbooks.robots import LOCKS
from saitotui.simulator.simulation import Simulation

SWAP, LOCK = "swap-db-master", f"{LOCKS}/database.lock"


class Looking:
    """The way to the platform of a simulation; a robot on db2 lets its lock go after so many looks at it."""

    def __init__(self, hub: Hub, simulation: Simulation, looks: int) -> None:
        self._hub, self._machine, self.left = hub, simulation.world.machines["db2"], looks
        self._machine.files[LOCK] = ""
        self._machine.locks.add(LOCK)

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        answers = await self._hub.ask(commands, deadline)
        if any(LOCKS in one.text and one.target == "db2" for one in commands):
            self.left -= 1
            if not self.left:
                self._machine.locks.clear()
        return answers


async def ran(simulation: Simulation, folder: Path, plan: Plan, looks: int) -> tuple[Result, Carried, Walk]:
    hub = Hub(load_profile(simulation.profile_path))
    run = Carried(folder)
    try:
        result = await run.over(simulation, hasty(plan, 5), Looking(hub, simulation, looks))
    finally:
        await hub.aclose()
    return result, run, walk(run.events)


def test_the_locks_are_those_of_the_script() -> None:
    host = Watched("db2", "1", ("host",), ())
    assert f"state={LOCKS}\n" in script(host)
    assert 'exec 9>"$state/$what.lock"' in script(host)


async def test_it_is_waited_for(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, SWAP)
        assert plan.disarm[-1].title == "no robot is at work any more on db1, db2, lb1, lb2"
        result, run, where = await ran(simulation, tmp_path, plan, 3)
        assert result.outcome is Outcome.DONE, result.sentence
        assert run.told("a robot is at work: database")
        assert where.disarmed == frozenset()


async def test_one_that_does_not_end_is_told_and_nothing_is_done(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        result, _, where = await ran(simulation, tmp_path, await made(simulation, SWAP), 0)
        assert result.outcome is Outcome.UNDONE
        assert "a robot is at work: database" in result.sentence
        assert not simulation.database.servers["db1"].read_only
        assert where.disarmed == frozenset()
        assert all(action.enabled for action in simulation.http.monitoring.server.actions)


async def test_a_dead_master_is_not_asked(tmp_path: Path) -> None:
    """Its host is fenced; nobody waits for its answer."""
    async with Simulation(tmp_path / "sim", "db-master-cut", frozen=True) as simulation:
        plan = await made(simulation, "promote-db-replica")
        assert plan.disarm[-1].title == "no robot is at work any more on db2, lb1, lb2"
