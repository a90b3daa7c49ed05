"""The same console on a pair of MySQL servers: it sees them, swaps the master, promotes, attaches again."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.comebacks import come_back_ahead
from tests.lab.mysql import MySql, unpack
from tests.lab.pair import Pair
from tests.lab.subnet import Subnet
from tests.lab.swaps import saitotui, swaps_lose_nothing, walk, writing
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
    swaps_lose_nothing(pair, tmp_path, SWAPS)


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
