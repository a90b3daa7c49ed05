"""Goes on with a run that was left behind by a crash or a reboot: each goal is asked again first."""

from __future__ import annotations

import argparse
import asyncio
import sys

from saitotui.cli.attach import chosen_run, run_arguments


def arguments(parser: argparse.ArgumentParser) -> None:
    run_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from saitotui.cli.follow import follow
    from saitotui.engine.runs.runner import start

    folder = chosen_run(arguments)
    if folder is None:
        return 2 if arguments.run_name else 0
    if folder.result is not None:
        print(f"saitotui: run {folder.name} has ended: {folder.result.outcome.value}", file=sys.stderr)
        return 2
    if not folder.pid:
        start(folder)
    return asyncio.run(follow(folder, take=True, starting=True))
