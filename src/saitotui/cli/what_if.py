"""Says what would happen if a node was lost, cut off or drained, or a link broke. Nothing is changed.

The exit code says how bad it would be: 0 nothing or degraded, 1 something stops, 3 nobody can tell.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from saitotui.cli import choose

NOTHING_SUCH = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="NODE", nargs="?", default="", help="a node, or a link (st1-st2)")
    parser.add_argument(
        "event", metavar="EVENT", nargs="?", default="", help="loss (default), partition, maintenance"
    )
    parser.add_argument("--list", "-l", action="store_true", help="name what can be asked about")
    parser.add_argument("--json", action="store_true", help="as JSON")
    choose.arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from saitotui.tiers.redundancy.whatif import subjects, what_if

    with choose.chosen(arguments) as profile:
        picture = asyncio.run(choose.looked(profile))
    if arguments.list or not arguments.subject:
        print("\n".join(subjects(picture.tiers)))
        return 0
    found = what_if(profile, picture.snapshot, picture.tiers, arguments.subject, arguments.event)
    if isinstance(found, str):
        print(found, file=sys.stderr)
        return NOTHING_SUCH
    if arguments.json:
        print(json.dumps(asdict(found), ensure_ascii=False))
    else:
        print("\n".join(found.lines()))
    return found.loss.impact.health.exit_code
