"""The command line: one module a command, imported when it is called."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from saitotui import __version__

COMMANDS = {
    "console": "open the console on a platform (the default)",
    "demo": "open the console on a simulated platform",
    "status": "print what is wrong with a platform; the exit code says how bad it is",
    "check": "validate a profile, and with --connect try every endpoint in it",
    "simulate": "run the simulated platform alone, for ssh, mysql, curl and other programs",
    "replay": "open the console on a recording: the platform as it was",
    "shot": "draw one screen into a file, for a ticket",
    "what-if": "say what would happen if a node was lost, cut off or drained",
    "plan": "show what a runbook would do, without doing it",
    "run": "run a runbook, guided in lines",
    "attach": "follow a run, or take its controls",
    "resume": "go on with a run that a crash left behind",
    "approve": "approve a colleague's run as the second person",
    "journal": "show, verify or export the audit journal",
    "runner": "",
    "completion": "print a completion script for your shell",
}
"""Every command with its line of help (empty: not listed); each is a module here (`_` for `-`)."""

USAGE_ERROR = 2
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Errors are one sentence that says what to do."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(USAGE_ERROR, f"{self.prog}: {message}; `{self.prog} --help` lists what there is\n")


def parser(only: str = "") -> argparse.ArgumentParser:
    """The whole command line; each command's own arguments are in its module. With `only` that command's
    alone are there: to know the others' means to import what they need."""
    root = _Parser(prog="saitotui", description="The on-call engineer's console for an HA web platform.")
    root.add_argument("--version", action="version", version=f"saitotui {__version__}")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, line in COMMANDS.items():
        # Without `help` argparse leaves a command out of its list.
        shown: dict[str, Any] = {"help": line} if line else {}
        if only in COMMANDS and name != only:
            commands.add_parser(name, **shown)
            continue
        module = import_module(f"{__name__}.{name.replace('-', '_')}")
        command = commands.add_parser(name, description=module.__doc__, **shown)
        module.arguments(command)
        command.set_defaults(run=module.run)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. Diagnostics go to stderr, data to stdout."""
    given = list(sys.argv[1:] if argv is None else argv)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help", "--version"}):
        given.insert(0, "console")
    arguments = parser(given[0]).parse_args(given)
    from saitotui.config import ConfigError

    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except ConfigError as error:
        print(error, file=sys.stderr)
        return getattr(arguments, "config_error", USAGE_ERROR)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
