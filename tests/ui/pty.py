"""Runs a program on a pseudo terminal, and collects what it writes there."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence

LIMIT = 90.0
"""Seconds after which a program that does not end is killed, and the test fails."""


def run(
    arguments: Sequence[str], *, columns: int, rows: int, environment: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Runs Python with `arguments` on a terminal; its exit status and everything it wrote."""
    process, master = spawn(arguments, columns=columns, rows=rows, environment=environment)
    output = b""
    end = time.monotonic() + LIMIT
    try:
        while time.monotonic() < end:
            piece = read(master)
            if piece is None:
                return process.wait(10), output
            output += piece
        raise TimeoutError(f"{arguments} did not end; it wrote {output[-500:]!r}")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def spawn(
    arguments: Sequence[str],
    *,
    columns: int,
    rows: int,
    environment: Mapping[str, str] | None = None,
    python: str = "",
) -> tuple[subprocess.Popen[bytes], int]:
    """The process, and the master side of its terminal; `python` is another interpreter than this one."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    kept = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "LC_ALL", "COLORTERM")
    }
    env = {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(environment or {})}
    process = subprocess.Popen(
        [python or sys.executable, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=env,
        start_new_session=True,
    )
    os.close(slave)
    return process, master


def read(master: int, wait: float = 0.5) -> bytes | None:
    """What is there to read, b"" when nothing came within `wait` seconds, None at the end."""
    if not select.select([master], [], [], wait)[0]:
        return b""
    try:
        return os.read(master, 65_536) or None
    except OSError:
        return None
