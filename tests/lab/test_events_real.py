"""A scheduled event goes with the real master."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lab.platform import Lab
from tests.lab.ticking import swap_with_an_event

pytestmark = pytest.mark.lab


def test_an_event_goes_with_the_master(platform: Lab, tmp_path: Path) -> None:
    swap_with_an_event(platform, tmp_path)
