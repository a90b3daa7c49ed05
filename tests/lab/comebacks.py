"""An old master comes back with what nobody else has: kept, built anew, while applications write."""

from __future__ import annotations

import time
from pathlib import Path

from tests.lab.database import PASSWORDS
from tests.lab.host import wait_for
from tests.lab.pair import Pair
from tests.lab.swaps import saitotui, walk, writing

ONLY_THERE = 4_711_000_000


def ids(pair: Pair, name: str) -> set[int]:
    return {row["id"] for row in pair.databases[name].sql("SELECT id FROM app.numbered")}


def kept_files(pair: Pair, name: str) -> set[Path]:
    """What this host kept of rows that only it had; earlier comebacks left theirs."""
    folder = pair.machines[name].folder / "kept"
    return set(folder.iterdir()) if folder.exists() else set()


def come_back_ahead(pair: Pair, state: Path) -> None:
    """The master was cut off, somebody wrote to it, it died; the other was promoted. Now it comes back."""
    old, new = pair.master, pair.replica
    databases = pair.databases
    earlier = kept_files(pair, old)
    databases[new].sql("STOP REPLICA IO_THREAD")
    databases[old].sql(f"INSERT INTO app.numbered VALUES ({ONLY_THERE})")
    pair.kill_master()
    databases[new].sql("START REPLICA IO_THREAD")
    walk(pair, state, "promote-db-replica")
    pair.master = new
    try:
        with writing(pair) as told:
            began = time.monotonic()
            said = walk(pair, state, "rebuild-db-replica")
            took = time.monotonic() - began
            wait_for("somebody to have written", lambda: len(ids(pair, new)) > 100)
        written = len(told["acknowledged"])
        print(f"\nrebuild-db-replica, {databases[old].name}: {took:.1f} s, {written} rows written meanwhile")
        assert f"{old} follows {new}" in said
        assert "1 transactions in" in said
        assert told["errors"] == []
        (kept,) = kept_files(pair, old) - earlier
        assert kept.match("only-here-*.sql")
        assert str(ONLY_THERE) in kept.read_text("utf-8", "replace")
        assert kept.stat().st_mode & 0o077 == 0
        wait_for("it to catch up", lambda: ids(pair, old) == ids(pair, new))
        assert ONLY_THERE not in ids(pair, old)
        assert {row for row, _ in told["acknowledged"]} <= ids(pair, new)
        assert databases[old].sql("SELECT @@global.read_only AS closed")[0]["closed"] == 1
        assert [one.name for one in pair.machines[old].folder.glob("data.before-*")]
        again = saitotui(pair, state, "plan", "rebuild-db-replica")
        assert f"every other server follows {new}" in again.stdout + again.stderr
        assert saitotui(pair, state, "journal", "verify").returncode == 0
        for path in state.rglob("*"):
            assert not path.is_file() or PASSWORDS["clone"].encode() not in path.read_bytes()
    finally:
        pair.bring_back(old)
