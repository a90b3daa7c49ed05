"""reload-nginx on the simulated platform: whole, refused, and with its act refused or lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.simulated import (
    LOST,
    LOST_AFTER,
    REFUSED,
    executed,
    passing_time,
    planned,
)

from saitotui.facts import nginx_workers
from saitotui.model.command import Answer
from saitotui.model.plan import Outcome, Plan, Refusal
from saitotui.simulator.simulation import Simulation

ID = "reload-nginx"


def serving(simulation: Simulation, node: str) -> nginx_workers.Workers:
    machine = simulation.world.machines[node]
    printed = machine.programs["ps"](machine, nginx_workers.ASK.split(), "")
    return nginx_workers.workers(Answer(printed.out, printed.status))


async def test_all_nodes_read_it_one_after_another(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        before = {node: serving(simulation, node).serving for node in ("web1", "web2")}
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan), plan
        assert [stage.name for stage in plan.stages] == ["web1", "web2", "drain"]
        async with passing_time(simulation):
            result = await executed(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        for node, old in before.items():
            now = serving(simulation, node)
            assert now.serving
            assert not set(now.serving) & set(old)
            assert now.leaving == ()


async def test_one_node_alone(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        other = serving(simulation, "web1")
        plan = await planned(simulation, ID, node="web2")
        assert isinstance(plan, Plan), plan
        async with passing_time(simulation):
            result = await executed(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert serving(simulation, "web1") == other


@pytest.mark.parametrize(
    ("scenario", "parameters", "word"),
    [
        ("nginx-down", {}, "is down: only one that answers can be reloaded"),
        ("healthy", {"node": "web9"}, "no nginx 'web9'"),
    ],
)
async def test_what_is_refused(tmp_path: Path, scenario: str, parameters: dict[str, str], word: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        made = await planned(simulation, ID, **parameters)
    assert isinstance(made, Refusal), made
    assert word in "; ".join(made.reasons)


async def test_a_mistake_in_the_configuration_is_found_before_anything_is_done(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        before = serving(simulation, "web1")
        simulation.inject("nginx-config", "web2")
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan), plan
        result = await executed(simulation, plan)
        assert result.outcome is Outcome.REFUSED, result.sentence
        assert "unknown directive" in result.sentence
        assert serving(simulation, "web1") == before


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_whatever_is_lost_the_outcome_is_as_the_platform_is(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        before = serving(simulation, "web1")
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan), plan
        async with passing_time(simulation):
            result = await executed(simulation, plan, "systemctl reload", fate)
        reloaded = serving(simulation, "web1").serving != before.serving
        assert reloaded is (result.outcome is Outcome.DONE), result.sentence
