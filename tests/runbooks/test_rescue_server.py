"""rescue-server on the simulated platform: a rented machine boots another system, and its own again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.clients.robot import HIDDEN, _hidden
from saitotui.model.command import Answer
from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "rescue-server"
NUMBER = 1402322


async def test_it_is_rescued_and_boots_its_own_system_again(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("hung-host", "st2")
        simulation.advance(5)
        plan = await made(simulation, ID, host="st2")
        assert [stage.confirm for stage in plan.stages] == ["rescue st2", "press hw of 1402322"]
        assert bad(await asked(simulation, plan)) == set()
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert run.told("another system answers")
        machine = simulation.world.machines["st2"]
        assert machine.rescued
        assert machine.services["zabbix-agent"] == "stopped"
        again = Carried(tmp_path / "again")
        result = await again.run(simulation, await made(simulation, "reset-server", host="st2"))
        assert result.outcome is Outcome.DONE, result.sentence
        assert not machine.rescued
        assert machine.services["zabbix-agent"] == "running"


@pytest.mark.parametrize("fate", [REFUSED, LOST])
async def test_given_up_it_boots_its_own_system(tmp_path: Path, fate: str) -> None:
    """The button was not pressed: Robot forgets the rescue system."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        result = await Carried(tmp_path).run(
            simulation, await made(simulation, ID, host="st2"), "POST /reset", fate
        )
        assert result.outcome is not Outcome.DONE
        assert not simulation.world.machines["st2"].rescued
        assert NUMBER not in simulation.http.hardware.robot.rescues


async def test_an_answer_that_is_lost_is_asked_for(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, host="st2")
        result = await Carried(tmp_path).run(simulation, plan, "POST /boot", LOST_AFTER)
        assert result.outcome is Outcome.DONE, result.sentence


async def test_one_that_lives_is_amber(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, host="pve3")
        assert bad(await asked(simulation, plan)) == {"amber: pve3 does not answer"}


async def test_without_a_key_there_would_be_a_password(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        del profile["hardware"]["rescue_key"]
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        refusal = await planned(simulation, ID, host="st2")
        assert isinstance(refusal, Refusal)
        assert "rescue_key" in refusal.reasons[0]
        refusal = await planned(simulation, ID, host="db1")
        assert isinstance(refusal, Refusal)


def test_a_password_of_robot_is_never_kept() -> None:
    data = {"rescue": {"server_number": 1, "password": "jEt0dtUv", "more": [{"password": None}]}}
    found = _hidden(Answer(json.dumps(data), 200, data=data))  # type: ignore[arg-type]
    assert "jEt0dtUv" not in repr(found)
    assert HIDDEN in repr(found)
    untouched = Answer("{}", 200, data={"password": None})
    assert _hidden(untouched) is untouched
