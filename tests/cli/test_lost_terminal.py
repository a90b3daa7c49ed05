"""The console ends with its terminal, however it is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LONG = 60.0
"""Seconds after which it has not ended, on the slowest machine."""


def hang_up(console: subprocess.Popen[bytes], master: int) -> None:
    os.close(master)


def signalled(number: signal.Signals) -> Callable[[subprocess.Popen[bytes], int], None]:
    def send(console: subprocess.Popen[bytes], master: int) -> None:
        console.send_signal(number)
        while True:
            try:
                if not os.read(master, 65_536):
                    break
            except OSError:
                break
        os.close(master)

    return send


@pytest.mark.parametrize(
    ("end", "status"),
    [
        pytest.param(hang_up, 128 + signal.SIGHUP, id="nobody passes SIGHUP on"),
        pytest.param(signalled(signal.SIGHUP), 128 + signal.SIGHUP, id="SIGHUP"),
        pytest.param(signalled(signal.SIGTERM), 128 + signal.SIGTERM, id="SIGTERM"),
    ],
)
def test_the_console_ends(
    end: Callable[[subprocess.Popen[bytes], int], None], status: int, tmp_path: Path
) -> None:
    master, slave = os.openpty()
    # A session of its own, without a controlling terminal: the kernel sends it no SIGHUP.
    console = subprocess.Popen(
        [sys.executable, "-m", "saitotui", "demo"],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(slave)
    try:
        seen = b""
        while b"Tiers" not in seen:
            seen += os.read(master, 65_536)
        end(console, master)
        assert console.wait(LONG) == status
    finally:
        console.kill()
        console.wait()
