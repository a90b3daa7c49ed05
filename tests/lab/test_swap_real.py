"""The master is swapped on a real pair, again and again, while applications write through HAProxy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.lab.database import PASSWORDS
from tests.lab.platform import Lab
from tests.lab.swaps import saitotui, swap, swaps_lose_nothing

pytestmark = pytest.mark.lab

SWAPS = int(os.environ.get("SAITOTUI_SWAPS", "6"))


@pytest.mark.usefixtures("table")
def test_swaps_lose_nothing(platform: Lab, tmp_path: Path, record_property: Any) -> None:
    record_property("swap", swaps_lose_nothing(platform, tmp_path, SWAPS))


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
