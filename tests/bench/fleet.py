"""Thousands of hosts by Zabbix's values: what looking costs, how fast keys are answered, and memory.

The simulated Zabbix answers, in a process of its own; what it costs there is not counted.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

from tests.bench.console import KEYS, PAINT
from tests.bench.rows import Result, Row
from tests.bench.terminal import running

SIZES = (0, 1_000, 10_000)
LISTEN = 60.0


@contextmanager
def _simulated(folder: Path, size: int) -> Iterator[str]:
    """A platform whose Zabbix knows that many hosts more; its profile."""
    command = [sys.executable, "-m", "saitotui", "simulate", "--dir", str(folder), "--fleet", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def _used(process: subprocess.Popen[bytes]) -> float:
    """Processor seconds that a process has used (proc(5), stat: utime and stime, 100 a second)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def bench() -> Iterable[Result]:
    alone = 0.0
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as name:
            folder = Path(name)
            state = {"XDG_STATE_HOME": str(folder / "state")}
            with (
                _simulated(folder / "sim", size) as profile,
                running(["-m", "saitotui", "--profile", profile, "--screen", "hosts"], state) as terminal,
            ):
                terminal.until(b"node-00001" if size else b"db1", 60.0)
                terminal.written(10.0)
                before = _used(terminal.process)
                terminal.written(LISTEN)
                share = 100 * (_used(terminal.process) - before) / LISTEN
                took = sorted(terminal.key(b"jk"[n % 2 : n % 2 + 1]) * 1000 for n in range(KEYS))
                more = f"{size} hosts by Zabbix"
                yield Row(f"processor, {more}", share, "%", alone or None, "without them" if alone else "")
                alone = alone or share
                yield Row(f"key to paint, {more}, median", took[KEYS // 2], "ms")
                yield Row(f"key to paint, {more}, p99", quantiles(took, n=100)[98], "ms", aim=PAINT)
                yield Row(f"memory, {more}", terminal.memory, "MiB")
