"""Findings about single hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saitotui.facts.host import FileSystem, HostFacts
from saitotui.facts.logins import Login
from saitotui.model.command import Failure, FailureKind
from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health
from saitotui.model.profile import ClusterLimits, Profile, StorageLimits
from saitotui.model.text import duration, one_line, size
from saitotui.tiers.hosts.clock import Offset
from saitotui.tiers.hosts.questions import host_id
from saitotui.tiers.hosts.situations import (
    CLOCK_SKEW,
    DISK_FULL,
    KEY_CHANGED,
    LOAD_HIGH,
    MEMORY_LOW,
    REBOOTED,
    SILENT,
    SSH_DENIED,
    SSH_REFUSED,
    UNREACHABLE,
    UNREADABLE,
)

FRESH = 600.0
"""Seconds after its boot for which a host counts as rebooted."""
OVERLOAD = 2.0
"""Tasks that want to run, for each processor."""

_FAILED: dict[FailureKind, tuple[Situation, str]] = {
    FailureKind.UNREACHABLE: (UNREACHABLE, "{} cannot be reached"),
    FailureKind.REFUSED: (SSH_REFUSED, "{} lives, but nobody listens on its SSH port"),
    FailureKind.TIMEOUT: (SILENT, "{} does not answer in time"),
    FailureKind.DENIED: (SSH_DENIED, "{} refuses the login of this console"),
    FailureKind.ERROR: (UNREADABLE, "{} cannot be asked for its facts"),
    FailureKind.UNPARSABLE: (UNREADABLE, "{} answers what this console cannot read"),
}


@dataclass(frozen=True, slots=True)
class HostView:
    """What is known of one host; `facts` and `disks` None when unknown, `failure` why."""

    name: str
    facts: HostFacts | None
    failure: Failure | None
    disks: tuple[FileSystem, ...] | None = None
    offset: Offset | None = None
    source: str = ""
    """Who says so, and how old it is, where that is not the host itself."""
    logins: tuple[Login, ...] = ()

    @property
    def pending(self) -> bool:
        return self.failure is not None and self.failure.kind is FailureKind.PENDING


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a warning begins: seconds and percent."""

    clock_skew: float
    memory: float
    disk: float
    exported: str
    """The storage tier's own mount, which that tier judges."""


def limits(profile: Profile) -> Limits:
    cluster = profile.cluster.limits if profile.cluster else ClusterLimits()
    storage = profile.storage.limits if profile.storage else StorageLimits()
    mount = profile.storage.mount if profile.storage else ""
    return Limits(cluster.clock_skew, cluster.memory_percent, storage.space_percent, mount)


def host_findings(view: HostView, bounds: Limits) -> Iterator[Finding]:
    if view.failure is not None and not view.pending:
        yield _failed(view.name, view.failure)
    if view.facts is not None:
        yield from _facts(view, view.facts, bounds)
    full = [
        disk for disk in view.disks or () if disk.percent >= bounds.disk and disk.mount != bounds.exported
    ]
    if full:
        words = [f"{disk.mount} {disk.percent:.0f}%" for disk in sorted(full, key=lambda disk: -disk.percent)]
        health = Health.CRIT if max(disk.percent for disk in full) >= min(98, bounds.disk + 10) else None
        sentence = f"{view.name}: {', '.join(words)} full"
        yield DISK_FULL.found(
            host_id(view.name),
            sentence,
            *(f"df: {disk.device} on {disk.mount}" for disk in full),
            health=health,
        )


def _failed(name: str, failure: Failure) -> Finding:
    situation, words = _FAILED[failure.kind]
    if failure.kind is FailureKind.DENIED and "host key" in failure.sentence.lower():
        situation, words = KEY_CHANGED, "{} does not show the host key that is known"
    return situation.found(host_id(name), words.format(name), one_line(failure.sentence))


def _facts(view: HostView, facts: HostFacts, bounds: Limits) -> Iterator[Finding]:
    subject, name = host_id(view.name), view.name
    if view.offset is not None and view.offset.beyond(bounds.clock_skew):
        off = duration(abs(round(view.offset.seconds, 1)))
        where = "ahead of" if view.offset.seconds > 0 else "behind"
        sentence = f"the clock of {name} is {off} {where} the other hosts'"
        yield CLOCK_SKEW.found(
            subject, sentence, f"date: {facts.now:.3f}, known to {view.offset.margin:.2f} s"
        )
    if facts.uptime < FRESH:
        ago = duration(round(facts.uptime))
        yield REBOOTED.found(subject, f"{name} booted {ago} ago", f"boot id {one_line(facts.boot_id)}")
    if facts.memory_percent >= bounds.memory:
        left = size(facts.memory_available)
        sentence = f"{name} uses {facts.memory_percent:.0f}% of its memory, {left} can still be had"
        yield MEMORY_LOW.found(subject, sentence, f"MemAvailable {left} of {size(facts.memory_total)}")
    one, five, _ = facts.load
    if facts.cpus and min(one, five) > OVERLOAD * facts.cpus:
        sentence = f"{name} is overloaded: load {five:.1f} on {facts.cpus} processors"
        yield LOAD_HIGH.found(subject, sentence, "load " + " ".join(f"{load:.2f}" for load in facts.load))
