"""Arming: for a time and a reason, and only when the journal took it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from saitotui.engine.arming import Armed, Arming, wanted
from saitotui.engine.journal.entry import JournalError


class Notes:
    def __init__(self) -> None:
        self.taken: list[tuple[str, Mapping[str, Any]]] = []
        self.full = False

    def append(self, kind: str, body: Mapping[str, Any], run: str = "") -> object:
        if self.full:
            raise JournalError("no space left")
        self.taken.append((kind, body))
        return None


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m x", 900), ("90s x", 90), ("1h x", 3_600), ("20 x", 1_200), ("4h  x ", 14_400)]
)
def test_times(text: str, seconds: float) -> None:
    assert wanted(text) == (seconds, "x")


@pytest.mark.parametrize("text", ["", "x", "15m", "15m  ", "9s x", "5h x", "15d x", "-5m x", "99999m x"])
def test_what_is_not_understood_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"journal|armed for"):
        wanted(text)


def test_it_holds_until_its_time_is_over() -> None:
    now = 1_000.0
    notes = Notes()
    arming = Arming(notes, lambda: now)
    assert arming.now is None
    assert not arming.expired
    arming.arm("1m drill")
    assert arming.now == Armed(1_060.0, "drill")
    now = 1_060.0
    assert arming.now is None
    assert arming.expired
    assert arming.disarm("over")
    assert not arming.disarm("again")
    assert not arming.expired
    assert [kind for kind, _ in notes.taken] == ["arm", "disarm"]


def test_a_journal_that_cannot_be_written_forbids_arming_but_not_disarming() -> None:
    notes = Notes()
    arming = Arming(notes, lambda: 0.0)
    notes.full = True
    with pytest.raises(JournalError):
        arming.arm("1m drill")
    assert arming.now is None
    notes.full = False
    arming.arm("1m drill")
    notes.full = True
    with pytest.raises(JournalError):
        arming.disarm("by hand")
    assert arming.now is None


@pytest.mark.parametrize(
    ("left", "text"),
    [(900, "15m"), (899, "15m"), (61, "2m"), (60, "60s"), (41, "50s"), (1, "10s"), (-5, "0s")],
)
def test_what_is_left_changes_once_a_minute_until_the_last(left: float, text: str) -> None:
    assert Armed(1_000.0 + left, "x").left(1_000.0) == text
