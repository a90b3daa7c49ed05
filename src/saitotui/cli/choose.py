"""Which platform a command is about: a profile, or the simulated one."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saitotui.config import ConfigError, Problem, find_profile, load_profile
from saitotui.model.picture import Picture
from saitotui.model.profile import Profile


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", "-P", metavar="P", default="", help="a profile's name or file")
    parser.add_argument("--demo", action="store_true", help="the simulated platform instead of a profile")
    parser.add_argument("--scenario", "-s", metavar="S", default="", help="with --demo: its scenario")


@contextmanager
def chosen(arguments: argparse.Namespace) -> Iterator[Profile]:
    """The profile to work on; the simulated platform lives as long as the block."""
    if arguments.scenario and not arguments.demo:
        raise ConfigError([Problem("--scenario", 1, "", "goes with --demo")])
    if not arguments.demo:
        yield load_profile(find_profile(arguments.profile))
        return
    from saitotui.simulator.simulation import SimulationThread

    with (
        tempfile.TemporaryDirectory(prefix="saitotui-demo-") as folder,
        SimulationThread(Path(folder), scenario=known_scenario(arguments.scenario)) as simulation,
    ):
        yield load_profile(simulation.profile_path)


async def looked(profile: Profile) -> Picture:
    """One look at the platform, judged."""
    from saitotui.clients.hub import Hub
    from saitotui.engine.judge import judge
    from saitotui.engine.poll import Memory, look
    from saitotui.engine.registry import watched

    seen, hub = watched(profile), Hub(profile)
    try:
        return judge(seen, await look(hub, seen.questions.values(), Memory(), time.time))
    finally:
        await hub.aclose()


def known_scenario(name: str) -> str:
    """`name`, or the one that is healthy; ConfigError with the nearest names when there is none such."""
    from difflib import get_close_matches

    from saitotui.simulator.scenario import scenarios

    names = [scenario.name for scenario in scenarios()]
    if not name or name in names:
        return name or "healthy"
    near = get_close_matches(name, names, 3) or names[:3]
    what = f"no such scenario; near it: {', '.join(near)}; `saitotui demo --list` names all"
    raise ConfigError([Problem(name, 1, "", what)])
