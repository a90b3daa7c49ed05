"""A file of a simulated machine that is followed over SSH, as `tail -F` does it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.registry import logs
from saitotui.engine.tail import Tail, follow_command
from saitotui.model.health import Health
from saitotui.simulator.simulation import Simulation
from saitotui.simulator.ssh import added


def test_what_was_added() -> None:
    assert added(["a", "b"], ["a", "b", "c"]) == ["c"]
    assert added(["a", "b", "c"], ["b", "c", "d", "e"]) == ["d", "e"]
    assert added(["a"], ["x", "y"]) == ["x", "y"]
    assert added([], ["x"]) == ["x"]
    assert added(["a", "a"], ["a", "a", "a"]) == ["a"]


async def test_lines_come_as_they_are_written(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = load_profile(simulation.profile_path)
        (log,) = logs(profile, "tc1")
        hub = Hub(profile)
        try:
            async with aclosing(hub.stream(follow_command(log, 3))) as lines:
                assert str(await anext(lines)).endswith("+0000")
                simulation.http.application.writes("tc1", "INFO", "[main] hello\n\tat there")
                first, second = await anext(lines), await anext(lines)
        finally:
            await hub.aclose()
    assert str(first).endswith(" INFO [main] hello")
    assert second == "\tat there"


async def test_a_dead_tomcat_is_told_by_nginx_and_by_the_others(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = load_profile(simulation.profile_path)
        hub = Hub(profile)
        tail = Tail(logs(profile, "application"), lambda: None, simulation.world.clock.now)
        task = asyncio.create_task(tail.run(hub))
        try:
            for _ in range(600):
                if len(tail.seen.heard) == 7:
                    break
                await asyncio.sleep(0.05)
            simulation.inject("service-stop", "tc2/tomcat10")
            simulation.advance(10)
            for _ in range(600):
                said = [(one.log.label, one.health, one.lines[0]) for one in tail.seen.entries]
                gone = [one for one in said if "member disappeared" in one[2]]
                refused = [one for one in said if "Connection refused" in one[2]]
                if gone and refused:
                    break
                await asyncio.sleep(0.05)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await hub.aclose()
    assert {label for label, _, _ in gone} <= {"tc1 log", "tc3 log"}
    assert all(health is Health.CRIT for _, health, _ in refused)
    retried = [one for one in said if one[0].endswith("access") and one[1] is Health.WARN]
    assert retried
