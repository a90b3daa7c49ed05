"""Carries one run. Started by `saitotui run` and by the console, not by hand."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the run's folder")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    from saitotui.engine.runs.folder import RunFolder
    from saitotui.engine.runs.runner import supervise, work

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    folder = Path(arguments.folder)
    return work(folder) if arguments.work else supervise(RunFolder(folder))
