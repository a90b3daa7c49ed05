"""Makes the whole platform of freshly installed hosts: the parts' own runbooks, one by one, in one run.

See docs/runbooks/bootstrap-platform.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from saitotui.model.plan import Parameter, Plan, Precondition, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import (
    bootstrap_application,
    bootstrap_cluster,
    bootstrap_database,
    bootstrap_hosts,
    bootstrap_storage,
    zabbix_recovery,
)

ID = "bootstrap-platform"
TITLE = "Make the whole platform"


@dataclass(frozen=True, slots=True)
class _Part:
    """A tier's own runbook, and whether the profile says of what it makes it."""

    tier: str
    book: Runbook
    wanted: Callable[[Profile], bool]


_PARTS = (
    _Part("hosts", bootstrap_hosts.RUNBOOK, lambda profile: profile.build is not None),
    _Part(
        "cluster",
        bootstrap_cluster.RUNBOOK,
        lambda profile: profile.cluster is not None and bool(profile.cluster.link_addresses),
    ),
    _Part(
        "storage",
        bootstrap_storage.RUNBOOK,
        lambda profile: profile.storage is not None and profile.storage.build is not None,
    ),
    _Part(
        "database",
        bootstrap_database.RUNBOOK,
        lambda profile: profile.database is not None and profile.database.build is not None,
    ),
    _Part(
        "application",
        bootstrap_application.RUNBOOK,
        lambda profile: profile.application is not None and profile.application.build is not None,
    ),
    _Part("monitoring", zabbix_recovery.RUNBOOK, lambda profile: profile.monitoring is not None),
)
"""In the order in which they are made: each stands on those before it."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plans of all parts as one."""
    without = [word for word in parameters.get("without", "").replace(",", " ").split() if word]
    known = [part.tier for part in _PARTS]
    if wrong := [word for word in without if word not in known]:
        return Refusal(ID, (f"there is no part {', '.join(wrong)}: there are {', '.join(known)}",))
    parts = [part for part in _PARTS if part.tier not in without and part.wanted(profile)]
    if not parts:
        return Refusal(ID, ("the profile says of no part what it is made of: give `build` there",))
    made = {part: part.book.plan(profile, snapshot, part.book.defaults) for part in parts}
    plans = {part.tier: one for part, one in made.items() if isinstance(one, Plan)}
    refused = [
        f"{part.book.id}: {reason}"
        for part, one in made.items()
        if isinstance(one, Refusal)
        for reason in one.reasons
    ]
    if refused:
        return Refusal(ID, tuple(refused))
    return Plan(
        ID,
        TITLE,
        profile.name,
        dict(parameters),
        "; ".join(f"{tier}: {one.summary}" for tier, one in plans.items()),
        tuple(_stages(plans)),
        tuple(_preflight(plans.values())),
        tuple(step for one in plans.values() for step in one.disarm),
        tuple(dict.fromkeys(lease for one in plans.values() for lease in one.leases)),
        tuple(dict.fromkeys(host for one in plans.values() for host in one.absent)),
    )


def _preflight(plans: Iterable[Plan]) -> Iterator[Precondition]:
    """What all parts ask, each question once. The earliest part's word counts: it may bring about what a
    later one needs."""
    asked = set()
    for one in plans:
        for condition in one.preflight:
            key = (condition.check.sentence, condition.check.command)
            if key not in asked:
                asked.add(key)
                yield condition


def _stages(plans: Mapping[str, Plan]) -> Iterator[Stage]:
    """A part that stands is not taken down because a later one fails."""
    for tier, one in plans.items():
        for number, stage in enumerate(one.stages, 1):
            last = number == len(one.stages)
            yield replace(
                stage,
                name=f"{tier}: {stage.name}",
                title=f"{tier}: {stage.title}",
                point_of_no_return=stage.point_of_no_return or last,
            )


RUNBOOK = Runbook(
    ID,
    "hosts",
    TITLE,
    "The parts that the profile describes, from bare hosts on, in one run; what stands stays.",
    plan,
    (
        Parameter(
            "without",
            "parts that are left out, by comma: hosts, cluster, storage, database, application, monitoring",
        ),
    ),
)
