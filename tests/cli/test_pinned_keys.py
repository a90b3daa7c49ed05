"""saitotui check --pin: the host keys that were verified, as lines for the profile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from saitotui.simulator.simulation import SimulationThread


def pinned(profile: Path, state: Path) -> dict[str, str]:
    """What is printed for each host."""
    done = subprocess.run(
        [sys.executable, "-m", "saitotui", "check", str(profile), "--pin"],
        capture_output=True, text=True, timeout=60, env={**os.environ, "XDG_STATE_HOME": str(state)},
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if ": host_key: " in line or ": no key: " in line]
    return {name: text for name, _, text in (line.partition(": ") for line in lines)}


def test_what_known_hosts_verified_can_be_pinned(tmp_path: Path) -> None:
    with SimulationThread(tmp_path / "sim") as simulation:
        file = simulation.profile_path
        found = pinned(file, tmp_path)
        profile = yaml.safe_load(file.read_text("utf-8"))
        assert set(found) == set(profile["hosts"])
        known = (tmp_path / "sim" / "known_hosts").read_text("ascii")
        for name, text in found.items():
            key = yaml.safe_load(text)["host_key"]
            assert key in known
            profile["hosts"][name] |= {"host_key": key, "known_hosts": ""}
        # Now they hold without known_hosts, and there is nothing left to pin.
        file.write_text(yaml.safe_dump(profile), "utf-8")
        (tmp_path / "sim" / "known_hosts").unlink()
        assert pinned(file, tmp_path) == {}


def test_a_host_that_is_not_known_has_none_to_pin(tmp_path: Path) -> None:
    with SimulationThread(tmp_path / "sim") as simulation:
        known = tmp_path / "sim" / "known_hosts"
        first, *rest = known.read_text("ascii").splitlines()
        known.write_text("\n".join([*rest, ""]), "ascii")
        found = pinned(simulation.profile_path, tmp_path)
        nobody = [name for name, text in found.items() if text.startswith("no key")]
        assert len(nobody) == 1
        assert first.split()[-1] not in str(found)
