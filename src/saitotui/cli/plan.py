"""Shows what a runbook would do to a platform as it is now. Nothing is changed."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping

from saitotui.cli import choose
from saitotui.model.plan import Plan, Refusal
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot

REFUSED = 11


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runbook", metavar="RUNBOOK", nargs="?", default="", help="its id (`--list`)")
    parser.add_argument("--list", "-l", action="store_true", help="name the runbooks, with a line each")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--against",
        metavar="DIGEST",
        default="",
        help="only what differs from the plan shown earlier (exit 1)",
    )
    parameter_arguments(parser)
    choose.arguments(parser)


def parameter_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", metavar="K=V", action="append", default=[], help="a parameter of the runbook")


def run(arguments: argparse.Namespace) -> int:
    if arguments.list or not arguments.runbook:
        return _list()
    from saitotui.engine.runs.saved import save
    from saitotui.engine.store import state_folder
    from saitotui.model.plan import as_data, lines

    with choose.chosen(arguments) as profile:
        _, plan = asyncio.run(look_and_plan(profile, arguments.runbook, parameters(arguments.p)))
    if isinstance(plan, Refusal):
        return refuse(plan)
    save(state_folder(profile.name), plan)
    if arguments.against:
        return show_difference(profile, arguments.against, plan)
    if arguments.json:
        print(json.dumps({**as_data(plan), "digest": plan.digest}, ensure_ascii=False))
    else:
        print("\n".join(lines(plan)))
        print(f"to run it: saitotui run {plan.runbook}, or with --yes {plan.digest}")
    return 0


def show_difference(profile: Profile, digest: str, plan: Plan) -> int:
    """Prints what changed since the plan of `digest` was shown: 0 when nothing did, else 1."""
    from saitotui.engine.runs.saved import difference, saved
    from saitotui.engine.store import state_folder
    from saitotui.model.plan import lines

    before = saved(state_folder(profile.name), digest)
    if before is None:
        print(f"no plan {digest} was shown here lately: the first 12 characters are enough", file=sys.stderr)
        return 2
    changed = difference(before, list(lines(plan)))
    print("\n".join(changed) or "nothing changed")
    return int(bool(changed))


def _list() -> int:
    from saitotui.engine.runs.catalogue import catalogue

    for book in catalogue().values():
        print(f"{book.id:24} {book.summary}")
        for parameter in book.parameters:
            default = f" (default {parameter.default})" if parameter.default else ""
            print(f"{'':24}   -p {parameter.name}=...: {parameter.sentence}{default}")
    return 0


def parameters(given: list[str]) -> Mapping[str, str]:
    """`["k=v"]` as a mapping; a part without `=` names an empty one."""
    return {name: value for name, _, value in (part.partition("=") for part in given)}


def refuse(refusal: Refusal) -> int:
    """Says why there is no plan."""
    for reason in refusal.reasons:
        print(f"REFUSED: {refusal.runbook}: {reason}", file=sys.stderr)
    return REFUSED


async def look_and_plan(
    profile: Profile, runbook: str, given: Mapping[str, str]
) -> tuple[Snapshot, Plan | Refusal]:
    """A fresh look at the platform, and the plan that the runbook makes of it."""
    from saitotui.clients.hub import Hub
    from saitotui.engine.runs import planning

    hub = Hub(profile)
    try:
        return await planning.look_and_plan(hub, profile, runbook, given)
    finally:
        await hub.aclose()
