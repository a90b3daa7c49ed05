"""The views of the console, as values: what is open, and how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
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
from saitotui.ui.draw.walk import walk_page
from saitotui.ui.line import Page, only


class Kind(StrEnum):
    OVERVIEW = "overview"
    MAP = "map"
    SCREEN = "screen"
    DETAIL = "detail"
    RAW = "raw"
    LOG = "log"
    RUNBOOKS = "runbooks"
    PLAN = "plan"
    RUN = "run"
    JOURNAL = "journal"
    ENTRY = "entry"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class View:
    """What is open. `subject`: a screen's name, a node's id, a finding's key, keys of readings, a
    runbook with its parameters, a run's name, the number of an entry."""

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
    wrong = wrong and view.kind in (Kind.OVERVIEW, Kind.SCREEN, Kind.LOG)
    return Page(only(page.main, wrong=wrong, words=words), only(page.side, wrong=wrong, words=words))


def _page(view: View, picture: Picture, room: Room) -> Page:
    match view.kind:
        case Kind.SCREEN:
            return tier_page(picture, screen_of(view.subject, picture, room.screens), room)
        case Kind.DETAIL:
            return detail_page(picture, view.subject, room)
        case Kind.RAW:
            return raw_page(picture, raw_keys(picture, view.subject), room)
        case Kind.LOG:
            return log_page(picture, room)
        case Kind.RUNBOOKS:
            return catalogue_page(picture, room)
        case Kind.PLAN:
            return plan_page(view.subject, room)
        case Kind.RUN:
            return walk_page(view.subject, room)
        case Kind.JOURNAL:
            return journal_page(room)
        case Kind.ENTRY:
            return entry_page(view.subject, room)
        case _:
            return digest(picture, room) if room.small else overview(picture, room)


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


_OPENS = {"reading": Kind.RAW, "runbook": Kind.PLAN, "run": Kind.RUN, "entry": Kind.ENTRY}
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
    word = view.subject.partition(" ")[0] or view.kind.value
    return f"{view.kind.value} {word}" if view.kind in (Kind.RUN, Kind.ENTRY) else word
