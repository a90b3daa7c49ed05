"""The master is swapped on a real pair, again and again, while applications write through HAProxy."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.lab.database import PASSWORDS
from tests.lab.platform import Lab
from tests.lab.swaps import Checker, gaps, saitotui, swap, writing

pytestmark = pytest.mark.lab

SWAPS = int(os.environ.get("SAITOTUI_SWAPS", "20"))


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
    platform.settle()
    for server in platform.databases.values():
        assert [row["id"] for row in server.sql("SELECT id FROM app.numbered ORDER BY id")] == sorted(rows)
    found = gaps(told["acknowledged"], swaps)
    say = {
        "rows": len(rows),
        "gap ms": [round(1000 * found[int(share * (len(found) - 1))], 1) for share in (0.5, 0.95, 1.0)],
        "window ms": sorted(window for _, _, window in swaps),
        "errors": Counter(number for number, _ in told["errors"]),
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
