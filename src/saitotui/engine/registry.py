"""The tiers of a platform, and what they ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from saitotui.model.command import Question
from saitotui.model.finding import Situation
from saitotui.model.log import Log
from saitotui.model.nudge import Nudge
from saitotui.model.profile import Profile
from saitotui.model.tier import Tier, TierKind
from saitotui.tiers import redundancy
from saitotui.tiers.kinds import tier_kinds
from saitotui.tiers.relay import relayed, relays


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
    """What tells of changes by itself. Where Zabbix's agents ask, nobody can be told to ask at once."""
    asked = {relay.question.key for relay in relays(profile)}
    every = (nudge for kind in tier_kinds() for nudge in kind.nudges(profile))
    return tuple(nudge for nudge in every if not asked & set(nudge.keys))


def platform(profile: Profile) -> Platform:
    """The tiers of `profile`, built, and all their questions by key, as they are asked before and after an
    act. A key belongs to one question."""
    built = [(kind, tier) for kind in tier_kinds() if (tier := kind.build(profile)) is not None]
    every: Sequence[Question[Any]] = [question for _, tier in built for question in tier.questions]
    questions = {question.key: question for question in every}
    if len(questions) != len(every):
        raise ValueError("two questions of different tiers have the same key")
    return Platform(profile, tuple(built), questions)


def watched(profile: Profile) -> Platform:
    """The platform as it is looked at: questions that Zabbix's agents ask are asked of Zabbix."""
    seen = platform(profile)
    return replace(seen, questions={**seen.questions, **relayed(profile)})
