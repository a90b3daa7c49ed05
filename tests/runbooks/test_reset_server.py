"""reset-server on the simulated platform: Robot presses a button of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal, lines
from saitotui.simulator.simulation import Simulation

ID = "reset-server"


def booted(simulation: Simulation, host: str) -> float:
    return simulation.world.machines[host].boot_at


async def test_a_machine_that_hangs_is_reset(tmp_path: Path) -> None:
    """Two confirmations; what Robot calls the machine is shown before the second."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("hung-host", "st2")
        simulation.advance(5)
        before = booted(simulation, "st2")
        plan = await made(simulation, ID, host="st2")
        assert [stage.confirm for stage in plan.stages] == ["reset st2", "press hw of 1402322"]
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert run.told("st2, SX65")
        assert booted(simulation, "st2") > before


async def test_one_that_lives_is_amber(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, host="pve3")
        assert bad(await asked(simulation, plan)) == {"amber: pve3 does not answer"}


async def test_a_machine_that_is_off_is_switched_on(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("power-loss", "st2")
        simulation.advance(60)
        plan = await made(simulation, ID, host="st2", how="on")
        assert "requires: st2 (server 1402322) has no power" in "\n".join(lines(plan))
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert simulation.world.machines["st2"].powered


async def test_the_power_button_of_one_that_runs_is_not_touched(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, host="st2", how="on")
        assert bad(await asked(simulation, plan)) == {"red: st2 (server 1402322) has no power"}


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_a_button_of_which_nothing_was_heard_is_told_by_the_machine(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("hung-host", "st2")
        simulation.advance(5)
        plan = await made(simulation, ID, host="st2")
        before = booted(simulation, "st2")
        result = await Carried(tmp_path).run(simulation, plan, "POST /reset/", fate)
        done = booted(simulation, "st2") > before
        assert done is (fate == LOST_AFTER)
        assert (result.outcome is Outcome.DONE) is done, result.sentence


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "give host="),
        ({"host": "tc1"}, "which of Robot's machines (hardware.servers) tc1 is"),
        ({"host": "pve3", "how": "twice"}, "give soft, hard, on"),
    ],
)
async def test_what_makes_no_sense_is_refused(tmp_path: Path, given: dict[str, str], words: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        refused = await planned(simulation, ID, **given)
        assert isinstance(refused, Refusal)
        assert words in "".join(refused.reasons)
