"""Draws one screen into an SVG or text file, without a terminal: for a ticket."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from saitotui.cli import choose
from saitotui.config import load_screens


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
        picture = asyncio.run(choose.looked(profile))
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
