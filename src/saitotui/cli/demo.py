"""Opens the console on a simulated platform: nothing to configure, nothing that can break.

In the console, `:fault` makes trouble and `:heal` undoes it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from saitotui.cli.choose import known_scenario
from saitotui.cli.console import open_console, screen_arguments
from saitotui.model.source import FaultKind

if TYPE_CHECKING:
    from saitotui.engine.runs.folder import RunFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenario", "-s", metavar="S", default="", help="the scenario to start with")
    parser.add_argument("--list", "-l", action="store_true", help="name the scenarios, with a line each")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds for each real one")
    parser.add_argument(
        "--fleet", type=int, default=0, metavar="N", help="N hosts more that only Zabbix knows"
    )
    screen_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    if arguments.list:
        from saitotui.simulator.scenario import scenarios

        for one in scenarios():
            print(f"{one.name:28} {one.title}")
        return 0
    scenario = known_scenario(arguments.scenario)
    with tempfile.TemporaryDirectory(prefix="saitotui-demo-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "saitotui", "simulate", "--control", "--dir", folder]
        command += ["--scenario", scenario, "--speed", str(arguments.speed)]
        command += ["--fleet", str(arguments.fleet)]
        errors = Path(folder) / "simulator.log"
        # A process of its own: the platform must not compete with the console for one interpreter. It
        # ends by itself when this process does, however that happens: its standard input closes.
        with (
            errors.open("wb") as log,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, process_group=0
            ) as simulator,
        ):
            # A simulated platform is a new one each time: what was done to it ends with it.
            os.environ.setdefault("SAITOTUI_STATE", str(Path(folder) / "state"))
            try:
                faults = SimulatedFaults(simulator.stdin, simulator.stdout)
                return open_console(faults.profile, arguments, faults, lambda: _end_runs(Path(folder)))
            except EOFError:
                print(f"the simulated platform did not start:\n{errors.read_text()[-2000:]}", file=sys.stderr)
                return 1
            finally:
                if simulator.stdin is not None:
                    simulator.stdin.close()
                simulator.wait(10)


def _end_runs(folder: Path) -> None:
    """Ends the runs on the platform in `folder`: they would outlive it."""
    from saitotui.engine.runs.folder import unfinished
    from saitotui.engine.store import root_folder

    for state in root_folder().glob("*"):
        for run in unfinished(state):
            if Path(run.request.profile).is_relative_to(folder) and run.pid:
                with suppress(ProcessLookupError):
                    os.killpg(os.getpgid(run.pid), signal.SIGTERM)
                    _wait_for(run)


def _wait_for(run: RunFolder) -> None:
    """Until its process has gone, or two seconds have."""
    until = time.monotonic() + 2
    while run.pid and time.monotonic() < until:
        time.sleep(0.02)


class SimulatedFaults:
    """Faults of the simulated platform, in its own process: one JSON line asked, one answered."""

    def __init__(self, requests: IO[str] | None, answers: IO[str] | None) -> None:
        assert requests is not None
        assert answers is not None
        self._requests, self._answers, self._lock = requests, answers, threading.Lock()
        line = answers.readline()
        if not line:
            raise EOFError
        ready = json.loads(line)
        self.profile = Path(ready["profile"])
        self._kinds = tuple(FaultKind(name, text, tuple(targets)) for name, text, targets in ready["kinds"])

    def kinds(self) -> Sequence[FaultKind]:
        return self._kinds

    def inject(self, name: str, target: str) -> str:
        return self._ask({"do": "fault", "name": name, "target": target})

    def heal(self, target: str = "") -> str:
        return self._ask({"do": "heal", "target": target})

    def _ask(self, request: dict[str, str]) -> str:
        with self._lock:
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
            answer = json.loads(self._answers.readline() or '{"refused": "the simulated platform has ended"}')
        if "refused" in answer:
            raise ValueError(answer["refused"])
        return str(answer["said"])
