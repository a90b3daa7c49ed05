"""swap-db-master on the simulated platform: whole, and with one command refused or lost at every act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.poll import Asker, Memory, look
from saitotui.engine.registry import platform
from saitotui.engine.runs.catalogue import plan_of
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.record import Record
from saitotui.model.command import Answer, Command, Failure, FailureKind
from saitotui.model.plan import Outcome, Plan, Refusal, lines
from saitotui.model.profile import Profile
from saitotui.model.run import Decision, Result
from saitotui.model.snapshot import Snapshot
from saitotui.simulator.simulation import Simulation

ID = "swap-db-master"
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


async def seen(hub: Hub, profile: Profile, now: Any) -> Snapshot:
    """What the database and monitoring tiers see."""
    questions = [
        question
        for key, question in platform(profile).questions.items()
        if key.startswith(("database/", "monitoring/", "zabbix/"))
    ]
    memory = Memory()
    return await look(hub, questions, memory, now)


async def swap(simulation: Simulation, text: str = "", fate: str = "") -> Result:
    """Plans and runs one swap. The fate counts from the first act on: what is asked before is answered."""
    profile = load_profile(simulation.profile_path)
    hub = Hub(profile)
    try:
        plan = plan_of(profile, await seen(hub, profile, simulation.world.clock.now), ID, {})
        assert isinstance(plan, Plan), plan
        asker = Unreliable(hub, text, fate)

        async def go(stage: int, trouble: str) -> Decision:
            return Decision.ABANDON if trouble else Decision.GO

        record = Record(Kept(), "0001", lambda event: None)
        result = await Execution(plan, asker, record, go).run()
        assert asker.met is bool(text)
        return result
    finally:
        await hub.aclose()


def writers(simulation: Simulation) -> set[str]:
    return {name for name, server in simulation.database.servers.items() if not server.read_only}


def route(simulation: Simulation) -> set[str]:
    return {simulation.haproxy.route(name) for name in simulation.haproxy.nodes}


async def test_there_and_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        for master, replica in (("db2", "db1"), ("db1", "db2")):
            result = await swap(simulation)
            assert result.outcome is Outcome.DONE, result.sentence
            assert writers(simulation) == route(simulation) == {master}
            assert simulation.database.servers[master].replication is None
            following = simulation.database.servers[replica].replication
            assert following is not None
            assert following.source == master


@pytest.mark.parametrize(
    "scenario", ["haproxy-failback-trap", "replication-stopped", "two-masters", "db-master-dead"]
)
async def test_what_is_not_proven_safe_is_refused(tmp_path: Path, scenario: str) -> None:
    async with Simulation(tmp_path / "sim", scenario, frozen=True) as simulation:
        profile = load_profile(simulation.profile_path)
        hub = Hub(profile)
        try:
            made = plan_of(profile, await seen(hub, profile, simulation.world.clock.now), ID, {})
        finally:
            await hub.aclose()
    assert isinstance(made, Refusal)
    assert made.reasons


async def test_a_plan_is_the_same_for_the_same_platform_and_holds_no_secret(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        profile = load_profile(simulation.profile_path)
        hub = Hub(profile)
        try:
            plans = [
                plan_of(profile, await seen(hub, profile, simulation.world.clock.now), ID, {})
                for _ in range(2)
            ]
        finally:
            await hub.aclose()
        password = simulation.passwords["repl"]
    one, other = plans
    assert isinstance(one, Plan)
    assert isinstance(other, Plan)
    assert one.digest == other.digest
    text = "\n".join(lines(one))
    assert "POINT OF NO RETURN" in text
    assert password not in text


ACTS = (
    ("action.update", Outcome.UNDONE),
    ("SET SESSION lock_wait_timeout", Outcome.UNDONE),
    ("FLUSH TABLES WITH READ LOCK", Outcome.UNDONE),
    ("SELECT @@global.gtid_binlog_pos AS position", Outcome.UNDONE),
    ("SELECT MASTER_GTID_WAIT", Outcome.UNDONE),
    ("SET GLOBAL read_only = 1", Outcome.UNDONE),
    ("SET GLOBAL read_only = 0", Outcome.UNDONE),
    ("set server", Outcome.DONE),
    ("UNLOCK TABLES", Outcome.DONE),
    ("RESET SLAVE ALL", Outcome.FAILED),
)
"""Acts, in their order, and how a run ends in which that one goes wrong."""
RETRIED = {"FLUSH TABLES WITH READ LOCK"}
"""What is tried again when it is refused."""


@pytest.mark.parametrize("fate", [REFUSED, LOST, LOST_AFTER])
@pytest.mark.parametrize(("text", "outcome"), ACTS)
async def test_whatever_is_lost_nobody_is_left_in_doubt(
    tmp_path: Path, text: str, outcome: Outcome, fate: str
) -> None:
    """Never two writers; and the outcome says what the platform is like."""
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        result = await swap(simulation, text, fate)
        assert len(writers(simulation)) == 1, result.sentence
        if result.outcome is Outcome.DONE:
            assert writers(simulation) == route(simulation) == {"db2"}
        elif result.outcome in (Outcome.UNDONE, Outcome.REFUSED):
            assert writers(simulation) == route(simulation) == {"db1"}
            assert simulation.database.servers["db1"].locked_by == 0
        expected = {outcome}
        if fate == REFUSED and text in RETRIED:
            expected = {Outcome.DONE}
        elif text == "action.update":
            expected = {Outcome.REFUSED, Outcome.UNDONE, Outcome.DONE}
        elif outcome is Outcome.FAILED and fate == LOST_AFTER:
            expected = {Outcome.DONE}
        elif outcome is Outcome.FAILED:
            expected |= {Outcome.INDETERMINATE}
        assert result.outcome in expected, result.sentence
