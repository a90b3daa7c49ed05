"""What reaches an engineer who looks elsewhere: the terminal's title, and its bell."""

from __future__ import annotations

from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.text import one_line

PUSH, POP = "\x1b[22;2t", "\x1b[23;2t"
"""xterm: keep the title that was there, and give it back."""
BELL = "\x07"


class Attention:
    """Follows the pictures, and says what the terminal must be told: nothing, as long as nothing is new."""

    def __init__(self) -> None:
        self._title = ""
        self._known: frozenset[tuple[str, str]] | None = None

    def news(self, picture: Picture) -> str:
        """Control sequences (xterm's) for the title when it changed, and a bell for every picture with a
        critical finding that is new and no consequence. tmux shows both in its window list."""
        profile = picture.profile
        name = one_line(profile.name, limit=40)
        title = f"{profile.environment.name.upper()} {name} {picture.health.name}"
        said = ""
        if title != self._title:
            said = ("" if self._title else PUSH) + f"\x1b]2;{title}\x07"
            self._title = title
        critical = frozenset(
            (finding.code, finding.subject)
            for finding in picture.findings
            if finding.health is Health.CRIT and not finding.cause
        )
        if self._known is not None and critical - self._known:
            said += BELL
        self._known = critical
        return said

    @property
    def farewell(self) -> str:
        return POP if self._title else ""
