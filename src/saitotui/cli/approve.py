"""Approves a colleague's run as the second person: signs its plan's digest with your own key."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from saitotui.cli.attach import chosen_run, run_arguments
from saitotui.config import find_profile, load_profile


def arguments(parser: argparse.ArgumentParser) -> None:
    run_arguments(parser)
    parser.add_argument("--key", metavar="FILE", default="", help="your key; else the profile's signing_key")


def run(arguments: argparse.Namespace) -> int:
    from saitotui.engine.journal.entry import JournalError
    from saitotui.engine.journal.file import Journal, actor
    from saitotui.engine.runs.approval import approve
    from saitotui.engine.store import state_folder

    profile = load_profile(find_profile(arguments.profile))
    folder = chosen_run(arguments)
    if folder is None:
        return 2
    key = arguments.key or profile.acting.signing_key
    if not key:
        print("saitotui approve: no key: give --key, or acting.signing_key in the profile", file=sys.stderr)
        return 2
    request = folder.request
    print(f"run {folder.name}: {request.runbook}, asked for by {request.who}: {request.why}")
    print(f"digest {request.digest}")
    try:
        journal = Journal(state_folder(profile.name) / "journal.jsonl")
        approve(folder, actor(), Path(key).expanduser(), journal)
    except (ValueError, JournalError) as error:
        print(f"saitotui approve: {error}", file=sys.stderr)
        return 1
    print("approved")
    return 0
