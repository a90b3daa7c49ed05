"""Deployments on the lab's Tomcats: visitors meanwhile, runs, and what the Tomcats have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab.host import wait_for
from tests.lab.nginx import PORT
from tests.lab.platform import VERSION, Lab
from tests.lab.swaps import at_work, begun, environment

from saitotui.engine.runs.folder import RunFolder
from saitotui.engine.runs.lease import HOST_FOLDER
from saitotui.facts.tomcat import applications
from saitotui.model.command import Answer

ID = "parallel-deploy-war"
RATE, USERS = 250.0, 50
LIMIT = 300.0


@contextmanager
def visited(lab: Lab) -> Iterator[dict[str, Any]]:
    """Users are at work in the block; afterwards what they saw is in the dictionary."""
    place = (lab.address("web1"), str(PORT), str(RATE), str(USERS))
    with at_work("tests.lab.visitors", *place, ready="visiting") as told:
        yield told


def versions(lab: Lab) -> dict[str, dict[str, bool]]:
    """Which versions each Tomcat has, and whether they run."""
    return {
        name: {
            app.version: app.running
            for app in applications(Answer(tomcat.manager("/text/list"), 200))
            if app.path == "/app"
        }
        for name, tomcat in lab.tomcats.items()
    }


def all_have(lab: Lab, *wanted: str) -> bool:
    """Whether every Tomcat has these versions, each running, and no other one."""
    return all(found == dict.fromkeys(wanted, True) for found in versions(lab).values())


def deploying(lab: Lab, state: Path, war: Path, *more: str) -> subprocess.Popen[str]:
    """A deployment that goes on by itself."""
    return begun(lab, state, ID, "-p", f"war={war}", *more)


def reached(state: Path, number: str, sentence: str) -> None:
    """Waits until a run tells a sentence."""

    def told() -> bool:
        files = state.glob(f"*/*/runs/{number}/events.jsonl")
        return any(sentence in path.read_text("utf-8") for path in files)

    wait_for(f"run {number} to tell {sentence!r}", told, 90)


def stop_waiting(lab: Lab, state: Path, number: str, run: subprocess.Popen[str]) -> str:
    """The next shift takes a run over that waits for sessions to end, and stops that: what it printed. The
    deployment is done by then; nobody but the run's own stages needs the tier for himself."""
    reached(state, number, "unless they come back")
    machines = [lab.nginx.machine, *(tomcat.machine for tomcat in lab.tomcats.values())]
    assert all(machine.run("test", "-e", f"{HOST_FOLDER}/application") == 1 for machine in machines)
    done = subprocess.run(
        [sys.executable, "-m", "saitotui", "attach", number, "--take", "my shift now",
         "--profile", str(lab.profile)],
        input="stop\n", capture_output=True, text=True, timeout=60, env=environment(state),
    )  # fmt: skip
    said, _ = run.communicate(timeout=30)
    assert run.returncode == 0, said
    assert "what is left to do: Wait until nobody is on" in said, said
    assert "stopped the wait" in said, done.stdout + done.stderr + said
    return said


def end_runs(state: Path) -> None:
    """Ends what carries runs: it would go on when a test has failed, and wait for sessions for a day."""
    for path in state.glob("*/*/runs/*"):
        worker = RunFolder(path).pid
        if not worker:
            continue
        parent = int(Path(f"/proc/{worker}/stat").read_text("ascii").rpartition(")")[2].split()[1])
        for process in (parent, worker):
            os.kill(process, signal.SIGKILL)


def finished(run: subprocess.Popen[str], limit: float = LIMIT) -> tuple[int, str]:
    """The exit code of a run, and what it printed."""
    try:
        said, _ = run.communicate(timeout=limit)
    finally:
        run.kill()
    return run.returncode, said


def back_to_first(lab: Lab) -> None:
    """Every Tomcat has the version of the start, and no other one."""
    war = lab.wars.build(VERSION)
    for name, found in versions(lab).items():
        if not found.get(VERSION):
            lab.tomcats[name].deploy(war, VERSION)
        for version in set(found) - {VERSION}:
            lab.tomcats[name].undeploy(version)
    assert all_have(lab, VERSION)
