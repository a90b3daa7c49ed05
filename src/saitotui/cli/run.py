"""Runs a runbook as a guided dialogue in lines: for screen readers, serial and rescue consoles, automation.

The run lives in a process of its own: when this one ends, it waits at its next gate (`saitotui attach`).
The exit code is the outcome: 0 done, 10 already, 11 refused, 12 undone, 13 failed, 14 cannot tell.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from saitotui.cli.follow import ask_line, follow
from saitotui.cli.plan import (
    REFUSED,
    look_and_plan,
    parameter_arguments,
    parameters,
    refuse,
    show_difference,
)
from saitotui.config import find_profile, load_profile
from saitotui.model.plan import Plan, Refusal
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runbook", metavar="RUNBOOK", help="its id (`saitotui plan --list`)")
    parameter_arguments(parser)
    parser.add_argument("--profile", "-P", metavar="P", default="", help="a profile's name or file")
    parser.add_argument("--plain", action="store_true", help="numbered lines (the only form of this command)")
    parser.add_argument("--reason", metavar="WHY", default="", help="why; asked for when it is not given")
    parser.add_argument(
        "--yes", metavar="DIGEST", default="", help="run the plan of this digest, ask nothing"
    )
    parser.add_argument(
        "--accept-amber", action="store_true", help="with --yes: take amber lines as accepted"
    )


def run(arguments: argparse.Namespace) -> int:
    file = find_profile(arguments.profile).absolute()
    profile = load_profile(file)
    snapshot, plan = asyncio.run(look_and_plan(profile, arguments.runbook, parameters(arguments.p)))
    if isinstance(plan, Refusal):
        return refuse(plan)
    if arguments.yes:
        if len(arguments.yes) < 12 or not plan.digest.startswith(arguments.yes):
            print(f"REFUSED: the plan's digest is {plan.digest}, not {arguments.yes}", file=sys.stderr)
            print(f"what it is now: saitotui plan {plan.runbook}; what changed:", file=sys.stderr)
            show_difference(profile, arguments.yes, plan)
            return REFUSED
        if not arguments.reason:
            print("REFUSED: --yes needs --reason: the journal says why", file=sys.stderr)
            return REFUSED
    return asyncio.run(_run(arguments, file, profile, snapshot, plan))


async def _run(
    arguments: argparse.Namespace, file: Path, profile: Profile, snapshot: Snapshot, plan: Plan
) -> int:
    from saitotui.model.plan import lines

    for number, line in enumerate(lines(plan), 1):
        print(f"{number}. {line}")
    accepted = await _preflight(arguments, profile, plan)
    if accepted is None:
        return REFUSED
    why = arguments.reason or await ask_line("Why is this done? (goes into the journal) ")
    if not why:
        print("REFUSED: nothing is done without a reason")
        return REFUSED
    return await _start(arguments, file, profile, snapshot, plan, why, accepted)


async def _preflight(arguments: argparse.Namespace, profile: Profile, plan: Plan) -> tuple[str, ...] | None:
    """The preflight, line by line; the amber sentences that were accepted, or None when it refuses."""
    from saitotui.clients.hub import Hub
    from saitotui.engine.runs.execution import preflight

    hub = Hub(profile)
    try:
        found = await preflight(hub, plan.preflight)
    finally:
        await hub.aclose()
    for line in found:
        print(f"{line.word.upper()}: {line.sentence}")
    if any(line.word == "red" for line in found):
        print("REFUSED: a red line of the preflight")
        return None
    amber = tuple(line.condition.check.sentence for line in found if line.word == "amber")
    if amber and arguments.yes and not arguments.accept_amber:
        print("REFUSED: an amber line of the preflight, and no --accept-amber")
        return None
    if (
        amber
        and not arguments.yes
        and await ask_line("Type `accept` to take the amber lines upon you: ") != "accept"
    ):
        print("REFUSED: the amber lines were not accepted")
        return None
    return amber


async def _start(
    arguments: argparse.Namespace,
    file: Path,
    profile: Profile,
    snapshot: Snapshot,
    plan: Plan,
    why: str,
    accepted: tuple[str, ...],
) -> int:
    from saitotui.engine.runs.planning import begin

    folder = begin(profile, file, snapshot, plan, why, accepted, hands_free=bool(arguments.yes))
    print(f"run {folder.name} has begun; it survives this terminal: saitotui attach {folder.name}")
    return await follow(folder, take=not arguments.yes, starting=True)
