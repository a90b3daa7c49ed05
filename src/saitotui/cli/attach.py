"""Attaches to a run: everything it did so far, then live. `saitotui attach` alone lists the runs."""

from __future__ import annotations

import argparse
import asyncio
import sys

from saitotui.config import find_profile, load_profile
from saitotui.engine.runs.folder import RunFolder, all_runs


def arguments(parser: argparse.ArgumentParser) -> None:
    run_arguments(parser)
    parser.add_argument("--take", metavar="WHY", nargs="?", const="", default=None, help="take the controls")


def run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_name", metavar="RUN", nargs="?", default="", help="its number (0042)")
    parser.add_argument("--profile", "-P", metavar="P", default="", help="a profile's name or file")


def run(arguments: argparse.Namespace) -> int:
    from saitotui.cli.follow import follow

    folder = chosen_run(arguments)
    if folder is None:
        return 2 if arguments.run_name else 0
    return asyncio.run(follow(folder, take=arguments.take is not None, reason=arguments.take or ""))


def chosen_run(arguments: argparse.Namespace) -> RunFolder | None:
    """The run that is named, or the only unfinished one; None after listing what there is."""
    from saitotui.engine.store import state_folder

    state = state_folder(load_profile(find_profile(arguments.profile)).name)
    runs = all_runs(state)
    found = [run for run in runs if run.name == arguments.run_name.zfill(4)] if arguments.run_name else []
    unfinished = [run for run in runs if run.result is None]
    if not arguments.run_name and len(unfinished) == 1:
        return unfinished[0]
    if found:
        return found[0]
    if arguments.run_name:
        print(f"saitotui: there is no run {arguments.run_name}", file=sys.stderr)
        return None
    for run in runs:
        request, result = run.request, run.result
        state_word = result.outcome.value if result else ("carried" if run.pid else "left behind")
        print(f"{run.name} {state_word:13} {request.runbook}: {request.who}: {request.why}")
    return None
