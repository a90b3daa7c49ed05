"""Programs on a pseudo terminal: when they show something, what they write, how fast keys are answered."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ui import pty

COLUMNS, ROWS = 80, 24


@dataclass
class Terminal:
    """A program and the master side of its terminal; `began` by time.perf_counter()."""

    process: subprocess.Popen[bytes]
    master: int
    began: float

    def until(self, words: bytes, limit: float = pty.LIMIT) -> float:
        """Seconds from the start until `words` were shown. Raises TimeoutError."""
        seen = b""
        while words not in seen:
            piece = pty.read(self.master)
            if piece is None or time.perf_counter() - self.began > limit:
                raise TimeoutError(f"{self.process.args!r} never showed {words!r}")
            seen += piece
        return time.perf_counter() - self.began

    def written(self, seconds: float) -> float:
        """Bytes a second that it writes during `seconds`."""
        count, end = 0, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            count += len(pty.read(self.master, left) or b"")
        return count / seconds

    def key(self, pressed: bytes) -> float:
        """Seconds from a key until something is painted. What is still on its way is read first."""
        while pty.read(self.master, 0.02):
            pass
        began = time.perf_counter()
        os.write(self.master, pressed)
        if not pty.read(self.master, 10.0):
            raise TimeoutError(f"nothing was painted for {pressed!r}")
        return time.perf_counter() - began

    @property
    def memory(self) -> float:
        """Resident memory now, MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


@contextmanager
def running(arguments: Sequence[str], environment: Mapping[str, str], python: str = "") -> Iterator[Terminal]:
    """Python with `arguments` at 80x24; killed at the end. Bytecode is kept, as on a user's machine."""
    began = time.perf_counter()
    kept = {"PYTHONDONTWRITEBYTECODE": "", **environment}
    process, master = pty.spawn(arguments, columns=COLUMNS, rows=ROWS, environment=kept, python=python)
    try:
        yield Terminal(process, master, began)
    finally:
        process.kill()
        process.wait()
        os.close(master)
