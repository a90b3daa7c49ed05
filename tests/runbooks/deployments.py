"""Deployments on the simulated Tomcats: what they have, and something that happens in the middle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.runbooks.simulated import Kept, hasty, passing_time, planned

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.artefacts import keep
from saitotui.engine.runs.execution import Execution, Line, preflight
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Command, Failure
from saitotui.model.plan import Plan, Refusal
from saitotui.model.run import Decision, Result, RunEvent
from saitotui.simulator.simulation import Simulation

DEPLOY, RETIRE, BACK = "parallel-deploy-war", "retire-app-version", "roll-back-app-version"
NODES = ("tc1", "tc2", "tc3")
NO_GATES: Mapping[str, Decision] = {}


async def deployment(
    simulation: Simulation, file: str = "002", soak: str = "0", **more: str
) -> Plan | Refusal:
    """The plan to deploy one of the files that the simulation offers."""
    war = keep(simulation.directory, simulation.directory / "wars" / f"app##{file}.war")
    return await planned(simulation, DEPLOY, war=war, soak=soak, **more)


async def made(simulation: Simulation, file: str = "002", soak: str = "0", **more: str) -> Plan:
    plan = await deployment(simulation, file, soak, **more)
    assert isinstance(plan, Plan), plan
    return plan


def versions(simulation: Simulation) -> dict[str, dict[str, bool]]:
    """What each Tomcat has of the application, and whether it runs."""
    tomcats = simulation.http.application.tomcats.tomcats
    return {name: {app.version: app.running for app in tomcats[name].versions("/app")} for name in NODES}


def all_have(simulation: Simulation, *wanted: str) -> bool:
    return versions(simulation) == {name: dict.fromkeys(wanted, True) for name in NODES}


@dataclass
class Happening:
    """Something happens right before the first command that `when` recognises."""

    hub: Hub
    when: Callable[[Command], bool]
    happen: Callable[[], object]
    happened: bool = False

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        if not self.happened and self.when(commands[0]):
            self.happened = True
            self.happen()
        return await self.hub.ask(commands, deadline)


async def carried(
    simulation: Simulation,
    plan: Plan,
    *,
    when: Callable[[Command], bool] = lambda command: False,
    happen: Callable[[], object] = lambda: None,
    gates: Mapping[str, Decision] = NO_GATES,
    longest: float = 60.0,
    events: list[RunEvent] | None = None,
) -> Result:
    """Runs a plan, on at every gate but those of the stages in `gates`, and away at the first trouble; time
    passes fast."""
    hub = Hub(load_profile(simulation.profile_path))
    told: list[RunEvent] = events if events is not None else []

    async def go(stage: int, why: str) -> Decision:
        return Decision.ABANDON if why else gates.get(plan.stages[stage].name, Decision.GO)

    try:
        way = Happening(hub, when, happen)
        record = Record(Kept(), "0001", told.append)
        async with passing_time(simulation, 20):
            return await Execution(hasty(plan, longest), way, record, go).run()
    finally:
        await hub.aclose()


async def asked(simulation: Simulation, plan: Plan) -> dict[str, Line]:
    """The lines of the preflight by their sentences."""
    hub = Hub(load_profile(simulation.profile_path))
    try:
        lines = await preflight(hub, plan.preflight)
        return {line.condition.check.sentence: line for line in lines}
    finally:
        await hub.aclose()


def until(plan: Plan, *stages: str) -> Plan:
    """`plan`, but only these stages of it."""
    return replace(plan, stages=tuple(stage for stage in plan.stages if stage.name in stages))
