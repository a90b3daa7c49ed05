"""Shows, verifies and exports the audit journal of a platform."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from saitotui.config import find_profile, load_profile
from saitotui.model.profile import Profile

if TYPE_CHECKING:
    from saitotui.engine.journal.entry import Entry
    from saitotui.engine.journal.verify import Noted


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("do", choices=["show", "verify", "export", "baselines"])
    parser.add_argument("--profile", "-P", metavar="P", default="", help="a profile's name or file")
    parser.add_argument("--file", metavar="FILE", default="", help="a journal file instead of a profile's")
    parser.add_argument("--run", dest="of_run", metavar="RUN", default="", help="only this run's entries")
    parser.add_argument("--kind", metavar="K", default="", help="only entries of this kind")
    parser.add_argument("--grep", metavar="TEXT", default="", help="only entries that contain this text")
    parser.add_argument("--follow", "-f", action="store_true", help="show: wait for more")
    parser.add_argument(
        "--format", choices=["md", "html", "json"], default="md", help="export: its form; baselines: json"
    )


def run(arguments: argparse.Namespace) -> int:
    from saitotui.engine.journal.entry import JournalError
    from saitotui.engine.store import state_folder

    profile = None if arguments.file else load_profile(find_profile(arguments.profile))
    file = Path(arguments.file) if profile is None else state_folder(profile.name) / "journal.jsonl"
    try:
        if arguments.do == "verify":
            return _verify(file, profile)
        if arguments.do == "export":
            return _export(arguments, file)
        if arguments.do == "baselines":
            return _baselines(arguments, file)
        return _show(arguments, file)
    except JournalError as error:
        print(f"saitotui journal: {error}", file=sys.stderr)
        return 2


def _chosen(arguments: argparse.Namespace, file: Path, after: int = 0) -> Iterator[Entry]:
    from saitotui.engine.journal.file import Journal

    for entry in Journal(file).entries(after):
        text = json.dumps(entry.body, ensure_ascii=False)
        if arguments.of_run and entry.run != arguments.of_run.zfill(4):
            continue
        if (arguments.kind and entry.kind != arguments.kind) or arguments.grep not in text:
            continue
        yield entry


def _show(arguments: argparse.Namespace, file: Path) -> int:
    from saitotui.engine.journal.export import line

    after = 0
    while True:
        for entry in _chosen(arguments, file, after) if file.exists() or not arguments.follow else ():
            print(line(entry), flush=True)
            after = entry.seq
        if not arguments.follow:
            return 0
        time.sleep(0.5)


def _baselines(arguments: argparse.Namespace, file: Path) -> int:
    """How long runbooks took on this platform: whole, and by stage."""
    from saitotui.engine.runs.baselines import baselines

    found = baselines(_chosen(arguments, file))
    if arguments.format == "json":
        told = {
            name: {
                "runs": [
                    {"at": run.at, "seconds": round(run.seconds, 6), "stages": dict(run.stages)}
                    for run in one.runs
                ],
                "seconds": round(one.seconds, 6),
            }
            for name, one in found.items()
        }
        print(json.dumps(told, ensure_ascii=False))
        return 0
    for name, one in sorted(found.items()):
        last = time.strftime("%Y-%m-%d %H:%MZ", time.gmtime(one.at))
        print(
            f"{name}: {one.seconds:.1f} s, at most {one.most:.1f} s; runs: {len(one.runs)}, the last {last}"
        )
        for number in one.stages:
            print(f"  stage {number}: {one.stage(number) or 0.0:.1f} s")
    if not found:
        print("no run of this platform was done in one go yet")
    return 0


def _export(arguments: argparse.Namespace, file: Path) -> int:
    from saitotui.engine.journal.export import export

    sys.stdout.write(export(list(_chosen(arguments, file)), arguments.format))
    return 0


def _verify(file: Path, profile: Profile | None) -> int:
    from saitotui.engine.journal.seal import check_seal
    from saitotui.engine.journal.verify import verify

    heads, unheard = asyncio.run(_heads(profile)) if profile and profile.acting.witnesses else ([], {})
    for host, why in unheard.items():
        print(f"UNKNOWN: witness {host}: {why}")
    allowed = Path(profile.acting.allowed_signers) if profile and profile.acting.allowed_signers else None
    result = verify(file, heads, (lambda entry: check_seal(entry, allowed)) if allowed else None)
    if result.broken:
        print(f"BROKEN: {result.broken}")
        return 1
    print(f"OK: {result.entries} entries, each follows the one before")
    for where in result.witnesses:
        print(f"OK: {where} agrees")
    if allowed:
        print(f"OK: {result.seals} good seals; signed up to entry {result.sealed}")
    return 3 if unheard else 0


async def _heads(profile: Profile) -> tuple[list[Noted], dict[str, str]]:
    from saitotui.clients.hub import Hub
    from saitotui.engine.runs.witness import read_heads

    hub = Hub(profile)
    try:
        heads, unheard = await read_heads(hub, profile)
        return heads, dict(unheard)
    finally:
        await hub.aclose()
