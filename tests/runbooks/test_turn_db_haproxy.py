"""turn-db-haproxy on the simulated platform: whole, refused, and with its act refused or lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.simulated import (
    LOST,
    LOST_AFTER,
    REFUSED,
    carried_out,
    passing_time,
    planned,
    route,
    writers,
)

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "turn-db-haproxy"
TURNED = "haproxy-disagrees"


async def test_a_node_that_leads_elsewhere(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", TURNED, frozen=True) as simulation:
        assert route(simulation) == {"db1", "db2"}
        result = await carried_out(simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert writers(simulation) == route(simulation) == {"db1"}
        assert isinstance(await planned(simulation, ID), Refusal)


@pytest.mark.parametrize(
    ("scenario", "fault", "word"),
    [
        ("healthy", None, "every HAProxy node sends writes to db1"),
        ("db-master-dead", None, "does not answer"),
        ("db-all-closed", None, "open-db-master first"),
        ("haproxy-failback-trap", None, "backup server"),
        (TURNED, ("writable", "db2"), "db2 takes writes"),
        (TURNED, ("service-stop", "lb1/haproxy"), "lb1 does not say where"),
    ],
)
async def test_what_is_refused(
    tmp_path: Path, scenario: str, fault: tuple[str, str] | None, word: str
) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        if fault:
            simulation.inject(*fault)
            simulation.advance(2)
        made = await planned(simulation, ID)
        assert isinstance(made, Refusal), made
        assert word in "; ".join(made.reasons)


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_whatever_is_lost_the_outcome_is_as_the_platform_is(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", TURNED, frozen=True) as simulation:
        async with passing_time(simulation):
            result = await carried_out(simulation, ID, "set server", fate)
        turned = route(simulation) == {"db1"}
        assert turned is (result.outcome is Outcome.DONE), result.sentence
        assert writers(simulation) == {"db1"}


async def test_a_swap_that_was_given_up_half_way_is_brought_home(tmp_path: Path) -> None:
    """db2 takes writes and still follows db1, and one node leads to each."""
    async with Simulation(tmp_path / "sim", "db-half-handed-over", frozen=True) as simulation:
        turned = await carried_out(simulation, ID)
        assert turned.outcome is Outcome.DONE, turned.sentence
        async with passing_time(simulation):
            back = await carried_out(simulation, "rebuild-db-replica")
        assert back.outcome is Outcome.DONE, back.sentence
        assert writers(simulation) == route(simulation) == {"db2"}
        servers = simulation.database.servers
        assert servers["db2"].replication is None
        assert servers["db1"].replication is not None
        assert servers["db1"].replication.source == "db2"
