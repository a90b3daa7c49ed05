"""Prints a completion script: `eval "$(saitotui completion bash)"`."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"])


def run(arguments: argparse.Namespace) -> int:
    import shtab

    from saitotui.cli import parser

    print(shtab.complete(parser(), arguments.shell))
    return 0
