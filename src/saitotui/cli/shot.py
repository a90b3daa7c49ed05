"""Draws one screen into an SVG or text file, without a terminal: for a ticket."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from saitotui.cli import choose
from saitotui.config import load_screens
from saitotui.model.picture import Picture
from saitotui.model.profile import Profile


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("screen", metavar="SCREEN", help="overview, map, or the name of a tier's screen")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="an .svg or .txt file")
    parser.add_argument("--size", metavar="WxH", default="120x40", help="columns and rows (120x40)")
    choose.arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    width, _, height = arguments.size.partition("x")
    if not (width.isdigit() and height.isdigit() and 20 <= int(width) <= 500 and 5 <= int(height) <= 200):
        print(f"saitotui shot: --size {arguments.size!r} is not WIDTHxHEIGHT, such as 80x24", file=sys.stderr)
        return 2
    from saitotui.ui.environment import prepare

    prepare()
    from saitotui.ui.shot import shoot

    with choose.chosen(arguments) as profile:
        picture = asyncio.run(_picture(profile))
    try:
        svg, text = shoot(picture, load_screens(), arguments.screen, (int(width), int(height)))
    except LookupError as error:
        print(f"saitotui shot: {error.args[0]}", file=sys.stderr)
        return 2
    output = Path(arguments.output)
    try:
        output.write_text(text if output.suffix == ".txt" else svg, encoding="utf-8")
    except OSError as error:
        print(f"saitotui shot: {output} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0


async def _picture(profile: Profile) -> Picture:
    from saitotui.clients.hub import Hub
    from saitotui.engine.judge import judge
    from saitotui.engine.poll import Memory, look
    from saitotui.engine.registry import platform

    seen, hub = platform(profile), Hub(profile)
    try:
        return judge(seen, await look(hub, seen.questions.values(), Memory(), time.time))
    finally:
        await hub.aclose()
