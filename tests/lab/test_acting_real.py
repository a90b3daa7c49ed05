"""The session in which runbooks act, against a real server that hangs."""

from __future__ import annotations

import pytest
from tests.lab.acting import opens_late
from tests.lab.platform import Lab

pytestmark = pytest.mark.lab


def test_what_is_seen_in_the_acting_session_stays_true(platform: Lab) -> None:
    """What the server was told before it hung is carried out before, or never."""
    print("\nseen in another session it opened later", opens_late(platform, ""), "times")
    assert opens_late(platform) == 0
    platform.settle()
