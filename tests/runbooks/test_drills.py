"""Drills on the simulated platform: a node of each tier dies, others serve, and it comes back by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.runbooks.deployments import asked
from tests.runbooks.killed import process
from tests.runbooks.simulated import LOST_AFTER, REFUSED, hasty, passing_time, unplanned, writers
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome
from saitotui.model.run import Kind, RunEvent
from saitotui.simulator.simulation import Simulation
from saitotui.simulator.storage_state import DEADTIME


@dataclass(frozen=True)
class Drill:
    """What is killed, and what goes on meanwhile: titles of steps that must come before it is back."""

    host: str
    served: str
    given: Mapping[str, str] = field(default_factory=dict)


DRILLS = {
    "drill-drbd-node": Drill("st1", "st2 serves"),
    "drill-db-replica": Drill("db2", "a connection through lb1 writes to db1"),
    "drill-db-haproxy": Drill("lb2", "a connection through lb1 writes to db1", {"node": "lb2"}),
    "drill-tomcat": Drill("tc2", "home works for users", {"node": "tc2"}),
    "drill-pve-node": Drill("pve3", "guest 112 (lb2) runs again", {"node": "pve3"}),
}
KILL = "systemd-run"


def lives(simulation: Simulation, host: str) -> int:
    """How often a machine has begun to boot."""
    return simulation.world.machines[host].begun


@pytest.mark.parametrize("name", DRILLS)
async def test_it_dies_and_comes_back(tmp_path: Path, name: str) -> None:
    drill = DRILLS[name]
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        before = {host: lives(simulation, host) for host in simulation.world.machines}
        plan = await made(simulation, name, **drill.given)
        assert [stage.confirm for stage in plan.stages if stage.confirm] == [f"kill {drill.host}"]
        assert not [line for line in bad(await asked(simulation, plan)) if line.startswith("red")]
        carried = Carried(tmp_path)
        result = await carried.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        dead = {host for host, count in before.items() if lives(simulation, host) > count}
        on_it = set() if name != "drill-pve-node" else {"lb2", "web2", "tc3", "mon1"}
        assert dead == {drill.host, *on_it}
        kill = next(stage for stage in plan.stages if stage.name == "kill")
        assert drill.served in [step.title for step in kill.steps]
        assert simulation.world.machines[drill.host].up
        # It is as well as before: it could be done again at once.
        again = await made(simulation, name, **drill.given)
        assert not [line for line in bad(await asked(simulation, again)) if line.startswith("red")]
        number = plan.stages.index(kill)
        ended = [e.data for e in carried.events if e.kind is Kind.STEP and e.stage == number and e.data]
        # It lived until this run killed it: silence from before is no death.
        died = [step.title for step in kill.steps].index(f"{drill.host} dies")
        assert [one["outcome"] for one in ended][: died + 1] == ["done"] * (died + 1)


@pytest.mark.parametrize("name", DRILLS)
@pytest.mark.parametrize(
    ("fate", "outcome", "deaths"), [(REFUSED, Outcome.FAILED, 0), (LOST_AFTER, Outcome.DONE, 1)]
)
async def test_an_order_that_is_refused_or_lost(
    tmp_path: Path, name: str, fate: str, outcome: Outcome, deaths: int
) -> None:
    """Who may not kill has killed nobody; an answer that is lost with its host is no trouble."""
    drill = DRILLS[name]
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        plan = await made(simulation, name, **drill.given)
        result = await Carried(tmp_path).run(simulation, plan, KILL, fate)
        assert result.outcome is outcome, result.sentence
        assert lives(simulation, drill.host) == deaths


@pytest.mark.parametrize("name", DRILLS)
@pytest.mark.parametrize("after", [False, True], ids=["before the act", "after the act"])
async def test_a_console_that_dies_kills_nobody_twice(tmp_path: Path, name: str, after: bool) -> None:
    """Whoever resumes the run finds by the life that was read whether the host has died."""
    drill = DRILLS[name]
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        plan = hasty(await made(simulation, name, **drill.given), 60)
        acts = [
            act for stage in plan.stages for step in stage.steps for act in step.acts if act.command.danger
        ]
        last = next(number for number, act in enumerate(acts) if act.command.text.startswith(KILL))
        events: list[RunEvent] = []
        async with passing_time(simulation):
            assert await process(simulation, plan, events, last, after) is None
            result = await process(simulation, plan, events, -1, False)
        assert result is not None
        assert result.outcome is Outcome.DONE, result.sentence
        assert lives(simulation, drill.host) == 1


async def test_the_standby_dies_too(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        plan = await made(simulation, "drill-drbd-node", node="st2")
        assert plan.stages[1].notice == "nothing: it only stands by"
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert writers(simulation) == {"db1"}


async def test_it_has_no_power_until_the_other_serves(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        plan = await made(simulation, "drill-drbd-node", by="robot")
        assert [stage.confirm for stage in plan.stages] == ["kill st1", "", "switch off 1402321", "", ""]
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        off, on = (
            next(at for at, said in simulation.world.log if said == f"st1 {what}")
            for what in ("lost power", "was switched on")
        )
        assert on - off > DEADTIME


async def test_under_pacemaker(tmp_path: Path) -> None:
    """The dead one is fenced, which switches it off: somebody presses its button while the run waits."""
    async with Simulation(tmp_path / "sim", "storage-pacemaker", frozen=True) as simulation:
        simulation.advance(60)
        plan = await made(simulation, "drill-drbd-node")
        simulation.world.clock.call_later(300, lambda: simulation.world.power_on("st1"))
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence


async def test_a_guest_is_made_for_ha_to_recover(tmp_path: Path) -> None:
    """On a cluster that carries nothing yet: it is recovered, and taken away."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        cluster = simulation.http.cluster.cluster
        before = set(cluster.book.guests), set(cluster.book.resources)
        plan = await made(simulation, "drill-pve-node", node="pve2", trial="9000", by="robot")
        assert [stage.name for stage in plan.stages] == ["machine", "trial", "kill", "back", "tidy"]
        assert [stage.confirm for stage in plan.stages[::2]] == ["kill pve2", "switch off 1402312", ""]
        assert not [line for line in bad(await asked(simulation, plan)) if line.startswith("red")]
        carried = Carried(tmp_path)
        result = await carried.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert (set(cluster.book.guests), set(cluster.book.resources)) == before
        # Its node had no power until then: HA fenced it, and started the guest on another one.
        (said,) = [e.sentence for e in carried.events if "guest 9000 was started again" in e.sentence]
        assert "running on pve1" in said or "running on pve3" in said, said
        assert simulation.world.machines["pve2"].up


@pytest.mark.parametrize("text", ["post /nodes/pve2/qemu", "post /cluster/ha/resources"])
async def test_a_guest_that_cannot_be_made_is_taken_away(tmp_path: Path, text: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.advance(60)
        plan = await made(simulation, "drill-pve-node", node="pve2", trial="9000")
        result = await Carried(tmp_path).run(simulation, plan, text, REFUSED)
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert 9000 not in simulation.http.cluster.cluster.book.guests
        assert lives(simulation, "pve2") == 0


@pytest.mark.parametrize(
    ("scenario", "drill", "given", "word"),
    [
        (
            "healthy",
            "drill-pve-node",
            {"node": "pve1"},
            "something would stop without pve1: database: writes",
        ),
        ("healthy", "drill-pve-node", {"node": "pve2", "trial": "101"}, "guest 101 is db1"),
        ("healthy", "drill-pve-node", {"node": "pve2", "trial": "a/b"}, "'a/b' is no guest's number"),
        ("healthy", "drill-pve-node", {"node": "pve9"}, "the profile has no node 'pve9'"),
        ("pve-node-lost", "drill-pve-node", {"node": "pve2"}, "pve2 is not in the cluster"),
        ("ha-disarmed", "drill-pve-node", {"node": "pve3"}, "stay down: HA is disarmed"),
        ("drbd-standby-down", "drill-drbd-node", {}, ""),
        ("storage-nobody-serves", "drill-drbd-node", {}, "nobody is known to serve: fail-over-drbd"),
        ("healthy", "drill-drbd-node", {"by": "axe"}, "by is 'axe': give crash or robot"),
        (
            "robot-denied",
            "drill-drbd-node",
            {"by": "robot"},
            "Robot does not say how st1",
        ),
        ("healthy", "drill-drbd-node", {"node": "st9"}, "the pair has no node 'st9'"),
        ("replication-stopped", "drill-db-replica", {}, "replication on db2 is stopped"),
        ("haproxy-failback-trap", "drill-db-haproxy", {"node": "lb1"}, "database.haproxy-failback-trap"),
        ("healthy", "drill-db-haproxy", {"node": "lb9"}, "the profile has no HAProxy node 'lb9'"),
        ("tomcat-dead", "drill-tomcat", {"node": "tc1"}, "tc2 is"),
        ("healthy", "drill-tomcat", {"node": "tc9"}, "the profile has no Tomcat 'tc9'"),
    ],
)
async def test_whose_death_would_be_noticed_is_not_killed(
    tmp_path: Path, scenario: str, drill: str, given: dict[str, str], word: str
) -> None:
    assert word in await unplanned(tmp_path, drill, scenario, given)
