"""zabbix-check-now on the simulated Zabbix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned, unplanned
from tests.runbooks.storage_runs import Carried, made

from saitotui.model.command import Answer
from saitotui.model.plan import Outcome, Refusal
from saitotui.runbooks import zabbix_check_now
from saitotui.simulator.simulation import Simulation

ID = "zabbix-check-now"


@pytest.mark.parametrize("given", [{}, {"host": "web1"}])
async def test_newer_values_come(tmp_path: Path, given: dict[str, str]) -> None:
    async with Simulation(tmp_path / "sim", "db-master-dead", frozen=True) as simulation:
        simulation.advance(120)
        server = simulation.http.monitoring.server
        (problem, *_) = [one for one in server.problems if one.open]
        plan = await made(simulation, ID, **(given or {"event": problem.eventid}))
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        host = server.host(given.get("host", problem.trigger.host.name))
        sampled = {one.itemid for one in server.items if one.host is host and one.what}
        assert sampled & {itemid for itemid, _ in server.asked_now}


@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
async def test_an_order_that_is_refused_or_lost(tmp_path: Path, fate: str) -> None:
    """Values come all the same, each at its own turn: what is asked is the platform."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        result = await Carried(tmp_path).run(
            simulation, await made(simulation, ID, host="web1"), "task.create", fate
        )
        assert result.outcome in (Outcome.DONE, Outcome.FAILED)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "give event= or host="),
        ({"event": "77777"}, "no problem '77777' is open"),
        ({"host": "nope"}, "Zabbix monitors no host 'nope'"),
    ],
)
async def test_it_makes_no_plan(tmp_path: Path, given: dict[str, str], words: str) -> None:
    assert words in await unplanned(tmp_path, ID, "healthy", given)


async def test_zabbix_does_not_answer(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.service("mon1", "zabbix-frontend", "stopped")
        refused = await planned(simulation, ID)
        assert isinstance(refused, Refusal)


def rows(*given: dict[str, str]) -> Answer:
    return Answer(data=list(given))  # type: ignore[arg-type]


def test_a_dependent_item_is_sampled_by_its_master() -> None:
    said = zabbix_check_now._tasks(
        rows(
            {"itemid": "7", "type": "18", "master_itemid": "5"},
            {"itemid": "6", "type": "0"},
            {"itemid": "8", "type": "2"},
        )
    )
    assert [one["request"]["itemid"] for one in json.loads(f"[{said}]")] == ["5", "6"]


@pytest.mark.parametrize(
    "answer", [rows(), rows({"itemid": "8", "type": "2"}), rows({"itemid": "x", "type": "0"})]
)
def test_nothing_can_be_sampled(answer: Answer) -> None:
    with pytest.raises(ValueError, match="samples none of its items itself"):
        zabbix_check_now._tasks(answer)
