"""A real DRBD pair under heartbeat is moved, loses power, and a kernel's NFS client works meanwhile."""

from __future__ import annotations

import asyncio
import statistics
from contextlib import nullcontext
from pathlib import Path

import pytest
from tests.lab.host import wait_for
from tests.lab.storage.pair import LOOK, StoragePair
from tests.lab.storage.profile import other_of
from tests.lab.storage.runs import (
    BELIEF,
    Carried,
    Watcher,
    brought_home,
    forgetful,
    goes_on,
    moved_back_and_forth,
    nothing_lost,
    taken_over,
    working,
)
from tests.lab.swaps import walk

from saitotui.model.command import Command
from saitotui.model.plan import Outcome, Refusal

pytestmark = pytest.mark.lab

MOVE, JOIN = "fail-over-drbd", "rejoin-drbd-node"


def _served_by(pair: StoragePair, name: str) -> None:
    wait_for(f"{name} to serve", lambda: pair.serving() == name, 90, every=LOOK)


def _gives(command: Command) -> bool:
    return "hand_over.sh give" in command.text


async def test_moved_back_and_forth_nothing_is_lost(pair: StoragePair, tmp_path: Path) -> None:
    """A client writes ten lines a second: none that was acknowledged is missing, no handle is stale."""
    pauses = await moved_back_and_forth(pair, tmp_path, 2)
    print(f"\nfail-over-drbd: clients waited {statistics.median(pauses):.1f} s, {max(pauses):.1f} s at most")


def test_as_an_engineer_does_it(pair: StoragePair, tmp_path: Path) -> None:
    """By plan, digest and run; the journal can be trusted."""
    old = pair.active
    said = walk(pair, tmp_path, MOVE)
    assert "reads its mark under the same inode" in said
    assert pair.serving() == other_of(old)


async def test_a_drill_in_which_the_active_node_dies(pair: StoragePair, tmp_path: Path) -> None:
    """It is killed and boots by itself; heartbeat takes over meanwhile, and nothing acknowledged is lost."""
    dead = pair.active
    with working(pair) as noticed:
        await asyncio.sleep(2)
        result = await Carried(pair, tmp_path).run("drill-drbd-node")
        assert result.outcome is Outcome.DONE, result.sentence
    nothing_lost(pair, noticed)
    assert pair.serving() == other_of(dead)
    print(f"\ndrill: {other_of(dead)} took over, the client waited {max(noticed.pauses):.1f} s")


async def test_an_active_node_without_power_is_replaced_by_heartbeat(
    pair: StoragePair, tmp_path: Path
) -> None:
    """heartbeat takes over; what is acknowledged is there; the node comes back by the runbook."""
    dead = pair.active
    with working(pair) as noticed:
        await asyncio.sleep(2)
        pair.hosts[dead].power_off()
        by = await taken_over(pair, tmp_path, dead)
        await goes_on(noticed)
    nothing_lost(pair, noticed)
    print(f"\npower cut: {by} took over, the client waited {noticed.pauses[0]:.1f} s")
    pair.power_on(dead)
    pair.hosts[dead].ready()
    await brought_home(pair, tmp_path)
    pair.settle()


@pytest.mark.parametrize("why", ["heartbeat is stopped", "heartbeat loses it"])
async def test_a_dead_node_is_replaced_where_nobody_takes_over(
    pair: StoragePair, tmp_path: Path, why: str
) -> None:
    """Nobody is promoted before it is proven that it has no power; heartbeat knows of it afterwards. Where it
    is stopped it does not start with the dead node either: that would hear nobody, and take everything."""
    dead, heir = pair.active, other_of(pair.active)
    loses = why == "heartbeat loses it"
    with forgetful(pair.hosts[heir]) if loses else nullcontext(), working(pair) as noticed:
        if not loses:
            pair.hosts[dead].ssh("systemctl -q disable heartbeat && sync")
            pair.stop_manager(heir)
        await asyncio.sleep(1)
        pair.hosts[dead].power_off()
        if loses:
            wait_for("heartbeat to begin", lambda: pair.hosts[heir].says(BELIEF) == "transition")
        refused = await Carried(pair, tmp_path).planned(MOVE)
        assert isinstance(refused, Refusal)
        assert f"nobody knows whether {dead} has power" in "".join(refused.reasons)
        result = await Carried(pair, tmp_path).run(MOVE, off=dead)
        assert result.outcome is Outcome.DONE, result.sentence
        await goes_on(noticed)
    nothing_lost(pair, noticed)
    pair.power_on(dead)
    pair.hosts[dead].ready()
    if not loses:
        back = await Carried(pair, tmp_path).run(JOIN)
        assert back.outcome is Outcome.DONE, back.sentence
    pair.settle()


@pytest.mark.parametrize("who", ["the taker", "the giver"])
async def test_power_is_cut_in_the_middle_of_a_move(pair: StoragePair, tmp_path: Path, who: str) -> None:
    """It ends named; never two are Primary; what was acknowledged is on the survivor."""
    old = pair.active
    victim = other_of(old) if who == "the taker" else old
    run = Carried(pair, tmp_path)
    with Watcher(pair) as watcher, working(pair) as noticed:
        await asyncio.sleep(1)
        result = await run.run(MOVE, _gives, pair.hosts[victim].power_off)
        assert result.outcome is not Outcome.DONE
        await taken_over(pair, tmp_path, victim, 30)
        await goes_on(noticed)
    assert watcher.both == []
    nothing_lost(pair, noticed)
    pair.power_on(victim)
    pair.hosts[victim].ready()
    await brought_home(pair, tmp_path)


async def test_a_console_that_dies_in_the_middle_leaves_no_outage(pair: StoragePair, tmp_path: Path) -> None:
    """The nodes hand over by themselves: nothing but the bookkeeping is left to the next run."""
    old = pair.active

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    def after(command: Command) -> bool:
        return "hand_over.sh tickle" in command.text

    with working(pair) as noticed:
        with pytest.raises(Killed):
            await Carried(pair, tmp_path).run(MOVE, after, die)
        _served_by(pair, other_of(old))
        await goes_on(noticed)
    nothing_lost(pair, noticed)
    back = await Carried(pair, tmp_path).run(MOVE)
    assert back.outcome is Outcome.DONE, back.sentence
