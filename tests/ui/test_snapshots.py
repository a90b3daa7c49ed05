"""Every screen in every scenario at two sizes: what a person accepted is what is drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.scenes import photograph as photographed
from tests.ui import acting_scenes
from tests.ui.conftest import SCENES, SNAPSHOTS

from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.ui.shot import photograph

SIZES = ((80, 24), (120, 40))
VIEWS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    **{
        name: (name, "", ())
        for name in (
            *("overview", "map", "log", "runbooks"),
            *("cluster", "database", "storage", "application"),
            *("monitoring", "hardware", "hosts", "redundancy"),
        )
    },
    "detail-node": ("overview", "db1", ()),
    "detail-finding": ("overview", "", ("enter", "enter")),
    "help": ("overview", "", ("?",)),
    "what-if": ("overview", "", (":", *"whatif", "space", *"pve1", "enter")),
    "command": ("overview", "", (":", "r")),
}
"""Snapshot folder: screen to open, subject to open on top, keys to press."""


@pytest.mark.parametrize("scenario", SCENES)
@pytest.mark.parametrize("name", VIEWS)
async def test_screen(
    name: str,
    scenario: str,
    scene: Picture,
    screens: tuple[ScreenSpec, ...],
    accepted: Callable[[str, str, str], None],
) -> None:
    screen, subject, keys = VIEWS[name]
    for width, height in SIZES:
        svg, text = await photograph(
            scene, screens, screen, (width, height), subject=subject, keys=keys, now=scene.at
        )
        lines = text.splitlines()
        assert len(lines) == height
        assert all(len(line) <= width for line in lines)
        accepted(name, f"{scenario}-{width}x{height}.txt", text)
        accepted(name, f"{scenario}-{width}x{height}.svg", svg)


async def test_fleet(screens: tuple[ScreenSpec, ...], accepted: Callable[[str, str, str], None]) -> None:
    """Hosts that nobody logs in to, by Zabbix's values."""
    scene = await photographed("healthy", fleet=60)
    for width, height in SIZES:
        svg, text = await photograph(scene, screens, "hosts", (width, height), now=scene.at)
        accepted("fleet", f"hosts-{width}x{height}.txt", text)
        accepted("fleet", f"hosts-{width}x{height}.svg", svg)


@pytest.mark.parametrize("name", acting_scenes.SCENES)
async def test_acting(
    name: str,
    acting: acting_scenes.Scenes,
    screens: tuple[ScreenSpec, ...],
    accepted: Callable[[str, str, str], None],
) -> None:
    """What is drawn of a swap: offered, planned, refused, at each gate, in trouble, unsettled, done."""
    screen, subject, keys = acting_scenes.SCENES[name]
    picture, acts = acting[name]
    for width, height in SIZES:
        svg, text = await photograph(
            picture, screens, screen, (width, height), subject=subject, keys=keys, now=picture.at, acts=acts
        )
        accepted("acting", f"{name}-{width}x{height}.txt", text)
        accepted("acting", f"{name}-{width}x{height}.svg", svg)


def test_no_orphans() -> None:
    """A snapshot that no test draws any more shows something that does not exist."""
    drawn = [f"{name}/{scenario}" for name in VIEWS for scenario in SCENES]
    drawn += [f"acting/{name}" for name in acting_scenes.SCENES]
    at_each_size = [f"{name}-{width}x{height}" for name in (*drawn, "fleet/hosts") for width, height in SIZES]
    expected = {
        f"{name}.{suffix}" for name in (*at_each_size, "past/overview-120x40") for suffix in ("svg", "txt")
    }
    found = {str(file.relative_to(SNAPSHOTS)) for file in SNAPSHOTS.rglob("*.*")}
    assert found - expected - {".gitkeep", "README.md"} == set()
