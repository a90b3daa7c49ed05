"""parallel-deploy-war on the simulated platform: whole, refused, and with everything that can go wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import (
    BACK,
    NODES,
    all_have,
    asked,
    carried,
    deployment,
    made,
    until,
    versions,
)
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, executed, passing_time, planned

from saitotui.model.command import Danger
from saitotui.model.plan import Grade, Outcome, Plan, Refusal
from saitotui.model.run import Decision, RunEvent
from saitotui.runbooks.application.fleet import proposal, unfit
from saitotui.simulator.simulation import Simulation

ROLL_OUT = ("canary", "others", "prove")


async def test_a_version_comes_and_the_old_one_goes_when_nobody_is_on_it(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = await made(simulation, soak="30")
        names = [stage.name for stage in plan.stages]
        assert names == ["canary", "others", "prove", "drain", "retire"]
        lines = await asked(simulation, plan)
        assert not [line.sentence for line in lines.values() if line.grade is Grade.RED]
        amber = [sentence for sentence, line in lines.items() if line.grade is Grade.AMBER]
        assert amber == ["the file of /app##001 is kept here"]
        events = list[RunEvent]()
        result = await carried(simulation, plan, events=events)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "002")
        again = await deployment(simulation, "003")
        assert isinstance(again, Plan), again
        kept = (await asked(simulation, again))["the file of /app##002 is kept here"]
        assert kept.grade is None
    told = "\n".join(event.sentence for event in events)
    assert "of 30 s; tc1 by way of web1: " in told
    assert "unless they come back, all are gone in" in told
    assert "would end with /app##001" in told


@pytest.mark.parametrize(
    ("scenario", "given", "word"),
    [
        (
            "healthy",
            {"version": "000"},
            "000 comes before 001, and nobody would get it; version=002 would be",
        ),
        ("healthy", {"version": "a b"}, "'a b' is no version"),
        ("healthy", {"canary": "tc9"}, "no Tomcat 'tc9'"),
        ("healthy", {"soak": "long"}, "soak=long is no number"),
        ("healthy", {"war": "/tmp/app.war"}, "not a file that this console keeps"),
        ("tomcat-dead", {}, "is down"),
        ("deploy-half-way", {"version": "003"}, "do not serve one and the same version: tc1 /app##002"),
    ],
)
async def test_what_is_refused(tmp_path: Path, scenario: str, given: dict[str, str], word: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        if "war" in given:
            plan = await planned(simulation, "parallel-deploy-war", **given)
        else:
            plan = await deployment(simulation, **given)
    assert isinstance(plan, Refusal), plan
    assert word in "; ".join(plan.reasons)


@pytest.mark.parametrize(
    ("scenario", "sentence", "grade"),
    [
        ("disk-full", "the disk of tc2 has room for it three times", Grade.RED),
        ("isolated", "tc2 sees every other Tomcat", Grade.RED),
        ("heap", "a second copy fits into the heap of tc2", Grade.AMBER),
        ("broken", "the archive is whole", Grade.RED),
        ("log", "the access log of web1 says who answered", Grade.AMBER),
    ],
)
async def test_what_its_preflight_finds(tmp_path: Path, scenario: str, sentence: str, grade: Grade) -> None:
    faults = {"disk-full": "disk-full", "isolated": "tomcat-isolated", "heap": "tomcat-heap"}
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        if scenario in faults:
            simulation.inject(faults[scenario], "tc2")
            simulation.advance(5)
        elif scenario == "log":
            line = '1.2.3.4 - - [15/Jan/2026:03:00:00 +0000] "GET /app/ HTTP/1.1" 200 12\n'
            simulation.world.machines["web1"].files["/var/log/nginx/access.log"] = line * 3
        else:
            war = simulation.directory / "wars" / "app##002.war"
            whole = war.read_bytes()
            war.write_bytes(whole[: len(whole) // 2])
        found = (await asked(simulation, await made(simulation, soak="5")))[sentence]
    assert found.grade is grade, found.sentence


@pytest.mark.parametrize(
    ("version", "word"),
    [("004-does-not-start", "context failed to start"), ("004-answers-500", "HTTP 500")],
)
async def test_a_version_that_fails_on_the_canary_goes_again(tmp_path: Path, version: str, word: str) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        result = await carried(simulation, await made(simulation, version))
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert word in result.sentence
        assert all_have(simulation, "001")


async def test_a_canary_that_fails_users_goes_again(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        tomcat = simulation.http.application.tomcats.tomcats["tc2"]

        def fail() -> None:
            tomcat.apps["/app", "002"].answers = 500

        result = await carried(
            simulation,
            await made(simulation, soak="120", canary="tc2"),
            when=lambda command: command.text.startswith("echo "),
            happen=fail,
        )
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert "tc2 by way of web" in result.sentence
        assert "fails users" in result.sentence
        assert all_have(simulation, "001")


async def test_a_node_without_space_undoes_all(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = await made(simulation)
        simulation.inject("disk-full", "tc3")
        result = await carried(simulation, plan)
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert "No space left on device" in result.sentence
        assert all_have(simulation, "001")


async def test_a_node_that_dies_in_the_middle_is_named_and_the_rest_serves(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.inject("deploy-kills", "tc2")
        result = await carried(simulation, await made(simulation), longest=2)
        assert result.outcome is Outcome.INDETERMINATE, result.sentence
        assert "tc2" in result.probe
        assert versions(simulation)["tc1"] == {"001": True, "002": True}
        simulation.world.service("tc2", "tomcat10", "running")
        simulation.advance(10)
        # The same deployment is finished: tc1 has it already.
        result = await carried(simulation, until(await made(simulation), *ROLL_OUT))
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "001", "002")


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
async def test_at_any_gate_before_the_old_version_goes_it_is_undone(tmp_path: Path, stage: int) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = await made(simulation)
        shown = until(plan, *[one.name for one in plan.stages if one.name != "drain"])
        gates = [one.name for one in shown.stages]
        result = await carried(simulation, shown, gates={gates[min(stage, 3)]: Decision.UNDO})
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert all_have(simulation, "001")


async def test_half_way_it_is_finished_or_taken_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "deploy-half-way", frozen=True) as simulation:
        plan = await made(simulation)
        line = (await asked(simulation, plan))["/app##002 is no other file"]
        assert line.grade is Grade.AMBER  # nobody here deployed it
        back = await planned(simulation, BACK)
        assert isinstance(back, Plan), back
        result = await carried(simulation, back)
        assert result.outcome is Outcome.DONE, result.sentence
        assert all_have(simulation, "001")


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_whatever_is_lost_the_outcome_is_as_the_platform_is(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = until(await made(simulation), *ROLL_OUT)
        async with passing_time(simulation):
            result = await executed(simulation, plan, "PUT /text/deploy", fate)
        if fate == LOST_AFTER:
            assert result.outcome is Outcome.DONE, result.sentence
            assert all_have(simulation, "001", "002")
        else:
            assert result.outcome in (Outcome.UNDONE, Outcome.REFUSED), result.sentence
            assert all_have(simulation, "001")


def acts(plan: Plan) -> list[str]:
    found = [act.command for step in plan.steps for act in step.acts if act.command.danger > Danger.READ]
    return [f"{command.target} {command.text}" for command in found]


async def test_every_act_is_one_of_the_plan(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = await made(simulation)
    found = acts(plan)
    robots = [one for one in found if one.startswith("zabbix action.update")]
    assert robots  # one that starts Tomcats again is out of the way meanwhile
    assert found[len(robots) :] == [
        "this console note /app##002",
        *(f"{name} PUT /text/deploy?path=%2Fapp&version=002&update=true" for name in NODES),
        *(f"{name} GET /text/undeploy?path=%2Fapp&version=001" for name in NODES),
    ]


@pytest.mark.parametrize(
    ("versions", "next_one"),
    [(("001",), "002"), (("9", "10"), "9-1"), (("099",), "100"), (("1.9",), "202601150312"), (("v7",), "v8"),
     ((), "202601150312")],
)  # fmt: skip
def test_a_version_that_comes_after_all_is_proposed(versions: tuple[str, ...], next_one: str) -> None:
    at = 1_768_446_720.0  # 2026-01-15 03:12 UTC
    found = proposal(versions, at)
    assert found == next_one
    assert unfit(found, versions, at) == ()
    assert all(found > version for version in versions)
