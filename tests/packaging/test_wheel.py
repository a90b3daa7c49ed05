"""The wheel holds everything and runs without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.packaging_helpers import ROOT

from saitotui.resources import data


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, unpacked outside the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m saitotui` from the unpacked wheel alone."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "saitotui", *arguments]
    return subprocess.run(
        command,
        cwd=installed.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_wheel_carries_screens_profiles_and_scenarios(installed: Path) -> None:
    for name in ("screens", "profiles"):
        shipped = {file.name for file in (installed / "saitotui" / "_data" / name).iterdir()}
        assert shipped == {file.name for file in data(name).iterdir()}
    scenarios = installed / "saitotui" / "simulator" / "scenarios"
    assert len(list(scenarios.glob("*.yaml"))) >= 25
    assert not (installed / "tests").exists()


def test_the_wheel_runs_outside_the_checkout(installed: Path) -> None:
    listed = run(installed, "demo", "--list")
    assert "healthy" in listed.stdout
    status = run(installed, "status", "--demo")
    assert status.stdout.startswith("OK: platform fsn1"), status.stdout + status.stderr
    assert status.returncode == 0
