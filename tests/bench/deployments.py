"""On real Tomcats under visitors: a deployment next to `curl` to each manager, and to undeploying first."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.bench.peers import Missing, needs_lab
from tests.bench.rows import Result, Row, Skipped
from tests.lab.deployments import USERS, back_to_first, deploying, stop_waiting, visited
from tests.lab.platform import VERSION, Lab
from tests.lab.subnet import Subnet
from tests.lab.tomcat import PASSWORD, PORT, USER

BEFORE = 3.0
"""Seconds for which visitors come before anything is done."""


def _curl(address: str, path: str, *more: str) -> None:
    """As an operator types it; the password comes from standard input, as `ps` should not show it."""
    url = f"http://{address}:{PORT}/manager/text/{path}"
    config = f'user = "{USER}:{PASSWORD}"\n'
    said = subprocess.run(
        ["curl", "-sS", "-K", "-", *more, url], input=config, check=True, capture_output=True, text=True
    ).stdout
    if not said.startswith("OK - "):
        raise RuntimeError(f"the manager says: {said}")


def _by_hand(lab: Lab, war: Path) -> float:
    began = time.monotonic()
    for tomcat in lab.tomcats.values():
        _curl(tomcat.machine.address, "deploy?path=/app&version=002", "-T", str(war))
    return time.monotonic() - began


def _replaced(lab: Lab, war: Path) -> float:
    """Without parallel deployment: the version that runs goes first."""
    began = time.monotonic()
    for tomcat in lab.tomcats.values():
        _curl(tomcat.machine.address, f"undeploy?path=/app&version={VERSION}")
        _curl(tomcat.machine.address, "deploy?path=/app&version=002", "-T", str(war))
    return time.monotonic() - began


def _ours(lab: Lab, war: Path, state: Path) -> float:
    """From the first act until everything is proven; the wait for sessions is left."""
    stop_waiting(lab, state, "0001", deploying(lab, state, war, "-p", "soak=0"))
    (file,) = state.glob("*/*/runs/0001/events.jsonl")
    stages = [
        event
        for line in file.read_text("utf-8").splitlines()
        if (event := json.loads(line))["kind"] == "stage"
    ]
    drain = next(event["at"] for event in stages if event["sentence"].startswith("Wait until"))
    return float(drain - stages[0]["at"])


def _measured(lab: Lab, way: Callable[[Path], float], war: Path) -> tuple[float, dict[str, Any]]:
    with visited(lab) as told:
        time.sleep(BEFORE)
        took = way(war)
        time.sleep(BEFORE)
    back_to_first(lab)
    return took, told


def _rows(lab: Lab, folder: Path) -> Iterable[Result]:
    war = lab.wars.build("002")
    ways: dict[str, Callable[[Path], float]] = {
        "parallel-deploy-war": lambda file: _ours(lab, file, folder / "state"),
        "curl to each manager": lambda file: _by_hand(lab, file),
        "undeploy, then deploy, by curl": lambda file: _replaced(lab, file),
    }
    found = {name: _measured(lab, way, war) for name, way in ways.items()}
    (ours, _), *others = found.values()
    for name, (seconds, _) in zip(list(ways)[1:], others, strict=True):
        yield Row("a version on three Tomcats, proven", ours, "s", seconds, f"{name}, not proven")
    for name, (_, told) in found.items():
        yield Row(
            f"requests that failed, {name}", len(told["failed"]), f"of {sum(told['requests'].values())}"
        )
        lost = len({who for who, _, _ in told["lost"]})
        yield Row(f"users logged out, {name}", lost, f"of {USERS}")


def bench() -> Iterable[Result]:
    try:
        needs_lab("java", "nginx", "curl")
    except Missing as error:
        yield Skipped("real Tomcats", f"{error}: make lab-test installs it")
        return
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "state").mkdir()
        with Subnet() as subnet, Lab(folder / "lab", subnet) as lab:
            yield from _rows(lab, folder)
