"""Plans that were shown are kept, and a later one is set against them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tests.engine.test_execution import TWO_STAGES

from saitotui.engine.runs.saved import MOST, difference, save, saved
from saitotui.model.plan import lines


def test_a_plan_is_found_by_the_beginning_of_its_digest(tmp_path: Path) -> None:
    save(tmp_path, TWO_STAGES)
    assert saved(tmp_path, TWO_STAGES.digest[:12]) == list(lines(TWO_STAGES))
    assert saved(tmp_path, TWO_STAGES.digest[:4]) is None
    assert saved(tmp_path, "../../etc/passwd") is None
    assert saved(tmp_path, "0" * 64) is None


def test_only_what_changed_is_told() -> None:
    other = replace(TWO_STAGES, summary="something else happens")
    assert difference(list(lines(TWO_STAGES)), list(lines(TWO_STAGES))) == []
    assert difference(list(lines(TWO_STAGES)), list(lines(other))) == [
        f"- {TWO_STAGES.summary}",
        "+ something else happens",
    ]


def test_old_plans_go_first(tmp_path: Path) -> None:
    first = replace(TWO_STAGES, summary="the first")
    save(tmp_path, first)
    os.utime(tmp_path / "plans" / f"{first.digest}.txt", (1, 1))
    for number in range(MOST):
        save(tmp_path, replace(TWO_STAGES, summary=f"number {number}"))
    assert saved(tmp_path, first.digest) is None
    assert len(list((tmp_path / "plans").iterdir())) == MOST


def test_a_disk_that_refuses_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "plans").write_text("no folder")
    save(tmp_path, TWO_STAGES)
    assert saved(tmp_path, TWO_STAGES.digest) is None
