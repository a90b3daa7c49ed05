"""Opens the console on a platform.

It looks, and changes nothing before it is armed (`:arm`). `?` in the console lists its keys.
"""

from __future__ import annotations

import argparse
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from saitotui.config import find_profile, load_profile, load_screens
from saitotui.model.source import Faults, Source

if TYPE_CHECKING:
    from saitotui.engine.runs.folder import RunFolder

LEAVE_SCREEN = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[?25h\x1b[?1049l\x1b[0m\x1b[23;2t\r\n"
)
"""What a terminal needs to be told when the console ends without its own farewell: mouse, paste, focus and
keyboard modes off, cursor on, back to the main screen, the old title (xterm's control sequences)."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", "-P", metavar="P", default="", help="a profile's name or file")
    screen_arguments(parser)


def screen_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--screen", metavar="NAME", default="", help="the screen to open first")
    parser.add_argument("--node", metavar="ID", default="", help="the node or finding to open first")
    parser.add_argument("--event", metavar="ID", default="", help="the problem of Zabbix to open first")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")


def run(arguments: argparse.Namespace) -> int:
    return open_console(find_profile(arguments.profile).absolute(), arguments)


def open_console(
    file: Path,
    arguments: argparse.Namespace,
    faults: Faults | None = None,
    at_end: Callable[[], None] = lambda: None,
) -> int:
    """Shows the platform of the profile in `file` until the user leaves; 0. `at_end` is called then, and
    when the terminal is lost, too."""
    profile = load_profile(file)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("saitotui: the console needs a terminal; `saitotui status` prints lines", file=sys.stderr)
        return 2
    from saitotui.ui.environment import prepare

    prepare()
    from saitotui.clients.hub import Hub
    from saitotui.engine.recording import Recorder
    from saitotui.engine.registry import watched
    from saitotui.engine.replay import Replay
    from saitotui.engine.store import state_folder
    from saitotui.engine.watch import Watch
    from saitotui.ui.acting import Acting
    from saitotui.ui.app import Console
    from saitotui.ui.tidy import Tidy

    folder = state_folder(profile.name)
    log_to(folder / "console.log")
    # A simulated platform is a new one each time: the last one's state says nothing about it.
    last_state = folder / "last.json.gz" if faults is None else None
    seen = folder / "seen"
    recorder = Recorder(seen, file.read_text("utf-8"))
    watch = Watch(watched(profile), lambda: Hub(profile), last_state=last_state, recorder=recorder)
    acting = Acting(profile, file, lambda: Hub(profile), ours=_ours(file, faults))
    tidy = Tidy()
    tidy.begin()
    install_handlers(watch, acting.farewell, at_end)
    console = Console(
        watch,
        load_screens(),
        faults=faults,
        acting=acting,
        recorded=lambda: Replay(watched(profile), seen),
        initial=arguments.screen,
        subject=arguments.node or (f"event {arguments.event}" if arguments.event else ""),
        ascii_only=arguments.ascii,
        tidy=tidy,
    )
    watch.start()
    # Without the mouse: its movements would cost bytes over SSH, and the terminal's own selection works.
    try:
        console.run(mouse=False)
    finally:
        watch.stop()
        at_end()
    return console.return_code or 0


def _ours(file: Path, faults: Faults | None) -> Callable[[RunFolder], bool]:
    """Which runs are of this platform: on a simulated one, those of an earlier simulation are not."""
    return lambda run: faults is None or run.request.profile == str(file)


def log_to(file: Path) -> None:
    """Diagnostics of a full-screen program go to a file, never to the terminal."""
    handler = RotatingFileHandler(file, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    logging.basicConfig(
        level=logging.INFO, handlers=[handler], format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for noisy in ("asyncssh", "httpx", "httpcore", "urllib3", "proxmoxer", "zabbix_utils"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def install_handlers(source: Source, farewell: Callable[[str], None], at_end: Callable[[], None]) -> None:
    """A lost terminal ends the console at once, state kept; a request to end leaves the terminal usable.

    Textual's own loop may be stuck writing to a terminal that is gone, so neither asks it for anything.
    `farewell` writes to the journal that nothing is armed any more.
    Where nobody passes SIGHUP on (make does not), the terminal itself tells (POLLHUP in poll(2)).
    """
    import termios

    tty = sys.stdout.fileno()
    before = termios.tcgetattr(tty)

    def hang_up(number: int, frame: FrameType | None) -> NoReturn:
        farewell("the session ended")
        source.stop()
        at_end()
        os._exit(128 + number)

    def terminate(number: int, frame: FrameType | None) -> None:
        termios.tcsetattr(tty, termios.TCSANOW, before)
        os.write(tty, LEAVE_SCREEN)
        hang_up(number, frame)

    def wait_for_hang_up() -> None:
        ends = select.poll()
        ends.register(tty, 0)
        while not ends.poll():
            pass
        hang_up(signal.SIGHUP, None)

    signal.signal(signal.SIGHUP, hang_up)
    signal.signal(signal.SIGTERM, terminate)
    threading.Thread(target=wait_for_hang_up, name="saitotui-terminal", daemon=True).start()
