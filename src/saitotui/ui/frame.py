"""What the console stands on: two columns of lines between a header and a footer, a cursor, a prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from textual import on
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from saitotui.ui.grid import Bar, Grid
from saitotui.ui.lean import LeanScreen
from saitotui.ui.line import Line
from saitotui.ui.paint import Paint
from saitotui.ui.prompt import Prompt


class Frame(App[None], inherit_bindings=False):
    """Knows nothing of platforms: it moves the cursor, shows the prompt, and puts questions."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { layout: vertical; overflow: hidden; }
    #body { height: 1fr; }
    #side { display: none; }
    """

    def __init__(self, paint: Paint) -> None:
        super().__init__()
        self.theme = "ansi-dark"
        self._paint = paint
        self._active = "main"
        self._words = ""
        self._asked: asyncio.Future[str] | None = None
        self._free = asyncio.Event()
        self._free.set()

    def get_default_screen(self) -> LeanScreen:
        return LeanScreen(id="_default")

    def compose(self) -> ComposeResult:
        yield Bar(self._paint, id="header")
        with Horizontal(id="body"):
            yield Grid(self._paint, id="main", active=True)
            yield Grid(self._paint, id="side")
        yield Prompt(self._paint)
        yield Bar(self._paint, id="footer")

    def call(self, sequence: str) -> None:
        """Writes a control sequence of ours to the terminal."""
        if sequence and self._driver is not None and not self.is_headless and not self._paint.ascii_only:
            self._driver.write(sequence)

    def _repaint_with(self, paint: Paint) -> None:
        self._paint = paint
        for grid in self.query(Grid):
            grid.repaint(paint)

    def repaint(self) -> None:
        if isinstance(self.screen, LeanScreen):
            self.screen.draw_anew()

    def suspend_process(self) -> None:
        self.action_suspend_process()

    # --- the cursor

    @property
    def _grid(self) -> Grid:
        return self.query_one(f"#{self._active}", Grid)

    @property
    def key(self) -> str:
        return self._grid.key

    @property
    def sideways(self) -> bool:
        return self._grid.row > 1

    def move(self, how: str) -> None:
        grid = self._grid
        moves: dict[str, Callable[[], object]] = {
            "down": lambda: grid.move(1),
            "up": lambda: grid.move(-1),
            "left": lambda: grid.sideways(-1),
            "right": lambda: grid.sideways(1),
            "page-down": lambda: grid.page(0.5),
            "page-up": lambda: grid.page(-0.5),
            "top": lambda: grid.edge(last=False),
            "bottom": lambda: grid.edge(last=True),
            "other": self._other,
        }
        moves[how]()

    def _other(self) -> None:
        if self.query_one("#side", Grid).lines:
            self._activate("side" if self._active == "main" else "main")

    def _activate(self, name: str) -> None:
        if name != self._active:
            self._grid.activate(False)
            self._active = name
            self._grid.activate(True)
            self._grid.focus()

    # --- the prompt

    @property
    def _prompt(self) -> Prompt:
        return self.query_one(Prompt)

    def _show_prompt(self) -> None:
        self._free.clear()
        self.query_one("#footer", Bar).display = False

    def _close_prompt(self) -> None:
        self._prompt.close()
        self._free.set()
        self.query_one("#footer", Bar).display = True
        self.screen.set_focus(self._grid)

    async def ask(self, label: str, lines: Sequence[Line] = (), value: str = "") -> str:
        """What is typed after `label`, `lines` standing above it; '' when it is given up. A prompt that is
        open already is waited for: keys that were meant for it answer nothing else."""
        await self._free.wait()
        self._asked = asyncio.get_running_loop().create_future()
        self._show_prompt()
        self._prompt.ask(label, lines, value, self.size.width)
        try:
            return await self._asked
        finally:
            self._asked = None

    def _answer(self, text: str) -> None:
        """The question on the prompt is answered."""
        self._close_prompt()
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(text)

    @on(Prompt.Completed)
    def _completed(self, event: Prompt.Completed) -> None:
        self._prompt.complete()

    @on(Prompt.Stepped)
    def _stepped(self, event: Prompt.Stepped) -> None:
        self._prompt.step(event.step)

    @on(Input.Changed)
    def _stop_changed(self, event: Input.Changed) -> None:
        event.stop()
