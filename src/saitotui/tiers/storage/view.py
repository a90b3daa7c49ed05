"""The pair as its two nodes show it: every fresh answer, and why the others are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saitotui.facts import drbd
from saitotui.facts.backing import Backing
from saitotui.facts.drbd import UP_TO_DATE as UP_TO_DATE
from saitotui.facts.drbd_generations import Generations
from saitotui.facts.drbd_log import KernelLog
from saitotui.facts.haresources import Group
from saitotui.facts.heartbeat import Membership
from saitotui.facts.heartbeat_log import ManagerLog
from saitotui.facts.nfs import Address, NfsClient, Serving, Space
from saitotui.facts.pacemaker import Pacemaker
from saitotui.model.command import Failure, FailureKind, Question
from saitotui.model.profile import Storage
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.storage.questions import NodeQuestions, StorageQuestions

SUBJECT = "storage"
"""What a finding about the pair as a whole is about."""
PRIMARY, SECONDARY = "Primary", "Secondary"
SERVED, ADDRESSES, MANAGER = "mounts and exports", "addresses", "cluster manager"
_GONE = (FailureKind.UNREACHABLE, FailureKind.REFUSED, FailureKind.DENIED, FailureKind.TIMEOUT)


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node. A value that is None was not answered; `failures` says why, by what it was to tell.

    `unreachable` is why nothing at all came; `rate` is how fast out-of-sync data shrinks (KiB/s, measured).
    `kernel_log_at` and `manager_log_at` are when the logs were read (UTC seconds).
    """

    name: str
    host: str
    drbd: drbd.View | None = None
    serving: Serving | None = None
    addresses: tuple[Address, ...] | None = None
    clients: tuple[NfsClient, ...] | None = None
    space: Space | None = None
    config: Mapping[str, str] | None = None
    kernel_log: KernelLog | None = None
    generations: Generations | None = None
    backing: Backing | None = None
    heartbeat: Membership | None = None
    manager_log: ManagerLog | None = None
    resources: tuple[Group, ...] | None = None
    pacemaker: Pacemaker | None = None
    failures: Mapping[str, Failure] | None = None
    unreachable: Failure | None = None
    pending: bool = False
    rate: float | None = None
    kernel_log_at: float = 0.0
    manager_log_at: float = 0.0

    @property
    def role(self) -> str:
        return self.drbd.role if self.drbd is not None else ""

    @property
    def primary(self) -> bool:
        return self.role == PRIMARY

    @property
    def managed(self) -> bool | None:
        """Whether its cluster manager runs; None when it does not say."""
        manager = self.heartbeat if self.heartbeat is not None else self.pacemaker
        return None if manager is None else manager.running

    def holds(self, address: str) -> bool | None:
        """Whether it has the address; None when it does not say."""
        if self.addresses is None:
            return None
        return any(one.address == address for one in self.addresses)


@dataclass(frozen=True, slots=True)
class View:
    """Both nodes, in the order of the profile."""

    storage: Storage
    at: float
    nodes: Mapping[str, NodeView]

    @property
    def all(self) -> tuple[NodeView, ...]:
        return tuple(self.nodes.values())

    @property
    def pending(self) -> bool:
        return all(node.pending for node in self.all)

    @property
    def primaries(self) -> tuple[NodeView, ...]:
        return tuple(node for node in self.all if node.primary)

    @property
    def active(self) -> NodeView | None:
        """The only Primary."""
        return self.primaries[0] if len(self.primaries) == 1 else None

    @property
    def told(self) -> tuple[NodeView, ...]:
        """Nodes whose DRBD speaks of the resource."""
        return tuple(node for node in self.all if node.drbd is not None and node.drbd.says)

    def other(self, node: NodeView) -> NodeView | None:
        return next((one for one in self.all if one.name != node.name), None)

    def holders(self, address: str) -> tuple[str, ...]:
        return tuple(node.name for node in self.all if node.holds(address))


def given_up(node: NodeView) -> tuple[str, ...]:
    """Whom the cluster manager on `node` calls dead."""
    nodes = node.heartbeat.nodes if node.heartbeat is not None else {}
    members = node.pacemaker.members if node.pacemaker is not None else ()
    dead = [name for name, status in nodes.items() if status == "dead"]
    return (*dead, *(member.name for member in members if not member.online))


def look(storage: Storage, asked: StorageQuestions, snapshot: Snapshot) -> View:
    """What `snapshot` says of `storage`."""
    return View(storage, snapshot.at, {name: _node(node, snapshot) for name, node in asked.nodes.items()})


def _node(asked: NodeQuestions, snapshot: Snapshot) -> NodeView:
    proc, status = snapshot.reading(asked.proc), snapshot.reading(asked.status)
    essential = (proc, snapshot.reading(asked.serving), snapshot.reading(asked.addresses))
    failed = [reading.failure for reading in essential if reading.failure is not None]
    pending = [failure for failure in failed if failure.kind is FailureKind.PENDING]
    gone = [failure for failure in failed if failure.kind in _GONE]
    heard = status.get()
    hung = status.failure is not None and status.failure.kind is FailureKind.TIMEOUT and proc.ok
    merged = drbd.merged(proc.get(), drbd.View(hung=True) if hung else heard)
    return NodeView(
        asked.name,
        asked.host,
        drbd=merged,
        serving=snapshot.get(asked.serving),
        addresses=snapshot.get(asked.addresses),
        clients=snapshot.get(asked.clients),
        space=snapshot.get(asked.space),
        config=snapshot.get(asked.config),
        kernel_log=snapshot.get(asked.kernel_log),
        generations=snapshot.get(asked.generations),
        backing=snapshot.get(asked.backing),
        heartbeat=snapshot.get(asked.heartbeat) if asked.heartbeat else None,
        manager_log=snapshot.get(asked.manager_log) if asked.manager_log else None,
        resources=snapshot.get(asked.resources) if asked.resources else None,
        pacemaker=snapshot.get(asked.pacemaker) if asked.pacemaker else None,
        failures=_failures(asked, snapshot),
        unreachable=gone[0] if len(gone) == len(essential) else None,
        pending=len(pending) == len(essential),
        rate=_rate(asked, snapshot, merged),
        kernel_log_at=snapshot.reading(asked.kernel_log).at,
        manager_log_at=snapshot.reading(asked.manager_log).at if asked.manager_log else 0.0,
    )


def _failures(asked: NodeQuestions, snapshot: Snapshot) -> Mapping[str, Failure]:
    """Why an answer is missing, of those that a judgement needs."""
    manager = asked.heartbeat or asked.pacemaker
    found: dict[str, Failure] = {}
    wanted: tuple[tuple[str, Question[Any] | None], ...] = (
        ("/proc/drbd", asked.proc),
        ("drbdsetup", asked.status),
        (SERVED, asked.serving),
        (ADDRESSES, asked.addresses),
        ("NFS clients", asked.clients),
        (MANAGER, manager),
    )
    for name, question in wanted:
        failure = snapshot.reading(question).failure if question is not None else None
        if failure is not None and failure.kind is not FailureKind.PENDING:
            found[name] = failure
    return found


def _rate(asked: NodeQuestions, snapshot: Snapshot, merged: drbd.View | None) -> float | None:
    """KiB/s by which a resync came closer to its end between the last two looks."""
    if merged is None or not merged.resyncing:
        return None
    for question in (asked.proc, asked.status):
        now = snapshot.get(question)
        if now is not None and now.resyncing:
            return snapshot.rate(question, lambda seen: -float(seen.out_of_sync))
    return None
