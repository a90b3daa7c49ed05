"""What is built once, and kept as long as what it is built of stays the same."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lab.host import LabError, end_of


def built(cache: Path, source: Path, suffix: str, line: Callable[[Path], Sequence[str]]) -> Path:
    """What the command line `line` makes of `source`, in `cache`, when there is none of this content yet."""
    made = cache / f"{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}{suffix}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        # Several runs at the same time build it once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _build(source, line, made.with_suffix(".new"), cache / f"{source.name}.log")
            made.with_suffix(".new").replace(made)
    return made


def _build(source: Path, line: Callable[[Path], Sequence[str]], new: Path, log: Path) -> None:
    with log.open("wb") as said:
        done = subprocess.run(line(new), stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=600)
    if done.returncode:
        raise LabError(f"nothing was built of {source.name}{end_of(log)}")
