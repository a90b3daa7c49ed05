"""On a real DRBD pair under a client's writes: a move by the runbook next to `hb_standby` typed by hand, and
how soon a change is seen."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median

from tests.bench.peers import Missing, needs_lab
from tests.bench.rows import Result, Row, Skipped
from tests.lab.host import wait_for
from tests.lab.storage.pair import StoragePair, alone
from tests.lab.storage.profile import NODES, other_of
from tests.lab.storage.runs import Carried, nothing_lost, unmounted, working

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.registry import platform
from saitotui.engine.watch import Watch

TIMES = 4
"""Moves of each kind."""
AIM, SEEN = 0.8, 0.5
BY_HAND = "/usr/share/heartbeat/hb_standby all"


def _by_hand(pair: StoragePair) -> None:
    name = pair.serving()
    assert name is not None
    pair.hosts[name].ssh(BY_HAND)
    wait_for("the other node to serve", lambda: pair.serving() == other_of(name), 90)
    pair.settle()


def _ours(pair: StoragePair) -> None:
    asyncio.run(Carried(pair, pair.folder).run("fail-over-drbd"))


def _pauses(pair: StoragePair, move: Callable[[StoragePair], None], version: str) -> list[float]:
    found = []
    for _ in range(TIMES):
        with working(pair, version) as noticed:
            time.sleep(2)
            move(pair)
            time.sleep(18)
        nothing_lost(pair, noticed)
        found.append(noticed.pauses[0])
    unmounted(pair)
    return found


def _seen(pair: StoragePair) -> float:
    """Seconds from a disconnect that somebody types until the picture has its finding, polled every 10 s."""
    profile = replace(load_profile(pair.profile), poll=10.0)
    watch, news = Watch(platform(profile), lambda: Hub(profile)), threading.Event()
    standby = pair.hosts[other_of(pair.serving() or NODES[0])]
    at: list[float] = []

    def look() -> None:
        codes = {one.code for one in watch.picture.findings} if watch.picture else set()
        if "storage.standalone" in codes and not at:
            at.append(time.monotonic())
            news.set()

    watch.listen(look)
    watch.start()
    try:
        time.sleep(15)
        standby.ssh("drbdadm disconnect r0")
        done = time.monotonic()
        news.wait(30)
        standby.ssh("drbdadm connect r0")
        pair.settle()
        return max(0.0, at[0] - done) if at else 30.0
    finally:
        watch.stop()


def _rows(pair: StoragePair) -> Iterable[Result]:
    for version in ("3,nolock", "4.2"):
        hand, ours = _pauses(pair, _by_hand, version), _pauses(pair, _ours, version)
        what = f"a client waits, NFSv{version.partition(',')[0]}"
        yield Row(f"{what}, median of {TIMES}", median(ours), "s", median(hand), "hb_standby by hand", AIM)
        yield Row(f"{what}, at most", max(ours), "s", max(hand), "hb_standby by hand", AIM)
    yield Row("a disconnect is seen after, polled every 10 s", _seen(pair), "s", aim=SEEN)


def bench() -> Iterable[Result]:
    try:
        needs_lab("linux.uml", "mmdebstrap")
    except Missing as error:
        yield Skipped("a real storage pair", f"{error}: make lab-test installs it")
        return
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as name, alone(Path(name)) as pair:
        yield from _rows(pair)
