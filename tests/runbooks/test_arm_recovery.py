"""arm-recovery on the simulated Zabbix."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned, unplanned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "arm-recovery"
ONE = "Auto-recovery: restart-nginx"


async def test_all_are_armed_again(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "zabbix-disarmed", frozen=True) as simulation:
        simulation.advance(30)
        actions = simulation.http.monitoring.server.actions
        assert not any(action.enabled for action in actions)
        plan = await made(simulation, ID)
        assert plan.leases == ("database", "storage", "application")
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all(action.enabled for action in actions)
        again = await planned(simulation, ID)
        assert isinstance(again, Refusal)
        assert again.reasons == ("every recovery action is armed",)


async def test_one_is_disarmed_and_armed(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        actions = simulation.http.monitoring.server.actions
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID, disarm="yes", action=ONE))
        assert result.outcome is Outcome.DONE, result.sentence
        assert [action.name for action in actions if not action.enabled] == [ONE]
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID, action=ONE))
        assert result.outcome is Outcome.DONE, result.sentence
        assert all(action.enabled for action in actions)


async def test_what_is_open_already_is_for_people(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "zabbix-disarmed", frozen=True) as simulation:
        simulation.advance(30)
        simulation.world.service("web1", "nginx", "stopped")
        simulation.advance(30)
        found = bad(await asked(simulation, await made(simulation, ID)))
        assert found == {f"amber: no problem is open that {ONE!r} acts on"}


@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
async def test_an_order_that_is_refused_or_lost(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        plan = await made(simulation, ID, disarm="yes", action=ONE)
        result = await Carried(tmp_path).run(simulation, plan, "action.update", fate)
        disarmed = [one.name for one in simulation.http.monitoring.server.actions if not one.enabled]
        assert (result.outcome is Outcome.DONE) == (disarmed == [ONE])


@pytest.mark.parametrize(
    ("scenario", "given", "words"),
    [
        ("healthy", {}, "every recovery action is armed"),
        ("zabbix-disarmed", {"disarm": "yes"}, "every recovery action is disarmed"),
        ("healthy", {"action": "x"}, "no recovery action is called 'x': there are Auto-recovery"),
        ("healthy", {"action": ONE}, f"{ONE} is armed"),
    ],
)
async def test_it_makes_no_plan(tmp_path: Path, scenario: str, given: dict[str, str], words: str) -> None:
    assert words in await unplanned(tmp_path, ID, scenario, given)
