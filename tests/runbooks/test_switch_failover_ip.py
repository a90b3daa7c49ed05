"""switch-failover-ip on the simulated platform: Robot routes an address to another machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal, lines
from saitotui.simulator.simulation import Simulation

ID = "switch-failover-ip"
ADDRESS = "203.0.113.200"


def leads_to(simulation: Simulation) -> str:
    (failover,) = simulation.http.hardware.robot.failovers
    return failover.active


async def test_an_address_that_leads_elsewhere_comes_home(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "failover-ip-elsewhere", frozen=True) as simulation:
        assert leads_to(simulation) == "203.0.113.12"
        plan = await made(simulation, ID)
        assert f"type `route {ADDRESS} to pve1` to begin" in "\n".join(lines(plan))
        red = {line for line in bad(await asked(simulation, plan)) if line.startswith("red")}
        assert red == set()
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert leads_to(simulation) == "203.0.113.11"
        again = await planned(simulation, ID)
        assert isinstance(again, Refusal)
        assert "leads to pve1 already" in "".join(again.reasons)


async def test_it_goes_where_it_is_told_to(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, to="pve3")
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert leads_to(simulation) == "203.0.113.13"


async def test_somebody_else_switches_it_meanwhile(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, to="pve3")
        simulation.inject("failover-ip-elsewhere", ADDRESS)
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.REFUSED
        assert leads_to(simulation) == "203.0.113.12"


@pytest.mark.parametrize(
    ("fate", "outcomes"),
    [
        (REFUSED, {Outcome.UNDONE, Outcome.FAILED}),
        (LOST, {Outcome.UNDONE, Outcome.FAILED, Outcome.INDETERMINATE}),
        (LOST_AFTER, {Outcome.DONE}),
    ],
)
async def test_a_switch_that_is_lost_ends_named(tmp_path: Path, fate: str, outcomes: set[Outcome]) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, to="pve3")
        result = await Carried(tmp_path).run(simulation, plan, f"POST /failover/{ADDRESS}", fate)
        assert result.outcome in outcomes, result.sentence


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"address": "203.0.113.9"}, "have no failover address 203.0.113.9"),
        ({"to": "tc1"}, "Robot has no server that the profile calls 'tc1'"),
        ({"to": "pve1"}, "leads to pve1 already"),
    ],
)
async def test_what_makes_no_sense_is_refused(tmp_path: Path, given: dict[str, str], words: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        refused = await planned(simulation, ID, **given)
        assert isinstance(refused, Refusal)
        assert words in "".join(refused.reasons)


async def test_without_robot_nothing_is_switched(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "robot-denied", frozen=True) as simulation:
        refused = await planned(simulation, ID, to="pve3")
        assert isinstance(refused, Refusal)
        assert "Robot does not say" in "".join(refused.reasons)
