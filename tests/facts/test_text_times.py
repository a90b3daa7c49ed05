"""Times in sentences do not tick."""

from __future__ import annotations

import pytest

from saitotui.model.text import coarse, moment


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "<1m"), (59.9, "<1m"), (60, "1m"), (3599, "59m"), (3660, "1h01m"), (187_200, "2d04h")],
)
def test_coarse(seconds: float, text: str) -> None:
    assert coarse(seconds) == text


def test_moment() -> None:
    assert moment(1795448518.0, 1795448600.0) == "15:41 UTC"
    assert moment(1795448518.0 - 86_400, 1795448600.0) == "2026-11-22 15:41 UTC"
    assert moment(float("inf"), 0.0) == "an unknown time"
