"""swap-db-master on the simulated platform: whole, and with one command refused or lost at every act."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, carried_out, planned, route, writers

from saitotui.model.plan import Outcome, Plan, Refusal, lines
from saitotui.model.run import Result
from saitotui.simulator.simulation import Simulation

ID = "swap-db-master"


async def swap(simulation: Simulation, text: str = "", fate: str = "") -> Result:
    return await carried_out(simulation, ID, text, fate)


async def test_there_and_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        for master, replica in (("db2", "db1"), ("db1", "db2")):
            result = await swap(simulation)
            assert result.outcome is Outcome.DONE, result.sentence
            assert writers(simulation) == route(simulation) == {master}
            assert simulation.database.servers[master].replication is None
            following = simulation.database.servers[replica].replication
            assert following is not None
            assert following.source == master


@pytest.mark.parametrize(
    "scenario", ["haproxy-failback-trap", "replication-stopped", "two-masters", "db-master-dead"]
)
async def test_what_is_not_proven_safe_is_refused(tmp_path: Path, scenario: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        made = await planned(simulation, ID)
    assert isinstance(made, Refusal)
    assert made.reasons


async def test_a_plan_is_the_same_for_the_same_platform_and_holds_no_secret(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plans = [await planned(simulation, ID) for _ in range(2)]
        password = simulation.passwords["repl"]
    one, other = plans
    assert isinstance(one, Plan)
    assert isinstance(other, Plan)
    assert one.digest == other.digest
    text = "\n".join(lines(one))
    assert "POINT OF NO RETURN" in text
    assert password not in text


ACTS = (
    ("action.update", Outcome.UNDONE),
    ("SET SESSION lock_wait_timeout", Outcome.UNDONE),
    ("FLUSH TABLES WITH READ LOCK", Outcome.UNDONE),
    ("SELECT @@global.gtid_binlog_pos AS position", Outcome.UNDONE),
    ("SELECT MASTER_GTID_WAIT", Outcome.UNDONE),
    ("SET GLOBAL read_only = 1", Outcome.UNDONE),
    ("SET GLOBAL read_only = 0", Outcome.UNDONE),
    ("set server", Outcome.DONE),
    ("UNLOCK TABLES", Outcome.DONE),
    ("RESET SLAVE ALL", Outcome.FAILED),
)
"""Acts, in their order, and how a run ends in which that one goes wrong."""
RETRIED = {"FLUSH TABLES WITH READ LOCK"}
"""What is tried again when it is refused."""


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
@pytest.mark.parametrize(("text", "outcome"), ACTS)
async def test_whatever_is_lost_nobody_is_left_in_doubt(
    tmp_path: Path, text: str, outcome: Outcome, fate: str
) -> None:
    """Never two writers; and the outcome says what the platform is like."""
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        result = await swap(simulation, text, fate)
        assert len(writers(simulation)) == 1, result.sentence
        if result.outcome is Outcome.DONE:
            assert writers(simulation) == route(simulation) == {"db2"}
        elif result.outcome in (Outcome.UNDONE, Outcome.REFUSED):
            assert writers(simulation) == route(simulation) == {"db1"}
            assert simulation.database.servers["db1"].locked_by == 0
        expected = {outcome}
        if fate == REFUSED and text in RETRIED:
            expected = {Outcome.DONE}
        elif text == "action.update":
            expected = {Outcome.REFUSED, Outcome.UNDONE, Outcome.DONE}
        elif outcome is Outcome.FAILED and fate == LOST_AFTER:
            expected = {Outcome.DONE}
        elif outcome is Outcome.FAILED:
            expected |= {Outcome.INDETERMINATE}
        assert result.outcome in expected, result.sentence
