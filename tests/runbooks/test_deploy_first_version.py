"""deploy-first-version on the simulated platform: on Tomcats that were just made, and on no others."""

from __future__ import annotations

from pathlib import Path

from tests.runbooks.deployments import all_have, asked, versions
from tests.runbooks.simulated import planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.engine.artefacts import keep
from saitotui.model.plan import Outcome, Plan, Refusal
from saitotui.simulator.simulation import Simulation

ID = "deploy-first-version"


async def first(simulation: Simulation, **more: str) -> Plan | Refusal:
    war = keep(simulation.directory, simulation.directory / "wars" / "app##002.war")
    return await planned(simulation, ID, war=war, **more)


async def built(simulation: Simulation, tmp_path: Path) -> None:
    simulation.inject("app-fresh", "application")
    plan = await made(simulation, "bootstrap-application")
    result = await Carried(tmp_path / "built").run(simulation, plan)
    assert result.outcome is Outcome.DONE, result.sentence


async def test_tomcats_without_any_get_their_first(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        await built(simulation, tmp_path)
        plan = await first(simulation)
        assert isinstance(plan, Plan), plan
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "002")
        again = await first(simulation)
        assert isinstance(again, Plan), again
        result = await Carried(tmp_path / "again").run(simulation, again)
        assert result.outcome is Outcome.ALREADY, result.sentence


async def test_one_that_does_not_work_for_users_goes_again(tmp_path: Path) -> None:
    """Nobody had anything before: nobody keeps what is broken."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        await built(simulation, tmp_path)
        for name in ("db1", "db2"):
            simulation.inject("service-stop", f"{name}/mariadb")
        plan = await first(simulation)
        assert isinstance(plan, Plan), plan
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert "it does not hold that login works" in result.sentence
        assert versions(simulation) == {name: {} for name in ("tc1", "tc2", "tc3")}


async def test_beside_another_version_it_is_refused(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        refusal = await first(simulation)
        assert isinstance(refusal, Refusal)
        assert refusal.reasons == ("/app##001 is there: parallel-deploy-war deploys a version beside it",)
        refusal = await first(simulation, version="a b")
        assert isinstance(refusal, Refusal)
