"""What the console writes to a terminal: over SSH every byte is waited for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest
from rich.cells import cell_len
from tests.ui import pty


@dataclass(frozen=True)
class Result:
    output: bytes
    counts: dict[str, int]
    screens: list[tuple[int, str]]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run of the script at 120x40."""
    results = tmp_path_factory.mktemp("bytes") / "counts.json"
    status, output = pty.run(["-m", "tests.ui.console_child", str(results)], columns=120, rows=40)
    assert status == 0, output[-2000:].decode(errors="replace")
    said = json.loads(results.read_text(encoding="utf-8"))
    assert len(output) >= sum(said["bytes"].values()), "the driver counted more than the terminal received"
    return Result(output, said["bytes"], [(end, text) for end, text in said["screens"]])


@pytest.fixture(scope="module")
def counts(result: Result) -> dict[str, int]:
    return result.counts


SEQUENCE = re.compile(r"\x1b\[(?P<numbers>[?>=<]?[\d;]*)\$?(?P<final>[a-zA-Z])|\x1b\][^\x07]*\x07|\x07")


def terminal(output: str, columns: int, rows: int) -> list[str]:
    """What a terminal shows that is told `output`: cursor addressing and text, all that the console uses."""
    screen = [[" "] * columns for _ in range(rows)]
    x = y = at = 0
    while at < len(output):
        found = SEQUENCE.match(output, at)
        if found:
            at = found.end()
            if found["final"] == "H":
                y, x = (int(number) - 1 for number in found["numbers"].split(";"))
            else:
                assert found["final"] in (None, "m", "h", "l", "p", "u", "t"), found[0]
            continue
        assert output[at].isprintable(), repr(output[at - 20 : at + 20])
        screen[y][x] = output[at]
        x += cell_len(output[at])
        at += 1
    return ["".join(row).rstrip() for row in screen]


def test_the_terminal_shows_what_the_console_means(result: Result) -> None:
    """Only differences were sent; put together they must be the screen, at every step."""
    for end, screen in result.screens:
        shown = terminal(result.output[:end].decode(), 120, 40)
        assert "\n".join(shown).rstrip() == screen.rstrip()


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
    assert 1_000 < counts["first"] <= 10_000
