"""An engineer at 03:00: logged in by ssh(1), swaps the real master, is cut off twice, and finishes it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.lab.platform import Lab
from tests.lab.sshd import PORT
from tests.lab.swaps import Checker, all_kept, writing

pytestmark = pytest.mark.lab

DESK = "lb1"
"""The machine that the console runs on."""
LIMIT = 120.0
_GATE = re.compile(r"1\. (?:type `([^`]+)`|press Enter) to begin; 2\. `undo`; 3\. `abandon`: ")
_AMBER = re.compile(r"Type `accept` to take the amber lines upon you: ")


class Login:
    """A terminal on the desk, by ssh(1), in which one command runs; `text` is all that it printed."""

    def __init__(self, lab: Lab, state: Path, *command: str) -> None:
        known = state / "known_hosts"
        key = lab.sshd[DESK].host_key
        known.write_text(f"[{lab.address(DESK)}]:{PORT} {key}\n", "ascii")
        remote = shlex.join(["env", f"XDG_STATE_HOME={state}", sys.executable, "-m", "saitotui", *command])
        self.process = subprocess.Popen(
            ["ssh", "-tt", "-F", "/dev/null", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes",
             "-o", f"UserKnownHostsFile={known}", "-i", str(lab.folder / "client_key"), "-p", str(PORT),
             f"root@{lab.address(DESK)}", remote],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.text = ""
        self._seen = 0
        self._end = threading.Timer(LIMIT, self.process.kill)
        self._end.start()

    def until(self, wanted: re.Pattern[str]) -> re.Match[str]:
        """Reads on until it prints `wanted` anew."""
        while not (found := wanted.search(self.text, self._seen)):
            assert self.process.stdout is not None
            piece = os.read(self.process.stdout.fileno(), 65_536).decode()
            assert piece, f"it ended without {wanted.pattern}:\n{self.text}"
            self.text += piece
        self._seen = found.end()
        return found

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def go(self) -> None:
        """Goes on at the next gate, with what it wants to have typed."""
        self.say(self.until(_GATE)[1] or "")

    def cut(self) -> None:
        """The engineer's connection is gone, without a word."""
        self.process.kill()

    def close(self) -> None:
        self._end.cancel()
        self.process.kill()
        self.process.communicate()


@contextmanager
def login(lab: Lab, state: Path, *command: str) -> Iterator[Login]:
    one = Login(lab, state, *command, "--profile", str(lab.profile))
    try:
        yield one
    finally:
        one.close()


@pytest.mark.usefixtures("table")
def test_a_swap_over_a_line_that_breaks(platform: Lab, tmp_path: Path) -> None:
    new = platform.replica
    checker = Checker(platform)
    checker.start()
    try:
        with writing(platform) as told:
            with login(platform, tmp_path, "run", "swap-db-master", "--plain", "--reason", "a drill") as one:
                one.until(_AMBER)
                one.say("accept")
                one.until(_GATE)
                one.cut()  # between two stages
            with login(platform, tmp_path, "attach", "0001", "--take", "the line broke") as two:
                two.go()
                two.go()
                two.until(re.compile("STAGE stage 2"))
                two.cut()  # inside one
            with login(platform, tmp_path, "attach", "0001", "--take", "the line broke") as three:
                three.go()
                three.until(re.compile("Swap the database master: done, and proven"))
                assert three.process.wait(LIMIT) == 0, three.text
    finally:
        checker.end()
    platform.master = new
    assert checker.both == []
    all_kept(platform, told)
    with login(platform, tmp_path, "journal", "export", "--format", "md") as journal:
        journal.until(re.compile("a drill"))
        assert journal.process.wait(LIMIT) == 0, journal.text
        timeline = journal.text + _rest(journal)
    assert "FLUSH TABLES WITH READ LOCK" in timeline
    print("\n" + "\n".join(line for line in timeline.splitlines() if " control " in line or "stage" in line))


def _rest(one: Login) -> str:
    assert one.process.stdout is not None
    return one.process.stdout.read().decode()
