"""What an alert names is what the console opens: `saitotui --event 12345`."""

from __future__ import annotations

import pytest
from tests.scenes import photograph as scene_of

from saitotui.model.screen import ScreenSpec
from saitotui.ui.shot import photograph


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("23", ("Database server is down on db1", "answer-problem", "db1 ", "disaster")),
        ("99999", ("Zabbix lists no open problem 99999",)),
    ],
)
async def test_an_event_is_opened(screens: tuple[ScreenSpec, ...], event: str, says: tuple[str, ...]) -> None:
    scene = await scene_of("db-master-dead")
    _, text = await photograph(scene, screens, "overview", (120, 40), subject=f"event {event}", now=scene.at)
    for words in says:
        assert words in text
