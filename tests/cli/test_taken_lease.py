"""A run whose lease somebody else has by now does nothing more, and undoes nothing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.guided import LIMIT, Guided

from saitotui.simulator.simulation import Simulation, SimulationThread

HOLDER = "/etc/pve/saitotui/database/holder"
BEN = {"renewed": 1, "run": "0042", "runbook": "rebuild-db-replica", "who": "ben@ops2", "why": "it hung"}


def take_over(simulation: Simulation) -> None:
    """Somebody held the lease for stale, and typed that they take it."""
    held = [machine.files for machine in simulation.world.machines.values() if HOLDER in machine.files]
    assert held
    for files in held:
        files[HOLDER] = json.dumps(BEN)


def test_nothing_more_is_done(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with SimulationThread(tmp_path / "sim") as simulation:
        guided = Guided(
            simulation.profile_path, state, "run", "swap-db-master", "--plain", "--reason", "a drill"
        )
        try:
            wanted = guided.prompt()
            assert wanted == "demote db1", guided.text
            simulation.call(take_over)
            guided.answer(wanted)
            assert guided.prompt() == "demote db1", guided.text
            assert "is not ours any more: ben@ops2 holds it now, run 0042" in guided.text
            guided.answer("undo")
            assert guided.prompt() == "demote db1", guided.text
            guided.answer("abandon")
            assert guided.prompt() is None
            assert guided.process.wait(LIMIT) != 0
        finally:
            guided.close()
        assert "ACT stage" not in guided.text
        held = simulation.call(lambda one: [m.files.get(HOLDER) for m in one.world.machines.values()])
        assert json.dumps(BEN) in held
