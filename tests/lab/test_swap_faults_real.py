"""What goes wrong in the middle of a swap of the real pair: no acknowledged row is lost, one takes writes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest
from tests.lab.database import PASSWORDS, Database
from tests.lab.host import wait_for
from tests.lab.platform import Lab
from tests.lab.swaps import Checker, begun, bring_home, walk, writing

from saitotui.engine.runs.folder import RunFolder

pytestmark = pytest.mark.lab

LIMIT = 120.0


@contextmanager
def swapping(platform: Lab, state: Path, then: Callable[[RunFolder], None]) -> Iterator[list[str]]:
    """A swap under writes; `then` happens when its critical stage begins. Afterwards the list holds what it
    printed, with its exit code at the end; every acknowledged row is where writes go."""
    said: list[str] = []
    checker = Checker(platform)
    checker.start()
    try:
        with writing(platform) as told:
            run = begun(platform, state, "swap-db-master")
            end = threading.Timer(LIMIT, run.kill)
            end.start()
            folder = _critical(state)
            then(folder)
            printed, _ = run.communicate()
            end.cancel()
            said += [printed, str(run.returncode)]
            yield said
            checker.end()  # a server may be built anew
            for service in (*platform.databases.values(), *platform.balancers.values()):
                wait_for("it to answer", service.answers)
            print("\nbrought home by:", bring_home(platform, state) or "itself")
            time.sleep(1)
    finally:
        checker.end()
    assert checker.looks > 0
    assert checker.both == []
    rows = {row["id"] for row in platform.databases[platform.master].sql("SELECT id FROM app.numbered")}
    assert {row for row, _ in told["acknowledged"]} <= rows


def _critical(state: Path) -> RunFolder:
    """Waits until a run comes to its critical stage: all that it will do there is in the journal, nothing is
    asked any more."""

    def begun() -> bool:
        return any('"only"' in path.read_text() for path in state.glob("*/*/journal.jsonl"))

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


@pytest.mark.parametrize("who", ["the old master", "the new master"])
@pytest.mark.usefixtures("table")
def test_a_server_hangs(platform: Lab, tmp_path: Path, who: str) -> None:
    """What nobody can tell is called so; when it answers again, runbooks bring the pair home."""
    server = platform.databases[platform.master if who == "the old master" else platform.replica]
    back = threading.Timer(12, server.resume)

    def hang(folder: RunFolder) -> None:
        server.pause()
        back.start()

    with swapping(platform, tmp_path, hang) as said:
        back.join()
        wait_for("it to answer again", server.answers)
    assert said[-1] in {"0", "12", "13", "14", "15"}, said[0]
    again = platform.replica
    walk(platform, tmp_path, "swap-db-master")
    platform.master = again
    platform.settle()


@pytest.mark.usefixtures("table")
def test_haproxy_is_started_again(platform: Lab, tmp_path: Path) -> None:
    """It comes up with what its state file has, the old master: it is turned again, by this run or the next
    runbook, and proven turned."""
    new, node = platform.replica, platform.balancers["lb2"]

    def restart(folder: RunFolder) -> None:
        node.kill()
        node.start()

    with swapping(platform, tmp_path, restart) as said:
        pass
    assert said[-1] in {"0", "13"}, said[0]
    assert platform.master == new
    assert node.states()[new].startswith("UP")
    platform.settle()


class Undecided(threading.Thread):
    """Nearly always has a young transaction open, which wrote and is never committed, until it is cut."""

    ROW = 8_000_000_000

    def __init__(self, address: str) -> None:
        super().__init__()
        self._client = pymysql.connect(
            host=address, user="app", password=PASSWORDS["app"], database="app", ssl_disabled=True
        )
        self._end = threading.Event()
        self.cut = False

    def run(self) -> None:
        try:
            while not self._end.is_set():
                with self._client.cursor() as cursor:
                    cursor.execute("INSERT INTO numbered VALUES (%s)", (self.ROW,))
                self._end.wait(1)
                self._client.rollback()
        except pymysql.err.OperationalError:
            self.cut = True

    def end(self) -> None:
        self._end.set()
        self.join()
        self._client.close()


@pytest.mark.usefixtures("table")
def test_a_transaction_is_open(platform: Lab, tmp_path: Path) -> None:
    """It does not hold the swap up; it is cut, and nothing of it is left anywhere."""
    new, client = platform.replica, Undecided(platform.address("lb1"))
    client.start()
    try:
        with swapping(platform, tmp_path, lambda folder: None) as said:
            pass
    finally:
        client.end()
    assert client.cut, said[0]
    assert said[-1] == "0", said[0]
    assert platform.master == new
    platform.settle()
    for server in platform.databases.values():
        assert not server.sql(f"SELECT id FROM app.numbered WHERE id = {Undecided.ROW}")


class Privileged(threading.Thread):
    """Writes to one server as an account that read_only does not stop."""

    def __init__(self, server: Database) -> None:
        super().__init__()
        self._connection = server.connect()
        self._end = threading.Event()
        self.acknowledged: list[int] = []
        self.errors: list[int] = []

    def run(self) -> None:
        for row in range(9_000_000_000, 9_000_010_000):
            if self._end.is_set():
                return
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(f"INSERT INTO app.numbered VALUES ({row})")
                self.acknowledged.append(row)
            except pymysql.err.Error as error:
                self.errors.append(error.args[0])
                return
            time.sleep(0.02)

    def end(self) -> None:
        if self._end.is_set():
            return
        self._end.set()
        self.join()
        self._connection.close()


@pytest.mark.usefixtures("table")
def test_somebody_writes_whom_read_only_does_not_stop(platform: Lab, tmp_path: Path) -> None:
    """What was acknowledged to it is on the new master, or the run says that the old one has it alone; then
    it is kept when that one comes back."""
    old, new = platform.master, platform.replica
    writer = Privileged(platform.databases[old])
    writer.start()
    try:
        with swapping(platform, tmp_path, lambda folder: None) as said:
            writer.end()
    finally:
        writer.end()
    assert writer.acknowledged
    assert platform.master == new, said[0]
    if said[-1] != "0":
        named = (f"{old} has nothing that {new} lacks: it has what", f"it does not hold that {old} follows")
        assert any(words in said[0] for words in named), said[0]
    platform.settle()
    there = {row["id"] for row in platform.databases[new].sql("SELECT id FROM app.numbered")}
    kept = "".join(
        file.read_text("utf-8", "replace") for file in (platform.machines[old].folder / "kept").glob("*.sql")
    )
    lost = [row for row in writer.acknowledged if row not in there and str(row) not in kept]
    assert lost == [], said[0]
    print(f"\na privileged writer: {len(writer.acknowledged)} rows, exit code {said[-1]}, kept {len(kept)}")
