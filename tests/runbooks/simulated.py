"""Runbooks on the simulated platform, with one command that is refused or lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.poll import Asker, Memory, look
from saitotui.engine.registry import platform
from saitotui.engine.runs.catalogue import catalogue, plan_of
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Command, Failure, FailureKind
from saitotui.model.plan import Plan, Refusal, Step
from saitotui.model.profile import Profile
from saitotui.model.run import Decision, Result
from saitotui.model.snapshot import Snapshot
from saitotui.simulator.simulation import Simulation

REFUSED, LOST, LOST_AFTER = "refused", "lost before it took effect", "lost after it took effect"


@dataclass
class Kept:
    """A journal and a run folder that keep everything in memory."""

    entries: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def append_all(self, items: list[tuple[str, Mapping[str, Any]]], run: str = "") -> Sequence[object]:
        self.entries += items
        return items


@dataclass
class Unreliable:
    """A way to the platform on which the first command that begins with `text` meets its fate."""

    hub: Asker
    text: str = ""
    fate: str = ""
    met: bool = False

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        if self.met or not self.text or not commands[0].text.startswith(self.text):
            return await self.hub.ask(commands, deadline)
        self.met = True
        if self.fate == REFUSED:
            return [Failure(FailureKind.ERROR, "refused by the server")]
        if self.fate == LOST_AFTER:
            await self.hub.ask(commands, deadline)
        return [Failure(FailureKind.TIMEOUT, "no answer")]


READ = {
    "database": ("database/", "monitoring/", "zabbix/", "cluster/"),
    "application": ("application/", "monitoring/", "zabbix/"),
    "storage": ("storage/", "monitoring/", "zabbix/", "cluster/", "hardware/"),
    "hardware": ("hardware/",),
    "hosts": ("",),
    "cluster": ("cluster/", "hosts/", "database/"),
    "monitoring": ("monitoring/",),
    "drill": ("",),
}
"""By the tier of a runbook: the questions whose answers it reads."""


async def seen(hub: Hub, profile: Profile, now: Any, tier: str = "database") -> Snapshot:
    """What the tiers that runbooks of one tier read see."""
    questions = [
        question for key, question in platform(profile).questions.items() if key.startswith(READ[tier])
    ]
    memory = Memory()
    return await look(hub, questions, memory, now)


async def planned(simulation: Simulation, runbook: str, **parameters: str) -> Plan | Refusal:
    """What the runbook makes of the platform as it is."""
    profile = load_profile(simulation.profile_path)
    hub = Hub(profile)
    try:
        # A drill asks what would stop without a host, whatever runs there.
        tier = "drill" if runbook.startswith("drill-") else catalogue()[runbook].tier
        snapshot = await seen(hub, profile, simulation.world.clock.now, tier)
        return plan_of(profile, snapshot, runbook, parameters)
    finally:
        await hub.aclose()


async def unplanned(folder: Path, runbook: str, scenario: str, given: Mapping[str, str]) -> str:
    """Why the runbook makes no plan in a scenario."""
    async with Simulation(folder / "sim", scenario, frozen=True) as simulation:
        simulation.advance(60)
        refused = await planned(simulation, runbook, **given)
        assert isinstance(refused, Refusal)
        return "; ".join(refused.reasons)


@asynccontextmanager
async def passing_time(simulation: Simulation, step: float = 1) -> AsyncIterator[None]:
    """Time passes in the block, faster than it does: `step` seconds at a time."""

    async def passing() -> None:
        while True:
            await asyncio.sleep(0.02)
            simulation.advance(step)

    task = asyncio.create_task(passing())
    try:
        yield
    finally:
        task.cancel()


def hasty(plan: Plan, longest: float) -> Plan:
    """`plan`, waiting for nothing longer than `longest` seconds. Whether sessions end is looked at often."""

    def step(one: Step) -> Step:
        acts = tuple(replace(act, pause=min(act.pause, 0.05) if one.parks else act.pause) for act in one.acts)
        deadline, proof = min(one.deadline, longest), min(one.proof, longest)
        return replace(one, acts=acts, deadline=deadline, proof=proof)

    stages = (replace(stage, steps=tuple(map(step, stage.steps))) for stage in plan.stages)
    return replace(plan, disarm=tuple(map(step, plan.disarm)), stages=tuple(stages))


async def carried_out(simulation: Simulation, runbook: str, text: str = "", fate: str = "") -> Result:
    """Plans and runs a runbook. The fate counts from the first act on: what is asked before is answered."""
    plan = await planned(simulation, runbook)
    assert isinstance(plan, Plan), plan
    return await executed(simulation, plan, text, fate)


async def executed(simulation: Simulation, plan: Plan, text: str = "", fate: str = "") -> Result:
    """Runs a plan, on at every gate and away at the first trouble. One in which something goes wrong does not
    wait long for what cannot come."""
    plan = hasty(plan, 3) if text else plan
    hub = Hub(load_profile(simulation.profile_path))
    try:
        asker = Unreliable(hub, text, fate)

        async def go(stage: int, trouble: str) -> Decision:
            return Decision.ABANDON if trouble else Decision.GO

        result = await Execution(plan, asker, Record(Kept(), "0001", lambda event: None), go).run()
        assert asker.met is bool(text), f"{text!r} was never sent"
        return result
    finally:
        await hub.aclose()


def writers(simulation: Simulation) -> set[str]:
    """The databases that take writes."""
    return {
        name for name, server in simulation.database.servers.items() if server.up and not server.read_only
    }


def route(simulation: Simulation) -> set[str]:
    """Where HAProxy sends writes."""
    return {simulation.haproxy.route(name) for name in simulation.haproxy.nodes}
