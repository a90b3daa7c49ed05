"""Runs the simulated platform alone, until interrupted.

It writes a ready profile, host keys, a certificate authority and credentials into a folder, so that
`saitotui`, ssh, mysql, curl and other programs can talk to it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from saitotui.cli.choose import known_scenario

if TYPE_CHECKING:
    from saitotui.simulator.simulation import SimulationThread


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenario", "-s", metavar="S", default="", help="the scenario to start with")
    parser.add_argument("--dir", "-d", metavar="D", default="", help="the folder to write into")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds for each real one")
    parser.add_argument(
        "--fleet", type=int, default=0, metavar="N", help="N hosts more that only Zabbix knows"
    )
    parser.add_argument("--control", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    from saitotui.simulator.simulation import SimulationThread

    scenario = known_scenario(arguments.scenario)
    with contextlib.ExitStack() as stack:
        folder = arguments.dir or stack.enter_context(tempfile.TemporaryDirectory(prefix="saitotui-"))
        simulation = stack.enter_context(
            SimulationThread(
                Path(folder).absolute(), scenario=scenario, speed=arguments.speed, fleet=arguments.fleet
            )
        )
        if arguments.control:
            return _obey(simulation)
        print(f"profile: {simulation.profile_path}", flush=True)
        print(f"how to talk to it: {Path(folder).absolute() / 'README.txt'}; Ctrl+C ends it", file=sys.stderr)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


def _obey(simulation: SimulationThread) -> int:
    """Serves the console of a demo: one JSON request a line, one answer each, until end of file."""
    kinds = [[kind.name, kind.summary, list(kind.targets)] for kind in simulation.kinds()]
    print(json.dumps({"profile": str(simulation.profile_path), "kinds": kinds}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "heal":
                said = simulation.heal(request["target"])
            else:
                said = simulation.inject(request["name"], request["target"])
            answer = {"said": said}
        except ValueError as error:
            answer = {"refused": str(error)}
        print(json.dumps(answer), flush=True)
    return 0
