"""A platform that changed since its plan was shown: refused, and what changed is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from saitotui.simulator.simulation import SimulationThread


def test_what_changed_is_said(tmp_path: Path) -> None:
    with SimulationThread(tmp_path / "sim") as simulation:

        def say(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "saitotui", *words, "--profile", str(simulation.profile_path)],
                capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                env={**os.environ, "SAITOTUI_STATE": str(tmp_path / "state")},
            )  # fmt: skip

        shown = say("plan", "swap-db-master", "--json")
        assert shown.returncode == 0, shown.stderr
        digest = json.loads(shown.stdout)["digest"]
        same = say("plan", "swap-db-master", "--against", digest[:12])
        assert (same.returncode, same.stdout) == (0, "nothing changed\n")
        unknown = say("plan", "swap-db-master", "--against", "0123456789ab")
        assert unknown.returncode == 2
        assert "no plan 0123456789ab was shown here" in unknown.stderr
        simulation.inject("zabbix-disarmed", "zabbix")
        changed = say("plan", "swap-db-master", "--against", digest)
        assert changed.returncode == 1, changed.stdout + changed.stderr
        assert "- disarm: disarm Zabbix's action" in changed.stdout
        refused = say("run", "swap-db-master", "--reason", "a drill", "--yes", digest)
        assert refused.returncode == 11
        assert "what changed" in refused.stderr
        assert "- disarm: disarm Zabbix's action" in refused.stdout
