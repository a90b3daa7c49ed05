"""The command line as a user calls it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from saitotui.cli import COMMANDS
from saitotui.simulator.scenario import scenarios


def saitotui(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "saitotui", *arguments]
    known = {**os.environ, **environment}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=90, env=known, stdin=subprocess.DEVNULL
    )


def test_help_is_everywhere() -> None:
    told = saitotui("--help").stdout.split()
    for name, line in COMMANDS.items():
        assert bool(line) == (name in told)
        assert saitotui(name, "--help").returncode == 0


def test_the_exit_code_says_how_bad_it_is() -> None:
    well = saitotui("status", "--demo")
    assert (well.returncode, well.stderr) == (0, "")
    assert well.stdout.startswith("OK: platform fsn1 (lab) at ")
    dead = saitotui("status", "--demo", "--scenario", "db-master-dead", "--json")
    told: dict[str, Any] = json.loads(dead.stdout)
    assert (dead.returncode, told["health"], told["schema"]) == (2, "CRIT", 1)
    assert "database.master-dead" in {finding["code"] for finding in told["findings"]}
    assert {reading["key"] for reading in told["readings"]}


def test_a_wrong_profile_is_unknown_with_every_error_on_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: x\nhosts:\n  a: {adress: 1}\nnonsense: 1\n")
    done = saitotui("status", "--profile", str(file))
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{file}:3: hosts.a.adress: is not a key that exists here" in done.stderr
    assert f"{file}:4: nonsense: is not a key that exists here" in done.stderr
    assert "Traceback" not in done.stderr
    assert saitotui("check", str(file)).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("status", "--demo", "--scenario", "db-master-ded"), "near it: db-master-dead"),
        (("status", "--scenario", "healthy"), "goes with --demo"),
        (("nonsense",), "invalid choice: 'nonsense'"),
        (("shot", "overview", "-o", "x.svg", "--size", "big", "--demo"), "is not WIDTHxHEIGHT"),
        (("shot", "nonsense", "-o", "x.svg", "--demo"), "nonsense"),
        (("journal", "verify", "--file", "/nowhere/j"), "cannot be read"),
        (("journal", "baselines", "--file", "/nowhere/j"), "cannot be read"),
        (("console", "--profile", "/nowhere.yaml"), "/nowhere.yaml:1: cannot be read"),
        (("replay", "/nowhere/x.seen"), "/nowhere/x.seen: there is no recording here"),
        (("replay", __file__), "test_commands.py is no recording"),
        (("plan", "nonsense", "--demo"), "there is no runbook 'nonsense'"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_a_sentence(arguments: tuple[str, ...], says: str) -> None:
    done = saitotui(*arguments)
    assert done.returncode not in (0, 1)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_if_says_what_would_happen() -> None:
    said = saitotui("what-if", "pve1", "--demo")
    assert (said.returncode, said.stderr) == (1, "")
    assert "when: 160-210 s: its HA guests are started elsewhere; they boot\n" in said.stdout
    drained = saitotui("what-if", "pve1", "maintenance", "--demo", "--json")
    assert drained.returncode == 0
    assert json.loads(drained.stdout)["guests"]
    assert "st1-st2" in saitotui("what-if", "--list", "--demo").stdout.splitlines()
    unknown = saitotui("what-if", "nope", "--demo")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr == "nothing here is called 'nope': name a node, or a link as st1-st2\n"


def test_the_console_says_that_it_needs_a_terminal(tmp_path: Path) -> None:
    done = saitotui("demo", SAITOTUI_STATE=str(tmp_path))
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr


def test_scenarios_are_listed_with_a_line_each() -> None:
    lines = saitotui("demo", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [one.name for one in scenarios()]


def test_a_screen_is_drawn_into_a_file(tmp_path: Path) -> None:
    for name in ("overview.svg", "database.txt"):
        screen = name.partition(".")[0]
        done = saitotui("shot", screen, "-o", str(tmp_path / name), "--demo", "--size", "80x24")
        assert (done.returncode, done.stderr) == (0, "")
        assert "db1" in (tmp_path / name).read_text()


def test_completion_scripts_are_printed() -> None:
    for shell in ("bash", "zsh"):
        assert "saitotui" in saitotui("completion", shell).stdout
