"""Readings by Zabbix's agents: brought, the same as those over SSH, old when they are, and taken away."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.runbooks.storage_runs import Carried, made

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import Platform, nudges, platform, watched
from saitotui.model.command import Client, FailureKind
from saitotui.model.picture import Picture
from saitotui.model.plan import Outcome
from saitotui.model.profile import Profile
from saitotui.runbooks.recovery import readings
from saitotui.simulator.simulation import Simulation
from saitotui.tiers.relay import relays

TIERS = ["cluster", "database", "storage", "application", "hosts"]


def wish(simulation: Simulation, tiers: list[str]) -> Profile:
    """The platform's profile, with those tiers read by Zabbix."""
    given = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
    given["monitoring"]["readings"] = tiers
    simulation.profile_path.write_text(yaml.safe_dump(given), "utf-8")
    return load_profile(simulation.profile_path)


@asynccontextmanager
async def brought(folder: Path, scenario: str) -> AsyncIterator[Simulation]:
    async with Simulation(folder / "sim", scenario, frozen=True) as simulation:
        simulation.advance(30)
        wish(simulation, TIERS)
        result = await Carried(folder).run(simulation, await made(simulation, "zabbix-recovery"))
        assert result.outcome is Outcome.DONE, result.sentence
        # The slowest are asked once a minute.
        simulation.advance(61)
        yield simulation


async def seen(simulation: Simulation, way: Callable[[Profile], Platform], advance: float = 0.0) -> Picture:
    profile = load_profile(simulation.profile_path)
    hub, asked, memory = Hub(profile), way(profile), Memory()
    try:
        snapshot = await look(hub, asked.questions.values(), memory, simulation.world.clock.now)
        if advance:
            simulation.advance(advance)
            snapshot = await look(hub, asked.questions.values(), memory, simulation.world.clock.now)
        return judge(asked, snapshot)
    finally:
        await hub.aclose()


@pytest.mark.parametrize("scenario", ["healthy", "drbd-split-brain", "replication-broken"])
async def test_the_same_is_found_as_over_ssh(tmp_path: Path, scenario: str) -> None:
    async with brought(tmp_path, scenario) as simulation:
        direct, relayed = await seen(simulation, platform), await seen(simulation, watched)
        moved = [key for key, one in relayed.questions.items() if one.command.client is Client.RELAY]
        assert len(moved) > 70
        assert not [key for key in moved if relayed.questions[key].command.body == ""]
        for key in moved:
            ours, theirs = direct.snapshot.readings[key], relayed.snapshot.readings[key]
            assert theirs.raw is not None, theirs.failure
            assert ours.raw is not None
            assert theirs.raw.status == ours.raw.status, key
            if key.endswith("/log"):
                continue
            # Time has passed in between: figures may differ.
            assert re.sub(r"\d+", "0", theirs.raw.text) == re.sub(r"\d+", "0", ours.raw.text), key
        assert [(one.code, one.subject) for one in relayed.findings] == [
            (one.code, one.subject) for one in direct.findings
        ]
        headlines = {one.tier: one.headline for one in relayed.tiers}
        assert headlines["storage"].endswith(" (by Zabbix, <1m old)")
        assert "by Zabbix" not in headlines["monitoring"]


async def test_what_grows_old_is_not_taken_for_well(tmp_path: Path) -> None:
    async with brought(tmp_path, "healthy") as simulation:
        simulation.world.service("st1", "zabbix-agent", "stopped")
        picture = await seen(simulation, watched, 10.0)
        reading = picture.snapshot.readings["storage/st1/proc"]
        assert reading.ok
        picture = await seen(simulation, watched, 60.0)
        found = picture.snapshot.readings["storage/st1/proc"].failure
        assert found is not None
        assert found.kind is FailureKind.UNREACHABLE
        assert "Zabbix does not hear it" in found.sentence


async def test_an_agent_that_asks_something_else_is_told(tmp_path: Path) -> None:
    async with brought(tmp_path, "healthy") as simulation:
        path = readings.SCRIPT
        files = simulation.world.machines["st2"].files
        own = next(one for one in relays(load_profile(simulation.profile_path)) if one.host == "st2")
        files[path] = str(files[path]).replace(own.digest, "0" * 12)
        simulation.advance(61)
        picture = await seen(simulation, watched)
        found = picture.snapshot.readings[own.question.key].failure
        assert found is not None
        assert "run zabbix-recovery" in found.sentence


async def test_they_are_taken_away_when_nobody_wants_them(tmp_path: Path) -> None:
    async with brought(tmp_path, "healthy") as simulation:
        part = simulation.http.monitoring
        kept = {one.name for one in part.content.templates if "readings" in one.name}
        assert kept == set(readings.names())
        wish(simulation, ["hosts"])
        result = await Carried(tmp_path / "b").run(simulation, await made(simulation, "zabbix-recovery"))
        assert result.outcome is Outcome.DONE, result.sentence
        kept = {one.name for one in part.content.templates if "readings" in one.name}
        assert kept == {"saitotui readings hosts"}
        sudoers = str(simulation.world.machines["st1"].files["/etc/sudoers.d/saitotui"])
        assert "storage." not in sudoers
        assert "hosts.facts" in sudoers
        wish(simulation, [])
        plan = await made(simulation, "zabbix-recovery", remove="yes")
        result = await Carried(tmp_path / "c").run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert not [one for one in part.content.templates if "readings" in one.name]
        left = [
            path for one in simulation.world.machines.values() for path in one.files if "saitotui-" in path
        ]
        assert left == []


def test_a_tier_that_is_not_named_is_asked_as_ever(tmp_path: Path) -> None:
    profile = load_profile(Path(__file__).parents[2] / "profiles" / "example.yaml")
    assert relays(profile) == ()
    assert profile.monitoring is not None
    wanted = replace(profile, monitoring=replace(profile.monitoring, readings=("storage",)))
    assert {one.tier for one in relays(wanted)} == {"storage"}
    assert nudges(profile)
    assert not nudges(wanted)
    named = [(one.host, one.name) for one in relays(wanted)]
    assert len(named) == len(set(named))
