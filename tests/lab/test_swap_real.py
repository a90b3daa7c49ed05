"""The master is swapped on a real pair, again and again, while applications write through HAProxy."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.lab.mariadb import PASSWORDS
from tests.lab.platform import Lab

pytestmark = pytest.mark.lab

SWAPS = int(os.environ.get("SAITOTUI_SWAPS", "20"))
RATE = 500.0


class Checker(threading.Thread):
    """Looks, over and over, whether both servers take writes at the same time."""

    def __init__(self, lab: Lab) -> None:
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
        self._stop_it.set()
        self.join()
        for connection in self._connections:
            connection.close()


@contextmanager
def writing(lab: Lab) -> Iterator[dict[str, Any]]:
    """Applications write in the block; afterwards what they tell is in the dictionary."""
    told: dict[str, Any] = {}
    addresses = ",".join(lab.address(name) for name in lab.balancers)
    command = [sys.executable, "-m", "tests.lab.writer", addresses, PASSWORDS["app"], str(RATE)]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        yield told
        said, _ = writer.communicate("", timeout=60)
        told |= json.loads(said)
    finally:
        writer.kill()
        writer.communicate()


def saitotui(lab: Lab, state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "saitotui", *arguments, "--profile", str(lab.profile)],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )  # fmt: skip


WINDOW = re.compile(r"Hand writes over from \w+ to \w+: ([\d.]+) ms")


def swap(lab: Lab, state: Path) -> tuple[float, float, float]:
    """One swap, by plan, digest and run, as an engineer does it: when it began and ended, and how long its
    critical stage took (milliseconds)."""
    planned = saitotui(lab, state, "plan", "swap-db-master", "--json")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    digest = json.loads(planned.stdout)["digest"]
    began = time.monotonic()
    done = saitotui(
        lab, state, "run", "swap-db-master", "--reason", "a drill", "--yes", digest, "--accept-amber"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for secret in PASSWORDS.values():
        assert secret not in done.stdout + done.stderr
    lab.master = lab.replica
    window = WINDOW.search(done.stdout)
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


@pytest.fixture
def table(platform: Lab) -> Iterator[None]:
    master = platform.databases[platform.master]
    master.sql("CREATE TABLE app.numbered (id BIGINT PRIMARY KEY)")
    yield
    platform.databases[platform.master].sql("DROP TABLE app.numbered")


@pytest.mark.usefixtures("table")
def test_twenty_swaps_lose_nothing(platform: Lab, tmp_path: Path, record_property: Any) -> None:
    checker = Checker(platform)
    checker.start()
    try:
        with writing(platform) as told:
            swaps = [swap(platform, tmp_path) for _ in range(SWAPS)]
    finally:
        checker.end()
    assert checker.looks > SWAPS
    assert checker.both == []
    rows = [row for row, _ in told["acknowledged"]]
    assert len(rows) == len(set(rows)) > 0
    platform._settle()
    for server in platform.databases.values():
        assert [row["id"] for row in server.sql("SELECT id FROM app.numbered ORDER BY id")] == sorted(rows)
    found = gaps(told["acknowledged"], swaps)
    say = {
        "rows": len(rows),
        "gap ms": [round(1000 * found[int(share * (len(found) - 1))], 1) for share in (0.5, 0.95, 1.0)],
        "window ms": sorted(window for _, _, window in swaps),
        "errors": told["errors"],
        "ambiguous": len(told["ambiguous"]),
        "connects": told["connects"],
    }
    print(f"\nswap-db-master, {SWAPS} times: {say}")
    record_property("swap", say)


def test_the_journal_of_a_swap(platform: Lab, tmp_path: Path) -> None:
    """What was done stands there, verifies, and holds no secret."""
    swap(platform, tmp_path)
    swap(platform, tmp_path)
    assert saitotui(platform, tmp_path, "journal", "verify").returncode == 0
    files: Mapping[Path, bytes] = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert any(b"FLUSH TABLES WITH READ LOCK" in content for content in files.values())
    for path, content in files.items():
        for name, secret in PASSWORDS.items():
            assert secret.encode() not in content, f"the password of {name} stands in {path.name}"
