"""On a real pair of databases: what the console writes next to Dolphie, and the gap of a swap next to the
bare statements and to an operator's script."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import aiomysql
from tests.bench.peers import Missing, needs_lab, tool
from tests.bench.rows import Result, Row, Skipped
from tests.bench.terminal import running
from tests.lab.database import PASSWORDS, PORT
from tests.lab.haproxy import BACKEND
from tests.lab.host import wait_for
from tests.lab.pair import BALANCERS, Pair
from tests.lab.subnet import Subnet
from tests.lab.swaps import gaps, swap, writing
from tests.lab.writer import CONNECTIONS

ROUNDS = 7
LISTEN = 10.0
BUSY = 2000
"""Bytes a second at 80x24 at most."""
AIM = 1.5
"""How many times as long as the bare statements a swap may keep writers waiting."""


def _turn(lab: Pair, new: str, old: str) -> str:
    return (
        f"set server {BACKEND}/{new} state ready; set server {BACKEND}/{old} state maint; "
        f"shutdown sessions server {BACKEND}/{old}\n"
    )


def _settle(lab: Pair) -> None:
    """What comes after the gap, whoever made it: the old master follows the new one, and only then commits
    wait for it; state files are kept."""
    old, new = lab.databases[lab.master], lab.databases[lab.replica]
    new.sql("STOP SLAVE", "RESET SLAVE ALL")
    address, password = new.machine.address, PASSWORDS["repl"]
    old.sql(
        "SET GLOBAL rpl_semi_sync_master_enabled = OFF",
        f"CHANGE MASTER TO master_host = '{address}', master_port = {PORT}, master_user = 'repl', "
        f"master_password = '{password}', master_connect_retry = 1, master_use_gtid = slave_pos, "
        "master_demote_to_slave = 1",
        "START SLAVE",
    )
    wait_for("the old master to follow", old.caught_up, log=old.log)
    new.sql("SET GLOBAL rpl_semi_sync_master_enabled = ON")
    lab.master = lab.replica
    lab.settle()


async def _statements(lab: Pair) -> None:
    """The statements of a swap, back to back, over connections that are open already."""
    old, new = lab.master, lab.replica

    async def connect(name: str) -> Any:
        return await aiomysql.connect(
            host=lab.address(name), port=PORT, user="ctl", password=PASSWORDS["ctl"], autocommit=True
        )

    first, second = await connect(old), await connect(new)
    sockets = [await asyncio.open_unix_connection(lab.balancers[name].socket) for name in BALANCERS]
    line = _turn(lab, new, old).encode()
    ours, theirs = await first.cursor(), await second.cursor()
    await ours.execute("SET SESSION lock_wait_timeout = 0")
    while True:
        try:
            await ours.execute("FLUSH TABLES WITH READ LOCK")
            break
        except aiomysql.OperationalError:
            await asyncio.sleep(0.001)
    await ours.execute("SELECT @@global.gtid_binlog_pos")
    (position,) = await ours.fetchone()
    await theirs.execute("SELECT MASTER_GTID_WAIT(%s, 5)", (position,))
    await ours.execute("SET GLOBAL read_only = 1")
    await theirs.execute("SET GLOBAL read_only = 0")
    for _, writer in sockets:
        writer.write(line)
    await asyncio.gather(*(reader.read() for reader, _ in sockets))
    for _, writer in sockets:
        writer.close()
    await ours.execute("UNLOCK TABLES")
    first.close()
    second.close()


def _bare(lab: Pair) -> tuple[float, float, float]:
    began = time.monotonic()
    asyncio.run(_statements(lab))
    ended = time.monotonic()
    _settle(lab)
    return began, ended + 1, 0.0


def _script(lab: Pair) -> tuple[float, float, float]:
    """As an operator types it: one `mariadb` or `socat` after the other."""
    old, new = lab.databases[lab.master], lab.databases[lab.replica]

    def sql(socket: str, text: str) -> str:
        command = ["mariadb", "--no-defaults", "-N", "-u", "root", f"--socket={socket}", "-e", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    began = time.monotonic()
    sql(old.socket, "SET GLOBAL read_only = 1")
    position = sql(old.socket, "SELECT @@global.gtid_binlog_pos")
    sql(new.socket, f"SELECT MASTER_GTID_WAIT('{position}', 5)")
    sql(new.socket, "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0")
    for name in BALANCERS:
        command = ["socat", "-", f"UNIX-CONNECT:{lab.balancers[name].socket}"]
        subprocess.run(
            command, input=_turn(lab, lab.replica, lab.master), check=True, capture_output=True, text=True
        )
    ended = time.monotonic()
    _settle(lab)
    return began, ended + 1, 0.0


def _gaps(lab: Pair, folder: Path) -> Iterable[Result]:
    """Each way in turn, under the same writes; the medians of the longest pauses that a writer saw."""
    ways: dict[str, Callable[[], tuple[float, float, float]]] = {
        "ours": lambda: swap(lab, folder),
        "bare": lambda: _bare(lab),
        "script": lambda: _script(lab),
    }
    took: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    lab.databases[lab.master].sql("CREATE TABLE app.numbered (id BIGINT PRIMARY KEY)")
    with writing(lab) as told:
        time.sleep(1)
        for _ in range(ROUNDS):
            for name, way in ways.items():
                took[name].append(way())
                time.sleep(0.5)
    found = {name: [gap * 1000 for gap in gaps(told["acknowledged"], swaps)] for name, swaps in took.items()}
    for share, word in ((0.5, "median"), (1.0, "longest")):
        ours, bare, script = (values[int(share * (len(values) - 1))] for values in found.values())
        what = f"gap of a swap that writers see, {word}"
        yield Row(what, ours, "ms", bare, "the bare statements", AIM if share == 0.5 else 0.0)
        yield Row(what, ours, "ms", script, "mariadb and socat, one after the other", 1.0)
    yield Row("commits in doubt, all ways together", len(told["ambiguous"]), "rows")
    for name, swaps in took.items():
        met = sum(began <= at <= ended for began, ended, _ in swaps for _, at in told["errors"])
        yield Row(
            f"errors a swap of {CONNECTIONS} open connections, {name}", met / ROUNDS, "", aim=CONNECTIONS
        )


def _dolphie(lab: Pair, folder: Path) -> tuple[list[str], str]:
    """Its arguments and the interpreter that it is installed in; the password is in a file of its own."""
    options = folder / "dolphie.cnf"
    options.write_text(f"[client]\nuser=ctl\npassword={PASSWORDS['ctl']}\n")
    options.chmod(0o600)
    return (
        [tool("dolphie"), "-h", lab.address(lab.master), "-P", str(PORT), "-m", str(options)],
        tool("python"),
    )


def _bytes(lab: Pair, folder: Path) -> Iterable[Result]:
    """Under the same writes: the database screen, and Dolphie on the same server."""
    environment = {"XDG_STATE_HOME": str(folder), "HOME": str(folder)}
    ours = ["-m", "saitotui", "--profile", str(lab.profile), "--screen", "database"]
    lab.databases[lab.master].sql("CREATE TABLE app.numbered (id BIGINT PRIMARY KEY)")
    try:
        with writing(lab):
            with running(ours, environment) as terminal:
                terminal.until(b"db1")
                terminal.written(LISTEN)
                mine = terminal.written(LISTEN)
            yield Row("written a second, pair under 500 writes/s", mine, "B/s", aim=BUSY)
            try:
                command, python = _dolphie(lab, folder)
                with running(command, environment, python) as terminal:
                    terminal.until(b"RUNNING")
                    terminal.written(LISTEN)
                    other = terminal.written(LISTEN)
                yield Row("written a second, the same", mine, "B/s", other, "Dolphie", 1.0)
            except (Missing, TimeoutError) as error:
                yield Skipped("written, against Dolphie", str(error))
    finally:
        lab.databases[lab.master].sql("DROP TABLE app.numbered")


def bench() -> Iterable[Result]:
    try:
        needs_lab("mariadbd", "haproxy")
    except Missing as error:
        yield Skipped("a real pair of databases", f"{error}: make lab-test installs it")
        return
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Subnet() as subnet, Pair(folder / "lab", subnet) as lab:
            yield from _bytes(lab, folder)
            yield from _gaps(lab, folder)
