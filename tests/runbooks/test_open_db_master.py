"""open-db-master on the simulated platform: whole, refused, and with its act refused or lost."""

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

from saitotui.model.plan import Outcome, Plan, Refusal
from saitotui.simulator.simulation import Simulation

ID = "open-db-master"
CLOSED = "db-all-closed"


async def test_a_master_that_came_up_read_only(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", CLOSED, frozen=True) as simulation:
        assert writers(simulation) == set()
        result = await carried_out(simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert writers(simulation) == route(simulation) == {"db1"}
        assert isinstance(await planned(simulation, ID), Refusal)


async def test_the_other_is_gone_and_kept_away(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "db-old-master-ahead", frozen=True) as simulation:
        simulation.inject("read-only", "db2")
        simulation.advance(3)
        made = await planned(simulation, ID)
        assert isinstance(made, Plan), made
        assert [stage.name for stage in made.stages] == ["fence", "open", "prove"]
        result = await executed(simulation, made)
        assert result.outcome is Outcome.DONE, result.sentence
        assert writers(simulation) == route(simulation) == {"db2"}
        assert simulation.world.machines["db1"].masked == {"mariadb"}


async def test_a_swap_that_was_given_up_before_the_other_was_turned(tmp_path: Path) -> None:
    """db2 wrote on before it was closed, still follows db1, and one node leads to each: it is the master."""
    async with Simulation(tmp_path / "sim", "db-half-handed-over", frozen=True) as simulation:
        simulation.inject("read-only", "db2")
        simulation.advance(3)
        result = await carried_out(simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert writers(simulation) == {"db2"}
        assert simulation.database.servers["db2"].replication is None


@pytest.mark.parametrize(
    ("scenario", "fault", "word"),
    [
        ("healthy", None, "db1 takes writes"),
        ("two-masters", None, "takes writes"),
        ("db-master-dead", None, "does not answer"),
        (CLOSED, ("service-hang", "db2/mariadb"), "db2 does not answer, and its process runs on"),
        (CLOSED, ("stray-write", "db2"), "database.errant-transactions"),
    ],
)
async def test_what_is_refused(
    tmp_path: Path, scenario: str, fault: tuple[str, str] | None, word: str
) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        if fault:
            simulation.inject(*fault)
            simulation.advance(10)
        made = await planned(simulation, ID)
        assert isinstance(made, Refusal), made
        assert word in "; ".join(made.reasons)


async def test_somebody_opens_the_other_meanwhile(tmp_path: Path) -> None:
    """It is asked right before the act, not only when the plan was made."""
    async with Simulation(tmp_path / "sim", CLOSED, frozen=True) as simulation:
        made = await planned(simulation, ID)
        assert not isinstance(made, Refusal), made
        simulation.inject("writable", "db2")
        result = await executed(simulation, made)
        assert result.outcome is Outcome.REFUSED, result.sentence
        assert writers(simulation) == {"db2"}


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_whatever_is_lost_the_outcome_is_as_the_platform_is(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", CLOSED, frozen=True) as simulation:
        async with passing_time(simulation):
            result = await carried_out(simulation, ID, "SET GLOBAL read_only = 0", fate)
        opened = writers(simulation) == {"db1"}
        assert opened is (result.outcome is Outcome.DONE), result.sentence
