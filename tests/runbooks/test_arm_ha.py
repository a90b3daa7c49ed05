"""arm-ha on the simulated cluster, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned, unplanned
from tests.runbooks.storage_runs import Carried, bad, made
from tests.runbooks.test_drain_node import homes

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "arm-ha"


async def test_disarmed_and_armed_again(tmp_path: Path) -> None:
    """What was fenced before is fenced again afterwards; no guest stops meanwhile."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        book, before = simulation.http.cluster.cluster.book, homes(simulation)
        plan = await made(simulation, ID, disarm="freeze")
        assert bad(await asked(simulation, plan)) == set()
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert book.disarm == "disarmed"
        assert homes(simulation) == before
        refused = await planned(simulation, ID, disarm="freeze")
        assert isinstance(refused, Refusal)
        assert refused.reasons == ("HA is disarmed already",)
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID))
        assert result.outcome is Outcome.DONE, result.sentence
        assert book.disarm == ""
        assert {service.state for service in book.services.values()} == {"started"}
        simulation.inject("power-loss", "pve3")
        simulation.advance(240)
        assert set(homes(simulation)) == set(before)


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_an_order_that_is_refused_or_lost(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "ha-disarmed", frozen=True) as simulation:
        simulation.advance(60)
        order = "post /cluster/ha/status/arm-ha"
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID), order, fate)
        assert (result.outcome is Outcome.DONE) <= (not simulation.http.cluster.cluster.book.disarm)
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER


async def test_ha_is_not_disarmed_while_a_node_is_lost(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("power-loss", "pve3")
        simulation.advance(30)
        plan = await made(simulation, ID, disarm="ignore")
        assert "red: every node is online" in bad(await asked(simulation, plan))


async def test_one_that_is_armed_while_a_node_is_away_is_amber(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "ha-disarmed", frozen=True) as simulation:
        simulation.advance(60)
        simulation.inject("power-loss", "pve3")
        simulation.advance(30)
        assert bad(await asked(simulation, await made(simulation, ID))) == {"amber: every node is online"}


@pytest.mark.parametrize(
    ("scenario", "given", "words"),
    [
        ("healthy", {}, "HA is armed"),
        ("healthy", {"disarm": "stop"}, "disarm is 'stop': give freeze or ignore"),
        ("quorum-lost", {}, "the cluster has no quorum"),
    ],
)
async def test_it_makes_no_plan(tmp_path: Path, scenario: str, given: dict[str, str], words: str) -> None:
    assert words in await unplanned(tmp_path, ID, scenario, given)
