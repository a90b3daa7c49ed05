"""Photographs: what the console sees of a simulated scenario, the same on every machine and every day."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import platform
from saitotui.model.command import Failure
from saitotui.model.picture import Picture
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.simulator.simulation import Simulation

START = 1_768_446_000.0
"""2026-01-15 03:00:00 UTC: when every scenario begins."""
POLL = 10.0
"""Simulated seconds between the two looks of a photograph: what changes in between is an event."""
COST = 0.012

_PORT = re.compile(r"(127\.0\.0\.1|localhost):\d+")


async def photograph(scenario: str, fleet: int = 0) -> Picture:
    """The picture after the scenario's time and one more poll, with so many hosts that only Zabbix knows."""
    with tempfile.TemporaryDirectory(prefix="saitotui-scene-") as folder:
        simulation = Simulation(Path(folder) / "fsn1", scenario, frozen=True, start_at=START, fleet=fleet)
        async with simulation:
            seen = platform(load_profile(simulation.profile_path))
            hub, memory = Hub(seen.profile), Memory()
            clock = simulation.world.clock.now
            try:
                first = await look(hub, seen.questions.values(), memory, clock)
                picture = judge(seen, settled(first))
                simulation.advance(POLL)
                second = await look(hub, seen.questions.values(), memory, clock)
                return judge(seen, settled(second), picture)
            finally:
                await hub.aclose()


def settled(snapshot: Snapshot) -> Snapshot:
    """The snapshot without what differs from run to run: costs, ports."""
    return replace(
        snapshot,
        readings={key: _settled(reading) for key, reading in snapshot.readings.items()},
        earlier={key: _settled(reading) for key, reading in snapshot.earlier.items()},
    )


def _settled(reading: Reading[Any]) -> Reading[Any]:
    value = reading.value
    if isinstance(value, Failure):
        value = Failure(value.kind, _PORT.sub(r"\1:9999", value.sentence))
    raw = reading.raw
    if raw is not None:
        raw = replace(raw, text=_PORT.sub(r"\1:9999", raw.text))
    return replace(reading, value=value, cost=COST, raw=raw)
