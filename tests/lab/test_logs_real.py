"""The logs of the real nginx and Tomcats in one order; nothing is left behind when nobody looks any more."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time

import pytest
from tests.lab.host import wait_for
from tests.lab.platform import Lab

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.registry import logs
from saitotui.engine.tail import Tail
from saitotui.model.health import Health

pytestmark = pytest.mark.lab


class Followed:
    """The application's logs, followed on a thread as the console does it."""

    def __init__(self, lab: Lab) -> None:
        self._profile = load_profile(lab.profile)
        self.logs = logs(self._profile, "application")
        self.tail = Tail(self.logs, lambda: None, time.time)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        hub = Hub(self._profile)
        task = asyncio.create_task(self.tail.run(hub))
        await asyncio.to_thread(self._stop.wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # A connection outlives what was followed over it, as in a console that goes on.
        await asyncio.to_thread(wait_for, "what followed to be gone", lambda: not followers(), 10)
        await hub.aclose()

    def __enter__(self) -> Followed:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def says(self, node: str, text: str, health: Health | None = None) -> bool:
        return any(
            text in line
            for entry in self.tail.seen.entries
            if entry.log.node == node and health in (None, entry.health)
            for line in entry.lines
        )


def followers() -> list[str]:
    done = subprocess.run(["pgrep", "-af", "tail -n 100 -F"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_a_dead_tomcat_is_told_in_order(platform: Lab) -> None:
    with Followed(platform) as seen:
        wait_for("all logs to be heard", lambda: len(seen.tail.seen.heard) == len(seen.logs))
        assert len(followers()) >= len(seen.logs)
        platform.kill_tomcat(2)
        for _ in range(6):
            platform.nginx.get("/app/v")
        wait_for(
            "the others to tell", lambda: seen.says("tc1", "disappeared") and seen.says("tc3", "disappeared")
        )
        wait_for("nginx to tell", lambda: seen.says("web1", "while connecting to upstream", Health.CRIT))
        platform.heal()
        wait_for("its start to be told", lambda: seen.says("tc2", "Server startup in"))
        times = [entry.at for entry in seen.tail.seen.entries]
        assert times == sorted(times, reverse=True)
        assert {entry.log.label for entry in seen.tail.seen.entries} >= {
            "web1 access",
            "web1 error",
            "tc1 log",
        }
        assert not seen.tail.seen.wrong
    assert not followers()
