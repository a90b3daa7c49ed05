"""What a tier is to the rest of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from saitotui.model.command import Question
from saitotui.model.finding import Situation
from saitotui.model.log import Log
from saitotui.model.nudge import Nudge, no_nudges
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.topology import TierPicture


class Tier(Protocol):
    """A tier of one platform. `questions` is everything it wants asked; `picture` is pure."""

    @property
    def questions(self) -> Sequence[Question[Any]]: ...

    def picture(self, snapshot: Snapshot) -> TierPicture: ...


def no_logs(profile: Profile) -> Sequence[Log]:
    """Of a tier whose services' logs are not followed."""
    return ()


@dataclass(frozen=True, slots=True)
class TierKind:
    """How a tier module presents itself: each `saitotui.tiers.NAME` has one, called `TIER`.

    `build` gives None when the profile has no such tier. `order` is its place on the tier strip (and its
    number key), `needs` the tiers whose failure explains its own, `logs` what its services write, `nudges`
    what tells of changes by itself.
    """

    name: str
    title: str
    order: int
    build: Callable[[Profile], Tier | None]
    situations: tuple[Situation, ...]
    needs: tuple[str, ...] = ()
    logs: Callable[[Profile], Sequence[Log]] = no_logs
    nudges: Callable[[Profile], Sequence[Nudge]] = no_nudges
