"""complete-app-version on the simulated platform: a Tomcat with a new disk gets what the others run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.runbooks.deployments import all_have, asked, carried, versions
from tests.runbooks.simulated import planned

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.artefacts import keep
from saitotui.engine.runs.planning import keep_files
from saitotui.model.command import Command
from saitotui.model.plan import Grade, Outcome, Plan, Refusal
from saitotui.simulator.simulation import Simulation

COMPLETE = "complete-app-version"
THERE = "tc1:/var/lib/tomcat10/webapps/app##001.war"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAITOTUI_STATE", str(tmp_path / "state"))


async def kept(simulation: Simulation, given: Mapping[str, str]) -> Mapping[str, str] | Refusal:
    profile = load_profile(simulation.profile_path)
    hub = Hub(profile)
    try:
        return await keep_files(hub, profile, COMPLETE, given)
    finally:
        await hub.aclose()


async def completed(simulation: Simulation, **given: str) -> Plan | Refusal:
    found = await kept(simulation, {"war": THERE, **given})
    return found if isinstance(found, Refusal) else await planned(simulation, COMPLETE, **found)


def puts(command: Command) -> bool:
    return command.text.startswith("PUT")


async def test_it_gets_what_lies_on_another_tomcat_and_its_sessions(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "version-missing", frozen=True) as simulation:
        plan = await completed(simulation)
        assert isinstance(plan, Plan), plan
        lines = await asked(simulation, plan)
        assert {line.word for line in lines.values()} == {"green"}, lines
        assert lines["tc1 runs this very file"].condition.grade is Grade.RED
        result = await carried(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "001")
        apps = simulation.http.application.tomcats.tomcats
        assert len(apps["tc3"].apps["/app", "001"].sessions) > 10


async def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "version-missing", frozen=True) as simulation:
        war = keep(tmp_path, simulation.directory / "wars" / "app##002.war")
        plan = await planned(simulation, COMPLETE, war=war, version="001")
        assert isinstance(plan, Plan), plan
        lines = await asked(simulation, plan)
        assert lines["tc1 runs this very file"].word == "red"
        assert lines["tc2 runs this very file"].word == "red"


async def test_where_the_file_lies_elsewhere_somebody_must_know(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "version-missing", frozen=True) as simulation:
        plan = await completed(simulation)
        assert isinstance(plan, Plan), plan
        del simulation.world.machines["tc2"].files["/var/lib/tomcat10/webapps/app##001.war"]
        assert (await asked(simulation, plan))["tc2 runs this very file"].word == "amber"


async def test_what_does_not_get_there_is_taken_away_again(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "version-missing", frozen=True) as simulation:
        plan = await completed(simulation)
        assert isinstance(plan, Plan), plan
        result = await carried(
            simulation, plan, when=puts, happen=lambda: simulation.inject("disk-full", "tc3")
        )
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert versions(simulation) == {"tc1": {"001": True}, "tc2": {"001": True}, "tc3": {}}


async def test_a_deployment_that_did_not_come_to_all_is_finished(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "deploy-half-way", frozen=True) as simulation:
        before = versions(simulation)
        version, having = next(
            (version, name) for name, found in before.items() for version in found if version != "001"
        )
        plan = await completed(
            simulation, war=f"{having}:/var/lib/tomcat10/webapps/app##{version}.war", version=version
        )
        assert isinstance(plan, Plan), plan
        result = await carried(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "001", version)


@pytest.mark.parametrize(
    ("scenario", "given", "word"),
    [
        ("healthy", {}, "every Tomcat runs /app##001"),
        ("healthy", {"version": "009"}, "no Tomcat runs /app##009: parallel-deploy-war"),
        ("context-failed", {"version": "002"}, "/app##002: parallel-deploy-war"),
        ("tomcat-dead", {}, "tc2 is down"),
        ("healthy", {"war": "tc1:/srv/absent.war"}, "tc1: /srv/absent.war cannot be read"),
        ("healthy", {"war": "tc9:/srv/app.war"}, "the profile has no host 'tc9'"),
    ],
)
async def test_what_is_refused(tmp_path: Path, scenario: str, given: dict[str, str], word: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        plan = await completed(simulation, **given)
    assert isinstance(plan, Refusal), plan
    assert word in "; ".join(plan.reasons)
