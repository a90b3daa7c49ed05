"""Scheduled events go with the master: they run on it, on nobody else, and write nothing anywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.simulated import carried_out, passing_time, planned, writers

from saitotui.facts import mysql_events
from saitotui.model.command import Answer
from saitotui.model.plan import Outcome, Plan, lines
from saitotui.simulator.database_faults import EVENT
from saitotui.simulator.simulation import Simulation


def runs_on(simulation: Simulation) -> set[str]:
    """The servers that run the event."""
    return {
        name
        for name, server in simulation.database.servers.items()
        if server.up and server.event_scheduler and server.events.get(EVENT)
    }


async def test_there_and_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.inject("scheduled-event", "db1")
        simulation.advance(3)
        assert runs_on(simulation) == {"db1"}
        for master, other in (("db2", "db1"), ("db1", "db2")):
            async with passing_time(simulation):
                result = await carried_out(simulation, "swap-db-master")
            assert result.outcome is Outcome.DONE, result.sentence
            assert runs_on(simulation) == writers(simulation) == {master}
            simulation.advance(5)
            servers = simulation.database.servers
            assert servers[other].log == servers[master].log, "the event wrote to the old master"


async def test_no_event_begins_between_freeze_and_handover(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.inject("scheduled-event", "db1")
        plan = await planned(simulation, "swap-db-master")
        assert isinstance(plan, Plan), plan
        text = "\n".join(lines(plan))
    order = [
        "FLUSH TABLES WITH READ LOCK",
        "SET GLOBAL event_scheduler = OFF",
        "UNLOCK TABLES",
        "ALTER DEFINER = 'root'@'localhost' EVENT `app`.`purge_carts` ENABLE",
        "no event is enabled on db1",
    ]
    places = [text.rindex(words) for words in order]
    assert places == sorted(places), text


@pytest.mark.parametrize("text", ["SET GLOBAL read_only = 0", "SET GLOBAL event_scheduler = OFF"])
async def test_what_is_undone_leaves_it_running(tmp_path: Path, text: str) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.inject("scheduled-event", "db1")
        result = await carried_out(simulation, "swap-db-master", text, "refused")
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert runs_on(simulation) == writers(simulation) == {"db1"}


async def test_it_runs_after_a_promotion(tmp_path: Path) -> None:
    """The scheduler of the replica was on, as its configuration had it."""
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.inject("scheduled-event", "db1")
        simulation.database.servers["db2"].event_scheduler = True
        simulation.advance(3)
        simulation.inject("service-stop", "db1/mariadb")
        simulation.inject("zabbix-disarmed", "zabbix")
        simulation.advance(30)
        result = await carried_out(simulation, "promote-db-replica")
        assert result.outcome is Outcome.DONE, result.sentence
        assert runs_on(simulation) == writers(simulation) == {"db2"}


def test_odd_names_are_read() -> None:
    row = {"place": "a`b", "event": "x\ny", "definer": "o'brien@%", "state": "REPLICA_SIDE_DISABLED"}
    (one,) = mysql_events.events(Answer(rows=(row,)))
    assert (one.event, one.enabled, one.name) == ("x\ny", False, "a`b.x y")
