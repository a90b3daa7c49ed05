"""A move of the storage pair whose process is killed, or whose nodes lose power, at any act."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.runbooks.killed import process
from tests.runbooks.simulated import hasty, passing_time, planned
from tests.runbooks.storage_runs import Carried, made, serving

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.model.command import Answer, Command, Danger, Failure
from saitotui.model.plan import Outcome, Plan
from saitotui.model.run import RunEvent
from saitotui.simulator.simulation import Simulation

ID = "fail-over-drbd"
ACTS = 19
"""Two scripts put, three marks left, ready, flush, take, give, tickle, twice settled, hb_standby; then each
of three clients writes and removes its mark."""


def _acts(plan: Plan) -> list[Command]:
    return [act.command for step in plan.steps for act in step.acts if act.command.danger > Danger.READ]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("last", range(ACTS))
async def test_the_next_process_gets_it_done(tmp_path: Path, last: int, after: bool) -> None:
    """Two nodes never serve at once, and one does again soon, whether or not anybody comes back."""
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan, events = hasty(await made(simulation, ID), 60.0), list[RunEvent]()
        assert len(_acts(plan)) == ACTS
        async with passing_time(simulation, 1):
            assert await process(simulation, plan, events, last, after) is None
        simulation.advance(30)
        assert len(serving(simulation)) == 1
        async with passing_time(simulation, 1):
            result = await process(simulation, plan, events, -1, False)
        assert result is not None
        assert result.outcome in (Outcome.DONE, Outcome.FAILED), result.sentence
        assert len(serving(simulation)) == 1


class Cutting:
    """Cuts a node's power right before the act number `last`."""

    def __init__(self, hub: Hub, simulation: Simulation, last: int, node: str) -> None:
        self.hub, self.simulation, self.last, self.node = hub, simulation, last, node
        self.acts = 0

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        if commands[0].danger > Danger.READ:
            if self.acts == self.last:
                self.simulation.world.power_off(self.node)
            self.acts += 1
        return await self.hub.ask(commands, deadline)


@pytest.mark.parametrize("node", ["st1", "st2"])
@pytest.mark.parametrize("last", range(0, ACTS, 2))
async def test_a_node_that_loses_power_is_named_and_the_other_one_serves(
    tmp_path: Path, last: int, node: str
) -> None:
    """By heartbeat, or by the next run, which has to be told that the node has no power."""
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = hasty(await made(simulation, ID), 10.0)
        hub = Hub(load_profile(simulation.profile_path))
        try:
            result = await Carried(tmp_path).over(simulation, plan, Cutting(hub, simulation, last, node))
        finally:
            await hub.aclose()
        assert result.sentence
        simulation.advance(60)
        survivor = "st2" if node == "st1" else "st1"
        assert serving(simulation) <= {survivor}
        if not serving(simulation):
            again = await planned(simulation, ID, off=node)
            assert isinstance(again, Plan), again
            ended = await Carried(tmp_path).run(simulation, again)
            assert ended.outcome is Outcome.DONE, ended.sentence
        assert serving(simulation) == {survivor}
