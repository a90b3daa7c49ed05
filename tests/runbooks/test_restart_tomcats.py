"""restart-tomcats, take-tomcat-out and put-tomcat-back on the simulated platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.deployments import NODES, all_have, asked, carried
from tests.runbooks.killed import process
from tests.runbooks.simulated import LOST, LOST_AFTER, REFUSED, executed, hasty, passing_time, planned

from saitotui.model.command import Danger
from saitotui.model.plan import Grade, Outcome, Plan, Refusal
from saitotui.model.run import Decision, RunEvent
from saitotui.simulator.simulation import Simulation

RESTART, OUT, BACK = "restart-tomcats", "take-tomcat-out", "put-tomcat-back"
UPSTREAMS = "/etc/nginx/conf.d/upstreams.conf"


def down(simulation: Simulation) -> set[str]:
    """The Tomcats that any nginx leads nobody to, by what it read."""
    return {name for node in simulation.http.application.front.nodes.values() for name in node.down}


def marked(simulation: Simulation) -> int:
    """How many servers are marked in the files."""
    return sum(
        str(simulation.world.machines[web].files[UPSTREAMS]).count(" down;") for web in ("web1", "web2")
    )


def since(simulation: Simulation) -> dict[str, float | None]:
    part = simulation.http.application
    return {name: part.serving(name) for name in NODES}


def sessions(simulation: Simulation) -> dict[str, int]:
    tomcats = simulation.http.application.tomcats.tomcats
    return {name: len(tomcats[name].apps["/app", "001"].sessions) for name in NODES}


async def plan_of(simulation: Simulation, runbook: str, **given: str) -> Plan:
    plan = await planned(simulation, runbook, **given)
    assert isinstance(plan, Plan), plan
    return plan


async def test_all_are_started_again_one_after_another(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = await plan_of(simulation, RESTART)
        assert [stage.name for stage in plan.stages] == [
            f"{what}-{name}" for name in NODES for what in ("out", "restart")
        ]
        lines = await asked(simulation, plan)
        assert not [line.sentence for line in lines.values() if line.grade is not None]
        before, had = since(simulation), sessions(simulation)
        events, seen = list[RunEvent](), list[set[str]]()
        result = await carried(
            simulation,
            plan,
            when=lambda command: command.text.startswith("systemctl restart"),
            happen=lambda: seen.append(down(simulation)),
            events=events,
        )
        assert result.outcome is Outcome.DONE, result.sentence
        assert seen == [{"tc1"}]
        after = since(simulation)
        assert all(after[name] != before[name] for name in NODES)
        assert down(simulation) == set()
        assert marked(simulation) == 0
        assert all(count > 0 for count in sessions(simulation).values()), had
        assert all_have(simulation, "001")


async def test_one_alone_is_taken_out_and_put_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        result = await carried(simulation, await plan_of(simulation, OUT, node="tc2"))
        assert result.outcome is Outcome.DONE, result.sentence
        assert down(simulation) == {"tc2"}
        again = await asked(simulation, await plan_of(simulation, OUT, node="tc2"))
        assert again["the file of web1 leads users to tc2"].grade is Grade.RED  # it is out already
        refused = (await asked(simulation, await plan_of(simulation, RESTART, node="tc1")))[
            "the file of web1 leads users to tc2"
        ]
        assert refused.grade is Grade.RED
        result = await carried(simulation, await plan_of(simulation, BACK, node="tc2"))
        assert result.outcome is Outcome.DONE, result.sentence
        assert down(simulation) == set()


@pytest.mark.parametrize(
    ("scenario", "runbook", "given", "word"),
    [
        ("healthy", RESTART, {"node": "tc9"}, "no Tomcat 'tc9'"),
        ("healthy", OUT, {"node": "tc9"}, "no Tomcat 'tc9'"),
        ("healthy", BACK, {}, "node must be given"),
        ("tomcat-dead", RESTART, {}, "is down"),
        ("deploy-half-way", BACK, {"node": "tc2"}, "do not serve one and the same version"),
    ],
)
async def test_what_is_refused(
    tmp_path: Path, scenario: str, runbook: str, given: dict[str, str], word: str
) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        plan = await planned(simulation, runbook, **given)
    assert isinstance(plan, Refusal), plan
    assert word in "; ".join(plan.reasons)


@pytest.mark.parametrize(
    ("fault", "target", "sentence"),
    [
        ("tomcat-isolated", "tc2", "tc2 sees every other Tomcat"),
        ("nginx-config", "web2", "the configuration of web2 is sound"),
    ],
)
async def test_what_its_preflight_finds(tmp_path: Path, fault: str, target: str, sentence: str) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        simulation.inject(fault, target)
        simulation.advance(5)
        found = (await asked(simulation, await plan_of(simulation, RESTART)))[sentence]
    assert found.grade is Grade.RED, found.sentence


async def test_the_first_that_is_taken_out_is_put_back_when_it_goes_wrong(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = await plan_of(simulation, RESTART)
        result = await carried(
            simulation,
            plan,
            when=lambda command: command.text.startswith("systemctl reload"),
            happen=lambda: simulation.inject("service-stop", "web2/nginx"),
            longest=1,
        )
        assert result.outcome in (Outcome.UNDONE, Outcome.FAILED, Outcome.INDETERMINATE), result.sentence
        assert since(simulation)["tc1"] is not None
        assert not str(simulation.world.machines["web1"].files[UPSTREAMS]).count(" down;")


async def test_at_the_gate_before_the_restart_it_is_undone(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        before = since(simulation)
        plan = await plan_of(simulation, RESTART)
        result = await carried(simulation, plan, gates={"restart-tc1": Decision.UNDO})
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert down(simulation) == set()
        assert since(simulation) == before


async def test_one_that_does_not_come_up_stays_out(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        machine = simulation.world.machines["tc1"]

        def spoil() -> None:
            machine.masked.add("tomcat10")

        result = await carried(
            simulation,
            await plan_of(simulation, RESTART),
            when=lambda command: command.text.startswith("systemctl restart"),
            happen=spoil,
            longest=2,
        )
        assert result.outcome in (Outcome.FAILED, Outcome.INDETERMINATE), result.sentence
        assert down(simulation) == {"tc1"}
        assert since(simulation)["tc2"] is not None


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
async def test_whatever_is_lost_the_outcome_is_as_the_platform_is(tmp_path: Path, fate: str) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        before = since(simulation)["tc3"]
        plan = await plan_of(simulation, RESTART, node="tc3")
        async with passing_time(simulation):
            result = await executed(simulation, plan, "systemctl restart", fate)
        again = since(simulation)["tc3"] != before
        assert again is (fate == LOST_AFTER)
        assert (result.outcome is Outcome.DONE) is again, result.sentence
        assert down(simulation) == (set() if again else {"tc3"})


ACTS = 11
"""Two robots disarmed, two files marked and read, one restart, two files marked and read again."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("last", range(ACTS))
async def test_the_next_process_gets_it_done(tmp_path: Path, last: int, after: bool) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        plan = hasty(await plan_of(simulation, RESTART, node="tc2"), 60.0)
        acts = [act for step in plan.steps for act in step.acts if act.command.danger > Danger.READ]
        assert len(acts) == ACTS
        events = list[RunEvent]()
        async with passing_time(simulation):
            assert await process(simulation, plan, events, last, after) is None
            result = await process(simulation, plan, events, -1, False)
        assert result is not None
        assert result.outcome is Outcome.DONE, result.sentence
        assert down(simulation) == set()
        assert marked(simulation) == 0
