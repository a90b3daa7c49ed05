"""How long runbooks took here, by what the journal says of their runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from saitotui.engine.journal.entry import Entry
from saitotui.engine.journal.file import Journal
from saitotui.engine.runs.baselines import KEPT, baselines, baselines_of

SWAP = "swap-db-master"
Told = tuple[float, str, str, Mapping[str, Any]]
"""Seconds, run, kind and body of an entry."""


def run_of(number: str, at: float, stages: Iterable[float], outcome: str = "done") -> Iterator[Told]:
    """A run's entries: each stage works for so many seconds, and ten are waited before the next one."""
    yield at, number, "run-begin", {"runbook": SWAP, "why": "a drill"}
    for stage, seconds in enumerate(stages, 1):
        yield at, number, "stage", {"number": stage, "title": "one"}
        yield at + seconds / 2, number, "result", {"cost": 0.1}
        yield at + seconds, number, "verdict", {"outcome": "done"}
        at += seconds + 10
    yield at, number, "run-end", {"outcome": outcome, "sentence": "", "probe": ""}


def entries(told: Iterable[Told]) -> Iterator[Entry]:
    """As a journal has them, in the order of time."""
    for number, (at, run, kind, body) in enumerate(sorted(told, key=lambda one: one[0]), 1):
        moment = f"2026-01-12T03:{int(at // 60):02}:{at % 60:09.6f}Z"
        yield Entry(number, moment, "anna@ops1", run, kind, body, "", "")


def test_a_stage_takes_what_it_works_and_no_wait_at_a_gate() -> None:
    (one,) = baselines(entries(run_of("0001", 0, [2.0, 0.5]))).values()
    assert one.seconds == pytest.approx(2.5)
    assert [one.stage(number) for number in (1, 2, 3)] == [pytest.approx(2.0), pytest.approx(0.5), None]
    assert list(one.stages) == [1, 2]


def test_of_several_runs_it_is_the_median_and_the_newest_count() -> None:
    told = [entry for n in range(KEPT + 5) for entry in run_of(f"{n:04}", 60.0 * n, [float(n)])]
    (one,) = baselines(entries(told)).values()
    assert len(one.runs) == KEPT
    assert one.seconds == pytest.approx(5 + (KEPT - 1) / 2)
    assert one.most == pytest.approx(KEPT + 4)


def test_runs_at_the_same_time_are_told_apart() -> None:
    told = [*run_of("0001", 0, [2.0, 2.0]), *run_of("0002", 1, [8.0])]
    (one,) = baselines(entries(told)).values()
    assert sorted(run.seconds for run in one.runs) == [pytest.approx(4.0), pytest.approx(8.0)]


@pytest.mark.parametrize("outcome", ["already", "refused", "undone", "failed", "indeterminate"])
def test_what_was_not_done_says_nothing(outcome: str) -> None:
    assert baselines(entries(run_of("0001", 0, [2.0], outcome))) == {}


def test_a_run_that_was_taken_up_again_says_nothing() -> None:
    told = [*run_of("0001", 0, [2.0, 2.0]), (3.0, "0001", "run-resume", {"digest": ""})]
    assert baselines(entries(told)) == {}


def test_a_run_that_is_under_way_says_nothing_yet() -> None:
    told = list(run_of("0001", 0, [2.0]))[:-1]
    assert baselines(entries(told)) == {}


def test_they_are_read_from_a_journal(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    assert baselines_of(file) == {}
    times = iter(range(100))
    journal = Journal(file, clock=lambda: float(next(times)))
    for _, run, kind, body in run_of("0001", 0, [1.0]):
        journal.append(kind, body, run)
    assert list(baselines_of(file)) == [SWAP]
