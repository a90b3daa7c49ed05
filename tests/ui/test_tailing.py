"""Logs in the console: followed while a view shows them, and no longer."""

from __future__ import annotations

import time

import pytest
from tests.ui.acting_world import World, stand

from saitotui.ui.views import Kind

pytestmark = pytest.mark.usefixtures("place")


def juli(text: str, level: str = "INFO") -> str:
    return time.strftime(f"%d-%b-%Y %H:%M:%S.000 {level} [main] {text}", time.gmtime())


async def test_l_follows_the_logs_of_the_tier_that_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.written["tc1", "catalina"] = [juli("Server startup in [3504] milliseconds")]
    world.written["tc2", "catalina"] = [juli("Servlet threw exception", "SEVERE"), "\tat shop.Orders.list"]
    async with stand(monkeypatch, world, size=(120, 40)) as at:
        await at.pilot.press("4", "l")
        await at.seen(
            "Logs of application", "tc1 log", "Server startup", "tc2 log", "threw exception", "at shop"
        )
        assert sorted(world.followed) == ["tc1", "tc2", "tc3", "web1", "web1", "web2", "web2"]
        world.written["tc1", "catalina"].append(juli("Undeploying context [/app##001]"))
        await at.seen("Undeploying context")
        await at.pilot.press("!")
        await at.until(lambda: "Undeploying" not in at.text and "threw exception" in at.text)
        await at.pilot.press("!")
        await at.pilot.press("enter")
        await at.seen("file", "on tc")
        await at.pilot.press("escape")
        await at.seen("Logs of application")
        assert len(world.followed) == 7
        await at.pilot.press("escape")
        await at.until(lambda: not world.followed, "nothing is followed any more")


async def test_one_node_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    async with stand(monkeypatch, world, size=(120, 40)) as at:
        await at.command("tail tc3")
        await at.seen("Logs of tc3", "nothing yet")
        await at.until(lambda: world.followed == ["tc3"])
        await at.command("tail tc1")
        await at.until(lambda: world.followed == ["tc1"])
        await at.command("tail db9")
        await at.seen("no logs of 'db9' are known")
        await at.pilot.press("0")
        await at.until(lambda: not world.followed)
        await at.pilot.press("l")
        assert at.app.view.kind is Kind.LOG
