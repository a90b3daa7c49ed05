"""Which of two copies only lacks what the other one has, by their generation identifiers."""

from __future__ import annotations

import pytest

from saitotui.facts.drbd_generations import generations
from saitotui.model.command import Answer

OLD, NEW, OTHER = "3D1B3F2A9C4E5F60", "A1B2C3D4E5F60718", "77665544332211F0"
NONE = "0" * 16
BEGUN = f"{int(OLD, 16) + 0x0001000000000000:016X}"
"""What a copy of OLD is while it gets what it lacks."""


def said(*words: str) -> Answer:
    return Answer(":".join((*words, "1", "1", "0", "1", "0", "0", "0")) + "\n")


@pytest.mark.parametrize(
    ("mine", "theirs", "lags"),
    [
        ((OLD, NONE), (NEW, OLD), True),
        ((BEGUN, NONE), (NEW, BEGUN), True),
        ((BEGUN, NONE), (NEW, OLD), True),
        ((NEW, NONE), (NEW, NONE), False),
        ((NEW, OLD), (OTHER, OLD), False),
        ((OTHER, NONE), (NEW, OLD), False),
    ],
)
def test_who_lags(mine: tuple[str, str], theirs: tuple[str, str], lags: bool) -> None:
    """The third: asked while the resync began, the other one a moment before."""
    one, other = (generations(said(*words, NONE, NONE)) for words in (mine, theirs))
    assert one.lags(other) is lags
