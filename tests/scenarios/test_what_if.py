"""What-if against what the simulated platform then does: the same moments, the same places."""

from __future__ import annotations

from pathlib import Path

import pytest

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import platform
from saitotui.model.picture import Picture
from saitotui.simulator.simulation import Simulation
from saitotui.tiers.redundancy.impact import Impact
from saitotui.tiers.redundancy.whatif import Forecast, subjects, what_if

FAULTS = {"loss": "power-loss", "partition": "pve-partition", "maintenance": "pve-maintenance"}


async def seen(simulation: Simulation) -> Picture:
    profile = load_profile(simulation.profile_path)
    whole, hub = platform(profile), Hub(profile)
    try:
        snapshot = await look(hub, whole.questions.values(), Memory(), simulation.world.clock.now)
    finally:
        await hub.aclose()
    return judge(whole, snapshot, None)


def forecast(picture: Picture, subject: str, event: str = "") -> Forecast:
    found = what_if(picture.profile, picture.snapshot, picture.tiers, subject, event)
    assert isinstance(found, Forecast), found
    return found


def homes(simulation: Simulation) -> dict[str, str]:
    return {f"{guest.vmid}": guest.node for guest in simulation.http.cluster.cluster.book.guests.values()}


@pytest.mark.parametrize("event", FAULTS)
@pytest.mark.parametrize("node", ["pve1", "pve2", "pve3"])
async def test_what_it_says_is_what_happens(tmp_path: Path, node: str, event: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        before = homes(simulation)
        said = forecast(await seen(simulation), node, event)
        assert said.guests
        where = {row.label.split()[0]: row.text.split()[-1] for row in said.guests}
        assert set(where) == {vmid for vmid, home in before.items() if home == node}
        simulation.inject(FAULTS[event], node)
        cluster = simulation.http.cluster.cluster
        began, first = simulation.world.clock.now(), len(cluster.events)
        simulation.advance(300)
        now = homes(simulation)
        assert {vmid: now[vmid] for vmid in where} == where
        assert {vmid: home for vmid, home in now.items() if vmid not in where} == {
            vmid: home for vmid, home in before.items() if vmid not in where
        }
        words = "state changed from 'started' to 'migrate'" if event == "maintenance" else "recover service"
        acted = [at - began for at, text in cluster.events[first:] if words in text]
        earliest, latest = said.course[-1].label.removesuffix(" s").split("-")
        assert len(acted) == len(where)
        assert float(earliest) <= min(acted) <= float(latest)


async def test_services_and_users(tmp_path: Path) -> None:
    """The master's node: writes stop, and come back with it or by a promotion."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        picture = await seen(simulation)
        said = forecast(picture, "pve1")
        assert said.loss.impact is Impact.DOWN
        rows = {row.label: row.text for row in said.services}
        assert rows["database"].startswith(
            "writes to the database stop until db2 is promoted; HA starts db1 again"
        )
        assert {row.label for row in said.journeys} == {journey.name for journey in picture.journeys}
        assert forecast(picture, "tc1").loss.impact is Impact.NOTHING
        restarted = forecast(picture, "guest/131").course
        assert [row.text.split(" within")[0] for row in restarted] == ["HA starts it again on pve1"]
        assert forecast(picture, "host/pve1").guests == said.guests
        assert forecast(picture, "zabbix/pve1").guests == (), "an agent that ends takes no node with it"
        link = forecast(picture, "st2-st1")
        assert link.links
        assert link.loss.impact is Impact.DEGRADED
        for subject in subjects(picture.tiers):
            assert "\n".join(forecast(picture, subject).lines())


async def test_what_nobody_can_answer(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "pve-node-lost", frozen=True) as simulation:
        simulation.advance(30)
        picture = await seen(simulation)
        gone = forecast(picture, "pve2")
        assert "gone already" in gone.loss.why
        assert forecast(picture, "pve3").loss.impact is Impact.DOWN
        for subject, event, words in (
            ("nope", "", "nothing here is called 'nope'"),
            ("db1", "partition", "db1 is no cluster node"),
            ("pve1", "fire", "'fire' is no event"),
        ):
            refused = what_if(picture.profile, picture.snapshot, picture.tiers, subject, event)
            assert isinstance(refused, str)
            assert words in refused
