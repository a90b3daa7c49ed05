"""rebuild-db-replica on the simulated platform: whole, refused, and with one command refused or lost."""

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
from saitotui.model.run import Result
from saitotui.simulator.simulation import Simulation

ID = "rebuild-db-replica"
AHEAD = "db-old-master-ahead"
"""db2 is master; db1 is dead and has what db2 lacks."""


def follows(simulation: Simulation, replica: str, master: str) -> bool:
    """Whether one server is the read-only replica of the other, with nothing of its own."""
    simulation.advance(3)
    server, source = simulation.database.servers[replica], simulation.database.servers[master]
    replication = server.replication
    if replication is None or not server.up or not server.read_only:
        return False
    runs = (replication.source, replication.io, replication.sql) == (master, "Yes", "Yes")
    return runs and all(last <= source.log.get(origin, 0) for origin, last in server.log.items())


def kept(simulation: Simulation, host: str) -> list[str]:
    files = simulation.world.machines[host].files
    return sorted(path for path in files if path.startswith("/var/lib/saitotui/") and not path.endswith("/."))


async def test_an_old_master_with_what_nobody_else_has(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", AHEAD, frozen=True) as simulation:
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan), plan
        assert [stage.name for stage in plan.stages] == ["start", "keep", "build", "attach"]
        async with passing_time(simulation):
            result = await executed(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert follows(simulation, "db1", "db2")
        assert simulation.database.servers["db2"].semi_sync_enabled
        assert writers(simulation) == route(simulation) == {"db2"}
        (file,) = kept(simulation, "db1")
        assert "only-here" in file
        assert isinstance(await planned(simulation, ID), Refusal)


async def test_after_a_promotion_without_anything_of_its_own(tmp_path: Path) -> None:
    """Nothing is built anew that need not be; the fence is taken away."""
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        assert (await carried_out(simulation, "promote-db-replica")).outcome is Outcome.DONE
        simulation.advance(10)
        async with passing_time(simulation):
            result = await carried_out(simulation, ID)
        assert result.outcome is Outcome.DONE, result.sentence
        assert follows(simulation, "db1", "db2")
        assert simulation.world.machines["db1"].masked == set()
        assert kept(simulation, "db1") == []


async def test_a_replica_that_was_written_to(tmp_path: Path) -> None:
    """It runs: nothing is started, and the plan says what it has."""
    async with Simulation(tmp_path / "sim", "stray-write", frozen=True) as simulation:
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan), plan
        assert [stage.name for stage in plan.stages] == ["keep", "build", "attach"]
        assert "which db1 lacks" in plan.summary
        async with passing_time(simulation):
            result = await executed(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert follows(simulation, "db2", "db1")
        assert len(kept(simulation, "db2")) == 1


async def test_a_replica_that_met_a_wrong_row_is_built_anew_when_asked(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "replication-error", frozen=True) as simulation:
        plan = await planned(simulation, ID, anew="yes")
        assert isinstance(plan, Plan), plan
        assert "build" in [stage.name for stage in plan.stages]
        async with passing_time(simulation):
            result = await executed(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert follows(simulation, "db2", "db1")


@pytest.mark.parametrize(
    ("scenario", "parameters", "word"),
    [
        ("healthy", {}, "every other server follows db1"),
        ("healthy", {"server": "db1"}, "db1 is the master"),
        ("healthy", {"server": "db9"}, "no database server 'db9'"),
        ("db-master-dead", {}, "there is nobody to follow"),
        ("two-masters", {}, "db2 takes writes beside db1"),
    ],
)
async def test_what_is_refused(tmp_path: Path, scenario: str, parameters: dict[str, str], word: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        made = await planned(simulation, ID, **parameters)
    assert isinstance(made, Refusal), made
    assert word in "; ".join(made.reasons)


@pytest.mark.parametrize(
    ("fault", "target", "word"),
    [
        ("power-loss", "pve1", "does not answer over SSH"),
        ("service-hang", "db1/mariadb", "a server process runs"),
    ],
)
async def test_a_server_that_nobody_can_start(tmp_path: Path, fault: str, target: str, word: str) -> None:
    async with Simulation(tmp_path / "sim", AHEAD, frozen=True) as simulation:
        simulation.inject(fault, target)
        simulation.advance(15)
        made = await planned(simulation, ID)
    assert isinstance(made, Refusal), made
    assert word in "; ".join(made.reasons)


async def test_a_copy_that_breaks_leaves_the_old_data(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "stray-write", frozen=True) as simulation:
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan), plan
        simulation.world.clock.call_later(30, lambda: simulation.world.service("db1", "mariadb", "stopped"))
        async with passing_time(simulation):
            result = await executed(simulation, plan)
        assert result.outcome is Outcome.FAILED, result.sentence
        assert "the old data directory is back" in result.sentence
        assert simulation.database.servers["db2"].read_only


ACTS = (
    "systemctl unmask",
    "SELECT @@global.gtid_binlog_state AS state",
    "umask 077",
    "sh /var/lib/saitotui/rebuild.sh keep",
    "sh /var/lib/saitotui/rebuild.sh begin",
    "CHANGE MASTER TO",
    "START SLAVE",
    "SET GLOBAL rpl_semi_sync_master_enabled = ON",
)


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
@pytest.mark.parametrize("text", ACTS)
async def test_whatever_is_lost_nobody_is_left_in_doubt(tmp_path: Path, text: str, fate: str) -> None:
    """db1 never takes writes, what only it has is kept before it is discarded, and a second run gets home."""

    async def run(simulation: Simulation, *trouble: str) -> Result:
        plan = await planned(simulation, ID)
        if isinstance(plan, Refusal):
            # All but the last step was done.
            assert text.endswith("enabled = ON")
            return Result(Outcome.DONE, plan.reasons[0])
        return await executed(simulation, plan, *trouble)

    async with Simulation(tmp_path / "sim", AHEAD, frozen=True) as simulation:
        async with passing_time(simulation):
            result = await run(simulation, text, fate)
            assert writers(simulation) == route(simulation) == {"db2"}, result.sentence
            if result.outcome is not Outcome.DONE:
                simulation.advance(70)
                again = await run(simulation)
                assert again.outcome is Outcome.DONE, f"{result.sentence}\n{again.sentence}"
        assert follows(simulation, "db1", "db2"), result.sentence
        assert any("only-here" in path for path in kept(simulation, "db1"))
