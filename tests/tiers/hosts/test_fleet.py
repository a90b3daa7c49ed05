"""Hosts that are read from Zabbix: the same findings, the same screen, with the age of what is known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import platform
from saitotui.facts import zabbix_values
from saitotui.facts.zabbix_values import Value
from saitotui.model.command import Answer, Unparsable
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.simulator.simulation import Simulation
from saitotui.simulator.zabbix_fleet import GROUP, Fleet
from saitotui.tiers.hosts.fleet import KEYS


@asynccontextmanager
async def watched(folder: Path, fleet: Fleet | None, group: str = GROUP) -> AsyncIterator[Any]:
    """A look at the platform whose Zabbix has a fleet, by a profile that names `group`."""
    async with Simulation(folder / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        simulation.http.monitoring.server.fleet = fleet
        profile = load_profile(simulation.profile_path)
        assert profile.monitoring is not None
        there = platform(replace(profile, monitoring=replace(profile.monitoring, fleet=group)))
        hub, memory = Hub(there.profile), Memory()

        async def looked() -> Picture:
            snapshot = await look(hub, there.questions.values(), memory, simulation.world.clock.now)
            return judge(there, snapshot)

        try:
            yield simulation, looked
        finally:
            await hub.aclose()


async def test_they_are_seen_with_their_troubles(tmp_path: Path) -> None:
    fleet = Fleet(50, mute={3}, forgotten={4}, loaded={5})
    async with watched(tmp_path, fleet) as (_, looked):
        picture = await looked()
    found = {one.subject: one for one in picture.findings if one.subject.startswith("host/node-")}
    assert {(one.code, subject) for subject, one in found.items()} == {
        ("hosts.unreachable", "host/node-00003"),
        ("hosts.silent", "host/node-00004"),
        ("hosts.load-high", "host/node-00005"),
    }
    assert "No route to host" in found["host/node-00003"].evidence[0]
    node = picture.node("host/node-00007")
    assert node is not None
    assert node.health is Health.OK
    facts = {fact.label: fact.text for fact in node.facts}
    assert facts["state"] == "up (Zabbix, <1m)"
    assert facts["read from"] == "Zabbix, <1m old"
    assert facts["fullest disk"] == "/ 27%"
    tier = picture.tier("hosts")
    assert tier is not None
    (table,) = (one for one in tier.tables if one.name == "hosts")
    assert len(table.rows) == 15 + 50
    assert not [sample for sample in tier.samples if "node-" in sample.name]


async def test_what_is_not_asked_yet_is_no_trouble(tmp_path: Path) -> None:
    async with watched(tmp_path, Fleet(5)) as (_, looked):
        picture = await looked()
    assert not [one for one in picture.findings if "fleet" in one.code]


@pytest.mark.parametrize("group", ["No such group", GROUP])
async def test_zabbix_does_not_tell(tmp_path: Path, group: str) -> None:
    async with watched(tmp_path, None, group) as (simulation, looked):
        if group == GROUP:
            simulation.http.monitoring.server.fleet = Fleet(5)
            simulation.world.service("mon1", "zabbix-frontend", "stopped")
        picture = await looked()
    (finding,) = (one for one in picture.findings if one.code == "hosts.fleet-unknown")
    assert finding.health is Health.UNKNOWN
    assert repr(group) in finding.sentence


async def test_a_host_of_the_profile_is_asked_itself(tmp_path: Path) -> None:
    """Although the group has it, too."""
    async with watched(tmp_path, None, "Platform/Nodes") as (_, looked):
        picture = await looked()
    tier = picture.tier("hosts")
    assert tier is not None
    assert len([node for node in tier.nodes if node.kind == "host"]) == 15


def test_values() -> None:
    rows: list[Any] = [
        {"hostid": "1", "lastvalue": "0.25", "lastclock": "100"},
        {"hostid": "1", "lastvalue": "9", "lastclock": "50"},
        {"hostid": "2", "lastvalue": "", "lastclock": "100"},
        {"hostid": "3", "lastvalue": "1", "lastclock": "0"},
        {"hostid": "4", "lastvalue": "inf", "lastclock": "100"},
    ]
    assert zabbix_values.values(Answer(data=rows)) == {"1": Value(0.25, 100.0)}


@pytest.mark.parametrize("data", [None, {}, "x", [1]])
def test_no_values(data: Any) -> None:
    with pytest.raises(Unparsable):
        zabbix_values.values(Answer(data=data))


def test_every_kind_has_a_key() -> None:
    assert all(KEYS.values())
    assert len({key for keys in KEYS.values() for key in keys}) == sum(map(len, KEYS.values()))
