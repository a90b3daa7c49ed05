"""The application tier looks at the simulated platform over the wire: healthy, in its scenarios, and through
faults that come and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.poll import Memory, look
from saitotui.model.health import Health
from saitotui.model.topology import TierPicture
from saitotui.simulator.scenario import scenario
from saitotui.simulator.simulation import Simulation
from saitotui.tiers.application import TIER


async def see(simulation: Simulation) -> TierPicture:
    """What the tier sees with a console that has just been started."""
    profile = load_profile(simulation.profile_path)
    tier = TIER.build(profile)
    assert tier is not None
    hub = Hub(profile)
    try:
        # The simulated platform's clock is what its logs are dated by.
        now = simulation.world.clock.now
        return tier.picture(await look(hub, tier.questions, Memory(), now))
    finally:
        await hub.aclose()


def codes(drawn: TierPicture) -> set[str]:
    return {finding.code.removeprefix("application.") for finding in drawn.findings}


async def test_a_healthy_platform(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        drawn = await see(simulation)
    assert drawn.findings == ()
    assert drawn.health is Health.OK
    assert {journey.health for journey in drawn.journeys} == {Health.OK}
    assert {edge.health for edge in drawn.edges} == {Health.OK}
    assert {row.cells[2].text for table in drawn.tables if table.name == "tomcats" for row in table.rows} == {
        "/app##001"
    }


SCENARIOS = (
    "tomcat-dead",
    "tomcat-hung",
    "context-failed",
    "draining",
    "replication-broken",
    "version-order-trap",
    "nginx-down",
)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_scenarios(tmp_path: Path, name: str) -> None:
    expected = {code.removeprefix("application.") for code in scenario(name).expect if code.startswith("app")}
    assert expected
    async with Simulation(tmp_path / "sim", name, frozen=True) as simulation:
        drawn = await see(simulation)
    assert expected <= codes(drawn)
    extra = {"old-version-draining"} if name == "version-order-trap" else set()
    assert codes(drawn) == expected | extra


FAULTS = [
    (
        "service-stop",
        ("tc1/tomcat10", "tc3/tomcat10"),
        {"single-node-left", "tomcat-down", "upstream-failing"},
    ),
    ("tomcat-threads", ("tc1",), {"threads-busy"}),
    ("tomcat-heap", ("tc1",), {"heap-high"}),
    ("draining", ("tc1",), {"versions-differ"}),
    ("service-hang", ("web1/nginx",), {"nginx-hung", "journey-failed"}),
]


@pytest.mark.parametrize(("fault", "targets", "expected"), FAULTS)
async def test_faults(tmp_path: Path, fault: str, targets: tuple[str, ...], expected: set[str]) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.world.inject("zabbix-disarmed", "zabbix")
        for target in targets:
            simulation.world.inject(fault, target)
        simulation.world.clock.advance(40)
        drawn = await see(simulation)
        assert expected <= codes(drawn)
        assert codes(drawn) - expected <= {"nginx-errors"}


async def test_nothing_is_left(tmp_path: Path) -> None:
    """Users get errors, and the cause is named."""
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.world.inject("zabbix-disarmed", "zabbix")
        for name in ("tc1", "tc2", "tc3"):
            simulation.world.inject("service-stop", f"{name}/tomcat10")
        simulation.world.clock.advance(20)
        drawn = await see(simulation)
    causes = {finding.code: finding.cause for finding in drawn.findings}
    assert causes["application.no-tomcat"] == ""
    assert causes["application.journey-failed"] == "application.no-tomcat"
    assert causes["application.nginx-errors"] == "application.no-tomcat"
    assert set(drawn.dead) == {"tc1", "tc2", "tc3"}
    assert drawn.findings[0].health is Health.CRIT
