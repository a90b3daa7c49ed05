"""The line at the bottom that takes commands and filters, with what may be meant above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from saitotui.ui.dispatch import Offer
from saitotui.ui.grid import Bar, Grid
from saitotui.ui.line import Line, Look, Span, crop, fit, paragraph, width_of
from saitotui.ui.paint import Paint

OFFERED = 8
"""Proposals that are seen at once."""


class PromptInput(Input):
    """An input that leaves the keys of the proposals to the prompt."""

    DEFAULT_CSS = """
    PromptInput, PromptInput:focus { border: none; height: 1; padding: 0; background: ansi_default; }
    """
    STEPS: ClassVar[Mapping[str, int]] = {"up": -1, "ctrl+p": -1, "shift+tab": -1, "down": 1, "ctrl+n": 1}

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("escape", "ctrl+c"):
            self.post_message(Prompt.Left())
        elif event.key == "tab":
            self.post_message(Prompt.Completed())
        elif event.key in self.STEPS:
            self.post_message(Prompt.Stepped(self.STEPS[event.key]))
        else:
            await super()._on_key(event)
            return
        event.prevent_default()
        event.stop()


class Prompt(Vertical):
    """Hidden until it is opened as `:` (commands), `/` (filter), `?` (palette) or `ask` (a question)."""

    DEFAULT_CSS = """
    Prompt { height: auto; display: none; }
    Prompt #offers { height: auto; max-height: 12; }
    Prompt Horizontal { height: 1; }
    Prompt #sign { width: 2; }
    """

    class Left(Message):
        """Given up."""

    class Completed(Message):
        """The chosen proposal is to be taken over."""

    class Stepped(Message):
        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, paint: Paint) -> None:
        super().__init__(id="prompt")
        self._paint = paint
        self.kind = ""
        self._offers: list[Offer] = []
        self._chosen = -1

    def compose(self) -> ComposeResult:
        yield Grid(self._paint, id="offers", active=True)
        with Horizontal():
            yield Bar(self._paint, id="sign")
            field = PromptInput(id="field", select_on_focus=False)
            field.cursor_blink = False
            yield field

    @property
    def field(self) -> PromptInput:
        return self.query_one(PromptInput)

    def open(self, kind: str, value: str = "") -> None:
        """Shows the prompt; the input takes the keys."""
        self.kind = kind
        self.display = True
        self._chosen = -1
        self._begin({":": ":", "/": "/", "?": ">"}[kind], value)

    def ask(self, label: str, lines: Sequence[Line], value: str, width: int) -> None:
        """Puts a question: `label` before the input, `lines` above it. A label that leaves too little room
        for an answer stands above, too."""
        self.kind = "ask"
        self.display = True
        self._offers, self._chosen = [], -1
        if width_of(label) > width // 2:
            lines, label = [*lines, *paragraph(label, width, Look.STRONG)], ">"
        grid = self.query_one("#offers", Grid)
        grid.styles.height = len(lines)
        grid.show(lines, top=True)
        self._begin(label, value)

    def _begin(self, sign: str, value: str) -> None:
        bar = self.query_one("#sign", Bar)
        bar.styles.width = width_of(sign) + 1
        bar.show([Line((Span(sign + " ", Look.STRONG),))])
        self.field.value = value
        self.field.cursor_position = len(value)
        self.screen.set_focus(self.field)

    def close(self) -> None:
        self.kind = ""
        self.display = False
        self.field.value = ""

    def propose(self, offers: Sequence[Offer], width: int) -> None:
        self._offers = list(offers)
        if self._chosen >= len(self._offers):
            self._chosen = -1
        self._draw(width)

    def _draw(self, width: int) -> None:
        grid = self.query_one("#offers", Grid)
        bare = not any(offer.key or offer.summary for offer in self._offers)
        names = min(
            width - 12 if bare else 34, max((width_of(offer.text) for offer in self._offers), default=0) + 2
        )
        lines = [self._line(number, offer, names, width) for number, offer in enumerate(self._offers)]
        grid.styles.height = min(OFFERED, len(lines))
        grid.show(lines, key=f"offer {self._chosen}", top=True)

    def _line(self, number: int, offer: Offer, names: int, width: int) -> Line:
        return Line(
            (
                Span("  " + fit(offer.text, names), Look.STRONG),
                Span(fit(offer.key, 8), Look.KEY),
                Span(crop(offer.summary, width - names - 12), Look.DIM),
            ),
            key=f"offer {number}",
        )

    def step(self, step: int) -> None:
        """Chooses the next proposal (or the one before)."""
        if self._offers:
            self._chosen = (self._chosen + step) % len(self._offers) if self._chosen >= 0 or step > 0 else -1
            self._draw(self.size.width)

    def complete(self) -> None:
        """Takes the chosen proposal, else what all proposals begin with, into the input."""
        texts = [offer.text for offer in self._offers]
        if not texts:
            return
        if self._chosen >= 0:
            value = texts[self._chosen] + " "
        elif len(texts) == 1:
            value = texts[0] + " "
        else:
            value = _common(texts)
        if len(value) > len(self.field.value):
            self.field.value = value
            self.field.cursor_position = len(value)

    @property
    def answer(self) -> str:
        """What was meant: the chosen proposal, else what was typed; the palette takes its first."""
        if self._chosen >= 0:
            return self._offers[self._chosen].text
        if self.kind == "?":
            return self._offers[0].text if self._offers else ""
        return self.field.value


def _common(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:same]
