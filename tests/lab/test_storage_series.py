"""Long series on the real storage pair (`make lab-long`): ten moves, and power cuts at every command of one.

Each run ends named, two nodes are never Primary, and what a client was told is written is on the survivor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.host import wait_for
from tests.lab.storage.pair import StoragePair, alone
from tests.lab.storage.profile import other_of
from tests.lab.storage.runs import (
    BELIEF,
    Carried,
    Watcher,
    brought_home,
    forgetful,
    moved_back_and_forth,
    nothing_lost,
    taken_over,
    working,
)

from saitotui.model.command import Command
from saitotui.model.plan import Outcome

pytestmark = [pytest.mark.lab, pytest.mark.long]

MOVE = "fail-over-drbd"
MOMENTS = (
    "cat >/run/saitotui/new",
    "leaves a mark",
    "hand_over.sh ready",
    "sync -f",
    "ss -Htn",
    "hand_over.sh take",
    "hand_over.sh give",
    "hand_over.sh tickle",
    "hand_over.sh settled",
    "hb_standby all",
    "flock -w 20",
    'rm -f "$f"',
)
"""What each command of a move has in its text, in order; `leaves a mark` stands for the first of a client."""


@pytest.fixture(scope="module")
def pair(privileged: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoragePair]:
    folder = tmp_path_factory.mktemp("storage")
    with alone(folder) as pair:
        yield pair


def _is(moment: str, command: Command) -> bool:
    return ("date +%s.%N" if moment == "leaves a mark" else moment) in command.text


async def test_ten_moves_lose_nothing(pair: StoragePair, tmp_path: Path) -> None:
    pauses = sorted(await moved_back_and_forth(pair, tmp_path, 10))
    print(f"\nten moves: {', '.join(f'{pause:.1f}' for pause in pauses)} s")


async def test_a_takeover_that_never_ended_ends(pair: StoragePair, tmp_path: Path) -> None:
    """The dead node is back, and the survivor's heartbeat still takes over: it is told, then all can move."""
    dead = pair.serving()
    assert dead is not None
    heir = pair.hosts[other_of(dead)]
    with forgetful(heir, starts=True):
        pair.hosts[dead].power_off()
        await taken_over(pair, tmp_path, dead)
    pair.power_on(dead)
    pair.hosts[dead].ready()
    wait_for("the pair to be well", pair.well, 60)
    assert heir.says(BELIEF) == "transition"
    result = await Carried(pair, tmp_path).run("rejoin-drbd-node")
    assert result.outcome is Outcome.DONE, result.sentence
    pair.settle()
    assert pair.serving() == heir.name
    moved = await Carried(pair, tmp_path).run(MOVE)
    assert moved.outcome is Outcome.DONE, moved.sentence


@pytest.mark.parametrize("who", ["active", "standby"])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_power_is_cut_at_any_command(pair: StoragePair, tmp_path: Path, moment: str, who: str) -> None:
    old = pair.serving()
    assert old is not None
    victim = old if who == "active" else other_of(old)
    run = Carried(pair, tmp_path)
    with Watcher(pair) as watcher, working(pair) as noticed:
        await asyncio.sleep(1)
        result = await run.run(MOVE, lambda one: _is(moment, one), pair.hosts[victim].power_off)
        assert not pair.hosts[victim].powered, "the moment never came"
        assert result.sentence
        by = await taken_over(pair, tmp_path, victim)
        await asyncio.sleep(15)
    assert watcher.both == []
    nothing_lost(pair, noticed)
    print(f"\n{moment}, {who}: {result.outcome.value}, {by} took over, waited {noticed.pauses[0]:.1f} s")
    pair.power_on(victim)
    pair.hosts[victim].ready()
    await brought_home(pair, tmp_path)
    pair.mend()
