"""The old master comes back as a replica: as it is, or built anew when it has what nobody else has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.host import wait_for
from tests.lab.mariadb import PASSWORDS
from tests.lab.platform import Lab
from tests.lab.swaps import saitotui, walk, writing

pytestmark = pytest.mark.lab

ONLY_THERE = 4_711_000_000


@pytest.fixture
def table(platform: Lab) -> Iterator[None]:
    platform.databases[platform.master].sql("CREATE TABLE app.numbered (id BIGINT PRIMARY KEY)")
    yield
    platform.databases[platform.master].sql("DROP TABLE app.numbered")


def ids(platform: Lab, name: str) -> set[int]:
    return {row["id"] for row in platform.databases[name].sql("SELECT id FROM app.numbered")}


@pytest.mark.usefixtures("table")
def test_an_old_master_with_what_nobody_else_has(platform: Lab, tmp_path: Path) -> None:
    """It was cut off, somebody wrote to it, it died; another is master since."""
    old, new = platform.master, platform.replica
    databases = platform.databases
    databases[new].sql("STOP SLAVE IO_THREAD")
    databases[old].sql(f"INSERT INTO app.numbered VALUES ({ONLY_THERE})")
    platform.kill_master()
    databases[new].sql("START SLAVE IO_THREAD")
    walk(platform, tmp_path, "promote-db-replica")
    platform.master = new
    try:
        with writing(platform) as told:
            began = time.monotonic()
            said = walk(platform, tmp_path, "rebuild-db-replica")
            took = time.monotonic() - began
            wait_for("somebody to have written", lambda: len(ids(platform, new)) > 100)
        print(f"\nrebuild-db-replica: {took:.1f} s, {len(told['acknowledged'])} rows written meanwhile")
        assert f"{old} follows {new}" in said
        assert "1 transactions in" in said
        assert told["errors"] == []
        (kept,) = (platform.machines[old].folder / "kept").glob("only-here-*.sql")
        assert str(ONLY_THERE) in kept.read_text("utf-8", "replace")
        assert kept.stat().st_mode & 0o077 == 0
        assert not [one for one in kept.parent.iterdir() if one != kept]
        wait_for("it to catch up", lambda: ids(platform, old) == ids(platform, new))
        assert ONLY_THERE not in ids(platform, old)
        assert {row for row, _ in told["acknowledged"]} <= ids(platform, new)
        assert databases[old].sql("SELECT @@global.read_only AS closed")[0]["closed"] == 1
        assert [one.name for one in platform.machines[old].folder.glob("data.before-*")]
        again = saitotui(platform, tmp_path, "plan", "rebuild-db-replica")
        assert f"every other server follows {new}" in again.stdout + again.stderr
        assert saitotui(platform, tmp_path, "journal", "verify").returncode == 0
        for path in tmp_path.rglob("*"):
            assert path.is_dir() or PASSWORDS["clone"].encode() not in path.read_bytes()
    finally:
        platform.bring_back(old)


def test_a_replica_that_lost_its_way_follows_again(platform: Lab, tmp_path: Path) -> None:
    """Nothing is rebuilt that need not be."""
    replica = platform.databases[platform.replica]
    replica.sql("STOP SLAVE", "RESET SLAVE ALL")
    said = walk(platform, tmp_path, "rebuild-db-replica")
    assert "nothing, for it has nothing that the master lacks" in said
    assert "anew" not in said
    wait_for("it to catch up", replica.caught_up)


def test_a_replica_that_cannot_be_built_is_as_it_was(platform: Lab, tmp_path: Path) -> None:
    """The account that reads the master may not: the old data come back, and the server with them."""
    replica, master = platform.databases[platform.replica], platform.databases[platform.master]
    master.sql("SET sql_log_bin = 0", "REVOKE SELECT ON *.* FROM clone@'%'")
    try:
        planned = saitotui(platform, tmp_path, "plan", "rebuild-db-replica", "-p", "anew=yes")
        assert planned.returncode != 0, "a replica that is well is not built anew unless it is named"
        with pytest.raises(AssertionError, match="failed"):
            walk(
                platform,
                tmp_path,
                "rebuild-db-replica",
                "-p",
                "anew=yes",
                "-p",
                f"server={replica.machine.name}",
            )
        assert replica.sql("SELECT COUNT(*) AS n FROM app.orders")[0]["n"] > 0
        assert replica.sql("SELECT @@global.read_only AS closed")[0]["closed"] == 1
    finally:
        master.sql("SET sql_log_bin = 0", "GRANT SELECT ON *.* TO clone@'%'")
        platform.bring_back(replica.machine.name)
