"""What goes wrong in the middle of a swap of the real pair: no acknowledged row is lost, one takes writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.lab.host import wait_for
from tests.lab.platform import Lab
from tests.lab.swaps import Checker, saitotui, walk, writing

from saitotui.engine.runs.folder import RunFolder

pytestmark = pytest.mark.lab

LIMIT = 120.0


@pytest.fixture
def table(platform: Lab) -> Iterator[None]:
    platform.databases[platform.master].sql("CREATE TABLE app.numbered (id BIGINT PRIMARY KEY)")
    yield
    platform.databases[platform.master].sql("DROP TABLE app.numbered")


@contextmanager
def swapping(platform: Lab, state: Path, then: Callable[[RunFolder], None]) -> Iterator[list[str]]:
    """A swap under writes; `then` happens when its critical stage begins. Afterwards the list holds what it
    printed, with its exit code at the end; every acknowledged row is where writes go."""
    planned = saitotui(platform, state, "plan", "swap-db-master", "--json")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    digest = json.loads(planned.stdout)["digest"]
    said: list[str] = []
    checker = Checker(platform)
    checker.start()
    try:
        with writing(platform) as told:
            run = subprocess.Popen(
                [sys.executable, "-m", "saitotui", "run", "swap-db-master", "--reason", "a drill",
                 "--yes", digest, "--accept-amber", "--profile", str(platform.profile)],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
                env={**os.environ, "XDG_STATE_HOME": str(state)},
            )  # fmt: skip
            end = threading.Timer(LIMIT, run.kill)
            end.start()
            folder = _critical(state)
            then(folder)
            printed, _ = run.communicate()
            end.cancel()
            said += [printed, str(run.returncode)]
            yield said
            time.sleep(1)
    finally:
        checker.end()
    assert checker.looks > 0
    assert checker.both == []
    platform.master = next(n for n, s in platform.databases.items() if not s.sql(_CLOSED)[0]["closed"])
    rows = {row["id"] for row in platform.databases[platform.master].sql("SELECT id FROM app.numbered")}
    assert {row for row, _ in told["acknowledged"]} <= rows


_CLOSED = "SELECT @@global.read_only AS closed"


def _critical(state: Path) -> RunFolder:
    """Waits until a run comes to its critical stage."""

    def begun() -> bool:
        return any('"kind": "stage"' in path.read_text() for path in state.glob("*/*/runs/*/events.jsonl"))

    wait_for("the critical stage to begin", begun)
    (path,) = state.glob("*/*/runs/0001")
    return RunFolder(path)


@pytest.mark.usefixtures("table")
def test_its_process_is_killed(platform: Lab, tmp_path: Path) -> None:
    """The supervisor starts it again, and it goes on by what is true."""
    new = platform.replica

    def kill(folder: RunFolder) -> None:
        os.kill(folder.pid, signal.SIGKILL)

    with swapping(platform, tmp_path, kill) as said:
        pass
    assert said[-1] == "0", said[0]
    assert "its process was started again" in said[0]
    assert platform.master == new
    platform.settle()


@pytest.mark.usefixtures("table")
def test_somebody_holds_a_lock(platform: Lab, tmp_path: Path) -> None:
    """The freeze does not come through: nobody queues behind it, and everything is as before."""
    old = platform.master
    holder = platform.databases[old].connect()
    holder.cursor().execute("LOCK TABLES app.orders WRITE")
    try:
        with swapping(platform, tmp_path, lambda folder: None) as said:
            pass
    finally:
        holder.close()
    assert said[-1] != "0"
    assert "UNDONE" in said[0]
    assert platform.master == old
    platform.settle()


@pytest.mark.usefixtures("table")
def test_the_old_master_hangs(platform: Lab, tmp_path: Path) -> None:
    """What nobody can tell is called so; when the server answers again, the run goes on or a new one does."""
    old = platform.master
    server = platform.databases[old]
    back = threading.Timer(12, server.resume)

    def hang(folder: RunFolder) -> None:
        server.pause()
        back.start()

    with swapping(platform, tmp_path, hang) as said:
        back.join()
        wait_for("it to answer again", server.answers)
    assert said[-1] in {"0", "12", "13", "14", "15"}, said[0]
    if not platform.databases[platform.replica].replication:
        # The handover was done, and the old master not to be attached any more: what its finding says.
        walk(platform, tmp_path, "rebuild-db-replica")
    again = platform.replica
    walk(platform, tmp_path, "swap-db-master")
    platform.master = again
    platform.settle()
