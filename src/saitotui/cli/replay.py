"""Opens the console on what was recorded: the platform as it was, on every screen.

Consoles record what they see (the last days, in the state folder). `[` and `]` step, `{` and `}` go by
minutes, `:at 03:12` goes to a moment.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from saitotui.config import find_profile, load_profile, load_screens
from saitotui.model.profile import Profile


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "recording", metavar="FILE", nargs="?", default="", help="a recording, or a folder of them"
    )
    parser.add_argument("--profile", "-P", metavar="P", default="", help="without FILE: of which platform")
    parser.add_argument("--at", metavar="TIME", default="", help="the moment to begin with (03:12, -10m)")
    parser.add_argument("--screen", metavar="NAME", default="", help="the screen to open first")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")


def run(arguments: argparse.Namespace) -> int:
    from saitotui.ui.environment import prepare

    prepare()
    from saitotui.engine.registry import watched
    from saitotui.engine.replay import Replay
    from saitotui.engine.store import state_folder
    from saitotui.ui.app import Console
    from saitotui.ui.past import moment

    try:
        if arguments.recording:
            place = Path(arguments.recording)
            profile = recorded_profile(place)
        else:
            profile = load_profile(find_profile(arguments.profile).absolute())
            place = state_folder(profile.name) / "seen"
        replay = Replay(watched(profile), place)
        replay.seek(moment(arguments.at, replay.ends) if arguments.at else replay.begins)
    except ValueError as error:
        print(f"saitotui replay: {error}", file=sys.stderr)
        return 2
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("saitotui: the console needs a terminal", file=sys.stderr)
        return 2
    console = Console(
        replay,
        load_screens(),
        recorded=lambda: replay,
        initial=arguments.screen,
        ascii_only=arguments.ascii,
    )
    console.run(mouse=False)
    return console.return_code or 0


def recorded_profile(place: Path) -> Profile:
    """The profile that a recording was made with. ValueError or ConfigError when it cannot be read."""
    from saitotui.engine.replay import profile_in

    with tempfile.TemporaryDirectory(prefix="saitotui-replay-") as folder:
        file = Path(folder) / "profile.yaml"
        file.write_text(profile_in(place), "utf-8")
        return load_profile(file)
