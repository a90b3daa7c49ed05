"""A console on a real terminal that is driven by a script and counts what it writes.

`python -m tests.ui.console_child RESULTS`: writes a JSON object: bytes of each step, and screens with the
number of bytes that were written until then.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ui.pictures import NOW, healthy
from tests.ui.pictures_trouble import master_dead

from saitotui.config import load_screens
from saitotui.engine.still import Still
from saitotui.model.picture import Picture
from saitotui.model.topology import Cell, Row, Table, TierPicture
from saitotui.ui.environment import prepare

prepare()

if TYPE_CHECKING:
    from textual.pilot import Pilot


class Scripted(Still):
    """A source whose pictures are put there by hand."""

    def __init__(self, picture: Picture) -> None:
        super().__init__(picture)
        self.refreshed = 0

    def publish(self, picture: Picture) -> None:
        self.show(picture)

    def refresh(self) -> None:
        self.refreshed += 1


def busy(picture: Picture, changes: int, mark: str) -> Picture:
    """`picture` with a table of 30 rows of 8 cells in the database tier; `changes` cells say `mark`."""
    rows = tuple(
        Row(
            f"row{y}",
            tuple(Cell(mark if y * 8 + x in _chosen(changes) else f"{y}.{x} abc") for x in range(8)),
        )
        for y in range(30)
    )
    table = Table("servers", "Busy", tuple(f"column {x}" for x in range(8)), rows)
    tiers = tuple(
        TierPicture("database", tier.headline, tables=(table,), findings=())
        if tier.tier == "database"
        else tier
        for tier in picture.tiers
    )
    return replace(picture, tiers=tiers)


def _chosen(count: int) -> set[int]:
    """Cells spread over the whole table, always the same."""
    return {(n * 61) % 240 for n in range(count)}


def main(results: Path) -> None:
    from textual.drivers.linux_driver import LinuxDriver

    from saitotui.ui.app import Console
    from saitotui.ui.shot import text_of

    written = total = 0

    class Counting(LinuxDriver):
        def write(self, data: str) -> None:
            nonlocal written, total
            written += len(data.encode())
            total += len(data.encode())
            super().write(data)

    source = Scripted(busy(healthy(), 0, ""))
    now = NOW
    app = Console(source, load_screens(), clock=lambda: now, color=True, ascii_only=False, initial="database")
    app.driver_class = Counting
    counts: dict[str, int] = {}

    async def script(pilot: Pilot[object]) -> None:
        nonlocal written, now

        async def step(name: str, act: Callable[[], None]) -> None:
            nonlocal written
            written = 0
            act()
            await settle(pilot)
            counts[name] = written

        await settle(pilot)
        counts["first"] = written
        same = source.picture
        assert same is not None

        def tick(picture: Picture, seconds: float) -> None:
            nonlocal now
            now += seconds
            source.publish(replace(picture, snapshot=replace(picture.snapshot, at=now)))

        await step("quiet", lambda: tick(same, 2.0))
        await step("quiet-again", lambda: tick(same, 2.0))
        await step("busy", lambda: tick(busy(healthy(), 20, "99.9 xyz"), 2.0))
        await step("minute", lambda: tick(busy(healthy(), 20, "99.9 xyz"), 55.0))
        await pilot.press("0")
        await settle(pilot)
        await step("overview-quiet", lambda: tick(same, 2.0))
        await step("cursor", lambda: app.move("down"))
        source.publish(master_dead())
        for keys in (":r", "escape", "m", "ljj", "2", "enter", "?", "q0", "/lb", "enter", "!", "ctrl+p"):
            await pilot.press(*(keys.split() if keys[0].isalpha() and len(keys) > 3 else keys))
            await settle(pilot)
            screens.append((total, text_of(app)))
        app.exit()

    screens: list[tuple[int, str]] = []
    app.run(auto_pilot=script)
    results.write_text(json.dumps({"bytes": counts, "screens": screens}), encoding="utf-8")


async def settle(pilot: Pilot[object]) -> None:
    """Until nothing is left to be drawn."""
    for _ in range(200):
        await pilot.pause(0.02)
        screen = pilot.app.screen
        if not screen._dirty_widgets and not screen._compositor._dirty_regions and not screen._callbacks:
            break
    await pilot.pause(0.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
