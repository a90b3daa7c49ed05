"""The same console on a pair of MySQL servers: it sees them, swaps the master, promotes, attaches again."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.comebacks import come_back_ahead
from tests.lab.mysql import MySql, unpack
from tests.lab.pair import Pair
from tests.lab.subnet import Subnet
from tests.lab.swaps import Checker, gaps, saitotui, swap, walk, writing
from tests.lab.ticking import swap_with_an_event

pytestmark = pytest.mark.lab

SWAPS = int(os.environ.get("SAITOTUI_MYSQL_SWAPS", "6"))
UNPACKED = Path(__file__).parents[2] / ".lab" / "mysql"


@pytest.fixture(scope="module")
def built_of_mysql(privileged: None) -> Iterator[Pair]:
    """Two MySQL servers behind two HAProxy, running and well; skipped where MySQL cannot be had."""
    reason = unpack(UNPACKED)
    if reason:
        pytest.skip(f"MySQL could not be unpacked from Debian sid: {reason}")
    with tempfile.TemporaryDirectory(prefix="saitotui-mysql-") as name, Subnet() as subnet:
        folder = Path(name)
        folder.chmod(0o755)
        with Pair(folder, subnet, MySql) as pair:
            yield pair


@pytest.fixture
def pair(built_of_mysql: Pair) -> Iterator[Pair]:
    yield built_of_mysql
    built_of_mysql.go_home()


@pytest.fixture
def table(pair: Pair) -> Iterator[None]:
    pair.databases[pair.master].sql("CREATE TABLE app.numbered (id BIGINT PRIMARY KEY)")
    yield
    pair.databases[pair.master].sql("DROP TABLE app.numbered")


def test_it_is_seen_well(pair: Pair, tmp_path: Path) -> None:
    seen = saitotui(pair, tmp_path, "status", "--json")
    assert seen.returncode == 0, seen.stdout + seen.stderr


@pytest.mark.usefixtures("table")
def test_swaps_lose_nothing(pair: Pair, tmp_path: Path) -> None:
    checker = Checker(pair)
    checker.start()
    try:
        with writing(pair) as told:
            swaps = [swap(pair, tmp_path) for _ in range(SWAPS)]
    finally:
        checker.end()
    assert checker.looks > SWAPS
    assert checker.both == []
    rows = [row for row, _ in told["acknowledged"]]
    assert len(rows) == len(set(rows)) > 0
    pair.settle()
    for server in pair.databases.values():
        assert [row["id"] for row in server.sql("SELECT id FROM app.numbered ORDER BY id")] == sorted(rows)
    found = gaps(told["acknowledged"], swaps)
    say = {
        "rows": len(rows),
        "gap ms": [round(1000 * found[int(share * (len(found) - 1))], 1) for share in (0.5, 1.0)],
        "window ms": sorted(window for _, _, window in swaps),
        "errors": Counter(number for number, _ in told["errors"]),
        "ambiguous": len(told["ambiguous"]),
    }
    print(f"\nswap-db-master on MySQL, {SWAPS} times: {say}")


@pytest.mark.usefixtures("table")
def test_a_killed_master_is_replaced_and_comes_back(pair: Pair, tmp_path: Path) -> None:
    dead, heir = pair.master, pair.replica
    try:
        with writing(pair) as told:
            time.sleep(2)
            pair.kill_master()
            walk(pair, tmp_path, "promote-db-replica")
            pair.master = heir
            time.sleep(2)
        kept = {row["id"] for row in pair.databases[heir].sql("SELECT id FROM app.numbered")}
        assert {row for row, _ in told["acknowledged"]} <= kept
        walk(pair, tmp_path, "rebuild-db-replica")
        pair.settle()
    finally:
        if pair.master == heir:
            pair.bring_back(dead)
        else:
            pair.heal()


@pytest.mark.usefixtures("table")
def test_an_old_master_with_what_nobody_else_has(pair: Pair, tmp_path: Path) -> None:
    """It is cloned."""
    come_back_ahead(pair, tmp_path)


def test_an_event_goes_with_the_master(pair: Pair, tmp_path: Path) -> None:
    swap_with_an_event(pair, tmp_path)
