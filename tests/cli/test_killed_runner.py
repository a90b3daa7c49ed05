"""A run whose process is killed again and again ends as if nothing had happened, followed in lines."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from saitotui.cli.follow import LEFT_BEHIND
from saitotui.engine.runs.folder import RunFolder
from saitotui.simulator.simulation import SimulationThread

LIMIT = 90.0
"""Seconds after which the run is killed, and the test fails."""


class Guided:
    """A command that follows a run, with its prompts answered; `text` is everything that it printed."""

    def __init__(self, profile: Path, state: Path, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "saitotui", *command, "--profile", str(profile)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "SAITOTUI_STATE": str(state)},
        )  # fmt: skip
        self.text = ""
        self._end = threading.Timer(LIMIT, self.process.kill)
        self._end.start()

    def until(self, words: str) -> None:
        """Reads on until `words` were printed anew."""
        seen = ""
        while words not in seen:
            piece = self._read()
            assert piece, f"it ended without {words!r}:\n{self.text}"
            seen += piece

    def prompt(self) -> str | None:
        """What the next gate wants to have typed; None when the run ended instead."""
        seen = ""
        while not (found := _PROMPT.search(seen)):
            piece = self._read()
            if not piece:
                return None
            seen += piece
        return found[1] or ""

    def _read(self) -> str:
        assert self.process.stdout is not None
        piece = os.read(self.process.stdout.fileno(), 65_536).decode()
        self.text += piece
        return piece

    def answer(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def close(self) -> None:
        self._end.cancel()
        self.process.kill()
        self.process.communicate()


_PROMPT = re.compile(r"1\. (?:type `([^`]+)`|press Enter) to begin; 2\. `undo`; 3\. `abandon`: ")


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
