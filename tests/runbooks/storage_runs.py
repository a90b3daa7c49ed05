"""Storage runbooks on the simulated platform: planned, carried out, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.runbooks.simulated import Kept, Unreliable, hasty, passing_time, planned

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.poll import Asker
from saitotui.engine.runs.execution import Execution, Line
from saitotui.engine.runs.record import Record
from saitotui.model.plan import Plan
from saitotui.model.run import Decision, Result, RunEvent
from saitotui.simulator.simulation import Simulation


async def made(simulation: Simulation, runbook: str, **given: str) -> Plan:
    plan = await planned(simulation, runbook, **given)
    assert isinstance(plan, Plan), plan
    return plan


def bad(lines: Mapping[str, Line]) -> set[str]:
    """The lines that are not green, by grade and sentence."""
    return {f"{line.word}: {sentence}" for sentence, line in lines.items() if line.word != "green"}


class Carried:
    """One run, its events and its evidence."""

    def __init__(self, folder: Path) -> None:
        self.evidence = folder / "evidence"
        self.events: list[RunEvent] = []

    async def run(self, simulation: Simulation, plan: Plan, text: str = "", fate: str = "") -> Result:
        """To its end while time passes; with `text` the first command that begins so meets its fate."""
        hub = Hub(load_profile(simulation.profile_path))
        way = Unreliable(hub, text, fate)
        try:
            result = await self.over(simulation, hasty(plan, 10 if text else 60), way)
        finally:
            await hub.aclose()
        assert way.met is bool(text), f"{text!r} was never sent"
        return result

    async def over(self, simulation: Simulation, plan: Plan, way: Asker) -> Result:
        """The same over any way to the platform."""

        async def go(stage: int, why: str) -> Decision:
            return Decision.ABANDON if why else Decision.GO

        record = Record(Kept(), "0001", self.events.append, evidence=self.evidence)
        async with passing_time(simulation, 1):
            return await Execution(plan, way, record, go).run()

    def told(self, words: str) -> bool:
        return any(words in event.sentence for event in self.events)


async def carried(folder: Path, simulation: Simulation, runbook: str, **given: str) -> tuple[Result, Carried]:
    run = Carried(folder)
    return await run.run(simulation, await made(simulation, runbook, **given)), run


def serving(simulation: Simulation) -> set[str]:
    return {name for name, node in simulation.storage.nodes.items() if node.active}
