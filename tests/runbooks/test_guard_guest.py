"""guard-guest on the simulated cluster: HA is told what the profile says."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, unplanned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome
from saitotui.simulator.simulation import Simulation

ID = "guard-guest"


def told(simulation: Simulation) -> dict[str, str]:
    """What HA is told, by guest."""
    return {sid: one.state for sid, one in simulation.http.cluster.cluster.book.resources.items()}


async def test_ha_is_told_what_the_profile_says(tmp_path: Path) -> None:
    """Of one that it does not manage, and of one that it holds off."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        book = simulation.http.cluster.cluster.book
        before = told(simulation)
        del book.resources["vm:121"]
        book.resources["vm:132"].state = "ignored"
        simulation.advance(60)
        plan = await made(simulation, ID)
        assert plan.subject == "121 132"
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert told(simulation) == before
        simulation.advance(60)
        service = book.services["vm:121"]
        assert (service.state, service.node) == ("started", "pve2")


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_an_order_that_is_refused_or_lost(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        del simulation.http.cluster.cluster.book.resources["vm:121"]
        simulation.advance(60)
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID), "post /cluster/ha", fate)
        assert (result.outcome is Outcome.DONE) == ("vm:121" in told(simulation)), result.sentence
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER


async def test_what_somebody_told_it_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        book = simulation.http.cluster.cluster.book
        book.resources["vm:132"].state = "ignored"
        simulation.advance(60)
        plan = await made(simulation, ID)
        book.resources["vm:132"].state = "stopped"
        assert bad(await asked(simulation, plan)) == {"red: HA is told to hold vm:132 ignored"}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "HA holds every guest as the profile says"),
        ({"guest": "101"}, "HA holds every guest as the profile says"),
        ({"guest": "999"}, "the profile does not say how HA shall hold guest '999'"),
    ],
)
async def test_what_is_refused(tmp_path: Path, given: dict[str, str], word: str) -> None:
    assert word in await unplanned(tmp_path, ID, "healthy", given)
