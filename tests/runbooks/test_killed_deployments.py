"""A deployment whose process is killed at any act: the next one brings it to its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import all_have, made
from tests.runbooks.killed import process
from tests.runbooks.simulated import hasty, passing_time

from saitotui.model.command import Danger
from saitotui.model.plan import Outcome
from saitotui.model.run import RunEvent
from saitotui.simulator.simulation import Simulation

ACTS = 9
"""Two robots disarmed, one file noted, three deployments, three versions undeployed."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("last", range(ACTS))
async def test_the_next_process_gets_it_done(tmp_path: Path, last: int, after: bool) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan, events = hasty(await made(simulation, soak="20"), 60.0), list[RunEvent]()
        acts = [act for step in plan.steps for act in step.acts if act.command.danger > Danger.READ]
        assert len(acts) == ACTS
        async with passing_time(simulation, 20):
            assert await process(simulation, plan, events, last, after) is None
            result = await process(simulation, plan, events, -1, False)
        assert result is not None
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "002")
