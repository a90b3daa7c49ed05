"""The views of the console, as values: what is open, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.ui.draw.catalogue import catalogue_page
from saitotui.ui.draw.detail import detail_page, readings_about
from saitotui.ui.draw.journal import entry_page, journal_page
from saitotui.ui.draw.map import platform_map
from saitotui.ui.draw.overview import digest, overview
from saitotui.ui.draw.panes import derived, log_page, tier_page
from saitotui.ui.draw.plan import plan_page
from saitotui.ui.draw.raw import raw_page
from saitotui.ui.draw.room import Room, find
from saitotui.ui.draw.tail import line_page, tail_page
from saitotui.ui.draw.walk import walk_page
from saitotui.ui.draw.whatif import whatif_page
from saitotui.ui.line import Page, only


class Kind(StrEnum):
    OVERVIEW = "overview"
    MAP = "map"
    SCREEN = "screen"
    DETAIL = "detail"
    RAW = "raw"
    LOG = "log"
    TAIL = "tail"
    LINE = "line"
    RUNBOOKS = "runbooks"
    PLAN = "plan"
    WHAT_IF = "what-if"
    RUN = "run"
    JOURNAL = "journal"
    ENTRY = "entry"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class View:
    """What is open. `subject`: a screen's name, a node's id, a finding's key, keys of readings, a
    runbook with its parameters, what may happen to whom, a run's name, the number of an entry, whose logs."""

    kind: Kind
    subject: str = ""


OVERVIEW = View(Kind.OVERVIEW)


def page_of(view: View, picture: Picture, room: Room, *, wrong: bool = False, words: str = "") -> Page:
    """The view's lines; `wrong` leaves out what is well, `words` what does not contain them."""
    if view.kind is Kind.MAP:
        return platform_map(picture, room, wrong=wrong)
    page = _page(view, picture, room)
    if not wrong and not words:
        return page
    wrong = wrong and view.kind in (Kind.OVERVIEW, Kind.SCREEN, Kind.LOG, Kind.TAIL)
    return Page(only(page.main, wrong=wrong, words=words), only(page.side, wrong=wrong, words=words))


def _page(view: View, picture: Picture, room: Room) -> Page:
    if view.kind in _PAGES:
        return _PAGES[view.kind](view.subject, picture, room)
    return digest(picture, room) if room.small else overview(picture, room)


_PAGES: Mapping[Kind, Callable[[str, Picture, Room], Page]] = {
    Kind.SCREEN: lambda name, picture, room: tier_page(picture, screen_of(name, picture, room.screens), room),
    Kind.DETAIL: lambda key, picture, room: detail_page(picture, key, room),
    Kind.RAW: lambda key, picture, room: raw_page(picture, raw_keys(picture, key), room),
    Kind.LOG: lambda _, picture, room: log_page(picture, room),
    Kind.TAIL: lambda subject, picture, room: tail_page(subject, room),
    Kind.LINE: lambda number, picture, room: line_page(number, room),
    Kind.RUNBOOKS: lambda _, picture, room: catalogue_page(picture, room),
    Kind.PLAN: lambda subject, picture, room: plan_page(subject, room),
    Kind.WHAT_IF: lambda subject, picture, room: whatif_page(subject, picture, room),
    Kind.RUN: lambda name, picture, room: walk_page(name, room),
    Kind.JOURNAL: lambda _, picture, room: journal_page(room),
    Kind.ENTRY: lambda number, picture, room: entry_page(number, room),
}
"""How each kind of view is drawn, of what it is about."""


def screen_of(name: str, picture: Picture, screens: Sequence[ScreenSpec]) -> ScreenSpec:
    """The screen called `name`, else the one about the tier `name`, else a derived one."""
    found = next((screen for screen in screens if screen.name == name), None)
    return found or next((screen for screen in screens if screen.tier == name), None) or derived(name)


def all_screens(picture: Picture | None, screens: Sequence[ScreenSpec]) -> tuple[ScreenSpec, ...]:
    """The screens that make sense for this platform: those of its tiers, and those of no tier in
    particular; a tier without one gets a derived one, on a digit that is free."""
    tiers = [tier.tier for tier in picture.tiers] if picture else []
    kept = [screen for screen in screens if not screen.tier or picture is None or screen.tier in tiers]
    free = [digit for digit in "123456789" if digit not in {screen.key for screen in kept}]
    for tier in tiers:
        if not any(screen.tier == tier for screen in kept):
            bare = derived(tier)
            kept.append(ScreenSpec(bare.name, bare.title, tier, free.pop(0) if free else "", bare.panes))
    return tuple(kept)


def raw_keys(picture: Picture, subject: str) -> list[str]:
    """Keys of the readings that `y` shows for a subject: a reading, a node, a finding's subject."""
    if subject.startswith("reading "):
        return [subject.removeprefix("reading ")]
    finding = find(picture, subject)
    return readings_about(picture, finding.subject if finding else subject)


_OPENS = {
    "reading": Kind.RAW,
    "runbook": Kind.PLAN,
    "run": Kind.RUN,
    "entry": Kind.ENTRY,
    "line": Kind.LINE,
    "logs": Kind.TAIL,
}
"""Words before a space that say what a key is about."""


def target_of(key: str, picture: Picture) -> View | None:
    """The view that Enter opens on `key`."""
    if not key:
        return None
    word, _, rest = key.partition(" ")
    if word in _OPENS and rest:
        return View(_OPENS[word], key if word == "reading" else rest)
    name = key.removeprefix("tier/")
    if key.startswith("tier/") or (picture.tier(name) and not picture.node(name)):
        return View(Kind.SCREEN, name)
    return View(Kind.DETAIL, key)


def crumbs(views: Sequence[View]) -> str:
    """The way to what is open: `database › db1`; nothing on the overview."""
    return " › ".join(_crumb(view) for view in views[1:][-2:])


def _crumb(view: View) -> str:
    if view.kind is Kind.TAIL:
        return f"logs {view.subject}".strip()
    word = view.subject.partition(" ")[0] or view.kind.value
    return f"{view.kind.value} {word}" if view.kind in (Kind.RUN, Kind.ENTRY, Kind.LINE) else word
