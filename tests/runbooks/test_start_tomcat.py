"""start-tomcat on the simulated platform: one that is down or hangs serves again, with its sessions."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import all_have, asked, carried
from tests.runbooks.simulated import planned

from saitotui.engine.registry import situations
from saitotui.engine.runs.catalogue import catalogue
from saitotui.model.plan import Outcome, Plan, Refusal
from saitotui.simulator.simulation import Simulation

START = "start-tomcat"


async def made(simulation: Simulation, **given: str) -> Plan:
    plan = await planned(simulation, START, **given)
    assert isinstance(plan, Plan), plan
    return plan


@pytest.mark.parametrize("scenario", ["tomcat-dead", "tomcat-hung"])
async def test_it_serves_again_with_the_sessions_of_the_others(tmp_path: Path, scenario: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        plan = await made(simulation)
        assert plan.subject == "tc2"
        assert {line.word for line in (await asked(simulation, plan)).values()} == {"green"}
        titles = [step.title for step in plan.stages[0].steps]
        assert ("tc2 writes what its threads do into its log" in titles) is (scenario == "tomcat-hung")
        result = await carried(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "001")
        tomcats = simulation.http.application.tomcats
        assert tomcats.alive("tc2")
        counts = [len(one.apps["/app", "001"].sessions) for one in tomcats.tomcats.values()]
        assert min(counts) >= max(counts) - 2 > 10


async def test_all_are_started_one_after_another(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("zabbix-disarmed", "zabbix")
        for name in ("tc1", "tc2", "tc3"):
            simulation.inject("service-stop", f"{name}/tomcat10")
        simulation.advance(10)
        plan = await made(simulation)
        assert [stage.name for stage in plan.stages] == ["start-tc1", "start-tc2", "start-tc3", "prove"]
        result = await carried(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "001")


async def test_one_that_does_not_come_up_is_named(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "tomcat-dead", frozen=True) as simulation:
        plan = await made(simulation)
        simulation.world.machines["tc2"].masked.add("tomcat10")
        assert (await asked(simulation, plan))["tomcat10 on tc2 may be started"].word == "red"
        result = await carried(simulation, plan, longest=2)
        assert result.outcome in (Outcome.REFUSED, Outcome.FAILED), result.sentence
        assert "masked" in result.sentence


@pytest.mark.parametrize(
    ("scenario", "given", "word"),
    [
        ("healthy", {}, "no Tomcat is down or hangs"),
        ("tomcat-dead", {"node": "tc1"}, "tc1 answers: restart-tomcats"),
        ("healthy", {"node": "tc9"}, "the profile has no Tomcat 'tc9'"),
    ],
)
async def test_what_is_refused(tmp_path: Path, scenario: str, given: dict[str, str], word: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        plan = await planned(simulation, START, **given)
    assert isinstance(plan, Refusal), plan
    assert word in "; ".join(plan.reasons)


def test_what_a_finding_names_is_a_runbook() -> None:
    """Of the tiers that have runbooks."""
    tiers = {book.tier for book in catalogue().values()}
    named = {
        (code, name)
        for code, situation in situations().items()
        if code.partition(".")[0] in tiers
        for name in situation.runbooks
    }
    assert {name for _, name in named} <= set(catalogue())
    assert named
