"""The terminal's title and bell."""

from __future__ import annotations

from dataclasses import replace

from tests.ui.pictures import PROFILE, healthy
from tests.ui.pictures_trouble import master_dead

from saitotui.ui.attention import BELL, POP, PUSH, Attention


def test_the_title_names_environment_platform_and_health_once() -> None:
    attention = Attention()
    assert attention.farewell == ""
    assert attention.news(healthy()) == PUSH + "\x1b]2;PROD fsn1 OK\x07"
    assert attention.news(healthy()) == ""
    assert attention.farewell == POP


def test_the_bell_rings_for_new_critical_findings_only() -> None:
    attention = Attention()
    attention.news(healthy())
    assert attention.news(master_dead()).endswith(BELL)
    assert attention.news(master_dead()) == ""


def test_what_was_critical_at_the_start_rings_no_bell() -> None:
    assert not Attention().news(master_dead()).endswith("\x07" + BELL)


def test_a_name_cannot_steer_the_terminal() -> None:
    picture = replace(healthy(), profile=replace(PROFILE, name="a\x07\x1b]2;owned\x07"))
    said = Attention().news(picture)
    assert said.count("\x07") == 1
    assert said.count("\x1b]") == 1
