"""A run whose process is killed again and again ends as if nothing had happened, followed in lines."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from saitotui.engine.runs.folder import RunFolder
from saitotui.simulator.simulation import SimulationThread

LIMIT = 90.0
"""Seconds after which the run is killed, and the test fails."""


class Guided:
    """`saitotui run` with its prompts answered; `text` is everything that it printed."""

    def __init__(self, profile: Path, state: Path) -> None:
        command = [sys.executable, "-m", "saitotui", "run", "swap-db-master", "--profile", str(profile)]
        self.process = subprocess.Popen(
            [*command, "--plain", "--reason", "a drill"],
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


def test_a_run_survives_its_process(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with SimulationThread(tmp_path / "sim") as simulation:
        guided = Guided(simulation.profile_path, state)
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
