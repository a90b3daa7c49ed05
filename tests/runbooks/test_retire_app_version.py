"""retire-app-version and roll-back-app-version on the simulated platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import BACK, RETIRE, all_have, carried, made, until
from tests.runbooks.simulated import planned

from saitotui.model.plan import Outcome, Plan, Refusal
from saitotui.model.run import RunEvent
from saitotui.simulator.simulation import Simulation


async def test_a_version_goes_when_nobody_is_on_it(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "draining", frozen=True) as simulation:
        plan = await planned(simulation, RETIRE)
        assert isinstance(plan, Plan), plan
        events = list[RunEvent]()
        result = await carried(simulation, plan, events=events)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "002")
    assert any("unless they come back" in event.sentence for event in events)


async def test_somebody_who_stays_keeps_it_until_he_is_made_to_leave(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "session-stays", frozen=True) as simulation:
        plan = await planned(simulation, RETIRE)
        assert isinstance(plan, Plan), plan
        result = await carried(simulation, plan, longest=1)
        assert result.outcome is Outcome.FAILED, result.sentence
        assert "1 session on /app##001" in result.sentence
        assert all_have(simulation, "001", "002")
        forced = await planned(simulation, RETIRE, expire="0")
        assert isinstance(forced, Plan), forced
        assert forced.stages[0].confirm == "expire 001"
        assert "logged out" in forced.stages[0].notice
        result = await carried(simulation, forced, longest=5)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "002")


async def test_nobody_is_undeployed_with_a_version(tmp_path: Path) -> None:
    """The proof that nobody is on it is asked again right before each Tomcat's act."""
    async with Simulation(tmp_path / "sim", "session-stays", frozen=True) as simulation:
        plan = await planned(simulation, RETIRE)
        assert isinstance(plan, Plan), plan
        result = await carried(simulation, until(plan, "retire"))
        assert result.outcome in (Outcome.FAILED, Outcome.REFUSED), result.sentence
        assert "nobody is on /app##001" in result.sentence
        assert all_have(simulation, "001", "002")


@pytest.mark.parametrize(
    ("scenario", "runbook", "given", "word"),
    [
        ("healthy", RETIRE, {}, "there is no other version than /app##001"),
        ("draining", RETIRE, {"version": "002"}, "serves everybody: roll-back-app-version"),
        ("draining", RETIRE, {"version": "9"}, "no Tomcat has /app##9"),
        ("draining", RETIRE, {"expire": "soon"}, "no number of minutes"),
        ("deploy-half-way", RETIRE, {}, "do not serve one and the same version"),
        ("healthy", BACK, {}, "nothing else runs on tc1 and tc2 and tc3: deploy a version above /app##001"),
        ("healthy", BACK, {"version": "7"}, "no Tomcat has /app##7"),
        ("tomcat-dead", BACK, {}, "is down"),
    ],
)
async def test_what_is_refused(
    tmp_path: Path, scenario: str, runbook: str, given: dict[str, str], word: str
) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        plan = await planned(simulation, runbook, **given)
    assert isinstance(plan, Refusal), plan
    assert word in "; ".join(plan.reasons)


async def test_the_newest_goes_and_says_whom_it_costs(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "draining", frozen=True) as simulation:
        plan = await planned(simulation, BACK)
        assert isinstance(plan, Plan), plan
        assert plan.stages[0].confirm == "undeploy 002"
        events = list[RunEvent]()
        result = await carried(simulation, plan, events=events)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "001")
    assert any("on tc1 would end with /app##002" in event.sentence for event in events)


async def test_one_that_did_not_start_goes_from_where_it_is(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "context-failed", frozen=True) as simulation:
        plan = await planned(simulation, BACK)
        assert isinstance(plan, Plan), plan
        assert [step.acts[-1].command.target for step in plan.stages[0].steps] == ["tc3"]
        result = await carried(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "001")


async def test_a_deployment_that_is_finished_leaves_nothing_to_take_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        await carried(simulation, until(await made(simulation), "canary", "others", "prove"))
        assert all_have(simulation, "001", "002")
        plan = await planned(simulation, BACK)
        assert isinstance(plan, Plan), plan
        await carried(simulation, plan)
        assert all_have(simulation, "001")
        assert isinstance(await planned(simulation, BACK), Refusal)
