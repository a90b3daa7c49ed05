"""Which tiers there are: every module of `saitotui.tiers` that presents a `TIER`."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from saitotui import tiers
from saitotui.model.command import Question
from saitotui.model.finding import Situation
from saitotui.model.log import Log
from saitotui.model.nudge import Nudge
from saitotui.model.profile import Profile
from saitotui.model.tier import Tier, TierKind
from saitotui.tiers import redundancy


@cache
def tier_kinds() -> tuple[TierKind, ...]:
    """All kinds of tier, in the order of the tier strip."""
    modules = (
        import_module(f"{tiers.__name__}.{found.name}") for found in pkgutil.iter_modules(tiers.__path__)
    )
    kinds = [kind for module in modules if isinstance(kind := getattr(module, "TIER", None), TierKind)]
    return tuple(sorted(kinds, key=lambda kind: kind.order))


@cache
def situations() -> Mapping[str, Situation]:
    """Every situation that may be found, by code."""
    every = [*(s for kind in tier_kinds() for s in kind.situations), *redundancy.SITUATIONS]
    return {situation.code: situation for situation in every}


@dataclass(frozen=True, slots=True)
class Platform:
    """A profile and the tiers it has."""

    profile: Profile
    tiers: tuple[tuple[TierKind, Tier], ...]
    questions: Mapping[str, Question[Any]]


def logs(profile: Profile, subject: str = "") -> tuple[Log, ...]:
    """The logs of a platform: all, those of a tier, or those of a node."""
    every = [(kind.name, log) for kind in tier_kinds() for log in kind.logs(profile)]
    return tuple(log for tier, log in every if subject in ("", tier, log.node))


def nudges(profile: Profile) -> tuple[Nudge, ...]:
    """What tells of changes by itself."""
    return tuple(nudge for kind in tier_kinds() for nudge in kind.nudges(profile))


def platform(profile: Profile) -> Platform:
    """The tiers of `profile`, built, and all their questions by key. A key belongs to one question."""
    built = [(kind, tier) for kind in tier_kinds() if (tier := kind.build(profile)) is not None]
    every: Sequence[Question[Any]] = [question for _, tier in built for question in tier.questions]
    questions = {question.key: question for question in every}
    if len(questions) != len(every):
        raise ValueError("two questions of different tiers have the same key")
    return Platform(profile, tuple(built), questions)
