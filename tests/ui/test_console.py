"""Keys, commands and news, as an engineer meets them."""

from __future__ import annotations

from asyncio import Queue
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from tests.ui.console_child import Scripted
from tests.ui.pictures import NOW, healthy
from tests.ui.pictures_trouble import master_dead, unreachable
from textual import events
from textual.message import Message

from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.model.source import FaultKind
from saitotui.ui.app import Console
from saitotui.ui.commands import ORDERS
from saitotui.ui.shot import text_of
from saitotui.ui.views import OVERVIEW, Kind, View


class Asked(Scripted):
    """A source that remembers what it was told."""

    def __init__(self, picture: Picture | None) -> None:
        super().__init__(picture or healthy())
        if picture is None:
            self._picture = None
        self.told: list[str] = []

    def pause(self, paused: bool) -> None:
        self.told.append(f"pause {paused}")

    def refresh(self) -> None:
        self.told.append("refresh")


class Trouble:
    """Faults of a platform that is not there."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def kinds(self) -> Sequence[FaultKind]:
        return [
            FaultKind("power-loss", "the machine goes dark", ("db1", "st1")),
            FaultKind("lag", "replication falls behind", ("db2",)),
        ]

    def inject(self, name: str, target: str) -> str:
        if name != "power-loss":
            raise ValueError(f"there is no fault {name}")
        self.done.append(f"{name} {target}")
        return f"{target} has no power now"

    def heal(self, target: str = "") -> str:
        self.done.append("heal")
        return "everything is healed"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def console(
    picture: Picture | None, screens: tuple[ScreenSpec, ...], **options: Any
) -> tuple[Console, Asked]:
    source = Asked(picture)
    options = {"clock": Clock(), "zone": UTC, "color": True, "ascii_only": False, **options}
    return Console(source, screens, **options), source


@pytest.fixture(autouse=True)
def utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")


async def test_keys_lead_everywhere_and_back(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        assert app.view == View(Kind.SCREEN, "database")
        await pilot.press("m")
        assert app.view == View(Kind.MAP)
        await pilot.press("escape")
        assert app.view == View(Kind.SCREEN, "database")
        await pilot.press("enter")
        assert app.view == View(Kind.DETAIL, "database.master-dead db1")
        assert "Promote the replica" in text_of(app)
        await pilot.press("-", "-")
        assert app.view == OVERVIEW
        await pilot.press("r")
        assert app.view == View(Kind.RUNBOOKS)
        await pilot.press("0")
        assert app.view == OVERVIEW


async def test_back_returns_to_the_same_row(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "j", "j")
        key = app.key
        assert key == "tier/cluster"
        await pilot.press("enter", "escape")
        assert app.key == key


async def test_vi_movement(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens, initial="map")
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.key == "journey/home"
        await pilot.press("l")
        assert app.key == "journey/login"
        await pilot.press("j", "h")
        assert app.key == "web1"
        await pilot.press("G")
        last = app.key
        await pilot.press("g")
        assert app.key == "journey/home" != last


async def test_long_pages_scroll_to_their_end(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens, initial="database")
    async with app.run_test(size=(80, 24)) as pilot:
        assert "more below" in text_of(app)
        await pilot.press(*["ctrl+d"] * 8)
        assert "more below" not in text_of(app)
        assert "What changed" in text_of(app)
        await pilot.press(*["ctrl+u"] * 8)
        assert "Database  nobody takes writes" in text_of(app)
        await pilot.press(*["j"] * 60)
        assert "more below" not in text_of(app)


async def test_filter_is_incremental_and_escape_takes_it_away(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("/", *"haproxy")
        shown = text_of(app)
        assert "L4TOUT" in shown
        assert "Zabbix" not in shown
        assert "── Users" not in shown
        await pilot.press("enter", "n")
        assert app.key == "lb2"
        await pilot.press("N")
        assert app.key == "lb1"
        await pilot.press("escape")
        assert "Zabbix" in text_of(app)


async def test_only_what_is_wrong(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("!")
        shown = text_of(app)
        assert "ONLY WRONG" in shown
        assert "database" in shown
        assert "hardware" not in shown
        await pilot.press("!")
        assert "hardware" in text_of(app)


async def test_command_line_completes_and_runs(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(":", *"stor", "tab", "enter")
        assert app.view == View(Kind.SCREEN, "storage")
        await pilot.press(":", *"goto db", "down", "enter")
        assert app.view == View(Kind.DETAIL, "db1")
        await pilot.press(":", *"nonsense", "enter")
        assert "no command 'nonsense'" in text_of(app)
        await pilot.press("j")
        assert "no command" not in text_of(app)
        await pilot.press(":", *"web2", "enter")
        assert app.view == View(Kind.DETAIL, "web2")


async def test_palette_finds_by_letters(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p", *"rdncy", "enter")
        assert app.view == View(Kind.SCREEN, "redundancy")
        await pilot.press("ctrl+p", *"tc2", "enter")
        assert app.view == View(Kind.DETAIL, "tc2")
        await pilot.press("ctrl+p", "escape")
        assert app.view == View(Kind.DETAIL, "tc2")


async def test_help_is_about_what_the_cursor_stands_on(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens, initial="database")
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("?")
        shown = text_of(app)
        assert "database.master-dead" in shown
        assert "Nobody can write" in shown
        await pilot.press("q")
        assert app.view == View(Kind.SCREEN, "database")


def test_every_command_explains_itself() -> None:
    for order in ORDERS:
        assert order.summary
        assert order.name or order.keys
    keys = [key for order in ORDERS for key in order.keys]
    names = [name for order in ORDERS if order.name for name in (order.name, *order.aliases)]
    assert len(keys) == len(set(keys))
    assert len(names) == len(set(names))
    assert not {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "~"} & set(keys)
    assert not [key for key in keys if key.isdigit() and key != "0"]


async def test_raw_answers(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(healthy(), screens, subject="st1")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("y")
        assert "ns:81923 nr:0 dw:81923" in text_of(app)
        assert "asked: ssh st1: cat /proc/drbd" in text_of(app)


async def test_faults_are_given_and_healed(screens: tuple[ScreenSpec, ...]) -> None:
    trouble = Trouble()
    app, _ = console(healthy(), screens, faults=trouble)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(":", *"fault po", "tab", *"db", "tab", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert trouble.done == ["power-loss db1"]
        assert "db1 has no power now" in text_of(app)
        await pilot.press(":", *"fault lag db2", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.pause()
        assert "there is no fault lag" in text_of(app)
        await pilot.press(":", *"heal", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert trouble.done[-1] == "heal"


async def test_faults_are_not_offered_on_a_real_platform(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(":", *"fault power-loss db1", "enter")
        assert "no command 'fault'" in text_of(app)


async def test_pause_and_refresh_reach_the_source(screens: tuple[ScreenSpec, ...]) -> None:
    app, source = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("p")
        source.publish(replace(healthy(), paused=True))
        await pilot.pause()
        assert "PAUSED" in text_of(app)
        await pilot.press("p", "ctrl+l")
        assert source.told == ["pause True", "pause False", "refresh"]


async def test_news_are_drawn_and_the_cursor_stays(screens: tuple[ScreenSpec, ...]) -> None:
    app, source = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "j", "j")
        key = app.key
        source.publish(master_dead())
        await pilot.pause()
        assert "db1 is dead" in text_of(app)
        assert app.key == key


async def test_many_news_are_one_message(screens: tuple[ScreenSpec, ...]) -> None:
    app, source = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        queue: Queue[Message] | None = app._message_queue
        assert queue is not None
        before = queue.qsize()
        picture = healthy()
        for _ in range(1_000):
            source.publish(picture)
        assert queue.qsize() <= before + 1


async def test_it_is_never_blank(screens: tuple[ScreenSpec, ...]) -> None:
    app, source = console(None, screens)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "asking the platform" in text_of(app)
        await pilot.press("2", "m", "?", "enter", "y", "s", ":", "escape", "0")
        source.publish(unreachable())
        await pilot.pause()
        assert "LAST KNOWN 4h00m AGO" in text_of(app)


async def test_an_old_picture_is_said_to_be_old(screens: tuple[ScreenSpec, ...]) -> None:
    clock = Clock()
    app, _ = console(healthy(), screens, clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "OLD" not in text_of(app)
        clock.now += 130
        app._check()
        await pilot.pause()
        assert "OLD 2m" in text_of(app)
        assert "03:19Z" in text_of(app)


async def test_local_time_stands_in_brackets(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(healthy(), screens, zone=timezone(timedelta(hours=1)))
    async with app.run_test(size=(80, 24)):
        assert "03:16Z (04:16)" in text_of(app)


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (79, 24), (80, 23), (132, 43), (200, 60)])
@pytest.mark.parametrize("picture", [healthy, master_dead, unreachable])
async def test_every_size_draws(
    size: tuple[int, int], picture: Callable[[], Picture], screens: tuple[ScreenSpec, ...]
) -> None:
    app, _ = console(picture(), screens)
    async with app.run_test(size=size) as pilot:
        for key in ("2", "m", "l", "r", "?", "0"):
            await pilot.press(key)
            lines = text_of(app).splitlines()
            assert len(lines) == size[1]
            assert lines[1].strip()


async def test_a_small_terminal_shows_a_digest(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens)
    async with app.run_test(size=(48, 16)) as pilot:
        lines = text_of(app).splitlines()
        assert lines[1].startswith("✗ CRIT login")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "── Users" in text_of(app)


async def test_ascii_has_nothing_else(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(master_dead(), screens, ascii_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("m", "2", "enter", "?", "0"):
            await pilot.press(key)
            assert text_of(app).isascii()
        assert "X CRIT" in text_of(app)


async def test_a_wide_screen_uses_its_side(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(healthy(), screens, initial="cluster")
    async with app.run_test(size=(120, 40)) as pilot:
        assert any(
            "Cluster nodes" in line and "Lately measured" in line for line in text_of(app).splitlines()
        )
        await pilot.resize_terminal(100, 40)
        await pilot.pause()
        assert not any(
            "Cluster nodes" in line and "Lately measured" in line for line in text_of(app).splitlines()
        )


async def test_q_leaves(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+c")
        assert "q leaves" in text_of(app)
        await pilot.press("q")
    assert app.return_code == 0


async def test_an_unknown_screen_is_said(screens: tuple[ScreenSpec, ...]) -> None:
    app, _ = console(healthy(), screens, initial="nowhere")
    async with app.run_test(size=(80, 24)):
        assert "no screen 'nowhere'" in text_of(app)


async def test_a_view_that_cannot_be_drawn_says_so(
    screens: tuple[ScreenSpec, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("seven")

    monkeypatch.setattr("saitotui.ui.views.log_page", broken)
    app, _ = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        assert "ZeroDivisionError: seven" in text_of(app)
        await pilot.press("0")
        assert "── Tiers" in text_of(app)


async def test_keys_typed_ahead_reach_the_prompt(screens: tuple[ScreenSpec, ...]) -> None:
    """Over a slow line keys come in bursts: none is lost between a key that opens a prompt and the rest."""
    app, _ = console(healthy(), screens)
    async with app.run_test(size=(80, 24)) as pilot:
        for key, character in (("colon", ":"), ("m", "m"), ("a", "a"), ("p", "p"), ("enter", "\r")):
            app.post_message(events.Key(key, character))
        await pilot.pause()
        assert app.view == View(Kind.MAP)
