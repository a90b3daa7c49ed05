"""The console on a terminal: its first frame, with hosts that answer nothing, its memory, what it writes."""

from __future__ import annotations

import os
import re
import socket
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml
from tests.bench.rows import Result, Row, Skipped, alternate
from tests.ui import pty

HOSTS = 12
LISTEN = 5.0
"""Seconds for which what is written is counted."""


def _until(arguments: Sequence[str], words: bytes, environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds from the start of a program until it has shown `words`, and its memory then (MiB)."""
    began = time.perf_counter()
    process, master = pty.spawn(arguments, columns=80, rows=24, environment=environment)
    try:
        seen = b""
        while words not in seen:
            piece = pty.read(master)
            if piece is None or time.perf_counter() - began > pty.LIMIT:
                raise TimeoutError(f"{arguments} never showed {words!r}: {seen[-500:]!r}")
            seen += piece
        took = time.perf_counter() - began
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return took * 1000, int(found[1]) / 1024 if found else 0.0
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _written(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    """Bytes a second that a console writes to a quiet platform's screen, after its first seconds."""
    process, master = pty.spawn(arguments, columns=80, rows=24, environment=environment)
    try:
        for length in (LISTEN * 2, LISTEN):
            count, end = 0, time.monotonic() + length
            while (left := end - time.monotonic()) > 0:
                count += len(pty.read(master, left) or b"")
        return count / LISTEN
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _profile(folder: Path, port: int) -> Path:
    """A platform whose every host takes connections and says nothing."""
    hosts = {f"h{n}": {"address": "127.0.0.1", "port": port, "user": "root"} for n in range(HOSTS)}
    file = folder / "silent.yaml"
    file.write_text(yaml.safe_dump({"name": "silent", "environment": {"name": "lab"}, "hosts": hosts}))
    return file


def bench() -> Iterable[Result]:
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as name, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(HOSTS * 4)
        environment = {"XDG_STATE_HOME": name}
        profile = str(_profile(Path(name), silent.getsockname()[1]))
        ours = ["-m", "saitotui", "--profile", profile]
        bare = ["-m", "tests.bench.bare_app"]
        memory: dict[str, float] = {}

        def take(kind: str, arguments: Sequence[str], words: bytes) -> float:
            took, memory[kind] = _until(arguments, words, environment)
            return took

        mine, other = alternate(lambda: take("ours", ours, b"Tiers"), lambda: take("bare", bare, b"Tiers"))
        yield Row("first frame, every host silent", mine, "ms", other, "a bare Textual application")
        (useful,) = alternate(lambda: take("useful", ours, b"probably me"), rounds=3)
        yield Row("a screen that names the silent hosts", useful, "ms")
        yield Row("memory after the first frame", memory["ours"], "MiB", memory["bare"], "the same")
        yield Row(
            "written in a quiet second (demo)",
            _written(["-m", "saitotui", "demo"], environment),
            "B/s",
            aim=500,
        )
    yield Skipped("written, against Dolphie", "Dolphie is not among this project's packages")
