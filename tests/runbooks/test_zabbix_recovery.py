"""zabbix-recovery on the simulated Zabbix: installed, at work, differences told, half done, taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.command import Answer, Unparsable
from saitotui.model.plan import Outcome, Refusal
from saitotui.runbooks.recovery import hosts
from saitotui.simulator.simulation import Simulation

ID = "zabbix-recovery"
OTHERS = {f"amber: no other robot of Zabbix acts on {what}" for what in ("nginx", "haproxy", "tomcat")}
"""The simulated Zabbix has robots already."""


async def test_it_is_installed_acts_and_goes(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        server, world = simulation.http.monitoring.server, simulation.world
        plan = await made(simulation, ID)
        simulation.advance(60)
        assert (await made(simulation, ID)).digest == plan.digest
        assert bad(await asked(simulation, plan)) == OTHERS
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        ours = {one.name: one for one in server.actions if one.name.startswith("saitotui: ")}
        does = {one.script.command for one in ours.values()}
        assert does == {hosts.command(what) for what in ("nginx", "haproxy", "tomcat", "database")}
        for action in server.actions:
            action.enabled = action.name in ours
        world.service("web1", "nginx", "stopped")
        simulation.advance(30)
        assert world.machines["web1"].services["nginx"] == "running"
        assert [one.action.name for one in server.alerts] == ["saitotui: restart nginx"]
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID, remove="yes"))
        assert result.outcome is Outcome.DONE, result.sentence
        left = [one.name for one in server.actions] + [one.name for one in server.scripts]
        assert not [name for name in left if name.startswith("saitotui")]
        assert [path for one in world.machines.values() for path in one.files if "saitotui-" in path] == []


async def test_what_differs_is_told_first_and_mended(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        part = simulation.http.monitoring
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID))
        assert result.outcome is Outcome.DONE, result.sentence
        (nginx,) = (one for one in part.content.templates if one.name == "saitotui nginx")
        nginx.body["items"][0]["delay"] = "1m"
        next(one for one in part.server.actions if one.name == "saitotui: restart nginx").enabled = False
        simulation.world.machines["web1"].files[hosts.SUDOERS] = "zabbix ALL=(ALL) NOPASSWD: ALL\n"
        plan = await made(simulation, ID)
        lines = await asked(simulation, plan)
        assert bad(lines) == OTHERS | {"amber: the template 'saitotui nginx' is as shipped, or not there"}
        assert "item 'Whether nginx answers' updated (delay)" in {
            line.verdict.measured for line in lines.values()
        }
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert nginx.body["items"][0]["delay"] == "1s"
        assert all(one.enabled for one in part.server.actions)
        assert "ALL=(root)" in (simulation.world.machines["web1"].read(hosts.SUDOERS) or "")


@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
@pytest.mark.parametrize(
    "text", ["( f=/etc/sudoers.d", "host.massadd", "action.create", "systemctl daemon-reload"]
)
async def test_half_way_and_again(tmp_path: Path, text: str, fate: str) -> None:
    """Whatever is refused or whose answer is lost: the next run ends it."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        result = await Carried(tmp_path / "first").run(simulation, await made(simulation, ID), text, fate)
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER
        whole = result.outcome is Outcome.DONE
        result = await Carried(tmp_path / "again").run(simulation, await made(simulation, ID))
        assert result.outcome is (Outcome.ALREADY if whole else Outcome.DONE), result.sentence


async def test_a_host_without_an_agent(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        machine = simulation.world.machines["tc2"]
        machine.files = {path: text for path, text in machine.files.items() if "zabbix" not in path}
        found = bad(await asked(simulation, await made(simulation, ID)))
        assert found == OTHERS | {"red: tc2 has an agent and what recovery needs"}


async def test_nobody_would_be_called(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(30)
        simulation.http.monitoring.content.user_groups.clear()
        found = bad(await asked(simulation, await made(simulation, ID)))
        assert found == OTHERS | {"red: Zabbix has a user group 'Zabbix administrators'"}


async def test_it_makes_no_plan(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.service("mon1", "zabbix-frontend", "stopped")
        refused = await planned(simulation, ID)
        assert isinstance(refused, Refusal)
        assert refused.reasons == ("Zabbix does not say which hosts it has",)


async def test_an_answer_that_is_no_list_does_not_say_that_there_is_none(tmp_path: Path) -> None:
    """Neither while it is installed, nor while it is taken away."""
    judged = 0
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        for given in ({}, {"remove": "yes"}):
            plan = await made(simulation, ID, **given)
            for step in (step for stage in plan.stages for step in stage.steps):
                for act in (act for act in step.acts if act.capture and act.command.text.endswith(".get")):
                    assert act.capture is not None
                    with pytest.raises(Unparsable, match="no list of objects"):
                        act.capture.read(Answer())
                    judged += 1
                goal = step.goal
                if goal is not None and goal.command.text.endswith(".get"):
                    with pytest.raises(Unparsable, match="no list of objects"):
                        goal.judge(Answer())
                    judged += 1
    assert judged > 20
