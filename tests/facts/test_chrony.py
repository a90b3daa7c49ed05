"""What `chronyc -n -c tracking` printed on hosts with chrony 4.3."""

from __future__ import annotations

import pytest

from saitotui.facts.chrony import Tracking, read_tracking
from saitotui.model.command import Unparsable

FOLLOWS = (
    "0A510047,10.81.0.71,4,1796051156.409058605,0.000000612,-0.000000200,0.000070068,0.005,-0.000,0.009,"
    "0.000017530,0.000009310,64.4,Normal\n"
)
ALONE = (
    "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,"
    "0.0,Not synchronised\n"
)


def test_one_that_follows_a_server() -> None:
    assert read_tracking(FOLLOWS) == Tracking("10.81.0.71", 4, 0.000000612, True)


def test_one_that_follows_nobody_yet() -> None:
    assert read_tracking(ALONE) == Tracking("", 0, 0.0, False)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("506 Cannot talk to daemon\n", "1 values, not 14"),
        ("", "1 values, not 14"),
        (FOLLOWS.replace(",4,", ",four,"), "invalid literal"),
    ],
)
def test_what_is_no_answer_is_said(said: str, words: str) -> None:
    with pytest.raises(Unparsable, match=words):
        read_tracking(said)
