"""Pictures of the console without a terminal: for tickets, for the gallery, for tests."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC

from saitotui.engine.still import Still
from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.ui.app import Console
from saitotui.ui.draw.acts import NOTHING, Acts
from saitotui.ui.views import Kind, all_screens

_IDS = re.compile(r"terminal-\d+")
_VIEWS = (Kind.OVERVIEW, Kind.MAP, Kind.LOG, Kind.RUNBOOKS)


def names(picture: Picture, screens: Sequence[ScreenSpec]) -> list[str]:
    """Every screen that may be shot."""
    return [*(kind.value for kind in _VIEWS), *(screen.name for screen in all_screens(picture, screens))]


def shoot(
    picture: Picture, screens: Sequence[ScreenSpec], screen_name: str, size: tuple[int, int]
) -> tuple[str, str]:
    """The screen `screen_name` of `picture` as SVG and as text, `size` in columns and rows, as it was at the
    moment of the picture. Raises LookupError with a sentence when there is no such screen."""
    known = names(picture, screens)
    if screen_name not in known:
        raise LookupError(f"no screen {screen_name!r}; there are {', '.join(known)}")
    return asyncio.run(photograph(picture, screens, screen_name, size))


async def photograph(
    picture: Picture | None,
    screens: Sequence[ScreenSpec],
    screen_name: str,
    size: tuple[int, int],
    *,
    subject: str = "",
    keys: Sequence[str] = (),
    now: float | None = None,
    ascii_only: bool = False,
    acts: Acts = NOTHING,
) -> tuple[str, str]:
    """`shoot` for a running event loop; `subject` is opened on top, then `keys` are pressed. `acts` is what
    is known of acting."""
    moment = now if now is not None else picture.at if picture else 0.0
    app = Console(
        Still(picture),
        screens,
        initial=screen_name,
        subject=subject,
        clock=lambda: moment,
        zone=UTC,
        ascii_only=ascii_only,
        acts=acts,
        color=True,
    )
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        return drawn(app, f"saitotui {screen_name}"), text_of(app)


def drawn(app: Console, title: str) -> str:
    """What stands on the screen, as SVG."""
    return _IDS.sub("terminal", app.export_screenshot(title=title, simplify=True))


def text_of(app: Console) -> str:
    """What stands on the screen, as lines without trailing spaces."""
    width, _ = app.size
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.crop(0, width).text.rstrip() for strip in strips) + "\n"
