"""Screen files: they parse, and what they name exists."""

from __future__ import annotations

import asyncio

import pytest
from tests.scenes import photograph

from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.registry import platform
from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.model.snapshot import Snapshot
from saitotui.resources import data
from saitotui.tiers.kinds import tier_kinds
from saitotui.ui.shot import names, shoot
from saitotui.ui.views import all_screens


@pytest.fixture(scope="module")
def picture() -> Picture:
    """The example platform before anything answered: every tier says what it has to show."""
    return judge(platform(load_profile(data("profiles") / "example.yaml")), Snapshot(1_772_939_812.0))


def test_what_screens_name_exists(screens: tuple[ScreenSpec, ...], picture: Picture) -> None:
    for screen in screens:
        for pane in screen.panes:
            tier = picture.tier(pane.tier or screen.tier)
            if tier is None or pane.kind not in ("table", "spark"):
                continue
            tables = {table.name: table.columns for table in tier.tables}
            if pane.name:
                assert pane.name in tables, f"{screen.name}: {pane.name} is not one of {sorted(tables)}"
                assert set(pane.columns) <= set(tables[pane.name])
            # A pattern (`sessions-*`) stands for the parts of a series that is always there.
            stems = {name.removesuffix("-*") for name in pane.samples}
            assert stems <= {sample.name for sample in tier.samples}


def test_the_parts_of_a_series_are_drawn_where_there_are_some(screens: tuple[ScreenSpec, ...]) -> None:
    _, text = shoot(asyncio.run(photograph("draining")), screens, "application", (120, 40))
    measured = text[text.index("Lately measured") :]
    assert "/app##001" in measured
    assert "/app##002" in measured


def test_every_tier_has_a_screen_with_its_own_key(screens: tuple[ScreenSpec, ...]) -> None:
    keys = [screen.key for screen in screens if screen.key]
    assert len(keys) == len(set(keys))
    assert set("".join(keys)) <= set("123456789")
    tiers = {screen.tier for screen in screens}
    assert {kind.name for kind in tier_kinds()} <= tiers


def test_a_tier_without_a_file_gets_a_derived_screen(picture: Picture) -> None:
    derived = all_screens(picture, ())
    assert [screen.tier for screen in derived] == [tier.tier for tier in picture.tiers]
    assert [screen.key for screen in derived] == list("123456789")[: len(derived)]
    _, text = shoot(picture, (), "cluster", (80, 24))
    assert "Cluster nodes" in text


def test_every_screen_draws_before_anything_answered(
    screens: tuple[ScreenSpec, ...], picture: Picture
) -> None:
    for name in names(picture, screens):
        svg, text = shoot(picture, screens, name, (80, 24))
        assert "UNKNOWN" in text
        assert svg.startswith("<svg")


def test_an_unknown_screen_is_a_sentence(screens: tuple[ScreenSpec, ...], picture: Picture) -> None:
    with pytest.raises(LookupError, match="no screen 'nowhere'; there are overview, map"):
        shoot(picture, screens, "nowhere", (80, 24))
