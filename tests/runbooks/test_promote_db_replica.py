"""promote-db-replica on the simulated platform: whole, refused, and with one command refused or lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.simulated import (
    LOST,
    LOST_AFTER,
    REFUSED,
    carried_out,
    executed,
    passing_time,
    planned,
    route,
    writers,
)

from saitotui.model.plan import Outcome, Plan, Refusal, lines
from saitotui.simulator.simulation import Simulation

ID = "promote-db-replica"


async def test_a_dead_master_is_fenced_and_replaced(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        result = await carried_out(simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert writers(simulation) == route(simulation) == {"db2"}
        assert simulation.database.servers["db2"].replication is None
        assert simulation.world.machines["db1"].masked == {"mariadb"}
        again = await planned(simulation, ID)
        assert isinstance(again, Refusal)


async def test_one_that_cannot_be_reached_is_fenced_by_its_hypervisor(tmp_path: Path) -> None:
    """Cut off, it may still take writes: nobody is promoted before the cluster says that its guest is off."""
    async with Simulation(tmp_path / "sim", "db-master-cut", frozen=True) as simulation:
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan), plan
        text = "\n".join(lines(plan))
        assert "systemctl" not in text
        assert text.index("/cluster/ha/resources") < text.index("open db2 for writes")
        async with passing_time(simulation):
            result = await executed(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert not simulation.world.machines["db1"].powered
        assert writers(simulation) == route(simulation) == {"db2"}


async def test_a_replica_whose_applying_was_stopped_goes_on_first(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        replication = simulation.database.servers["db2"].replication
        assert replication is not None
        replication.sql_wanted = False
        result = await carried_out(simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert writers(simulation) == route(simulation) == {"db2"}


async def test_a_replica_that_follows_nobody_is_promoted_by_name_only(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        simulation.database.servers["db2"].replication = None
        refused = await planned(simulation, ID)
        assert isinstance(refused, Refusal)
        named = await planned(simulation, ID, to="db2")
        assert isinstance(named, Plan), named
        result = await executed(simulation, named)
        assert result.outcome is Outcome.DONE, result.sentence
        assert writers(simulation) == route(simulation) == {"db2"}


@pytest.mark.parametrize(
    ("scenario", "word"),
    [
        ("healthy", "swap-db-master is for a living one"),
        ("replication-stopped", "swap-db-master"),
        ("two-masters", "answers and is master"),
    ],
)
async def test_who_lives_is_not_replaced(tmp_path: Path, scenario: str, word: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        made = await planned(simulation, ID)
    assert isinstance(made, Refusal)
    assert word in "; ".join(made.reasons)


@pytest.mark.parametrize(
    ("faults", "word"),
    [
        ([("service-hang", "db1/mariadb")], "a server process runs on db1's host"),
        ([("service-stop", "db2/mariadb"), ("service-stop", "db1/mariadb")], "nobody is promoted on a guess"),
        ([("power-loss", "pve1")], "lb1 does not say where it sends writes"),
    ],
)
async def test_what_is_not_proven_is_refused(
    tmp_path: Path, faults: list[tuple[str, str]], word: str
) -> None:
    async with Simulation(tmp_path / "sim", "zabbix-disarmed", frozen=True) as simulation:
        for name, target in faults:
            simulation.inject(name, target)
        simulation.advance(15)
        made = await planned(simulation, ID)
    assert isinstance(made, Refusal), made
    assert word in "; ".join(made.reasons)


async def test_the_wanted_one_must_be_a_replica(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        assert isinstance(await planned(simulation, ID, to="db2"), Plan)
        made = await planned(simulation, ID, to="db9")
    assert isinstance(made, Refusal)
    assert made.reasons == ("db9 is no replica of db1 that answers",)


ACTS = (
    ("action.update", {Outcome.REFUSED, Outcome.UNDONE, Outcome.DONE}),
    ("systemctl mask", {Outcome.UNDONE, Outcome.DONE}),
    ("SELECT MASTER_GTID_WAIT", {Outcome.UNDONE, Outcome.INDETERMINATE}),
    ("RESET SLAVE ALL", {Outcome.UNDONE, Outcome.FAILED, Outcome.INDETERMINATE, Outcome.DONE}),
    ("SET GLOBAL read_only = 0", {Outcome.UNDONE, Outcome.FAILED, Outcome.INDETERMINATE, Outcome.DONE}),
    ("set server", {Outcome.FAILED, Outcome.INDETERMINATE, Outcome.DONE}),
)
"""Acts, in their order, and how a run may end in which that one goes wrong."""


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
@pytest.mark.parametrize(("text", "outcomes"), ACTS)
async def test_whatever_is_lost_nobody_is_left_in_doubt(
    tmp_path: Path, text: str, outcomes: set[Outcome], fate: str
) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        result = await carried_out(simulation, ID, text, fate)
        assert result.outcome in outcomes, result.sentence
        assert writers(simulation) <= {"db2"}
        if result.outcome is Outcome.DONE:
            assert writers(simulation) == route(simulation) == {"db2"}
        if result.outcome is Outcome.UNDONE:
            assert writers(simulation) == set()
            assert simulation.world.machines["db1"].masked == set()
