"""What the console writes to a terminal: over SSH every byte is waited for."""

from __future__ import annotations

import json

import pytest
from tests.ui import pty


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Bytes of each step of the script, at 120x40."""
    results = tmp_path_factory.mktemp("bytes") / "counts.json"
    status, output = pty.run(["-m", "tests.ui.console_child", str(results)], columns=120, rows=40)
    assert status == 0, output[-2000:].decode(errors="replace")
    counted: dict[str, int] = json.loads(results.read_text(encoding="utf-8"))
    assert len(output) >= sum(counted.values()), "the driver counted more than the terminal received"
    return counted


@pytest.mark.parametrize("step", ["quiet", "quiet-again", "overview-quiet"])
def test_a_quiet_tick_writes_nothing(counts: dict[str, int], step: str) -> None:
    assert counts[step] == 0


def test_a_busy_tick_writes_what_changed(counts: dict[str, int]) -> None:
    """Twenty cells of a table in as many places."""
    assert 20 * 8 <= counts["busy"] <= 600


def test_a_minute_writes_the_clock(counts: dict[str, int]) -> None:
    assert 0 < counts["minute"] <= 40


def test_a_cursor_step_repaints_two_rows(counts: dict[str, int]) -> None:
    assert 0 < counts["cursor"] <= 1_000


def test_the_first_frame_is_small(counts: dict[str, int]) -> None:
    assert 1_000 < counts["first"] <= 20_000
