"""What acting needs of the console."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from saitotui.model.picture import Picture
from saitotui.ui.line import Line
from saitotui.ui.views import View

READ_ONLY = "this console is read-only: :arm 15m and why, first"
CANCELLED = "left: nothing was done"


class Front(Protocol):
    """What dialogues need of the console."""

    @property
    def picture(self) -> Picture | None: ...

    @property
    def view(self) -> View: ...

    @property
    def width(self) -> int: ...

    def open(self, view: View) -> None: ...

    def say(self, sentence: str, *, wrong: bool = False) -> None: ...

    def redraw(self) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, None], once: str = "") -> None:
        """Carries `work` out beside everything else."""
        ...

    async def ask(self, label: str, lines: Sequence[Line] = (), value: str = "") -> str: ...
