"""A command that follows a run, in a process of its own, with its prompts answered."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

LIMIT = 90.0
"""Seconds after which the run is killed, and the test fails."""
_PROMPT = re.compile(r"1\. (?:type `([^`]+)`|press Enter) to begin; 2\. `undo`; 3\. `abandon`: ")


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
