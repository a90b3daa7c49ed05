"""move-guest on the simulated cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, planned, unplanned
from tests.runbooks.storage_runs import Carried, bad, made
from tests.runbooks.test_drain_node import homes

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "move-guest"


@pytest.mark.parametrize("managed", [True, False])
async def test_a_guest_moves(tmp_path: Path, managed: bool) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        if not managed:
            del simulation.http.cluster.cluster.book.resources["vm:141"]
        simulation.advance(60)
        assert homes(simulation)[141] == "pve3"
        plan = await made(simulation, ID, guest="141", to="pve1")
        assert bad(await asked(simulation, plan)) == set()
        assert len(plan.steps) == (2 if managed else 1)
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert homes(simulation)[141] == "pve1"


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_an_order_that_is_refused_or_lost(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        plan = await made(simulation, ID, guest="141", to="pve1")
        result = await Carried(tmp_path).run(simulation, plan, "post /cluster/ha", fate)
        assert result.outcome is not Outcome.DONE or homes(simulation)[141] == "pve1"
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER


async def test_a_rule_is_not_broken(tmp_path: Path) -> None:
    """PVE would take the order: db1 runs on pve1."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        refused = await planned(simulation, ID, guest="102", to="pve1")
        assert isinstance(refused, Refusal)
        assert "keeps guest 102 (db2) away from what runs on pve1" in refused.reasons[0]


@pytest.mark.parametrize(
    ("scenario", "given", "words"),
    [
        ("healthy", {"guest": "999", "to": "pve1"}, "the cluster has no guest '999'"),
        (
            "healthy",
            {"guest": "141", "to": "pve9"},
            "the cluster has no node 'pve9': give to=, one of pve1, pve2",
        ),
        ("healthy", {"guest": "141", "to": "pve3"}, "guest 141 (mon1) is on pve3"),
        ("pve-maintenance", {"guest": "101", "to": "pve3"}, "pve3 is in maintenance: it takes no guests"),
        (
            "guest-error",
            {"guest": "121", "to": "pve3"},
            "guest 121 (web1) does not run: recover-guest starts it",
        ),
    ],
)
async def test_it_makes_no_plan(tmp_path: Path, scenario: str, given: dict[str, str], words: str) -> None:
    assert words in await unplanned(tmp_path, ID, scenario, given)
