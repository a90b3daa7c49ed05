"""The console on a terminal: its first frame, its memory, what it writes, how fast keys are answered."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import yaml
from tests.bench.polls import hosts
from tests.bench.rows import Result, Row, alternate
from tests.bench.terminal import running

HOSTS = 12
QUIET, BUSY = 500, 2000
"""Bytes a second that may be written at 80x24."""
LISTEN = 10.0
KEYS = 120
PAINT = 50.0
"""Milliseconds from a key to what it paints."""
BARE = ["-m", "tests.bench.bare_app"]


@contextmanager
def black_hole() -> Iterator[int]:
    """A port whose queue is full: connection attempts get no answer, as behind a dead router."""
    with socket.socket() as hole, socket.socket() as one, socket.socket() as other:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for filler in (one, other):
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        yield hole.getsockname()[1]


def platform(folder: Path, name: str, entries: Mapping[str, Mapping[str, Any]]) -> str:
    """A profile of hosts alone; its file."""
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({"name": name, "environment": {"name": "lab"}, "hosts": dict(entries)}))
    return str(file)


def _silent(folder: Path, port: int) -> str:
    entry = {"address": "127.0.0.1", "port": port, "user": "root"}
    return platform(folder, "silent", {f"h{number}": entry for number in range(HOSTS)})


def _start(folder: Path) -> Iterable[Result]:
    environment = {"XDG_STATE_HOME": str(folder)}
    memory: dict[str, float] = {}

    def take(kind: str, arguments: Sequence[str], words: bytes) -> float:
        with running(arguments, environment) as terminal:
            took = terminal.until(words)
            memory[kind] = terminal.memory
        return took * 1000

    with black_hole() as port:
        ours = ["-m", "saitotui", "--profile", _silent(folder, port)]
        take("warm", ours, b"Tiers")
        mine, other = alternate(lambda: take("ours", ours, b"Tiers"), lambda: take("bare", BARE, b"Tiers"))
        yield Row("first frame, every host black-holed", mine, "ms", other, "a bare Textual application")
        (useful,) = alternate(lambda: take("useful", ours, b"probably me"), rounds=3)
        yield Row("until it says that all are silent", useful, "ms")
        yield Row("memory after the first frame", memory["ours"], "MiB", memory["bare"], "the same")


def _written(folder: Path) -> Iterable[Result]:
    """A quiet platform on the overview; one under load on the busiest screen."""
    environment = {"XDG_STATE_HOME": str(folder)}
    for name, arguments, aim in (
        ("quiet, overview", [], QUIET),
        ("busy, database", ["--screen", "database"], BUSY),
    ):
        with running(["-m", "saitotui", "demo", *arguments], environment) as terminal:
            terminal.until(b"db1")
            terminal.written(LISTEN)
            yield Row(f"written a second, {name} (demo)", terminal.written(LISTEN), "B/s", aim=aim)


def _keys(folder: Path, size: int, way: Mapping[str, Any]) -> Iterable[Result]:
    """Cursor keys while that many hosts are polled."""
    entry = {"address": "127.0.0.1", "user": "root", **way}
    profile = platform(folder, f"hosts{size}", {f"h{number:04}": entry for number in range(size)})
    with running(
        ["-m", "saitotui", "--profile", profile, "--screen", "hosts"], {"XDG_STATE_HOME": str(folder)}
    ) as terminal:
        terminal.until(b"h0003")
        terminal.written(5.0)
        took = sorted(terminal.key(b"jk"[n % 2 : n % 2 + 1]) * 1000 for n in range(KEYS))
        yield Row(f"key to paint, {size} hosts polled, median", took[KEYS // 2], "ms")
        yield Row(f"key to paint, {size} hosts polled, p99", quantiles(took, n=100)[98], "ms", aim=PAINT)
        yield Row(f"memory, {size} hosts", terminal.memory, "MiB")


def bench() -> Iterable[Result]:
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as name:
        yield from _start(Path(name))
        yield from _written(Path(name))
        with hosts() as way:
            for size in (12, 100, 1000):
                yield from _keys(Path(name), size, way)
