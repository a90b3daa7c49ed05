"""Other people's tools, in an environment of their own: they must not choose this project's versions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".lab" / "peers"
PACKAGES = ("dolphie", "parallel-ssh", "ClusterShell", "ansible-core")
INSTALLING = 300.0
"""Seconds that their installation may take."""


class Missing(Exception):
    """A tool that cannot be had; the message says why."""


@cache
def folder() -> Path:
    """The folder of their programs, `python` among them. Raises Missing."""
    programs = FOLDER / "bin"
    if not (FOLDER / "installed").exists():
        commands = (
            [sys.executable, "-m", "venv", str(FOLDER)],
            [str(programs / "pip"), "install", "--quiet", *PACKAGES],
        )
        for command in commands:
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=INSTALLING)
            except (OSError, subprocess.SubprocessError) as error:
                raise Missing(f"{', '.join(PACKAGES)} cannot be installed: {error}") from None
        (FOLDER / "installed").touch()
    return programs


def tool(name: str) -> str:
    """The path of one of their programs. Raises Missing."""
    found = folder() / name
    if not found.exists():
        raise Missing(f"{name} was not installed")
    return str(found)


def needs_lab(*programs: str) -> None:
    """Raises Missing when the lab cannot run here."""
    for program in programs:
        needs(program)
    if os.geteuid() != 0:
        raise Missing("starting the lab needs root")


def needs(program: str) -> None:
    """Raises Missing when a program of the system is not there."""
    if shutil.which(program) is None:
        raise Missing(f"{program} is not installed here")
