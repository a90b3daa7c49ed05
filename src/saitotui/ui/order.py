"""What a command of the console is, and what it may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.model.source import Faults, Source
from saitotui.ui.views import View

if TYPE_CHECKING:
    from saitotui.ui.dialogues import Dialogues
    from saitotui.ui.past import Past


class Desk(Protocol):
    """What commands may use of the console."""

    @property
    def source(self) -> Source: ...

    @property
    def faults(self) -> Faults | None: ...

    @property
    def acting(self) -> Dialogues | None:
        """What acts; None where nothing can (a picture from a file)."""
        ...

    @property
    def past(self) -> Past | None:
        """What is recorded; None where nothing is."""
        ...

    @property
    def screens(self) -> Sequence[ScreenSpec]: ...

    @property
    def picture(self) -> Picture | None: ...

    @property
    def view(self) -> View: ...

    @property
    def key(self) -> str:
        """What the cursor stands on."""
        ...

    @property
    def sideways(self) -> bool:
        """Whether there is something at the left or right of the cursor, as on a map."""
        ...

    def open(self, view: View) -> None: ...

    def open_key(self, key: str) -> None: ...

    def back(self) -> bool: ...

    def say(self, sentence: str, *, wrong: bool = False) -> None: ...

    def prompt(self, kind: str) -> None: ...

    def toggle_wrong(self) -> None: ...

    def find(self, step: int) -> None: ...

    def move(self, how: str) -> None: ...

    def shell(self, host: str) -> None: ...

    def inject(self, name: str, target: str) -> None: ...

    def heal(self, target: str) -> None: ...

    def repaint(self) -> None: ...

    def leave(self) -> None: ...

    def suspend_process(self) -> None: ...


class Order:
    """A command. `keys` are Textual key names or characters; a command without a name has keys only."""

    name: ClassVar[str] = ""
    aliases: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[str] = ""
    """How the keys are written in help, where that is not the keys themselves."""
    footer: ClassVar[str] = ""
    """The word beside the key in the footer; empty: not there."""
    takes: ClassVar[str] = ""
    """What it takes, as help writes it (`NODE`)."""
    summary: ClassVar[str] = ""

    def available(self, desk: Desk) -> bool:
        return True

    def wants(self, desk: Desk, key: str) -> bool:
        """Whether `key` means this command now."""
        return key in self.keys

    def hinted(self, desk: Desk) -> bool:
        """Whether the footer offers it now."""
        return bool(self.footer) and self.available(desk)

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        """Completions of its argument."""
        return ()

    def run(self, desk: Desk, argument: str = "") -> None:
        raise NotImplementedError

    def key_text(self) -> str:
        return self.shown or " ".join(self.keys)
