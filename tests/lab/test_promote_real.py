"""A real master is killed under writes; its replica is promoted, and every acknowledged row is there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.lab.platform import Lab
from tests.lab.swaps import saitotui, walk, writing

pytestmark = pytest.mark.lab


@pytest.mark.usefixtures("table")
def test_a_killed_master_is_replaced_and_nothing_acknowledged_is_lost(platform: Lab, tmp_path: Path) -> None:
    dead, heir = platform.master, platform.replica
    living = saitotui(platform, tmp_path, "plan", "promote-db-replica")
    assert "swap-db-master is for a living one" in living.stdout + living.stderr
    try:
        with writing(platform) as told:
            time.sleep(2)
            platform.kill_master()
            killed = time.monotonic()
            said = walk(platform, tmp_path, "promote-db-replica")
            platform.master = heir
            time.sleep(2)
        assert f"{dead} is stopped and stays so" in said
        new, old = platform.databases[heir], platform.databases[dead]
        assert new.replication == {}
        assert old.masked
        assert not old.running
        rows = [row for row, _ in told["acknowledged"]]
        after = [at for _, at in told["acknowledged"] if at > killed]
        assert after, "nobody could write after the promotion"
        # Semi-synchronous: what was acknowledged had reached the replica. More may be there, never less.
        kept = {row["id"] for row in new.sql("SELECT id FROM app.numbered")}
        assert set(rows) <= kept
        print(f"\npromote-db-replica: {len(rows)} rows, writes stood still for {after[0] - killed:.1f} s")
        assert saitotui(platform, tmp_path, "journal", "verify").returncode == 0
    finally:
        if platform.master == heir:
            platform.bring_back(dead)
        else:
            platform.heal()
