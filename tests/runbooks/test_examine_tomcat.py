"""examine-tomcat on the simulated platform: what threads do and a heap is full of is kept as evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.runbooks.deployments import Happening, asked
from tests.runbooks.simulated import Kept, hasty, passing_time, planned

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Command
from saitotui.model.plan import Outcome, Plan, Refusal
from saitotui.model.run import Decision, Result, RunEvent
from saitotui.simulator.simulation import Simulation

EXAMINE = "examine-tomcat"


class Examined:
    """A run of the runbook on tc2, and what it leaves."""

    def __init__(self, folder: Path) -> None:
        self.evidence = folder / "evidence"
        self.journal = Kept()
        self.events: list[RunEvent] = []

    async def run(
        self, simulation: Simulation, plan: Plan, fault: str = "", before: str = "", nowhere: bool = False
    ) -> Result:
        hub = Hub(load_profile(simulation.profile_path))

        async def go(stage: int, why: str) -> Decision:
            return Decision.ABANDON if why else Decision.GO

        def when(command: Command) -> bool:
            return bool(fault) and before in command.text

        way = Happening(hub, when, lambda: simulation.inject(*fault.split()))
        folder = Path("/dev/null/evidence") if nowhere else self.evidence
        record = Record(self.journal, "0001", self.events.append, evidence=folder)
        try:
            async with passing_time(simulation, 1):
                return await Execution(hasty(plan, 30), way, record, go).run()
        finally:
            await hub.aclose()

    def files(self, what: str) -> list[Path]:
        return sorted(self.evidence.glob(f"tc2-{what}-*.txt"))


async def made(simulation: Simulation, **given: str) -> Plan:
    plan = await planned(simulation, EXAMINE, node="tc2", **given)
    assert isinstance(plan, Plan), plan
    return plan


def upstreams(simulation: Simulation) -> list[str]:
    return [
        simulation.world.machines[web].read("/etc/nginx/conf.d/upstreams.conf") or ""
        for web in ("web1", "web2")
    ]


@pytest.mark.parametrize("out", ["yes", "no"])
async def test_threads_and_heap_are_kept(tmp_path: Path, out: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("tomcat-heap", "tc2")
        before = upstreams(simulation)
        plan = await made(simulation, out=out)
        assert {line.word for line in (await asked(simulation, plan)).values()} == {"green"}
        run = Examined(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert upstreams(simulation) == before
    assert len(run.files("threads")) == 3
    (heap,) = run.files("heap")
    assert "shop.cart.Basket$Line" in heap.read_text("utf-8")
    assert oct(heap.stat().st_mode & 0o777) == "0o400"
    kept = [body for kind, body in run.journal.entries if kind == "evidence"]
    assert [body["file"] for body in kept if "/tc2-heap-" in body["file"]] == [str(heap)]
    assert len(kept) == 4
    told = [event.sentence for event in run.events]
    assert any("most: " in sentence and "shop.cart.Basket$Line" in sentence for sentence in told)
    assert f"kept as evidence: {heap}" in told


async def test_it_is_put_back_when_its_heap_cannot_be_walked(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        before = upstreams(simulation)
        plan = await made(simulation)
        del simulation.world.machines["tc2"].programs["jcmd"]
        assert (await asked(simulation, plan))["tc2 has the JDK's jcmd"].word == "red"
        run = Examined(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.UNDONE, result.sentence
        assert "no histogram of a heap: runuser: failed to execute jcmd" in result.sentence
        assert upstreams(simulation) == before
    assert not run.files("heap")


async def test_evidence_that_cannot_be_kept_is_none(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        result = await Examined(tmp_path).run(simulation, await made(simulation), nowhere=True)
    assert result.outcome in (Outcome.FAILED, Outcome.UNDONE), result.sentence
    assert "evidence cannot be kept in /dev/null/evidence" in result.sentence


async def test_in_nginx_a_large_heap_is_somebodys_decision(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, out="no")
        assert [stage.name for stage in plan.stages] == ["threads", "heap"]
        assert (await asked(simulation, plan))["the heap of tc2 is small"].word == "green"
        assert "wait" in plan.stages[1].notice
        check = next(one.check for one in plan.preflight if "small" in one.check.sentence)
        hub = Hub(load_profile(simulation.profile_path))
        (answer,) = await hub.ask([check.command], 5)
        await hub.aclose()
    assert isinstance(answer, Answer)
    large = replace(answer, text=answer.text.replace("used=", "used=9"))
    assert check.judge(large).holds is False


@pytest.mark.parametrize(
    ("scenario", "given", "word"),
    [
        ("healthy", {"out": "maybe"}, "out=maybe is neither yes nor no"),
        ("healthy", {"node": "tc9"}, "the profile has no Tomcat 'tc9'"),
        ("tomcat-hung", {}, "tc2 is hung"),
    ],
)
async def test_what_is_refused(tmp_path: Path, scenario: str, given: dict[str, str], word: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        plan = await planned(simulation, EXAMINE, **{"node": "tc2", **given})
    assert isinstance(plan, Refusal), plan
    assert word in "; ".join(plan.reasons)
