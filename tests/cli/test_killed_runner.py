"""A run whose process is killed again and again ends as if nothing had happened, followed in lines."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.cli.guided import LIMIT, Guided

from saitotui.cli.follow import LEFT_BEHIND
from saitotui.engine.runs.folder import RunFolder
from saitotui.simulator.simulation import SimulationThread

RUN = ("run", "swap-db-master", "--plain", "--reason", "a drill")


def test_a_run_survives_its_process(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with SimulationThread(tmp_path / "sim") as simulation:
        guided = Guided(simulation.profile_path, state, *RUN)
        try:
            for _ in range(3):
                assert guided.prompt() is not None
                (path,) = state.glob("*/runs/0001")
                os.kill(RunFolder(path).pid, signal.SIGKILL)
                guided.until("its process was started again; attached to it")
                wanted = guided.prompt()
                assert wanted is not None, guided.text
                guided.answer(wanted)
            while (wanted := guided.prompt()) is not None:
                guided.answer(wanted)
            assert guided.process.wait(LIMIT) == 0, guided.text
            assert guided.text.count("ACT stage 1 on db1 (mysql): FLUSH TABLES") == 1, guided.text
        finally:
            guided.close()


def test_a_run_that_was_left_behind_is_resumed(tmp_path: Path) -> None:
    """Its host was reset: nothing of it is left but its folder."""
    state = tmp_path / "state"
    with SimulationThread(tmp_path / "sim") as simulation:
        guided = Guided(simulation.profile_path, state, *RUN)
        try:
            wanted = guided.prompt()
            assert wanted is not None
            (path,) = state.glob("*/runs/0001")
            worker = RunFolder(path).pid
            supervisor = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(supervisor, signal.SIGKILL)
            os.kill(worker, signal.SIGKILL)
            guided.until("saitotui resume 0001")
            assert guided.process.wait(LIMIT) == LEFT_BEHIND
        finally:
            guided.close()
        resumed = Guided(simulation.profile_path, state, "resume", "0001")
        try:
            while (wanted := resumed.prompt()) is not None:
                resumed.answer(wanted)
            assert resumed.process.wait(LIMIT) == 0, resumed.text
            assert resumed.text.count("ACT stage 1 on db1 (mysql): FLUSH TABLES") == 1, resumed.text
        finally:
            resumed.close()
