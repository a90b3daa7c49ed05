"""From a key or a typed line to the command that is meant, and what may be completed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saitotui.model.screen import ScreenSpec
from saitotui.ui.commands import ORDERS, Desk, Order
from saitotui.ui.views import Kind, View, all_screens


@dataclass(frozen=True)
class OpenScreen:
    """One screen file, as a command."""

    screen: ScreenSpec
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.screen.name

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.screen.key,) if self.screen.key else ()

    @property
    def summary(self) -> str:
        return f"the screen {self.screen.title}"

    @property
    def view(self) -> View:
        return View(Kind.SCREEN, self.screen.name)


def by_key(desk: Desk, key: str) -> Order | OpenScreen | None:
    """What a key does now, or None."""
    for order in ORDERS:
        if order.wants(desk, key) and order.available(desk):
            return order
    return next((OpenScreen(s) for s in all_screens(desk.picture, desk.screens) if s.key == key), None)


def by_name(desk: Desk, word: str) -> Order | OpenScreen | None:
    """The command called `word`: its name, an alias, or a beginning that fits only one."""
    named: list[Order | OpenScreen] = [
        *(order for order in ORDERS if order.name and order.available(desk)),
        *_screens(desk),
    ]
    for order in named:
        if word == order.name or word in order.aliases:
            return order
    begun = [order for order in named if word and order.name.startswith(word)]
    return begun[0] if len(begun) == 1 else None


def _screens(desk: Desk) -> Iterator[OpenScreen]:
    return (OpenScreen(screen) for screen in all_screens(desk.picture, desk.screens))


def execute(desk: Desk, text: str) -> None:
    """Carries out a line of the command line; a word that is no command but a node opens the node."""
    word, _, argument = text.strip().lstrip(":").partition(" ")
    if not word:
        return
    order = by_name(desk, word)
    if isinstance(order, OpenScreen):
        desk.open(order.view)
    elif order is not None:
        order.run(desk, argument.strip())
    elif desk.picture is not None and desk.picture.node(word):
        desk.open_key(word)
    else:
        desk.say(f"no command {word[:30]!r}: Tab completes, ? lists all", wrong=True)


@dataclass(frozen=True, slots=True)
class Offer:
    """A line that the command line or the palette proposes."""

    text: str
    summary: str
    key: str = ""


def offers(desk: Desk, text: str) -> list[Offer]:
    """Completions of what stands on the command line."""
    word, space, argument = text.lstrip().partition(" ")
    if space:
        order = by_name(desk, word)
        found = order.choices(desk, argument.lstrip()) if isinstance(order, Order) else ()
        return [Offer(f"{word} {choice}", "") for choice in found if choice.startswith(argument.lstrip())]
    return [offer for offer in every_offer(desk) if offer.text.startswith(word)]


def every_offer(desk: Desk) -> list[Offer]:
    named = [
        Offer(order.name, f"{order.takes + ': ' if order.takes else ''}{order.summary}", order.key_text())
        for order in ORDERS
        if order.name and order.available(desk)
    ]
    return [*named, *(Offer(s.name, s.summary, " ".join(s.keys)) for s in _screens(desk))]


def fuzzy(desk: Desk, text: str) -> list[Offer]:
    """Commands, screens and nodes that contain the letters of `text` in their order, tightest first."""
    nodes = desk.picture.nodes if desk.picture else ()
    pool = [
        *every_offer(desk),
        *(Offer(f"goto {node.id}", f"{node.kind} {node.role}".strip()) for node in nodes),
    ]
    scored = [(spread, offer) for offer in pool if (spread := _spread(offer.text, text.strip().lower())) >= 0]
    return [offer for _, offer in sorted(scored, key=lambda pair: pair[0])]


def _spread(candidate: str, letters: str) -> int:
    """How far the letters lie apart in `candidate`, a late beginning counted too; -1: not all are there."""
    at, first = -1, 0
    for number, letter in enumerate(letters):
        at = candidate.lower().find(letter, at + 1)
        if at < 0:
            return -1
        if number == 0:
            first = at
    return at - first + first // 2 if letters else 0
