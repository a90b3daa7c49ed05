"""What the console draws of acting, from a real swap on the simulated platform: the same on every machine.

`scenes()` gives each scene's `Acts` and the picture it stands on. Views to draw: SCENES below.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.scenes import START, settled
from tests.ui.log_scenes import followed

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.arming import Armed
from saitotui.engine.journal.entry import GENESIS, Entry, make
from saitotui.engine.judge import judge
from saitotui.engine.poll import Asker, Memory, look
from saitotui.engine.registry import platform
from saitotui.engine.runs.baselines import Baseline, Took
from saitotui.engine.runs.execution import Execution
from saitotui.engine.runs.planning import Prepared, prepare
from saitotui.engine.runs.record import Record
from saitotui.engine.runs.standing import Standing
from saitotui.engine.runs.waits import Waits
from saitotui.engine.runs.walk import walk
from saitotui.model.command import Answer, Command, Danger, Failure, FailureKind
from saitotui.model.picture import Picture
from saitotui.model.plan import Plan
from saitotui.model.run import Decision, Kind, RunEvent
from saitotui.simulator.simulation import Simulation
from saitotui.ui.draw.acts import Acts, Followed, Seen

WHO, WHY = "anna@ops1", "INC-4711 db1 needs a new disk"
ID, DEPLOY = "swap-db-master", "parallel-deploy-war"

SCENES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "runbooks-green": ("runbooks", "", ()),
    "plan-green": ("overview", f"runbook {ID}", ()),
    "plan-measured": ("overview", f"runbook {ID}", ()),
    "plan-green-stages": ("overview", f"runbook {ID}", ("ctrl+d",)),
    "plan-refused": ("overview", f"runbook {ID}", ()),
    "run-parked": ("overview", "", ()),
    "run-gate": ("overview", "run 0007", ()),
    "run-half": ("overview", "run 0007", ()),
    "run-trouble": ("overview", "run 0007", ()),
    "run-unsettled": ("overview", "run 0007", ()),
    "run-done": ("overview", "run 0007", ()),
    "run-watched": ("overview", "run 0007", ()),
    "run-waiting": ("overview", "run 0007", ()),
    "journal-acting": ("journal", "", ()),
    "logs": ("application", "logs application", ()),
    "logs-wrong": ("application", "logs application", ("!",)),
    "log-entry": ("application", "line 5", ()),
}
"""Scene: the screen to open, the subject to open on top, the keys to press."""

_MOMENTS = re.compile(r"\d+(\.\d+)? ms")


@dataclass
class Fated:
    """A way to the platform on which what begins with `lost` is never answered once something acted."""

    hub: Asker
    lost: tuple[str, ...] = ()
    acting: bool = False

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        answers = await self.hub.ask(commands, deadline)
        self.acting = self.acting or commands[0].danger >= Danger.DISRUPTIVE
        gone = self.acting and any(commands[0].text.startswith(text) for text in self.lost)
        return [Failure(FailureKind.TIMEOUT, "no answer within 2s") for _ in answers] if gone else answers


class Kept:
    """A journal in memory, chained as the real one is."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.entries: list[Entry] = []
        self._clock = clock

    def append_all(self, items: list[tuple[str, Mapping[str, Any]]], run: str = "") -> Sequence[object]:
        for kind, body in items:
            before = self.entries[-1] if self.entries else None
            steady = {**body, **({"cost": 0.001} if "cost" in body else {})}
            steady |= {"seconds": 0.011} if kind == "window" else {}
            seq, previous = (before.seq + 1, before.hash) if before else (1, GENESIS)
            self.entries.append(make(seq, self._clock(), WHO, run, kind, steady, previous))
        return items


@dataclass(frozen=True)
class Walked:
    """A run: its plan with the preflight, the picture before it, its events to each gate and to the end."""

    picture: Picture
    prepared: Prepared
    gates: tuple[tuple[RunEvent, ...], ...]
    events: tuple[RunEvent, ...]
    entries: tuple[Entry, ...]


async def walked(scenario: str = "healthy", lost: tuple[str, ...] = ()) -> Walked:
    """A run that goes on at every gate, and ends at the first trouble."""
    with tempfile.TemporaryDirectory(prefix="saitotui-scene-") as folder:
        async with Simulation(Path(folder) / "fsn1", scenario, frozen=True, start_at=START) as simulation:
            seen = platform(load_profile(simulation.profile_path))
            hub, clock = Hub(seen.profile), simulation.world.clock.now
            try:
                snapshot = settled(await look(hub, seen.questions.values(), Memory(), clock))
                picture = judge(seen, snapshot)
                prepared = await prepare(hub, seen.profile, snapshot, ID, {}, clock)
                kept, events = Kept(clock), list[RunEvent]()
                gates: list[tuple[RunEvent, ...]] = []
                if isinstance(prepared.plan, Plan):
                    gates = await _run(prepared.plan, Fated(hub, lost), kept, events, clock)
                return Walked(picture, prepared, tuple(gates), tuple(events), tuple(kept.entries))
            finally:
                await hub.aclose()


async def deployed() -> Walked:
    """A deployment that waits for sessions to end."""
    with (
        tempfile.TemporaryDirectory(prefix="saitotui-scene-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SAITOTUI_STATE", folder)
        async with Simulation(Path(folder) / "fsn1", frozen=True, start_at=START) as simulation:
            seen = platform(load_profile(simulation.profile_path))
            hub, clock = Hub(seen.profile), simulation.world.clock.now
            try:
                snapshot = settled(await look(hub, seen.questions.values(), Memory(), clock))
                picture = judge(seen, snapshot)
                given = {"war": str(simulation.directory / "wars" / "app##002.war"), "soak": "0"}
                prepared = await prepare(hub, seen.profile, snapshot, DEPLOY, given, clock)
                assert isinstance(prepared.plan, Plan)
                kept, events, waits = Kept(clock), list[RunEvent](), Waits()
                gates = await _run(prepared.plan, Fated(hub), kept, events, clock, waits)
                waiting = next(number for number, event in enumerate(events) if "waits" in event.data)
                shown = tuple(events[: waiting + 1])
                return Walked(picture, prepared, tuple(gates), shown, tuple(kept.entries))
            finally:
                await hub.aclose()


async def _run(
    plan: Plan,
    asker: Fated,
    kept: Kept,
    events: list[RunEvent],
    clock: Callable[[], float],
    waits: Waits | None = None,
) -> list[tuple[RunEvent, ...]]:
    """Runs a plan; with `waits` no longer than until it waits for something."""
    gates: list[tuple[RunEvent, ...]] = []

    def told(event: RunEvent) -> None:
        events.append(steady(event))
        if waits is not None and "waits" in event.data:
            waits.stop(WHO)

    record = Record(kept, "0007", told, clock=clock)
    kept.append_all([("arm", {"seconds": 900, "why": WHY})])
    kept.append_all([("run-begin", {"runbook": plan.runbook, "digest": plan.digest, "why": WHY})], "0007")

    async def gate(stage: int, trouble: str) -> Decision:
        words = trouble or f"next: {plan.stages[stage].title}"
        record.tell(Kind.GATE, words, stage, confirm=plan.stages[stage].confirm)
        gates.append(tuple(events))
        record.tell(Kind.CONTROL, f"{WHO} decided: {'abandon' if trouble else 'go'}", holder=WHO)
        return Decision.ABANDON if trouble else Decision.GO

    record.tell(Kind.CONTROL, f"{WHO} took the controls", holder=WHO)
    await Execution(plan, asker, record, gate, waits=waits).run()
    return gates


def steady(event: RunEvent) -> RunEvent:
    """The event without what differs from run to run."""
    data = {**event.data}
    data |= {"cost": 0.001} if "cost" in data else {}
    data |= {"seconds": 0.011} if "seconds" in data else {}
    return replace(event, sentence=_MOMENTS.sub("11.0 ms", event.sentence), data=data)


def shown(run: Walked, events: Sequence[RunEvent], *, mine: bool = True, live: bool = True) -> Acts:
    """What the console knows at that moment, the run being open."""
    where, plan = walk(events), run.prepared.plan
    book = plan.runbook
    standing = Standing(
        "0007", book, WHO, WHY, where, live, where.result.outcome if where.result is not None else None
    )
    return Acts(
        able=True,
        armed=Armed(run.picture.at + 720, WHY) if mine else None,
        runs=(standing,),
        prepared={book: run.prepared},
        followed=Followed(
            "0007",
            book,
            WHO,
            WHY,
            where,
            plan if isinstance(plan, Plan) else None,
            tuple(events),
            live=live and where.result is None,
            mine=mine and live and where.result is None,
        ),
    )


MEASURED = Baseline(
    tuple(
        Took(1_768_000_000.0 + day, {1: 0.9 + day / 1e6, 2: seconds, 3: 2.1, 4: 0.4})
        for day, seconds in ((0, 0.012), (86_400, 0.009), (604_800, 0.031))
    )
)
"""Three swaps, as the journal has them."""

Scenes: TypeAlias = Mapping[str, tuple[Picture, Acts]]


async def scenes() -> Scenes:
    """Every scene of SCENES."""
    good = await walked()
    refused = await walked("replication-stopped")
    trouble = await walked(lost=("CHANGE MASTER", "START SLAVE"))
    blind = await walked(
        lost=("SET GLOBAL read_only = 0", "SELECT @@global.read_only", "SELECT @@GLOBAL.read")
    )
    waits = await deployed()
    green = Acts(able=True, prepared={ID: good.prepared})
    seen = Seen(
        tuple(reversed(good.entries)),
        len(good.entries),
        f"{len(good.entries)} entries, each follows the one before",
    )
    heard = await followed(good.picture.profile)
    made = {
        "runbooks-green": (good, green),
        "plan-green": (good, green),
        "plan-measured": (good, replace(green, baselines={ID: MEASURED})),
        "plan-green-stages": (good, green),
        "plan-refused": (refused, Acts(able=True, prepared={ID: refused.prepared})),
        "run-parked": (good, replace(shown(good, good.gates[1], mine=False, live=False), followed=None)),
        "run-gate": (good, shown(good, good.gates[0])),
        "run-half": (good, shown(good, good.gates[1])),
        "run-trouble": (trouble, shown(trouble, trouble.gates[-1])),
        "run-unsettled": (blind, shown(blind, blind.events)),
        "run-done": (good, shown(good, good.events)),
        "run-watched": (good, shown(good, good.gates[0], mine=False)),
        "run-waiting": (waits, shown(waits, waits.events)),
        "journal-acting": (good, Acts(able=True, journal=seen)),
        **dict.fromkeys(("logs", "logs-wrong", "log-entry"), (good, Acts(able=True, following=heard))),
    }
    return {name: (run.picture, acts) for name, (run, acts) in made.items()}
