"""What stops if some nodes die now."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum

from saitotui.model.health import Health
from saitotui.tiers.redundancy.services import Member, Mode, Service


class Impact(IntEnum):
    """Ordered from harmless to worst."""

    NOTHING = 0
    """Users notice nothing, and another loss would be survived too."""
    DEGRADED = 1
    """It goes on, after a pause or without a reserve."""
    UNKNOWN = 2
    """Whether it goes on depends on nodes of which nobody knows how they are."""
    DOWN = 3
    """Something stops for users."""

    @property
    def word(self) -> str:
        return ("nothing", "degraded", "cannot tell", "down")[self]

    @property
    def health(self) -> Health:
        return (Health.OK, Health.OK, Health.UNKNOWN, Health.WARN)[self]


@dataclass(frozen=True, slots=True)
class Loss:
    """What a loss does, and why in a few words."""

    impact: Impact
    why: str = ""


def worst(losses: Iterable[Loss]) -> Loss:
    """The worst of several, with all reasons that are as bad."""
    every = list(losses)
    impact = max((loss.impact for loss in every), default=Impact.NOTHING)
    reasons = dict.fromkeys(loss.why for loss in every if loss.impact is impact and loss.why)
    return Loss(impact, "; ".join(reasons))


def lose(service: Service, lost: Collection[str]) -> Loss:
    """What the loss of the nodes `lost` (ids) does to `service`."""
    hit = [member for member in service.members if member.id in lost]
    if not hit:
        return Loss(Impact.NOTHING)
    left = [member for member in service.members if member.id not in lost]
    if all(member.able is False for member in hit):
        return Loss(Impact.NOTHING, f"{service.kind.name}: it does no work now")
    return _any(service, left) if service.kind.mode is Mode.ANY else _pair(service, hit, left)


def _any(service: Service, left: list[Member]) -> Loss:
    name, able = service.kind.name, [member.id for member in left if member.able]
    if not able and any(member.able is None for member in left):
        unknown = ", ".join(member.id for member in left if member.able is None)
        return Loss(Impact.UNKNOWN, f"{name}: only {unknown} would be left, state unknown")
    if not able:
        return Loss(Impact.DOWN, f"{name}: {service.kind.stops} stops, nobody is left")
    if len(able) == 1:
        return Loss(Impact.DEGRADED, f"{name}: {able[0]} alone goes on")
    return Loss(Impact.NOTHING, f"{name}: {', '.join(able)} go on")


def _pair(service: Service, hit: list[Member], left: list[Member]) -> Loss:
    kind, active = service.kind, service.active
    if service.last is not None:
        return Loss(Impact.DOWN, f"{kind.name}: it stands still, and nobody else could bring it back")
    if active is None:
        who = "more than one claims" if service.claimants else "nobody is known"
        return Loss(Impact.UNKNOWN, f"{kind.name}: {who} to be {kind.active}")
    if active not in hit:
        return Loss(Impact.DEGRADED, f"{kind.name}: goes on without a standby")
    able = [member.id for member in left if member.able]
    if able and kind.mode is Mode.TAKES_OVER:
        return Loss(Impact.DEGRADED, f"{kind.name}: {able[0]} takes over after a pause")
    if able:
        return Loss(Impact.DOWN, f"{kind.name}: {kind.stops} stop until {able[0]} is promoted")
    if any(member.able is None for member in left):
        return Loss(Impact.UNKNOWN, f"{kind.name}: nobody knows whether the other could take over")
    return Loss(Impact.DOWN, f"{kind.name}: {kind.stops} stop, no standby")
