"""On a real DRBD pair under a client's writes: the power of a node is cut, over and over, each in turn."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from tests.bench.peers import Missing, needs_lab
from tests.bench.rows import Result, Row, Skipped
from tests.lab.host import wait_for
from tests.lab.storage.pair import StoragePair, alone
from tests.lab.storage.profile import other_of
from tests.lab.storage.runs import brought_home, nothing_lost, taken_over, working

CUTS = {"active": 10, "passive": 4}
"""How often a node of each kind loses its power."""
AIM = 30.0


def _cut(pair: StoragePair, active: bool) -> float:
    """Seconds for which the client waits; AssertionError when something that was acknowledged is lost."""
    serving = pair.serving()
    assert serving is not None
    dead = serving if active else other_of(serving)
    with working(pair) as noticed:
        time.sleep(2)
        pair.hosts[dead].power_off()
        asyncio.run(taken_over(pair, pair.folder, dead))
        before = len(noticed.lines)
        wait_for("the client to go on", lambda: len(noticed.lines) > before + 20, 90)
    nothing_lost(pair, noticed)
    pair.power_on(dead)
    pair.hosts[dead].ready()
    asyncio.run(brought_home(pair, pair.folder))
    pair.mend()
    return noticed.pauses[0]


def _rows(pair: StoragePair) -> Iterable[Result]:
    for kind, times in CUTS.items():
        waits = [_cut(pair, kind == "active") for _ in range(times)]
        yield Row(f"a client waits, {kind} node cut, median of {times}", median(waits), "s")
        yield Row(f"a client waits, {kind} node cut, at most", max(waits), "s", aim=AIM)


def bench() -> Iterable[Result]:
    try:
        needs_lab("linux.uml", "mmdebstrap")
    except Missing as error:
        yield Skipped("power cuts of a real storage pair", f"{error}: make lab-test installs it")
        return
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as name, alone(Path(name)) as pair:
        yield from _rows(pair)
