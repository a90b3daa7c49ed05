"""A Textual application that shows one word: what any console costs."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class Bare(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("Tiers")


if __name__ == "__main__":
    Bare().run(mouse=False)
