"""Validates a profile: every error at once, as `file:line: path: what`.

With --connect it also tries every endpoint once and says for each what worked; with --pin it prints the host
keys that were verified by known_hosts, as lines for the profile: pinned there, they hold wherever it is used.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import defaultdict

from saitotui.config import find_profile, load_profile
from saitotui.model.command import Failure
from saitotui.model.profile import Profile
from saitotui.model.text import one_line


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="P", nargs="?", default="", help="a profile's name or file")
    parser.add_argument("--connect", action="store_true", help="also try every endpoint")
    parser.add_argument(
        "--pin", action="store_true", help="and print the hosts' verified keys, to be pinned in the profile"
    )


def run(arguments: argparse.Namespace) -> int:
    file = find_profile(arguments.profile)
    profile = load_profile(file)
    print(f"{file}: valid; platform {profile.name}, {len(profile.hosts)} hosts")
    return asyncio.run(_connect(profile, arguments.pin)) if arguments.connect or arguments.pin else 0


async def _connect(profile: Profile, pin: bool) -> int:
    from saitotui.clients.hub import Hub
    from saitotui.engine.poll import Memory, look
    from saitotui.engine.registry import watched

    seen, hub = watched(profile), Hub(profile)
    try:
        snapshot = await look(hub, seen.questions.values(), Memory(), time.time)
        keys_of = {
            name: hub.host(name).verified_key for name, host in profile.hosts.items() if not host.host_key
        }
    finally:
        await hub.aclose()
    endpoints: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, question in seen.questions.items():
        endpoints[question.command.client, question.command.target].append(key)
    bad = 0
    for (client, target), keys in sorted(endpoints.items()):
        failures: dict[str, Failure] = {}
        for key in keys:
            failure = snapshot.readings[key].failure
            if failure is not None:
                failures[key] = failure
        cost = max(snapshot.readings[key].cost for key in keys)
        bad += bool(failures)
        word = "ok" if not failures else "PARTLY" if len(failures) < len(keys) else "FAILED"
        answered = f"{len(keys) - len(failures)} of {len(keys)} questions answered in {cost * 1000:.0f} ms"
        print(f"{word:6} {client} {target}: {answered}")
        for sentence in sorted({one_line(f"{f.kind}: {f.sentence}", limit=300) for f in failures.values()}):
            print(f"       {sentence}")
    for name, key in keys_of.items() if pin else ():
        print(f"{name}: host_key: {key}" if key else f"{name}: no key: it was not reached over SSH")
    return 1 if bad else 0
