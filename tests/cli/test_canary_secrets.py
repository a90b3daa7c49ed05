"""No secret of a profile shows: not printed, not on disk, not in an argument list, whatever goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from saitotui.simulator.simulation import SimulationThread

CANARY = "canary-{name}-q7#Zk2"
"""What stands in the place of a secret that is wrong."""


class Listener:
    """Runs commands of the console and keeps everything that they show."""

    def __init__(self, profile: Path, state: Path) -> None:
        self._profile, self._state = profile, state
        self.heard: list[str] = []

    def say(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "saitotui", *words, "--profile", str(self._profile)],
            capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL,
            env={**os.environ, "SAITOTUI_STATE": str(self._state)},
        )  # fmt: skip
        self.heard += [done.stdout, done.stderr]
        return done

    def kept(self) -> Iterator[bytes]:
        """Every file of the state folder, and every word that was heard."""
        yield from (path.read_bytes() for path in self._state.rglob("*") if path.is_file())
        yield from (text.encode() for text in self.heard)


@contextmanager
def argument_lists(heard: list[str]) -> Iterator[None]:
    """Listens in the block to the argument lists of all processes."""
    over = threading.Event()

    def listen() -> None:
        while not over.wait(0.05):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    heard.append(file.read_text("utf-8", "replace"))
                except OSError:
                    continue

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def assert_silent(listener: Listener, secrets: Mapping[str, str]) -> None:
    for content in listener.kept():
        shown = [name for name, secret in secrets.items() if secret.encode() in content]
        assert not shown, f"{shown} shows in {content[:300]!r}"


@pytest.fixture
def simulation(tmp_path: Path) -> Iterator[SimulationThread]:
    with SimulationThread(tmp_path / "sim") as simulation:
        yield simulation


def secret_files(simulation: SimulationThread) -> Mapping[str, Path]:
    folder = simulation.profile_path.parent / "secrets"
    files = {file.name: file for file in folder.iterdir() if file.is_file()}
    assert len(files) >= 5
    return files


def test_while_it_acts(simulation: SimulationThread, tmp_path: Path) -> None:
    """A swap, which sends the replication account's password to a server."""
    secrets = {name: file.read_text().strip() for name, file in secret_files(simulation).items()}
    listener = Listener(simulation.profile_path, tmp_path / "state")
    arguments: list[str] = []
    with argument_lists(arguments):
        planned = listener.say("plan", "swap-db-master", "--json")
        digest = json.loads(planned.stdout)["digest"]
        done = listener.say("run", "swap-db-master", "--reason", "a drill", "--yes", digest, "--accept-amber")
        assert done.returncode == 0, done.stdout + done.stderr
        listener.say("journal", "show")
        listener.say("journal", "export", "--format", "json")
    assert any("runner" in line for line in arguments)
    listener.heard += arguments
    assert_silent(listener, secrets)


@pytest.mark.parametrize(
    ("fault", "target", "runbook"),
    [
        ("db-fresh", "database", "bootstrap-database"),
        ("app-fresh", "application", "bootstrap-application"),
    ],
)
def test_while_it_makes(
    simulation: SimulationThread, tmp_path: Path, fault: str, target: str, runbook: str
) -> None:
    """Accounts and files that hold passwords."""
    secrets = {name: file.read_text().strip() for name, file in secret_files(simulation).items()}
    listener = Listener(simulation.profile_path, tmp_path / "state")
    simulation.inject(fault, target)
    arguments: list[str] = []
    with argument_lists(arguments):
        digest = json.loads(listener.say("plan", runbook, "--json").stdout)["digest"]
        done = listener.say("run", runbook, "--reason", "a drill", "--yes", digest, "--accept-amber")
        assert done.returncode == 0, done.stdout + done.stderr
    listener.say("status", "--json")
    listener.say("journal", "export", "--format", "json")
    listener.heard += arguments
    assert_silent(listener, secrets)


def test_while_everything_is_wrong(simulation: SimulationThread, tmp_path: Path) -> None:
    """Wrong passwords for everything, then services that hang as well."""
    files = secret_files(simulation)
    canaries = {name: CANARY.format(name=name) for name in files}
    for name, file in files.items():
        file.write_text(canaries[name])
        file.chmod(0o600)
    listener = Listener(simulation.profile_path, tmp_path / "state")
    for words in (("status", "--json"), ("status",), ("check", "--connect")):
        assert listener.say(*words).returncode != 0
    assert any("denied" in text.lower() for text in listener.heard)
    for target in ("db1/mariadb", "pve1/pveproxy"):
        simulation.inject("service-hang", target)
    listener.say("status", "--json")
    listener.say("plan", "swap-db-master")
    assert_silent(listener, canaries)
