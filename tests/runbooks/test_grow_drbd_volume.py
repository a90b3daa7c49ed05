"""grow-drbd-volume on the simulated platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, carried, made, serving

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "grow-drbd-volume"
TO = "512M"
KIB = 512 << 10


async def test_everything_grows_while_users_work(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, to=TO)
        assert bad(await asked(simulation, plan)) == set()
        result, _ = await carried(tmp_path, simulation, ID, to=TO)
        assert result.outcome is Outcome.DONE, result.sentence
        storage = simulation.storage
        assert [node.lower for node in storage.nodes.values()] == [KIB, KIB]
        assert (storage.size, storage.filesystem) == (KIB, KIB)
        assert serving(simulation) == {"st1"}
        again, _ = await carried(tmp_path, simulation, ID, to=TO)
        assert again.outcome is Outcome.DONE
        assert storage.size == KIB


async def test_one_that_was_left_half_way_goes_on(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.storage.nodes["st1"].lower = KIB
        result, _ = await carried(tmp_path, simulation, ID, to=TO)
        assert result.outcome is Outcome.DONE, result.sentence
        assert simulation.storage.filesystem == KIB


@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
@pytest.mark.parametrize("text", ["lvextend", "drbdadm resize", "resize2fs"])
async def test_one_command_refused_or_lost_ends_named(tmp_path: Path, text: str, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, to=TO)
        result = await Carried(tmp_path).run(simulation, plan, text, fate)
        assert (result.outcome is Outcome.DONE) is (fate == LOST_AFTER), result.sentence
        assert serving(simulation) == {"st1"}
        again, _ = await carried(tmp_path, simulation, ID, to=TO)
        assert again.outcome is Outcome.DONE, again.sentence


async def test_a_group_without_room_is_red(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID, to="2G")
        found = bad(await asked(simulation, plan))
        assert found == {f"red: the volume group on {name} has room" for name in ("st1", "st2")}


@pytest.mark.parametrize(
    ("to", "words"),
    [("", "give the size"), ("10", "give the size"), ("100M", "cannot get smaller"), ("257M", "grows by 16")],
)
async def test_what_makes_no_sense_is_refused(tmp_path: Path, to: str, words: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        refused = await planned(simulation, ID, to=to)
        assert isinstance(refused, Refusal)
        assert words in "".join(refused.reasons)


async def test_a_large_volume_grows_by_more_than_what_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the old size would pass for the new one."""
    monkeypatch.setattr("saitotui.simulator.storage_drbdadm.FREE", 1 << 32)
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        for node in simulation.storage.nodes.values():
            node.lower = 1 << 30
        refused = await planned(simulation, ID, to="1048676M")
        assert isinstance(refused, Refusal)
        assert "grows by 520 MiB or more" in "".join(refused.reasons)


async def test_a_copy_that_is_not_whole_does_not_grow(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "drbd-standby-down", frozen=True) as simulation:
        simulation.advance(60)
        plan = await made(simulation, ID, to=TO)
        found = bad(await asked(simulation, plan))
        assert "red: st1 is Primary, in sync, and sees a Secondary" in found
        assert "red: st2 is Secondary, in sync, and sees a Primary" in found
