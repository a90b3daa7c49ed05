"""answer-problem on the simulated Zabbix."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned, unplanned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "answer-problem"


async def test_it_is_acknowledged_with_a_message(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        simulation.advance(120)
        (problem, *_) = [one for one in simulation.http.monitoring.server.problems if one.open]
        plan = await made(simulation, ID, event=problem.eventid, message="I have it: anna")
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert problem.acknowledged
        assert problem.acknowledges[-1].message == "I have it: anna"
        again = await planned(simulation, ID, event=problem.eventid)
        assert isinstance(again, Refusal)
        assert "is acknowledged: give a message, until=, or close=yes" in again.reasons[0]


async def test_it_is_closed(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        simulation.advance(120)
        (problem, *_) = [one for one in simulation.http.monitoring.server.problems if one.open]
        result = await Carried(tmp_path).run(
            simulation, await made(simulation, ID, event=problem.eventid, close="yes")
        )
        assert result.outcome is Outcome.DONE, result.sentence
        assert not problem.open


async def test_it_calls_nobody_for_a_while(tmp_path: Path) -> None:
    """From 6.2 on; an older Zabbix cannot, and that is said before anything is done."""
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        simulation.advance(120)
        server = simulation.http.monitoring.server
        (problem, *_) = [one for one in server.problems if one.open]
        plan = await made(simulation, ID, event=problem.eventid, until="04:30")
        assert bad(await asked(simulation, plan)) == {"red: this Zabbix can suppress a problem"}
        server.version = "7.0.5"
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        simulation.advance(120)
        assert problem.suppressed
        assert problem.acknowledged


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_an_answer_that_is_lost(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        simulation.advance(120)
        (problem, *_) = [one for one in simulation.http.monitoring.server.problems if one.open]
        plan = await made(simulation, ID, event=problem.eventid)
        result = await Carried(tmp_path).run(simulation, plan, "event.acknowledge", fate)
        assert (result.outcome is Outcome.DONE) is (fate == LOST_AFTER)
        assert problem.acknowledged is (fate == LOST_AFTER)


async def test_what_is_over_meanwhile_needs_no_answer(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        simulation.advance(120)
        (problem, *_) = [one for one in simulation.http.monitoring.server.problems if one.open]
        plan = await made(simulation, ID, event=problem.eventid)
        problem.acknowledged = False
        simulation.http.monitoring.server._close(problem, "1")
        assert (await Carried(tmp_path).run(simulation, plan)).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "no problem is new: give event="),
        ({"event": "99999999"}, "no problem '99999999' is open"),
    ],
)
async def test_it_makes_no_plan(tmp_path: Path, given: dict[str, str], words: str) -> None:
    assert words in await unplanned(tmp_path, ID, "healthy", given)
