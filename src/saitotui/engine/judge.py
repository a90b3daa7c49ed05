"""From a snapshot to a picture: every tier judges, then the whole is seen across tiers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from saitotui.engine.registry import Platform, situations
from saitotui.model.command import Client
from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import coarse
from saitotui.model.tier import Tier, TierKind
from saitotui.model.topology import Actor, Event, TierPicture
from saitotui.tiers import redundancy

HISTORY = 240
"""Values kept of each sample."""
EVENTS = 400
"""Events kept."""

TIER_DEFECT = Situation(
    "console.tier-defect",
    Health.UNKNOWN,
    "This console cannot judge a tier",
    "A defect of this console: what it shows of the tier is missing, the tier itself may be well.",
    "Look at the tier by hand, and report the sentence with the recorded snapshot.",
)

_log = logging.getLogger(__name__)


def judge(
    platform: Platform, snapshot: Snapshot, before: Picture | None = None, *, whole: bool = True
) -> Picture:
    """`snapshot`, judged. `before` is the picture that this one follows: it lends history, events and the
    times since when findings stand. While it is not `whole` (not everything was asked yet), what differs
    from before is no event."""
    pictures = [
        _dated(_tier_picture(kind, tier, snapshot), platform, snapshot) for kind, tier in platform.tiers
    ]
    across = redundancy.judge(platform.profile, snapshot, pictures)
    pictures.append(across)
    explained = redundancy.explain([f for picture in pictures for f in picture.findings], pictures)
    findings = tuple(sorted(explained, key=lambda f: (bool(f.cause), -f.health, f.code, f.subject)))
    placed = _place(pictures, findings)
    since = _since(findings, snapshot.at, before)
    noted = _noted(snapshot.at, before, platform.profile.poll)
    return Picture(
        profile=platform.profile,
        snapshot=snapshot,
        tiers=placed,
        findings=findings,
        events=_events(placed, findings, snapshot.at, before, whole),
        history=_history(placed, before, noted == snapshot.at),
        noted_at=noted,
        since=since,
        whole=whole,
        questions=platform.questions,
        situations={**situations(), TIER_DEFECT.code: TIER_DEFECT},
    )


def _tier_picture(kind: TierKind, tier: Tier, snapshot: Snapshot) -> TierPicture:
    """The tier's own picture. A tier whose code fails must not blind the others: that is a finding too."""
    try:
        return tier.picture(snapshot)
    except Exception as error:
        _log.exception("tier %s failed", kind.name)
        sentence = f"the {kind.title} tier cannot be judged: {type(error).__name__}: {error}"
        return TierPicture(kind.name, sentence, findings=(TIER_DEFECT.found(kind.name, sentence),))


def _dated(picture: TierPicture, platform: Platform, snapshot: Snapshot) -> TierPicture:
    """Where Zabbix's agents asked, how old what they say is."""
    monitoring = platform.profile.monitoring
    if monitoring is None or picture.tier not in monitoring.readings:
        return picture
    ages = [
        snapshot.at - reading.at
        for key, question in platform.questions.items()
        if question.command.client is Client.RELAY and key.startswith(f"{picture.tier}/")
        if (reading := snapshot.readings.get(key)) is not None and reading.ok
    ]
    if not ages:
        return picture
    return replace(picture, headline=f"{picture.headline} (by Zabbix, {coarse(min(ages))} old)")


def _place(pictures: Sequence[TierPicture], findings: Sequence[Finding]) -> tuple[TierPicture, ...]:
    """The pictures with their findings as explained across tiers, in the order of `findings`."""
    own = [{(finding.code, finding.subject) for finding in picture.findings} for picture in pictures]
    return tuple(
        replace(picture, findings=tuple(f for f in findings if (f.code, f.subject) in keys))
        for picture, keys in zip(pictures, own, strict=True)
    )


def _noted(at: float, before: Picture | None, poll: float) -> float:
    """When values were last put into the history: once a poll, however often pictures are published."""
    last = before.noted_at if before else 0.0
    return at if at - last >= poll * 0.9 else last


def _since(findings: Iterable[Finding], at: float, before: Picture | None) -> Mapping[tuple[str, str], float]:
    known = before.since if before else {}
    return {(f.code, f.subject): known.get((f.code, f.subject), at) for f in findings}


def _history(
    tiers: Sequence[TierPicture], before: Picture | None, due: bool
) -> Mapping[str, tuple[float | None, ...]]:
    """Recent values of each sample; `due` says whether a poll has passed since the last ones were noted."""
    known = before.history if before else {}
    values = {f"{tier.tier}/{sample.name}": sample.value for tier in tiers for sample in tier.samples}
    if not due:
        return {name: known.get(name, (value,)) for name, value in values.items()}
    return {name: (*known.get(name, ()), value)[-HISTORY:] for name, value in values.items()}


def _events(
    tiers: Sequence[TierPicture], findings: Sequence[Finding], at: float, before: Picture | None, whole: bool
) -> tuple[Event, ...]:
    """What tiers report, and what changed since the picture before; newest first, each once; of what changed
    at the same moment the worst first."""
    events = {event: None for tier in tiers for event in tier.events}
    if before is not None:
        events |= dict.fromkeys(before.events)
        if whole and before.whole:
            events |= dict.fromkeys(_changes(tiers, findings, at, before))
    return tuple(sorted(events, key=lambda event: -event.at)[:EVENTS])


def _changes(
    tiers: Sequence[TierPicture], findings: Sequence[Finding], at: float, before: Picture
) -> Iterable[Event]:
    old = {(f.code, f.subject): f for f in before.findings}
    new = {(f.code, f.subject): f for f in findings}
    for key, finding in new.items():
        if key not in old:
            yield Event(at, Actor.PLATFORM, "saitotui", finding.subject, finding.sentence)
    for key, finding in old.items():
        if key not in new:
            yield Event(at, Actor.PLATFORM, "saitotui", finding.subject, f"over: {finding.sentence}")
    roles = {node.id: node.role for node in before.nodes}
    for node in (node for tier in tiers for node in tier.nodes):
        was = roles.get(node.id, "")
        if was and node.role and was != node.role:
            yield Event(at, Actor.PLATFORM, "saitotui", node.id, f"{node.id} was {was}, is now {node.role}")
