"""What tells by itself that something has changed, so that it need not be waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.model.command import Command
from saitotui.model.profile import Profile


@dataclass(frozen=True, slots=True)
class Nudge:
    """A command that goes on and prints a line whenever something changes: the questions `keys` are asked at
    once then. What it prints up to a line that begins with `begins` is how things were when it began."""

    command: Command
    keys: frozenset[str]
    begins: str = ""


def no_nudges(profile: Profile) -> Sequence[Nudge]:
    """Of a tier that is only polled."""
    return ()
