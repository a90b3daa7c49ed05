"""Swaps of the lab's database pair under writes, and what the writers noticed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from tests.lab.database import PASSWORDS
from tests.lab.host import LONG
from tests.lab.pair import Pair

from saitotui.cli.plan import REFUSED
from saitotui.model.plan import Outcome
from saitotui.model.run import Result

RATE = 500.0
"""Rows a second that applications write."""


@contextmanager
def writing(lab: Pair) -> Iterator[dict[str, Any]]:
    """Applications write in the block; afterwards what they tell is in the dictionary."""
    addresses = ",".join(lab.address(name) for name in lab.balancers)
    with at_work("tests.lab.writer", addresses, PASSWORDS["app"], str(RATE), ready="writing") as told:
        yield told


class Checker(threading.Thread):
    """Looks, over and over, whether both servers take writes at the same time."""

    def __init__(self, lab: Pair) -> None:
        super().__init__()
        self._connections = [server.connect() for server in lab.databases.values()]
        self._stop_it = threading.Event()
        self.looks = 0
        self.both: list[float] = []

    def _open(self, number: int) -> bool:
        with self._connections[number].cursor() as cursor:
            cursor.execute("SELECT @@global.read_only AS closed")
            row = cursor.fetchone()
        assert row is not None
        return not row["closed"]

    def run(self) -> None:
        while not self._stop_it.is_set():
            # Twice the one, so that a swap between two looks is not taken for two masters.
            if self._open(0) and self._open(1) and self._open(0):
                self.both.append(time.monotonic())
            self.looks += 1
            time.sleep(0.001)

    def end(self) -> None:
        if self._stop_it.is_set():
            return
        self._stop_it.set()
        self.join()
        for connection in self._connections:
            connection.close()


def environment(state: Path) -> dict[str, str]:
    """What the console runs in, with its state in a folder of the test."""
    return {**os.environ, "XDG_STATE_HOME": str(state)}


@contextmanager
def at_work(module: str, *arguments: str, ready: str) -> Iterator[dict[str, Any]]:
    """A program of the lab's users is at work in the block, from when it prints `ready`; when its input ends
    it prints what it noticed, which is in the dictionary then."""
    told: dict[str, Any] = {}
    command = [sys.executable, "-m", module, *arguments]
    program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == f"{ready}\n"
        yield told
        said, _ = program.communicate("", timeout=60)
        told |= json.loads(said)
    finally:
        program.kill()
        program.communicate()


class Profiled(Protocol):
    """A platform of the lab that the console has a profile of."""

    @property
    def profile(self) -> Path: ...


def saitotui(
    lab: Profiled, state: Path, *arguments: str, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "saitotui", *arguments, "--profile", str(lab.profile)],
        capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
        env=environment(state),
    )  # fmt: skip


def asked_again(
    what: str, ask: Callable[[], subprocess.CompletedProcess[str]]
) -> subprocess.CompletedProcess[str]:
    """What is refused is asked again for some time, as an engineer does: on a slow machine the platform may
    not be at rest yet, or an answer may have been late. Nothing was done."""
    until = time.monotonic() + LONG
    while (done := ask()).returncode == REFUSED and time.monotonic() < until:
        print(f"\n{what} was refused, and is asked again: {(done.stdout + done.stderr)[-2000:]}")
        time.sleep(1)
    return done


def digest_of(lab: Profiled, state: Path, runbook: str, *more: str) -> str:
    """The plan that is to be run, by its digest."""
    planned = asked_again(runbook, lambda: saitotui(lab, state, "plan", runbook, "--json", *more))
    assert planned.returncode == 0, planned.stdout + planned.stderr
    return str(json.loads(planned.stdout)["digest"])


def begun(lab: Profiled, state: Path, runbook: str, *more: str) -> subprocess.Popen[str]:
    """A run that goes on by itself, for tests in whose middle something happens."""
    return subprocess.Popen(
        [sys.executable, "-m", "saitotui", "run", runbook, "--reason", "a drill", "--accept-amber",
         "--yes", digest_of(lab, state, runbook, *more), "--profile", str(lab.profile), *more],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
        env=environment(state),
    )  # fmt: skip


WINDOW = re.compile(r"Hand writes over from \w+ to \w+: ([\d.]+) ms")


def walk(lab: Profiled, state: Path, runbook: str, *more: str, end: Outcome = Outcome.DONE) -> str:
    """One run to its good end, by plan, digest and run, as an engineer does it: what was printed."""

    def once() -> subprocess.CompletedProcess[str]:
        digest = digest_of(lab, state, runbook, *more)
        order = ("run", runbook, "--reason", "a drill", "--yes", digest, "--accept-amber", *more)
        return saitotui(lab, state, *order)

    done = asked_again(runbook, once)
    assert done.returncode == Result(end, "").exit_code, done.stdout + done.stderr
    for secret in PASSWORDS.values():
        assert secret not in done.stdout + done.stderr
    return done.stdout


def bring_home(lab: Pair, state: Path) -> list[str]:
    """Runs what the console has a plan for, until the pair is well; gives the names of the runbooks."""
    done: list[str] = []
    while len(done) < 4:
        for runbook in ("open-db-master", "turn-db-haproxy", "rebuild-db-replica"):
            if saitotui(lab, state, "plan", runbook).returncode == 0:
                walk(lab, state, runbook)
                done.append(runbook)
                break
        else:
            break
    closed = "SELECT @@global.read_only AS closed"
    (lab.master,) = (name for name, server in lab.databases.items() if not server.sql(closed)[0]["closed"])
    return done


def swap(lab: Pair, state: Path) -> tuple[float, float, float]:
    """One swap: when it began and ended, and how long its critical stage took (milliseconds)."""
    began = time.monotonic()
    said = walk(lab, state, "swap-db-master")
    lab.master = lab.replica
    window = WINDOW.search(said)
    assert window is not None
    return began, time.monotonic(), float(window[1])


def gaps(acknowledged: list[tuple[int, float]], swaps: list[tuple[float, float, float]]) -> list[float]:
    """For each swap the longest time without an acknowledgement, in seconds."""
    times = [at for _, at in acknowledged]
    pauses = list(pairwise(times))
    return sorted(
        max(after - before for before, after in pauses if began <= after and before <= ended)
        for began, ended, _ in swaps
    )


def all_kept(pair: Pair, told: Mapping[str, Any]) -> list[int]:
    """The rows that applications were told are written: each once, and on both servers nothing else."""
    rows = [row for row, _ in told["acknowledged"]]
    assert len(rows) == len(set(rows)) > 0
    pair.settle()
    for server in pair.databases.values():
        assert [row["id"] for row in server.sql("SELECT id FROM app.numbered ORDER BY id")] == sorted(rows)
    return rows


def swaps_lose_nothing(pair: Pair, state: Path, count: int) -> dict[str, Any]:
    """That many swaps under writes: nothing is lost, never do two take writes. What applications noticed."""
    checker = Checker(pair)
    checker.start()
    try:
        with writing(pair) as told:
            swaps = [swap(pair, state) for _ in range(count)]
    finally:
        checker.end()
    assert checker.looks > count
    assert checker.both == []
    rows = all_kept(pair, told)
    found = gaps(told["acknowledged"], swaps)
    said = {
        "rows": len(rows),
        "gap ms": [round(1000 * found[int(share * (len(found) - 1))], 1) for share in (0.5, 0.95, 1.0)],
        "window ms": sorted(window for _, _, window in swaps),
        "errors": Counter(number for number, _ in told["errors"]),
        "ambiguous": len(told["ambiguous"]),
        "connects": told["connects"],
    }
    print(f"\nswap-db-master, {pair.databases[pair.master].name}, {count} times: {said}")
    return said
