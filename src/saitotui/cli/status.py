"""Asks a platform once and prints what is wrong with it, worst first.

The exit code is that of monitoring plug-ins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

from saitotui.cli import choose
from saitotui.model.health import Health
from saitotui.model.profile import Profile

config_error = Health.UNKNOWN.exit_code


def arguments(parser: argparse.ArgumentParser) -> None:
    choose.arguments(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON (docs/status.md describes it)")
    form.add_argument(
        "--plain", action="store_true", help="one fact a line, for screen readers (the default)"
    )
    parser.add_argument("--watch", "-w", action="store_true", help="again whenever it changes, until stopped")
    parser.set_defaults(config_error=Health.UNKNOWN.exit_code)


def run(arguments: argparse.Namespace) -> int:
    with choose.chosen(arguments) as profile:
        return asyncio.run(_status(profile, as_json=arguments.json, watch=arguments.watch))


async def _status(profile: Profile, *, as_json: bool, watch: bool) -> int:
    from saitotui.clients.hub import Hub
    from saitotui.engine.judge import judge
    from saitotui.engine.poll import Memory, look
    from saitotui.engine.registry import watched
    from saitotui.engine.report import plain, report

    seen, memory, picture, said = watched(profile), Memory(), None, ""
    hub = Hub(profile)
    try:
        while True:
            snapshot = await look(hub, seen.questions.values(), memory, time.time)
            picture = judge(seen, snapshot, picture)
            told = report(picture)
            gist = json.dumps([told["health"], [(f["code"], f["subject"]) for f in told["findings"]]])
            if gist != said:
                print(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(plain(told)))
                sys.stdout.flush()
            said = gist
            if not watch:
                return picture.health.exit_code
            await asyncio.sleep(profile.poll)
    finally:
        await hub.aclose()
