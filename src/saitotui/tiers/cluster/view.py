"""One snapshot of a cluster, put together: what the API says, what each node says, and whom to believe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from saitotui.facts.host import HostFacts
from saitotui.facts.proxmox_corosync import LinksView, QuorumView
from saitotui.facts.proxmox_ha import MAINTENANCE, Daemon, HaResource, HaStatus, ManagerStatus, Rule
from saitotui.facts.proxmox_resources import GuestUse, NodeUse, Resources
from saitotui.facts.proxmox_status import ClusterStatus, NodeDetail
from saitotui.facts.proxmox_tasks import Task
from saitotui.model.command import Failure, FailureKind
from saitotui.model.profile import Cluster, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.cluster.fencing import Fencing, fencing
from saitotui.tiers.cluster.questions import ClusterQuestions, NodeQuestions
from saitotui.tiers.hosts.questions import host_question


@dataclass(frozen=True, slots=True)
class NodeView:
    """What is known of one node. `online` is the verdict of a quorate view, None when there is none."""

    name: str
    host: str
    id: int
    online: bool | None
    address: str = ""
    use: NodeUse | None = None
    lrm: Daemon | None = None
    verdict: str = ""
    maintenance: bool = False
    detail: NodeDetail | None = None
    quorum: QuorumView | None = None
    links: LinksView | None = None
    facts: HostFacts | None = None
    fencing: Fencing | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)
    """What did not answer: `API`, `SSH`."""
    expected: bool = False
    """The profile names it."""

    @property
    def ssh_alive(self) -> bool:
        """It answers this console by itself, so it is not dead."""
        return self.quorum is not None or self.facts is not None

    @property
    def dead(self) -> bool:
        """Proven dead: lost, silent to this console too, and counted as dead by HA's own rules."""
        proven = self.fencing is not None and self.fencing.proves_death
        return proven and not self.ssh_alive and bool(self.failures)

    @property
    def isolated(self) -> bool:
        """It says itself that it has no quorum."""
        return self.quorum is not None and self.quorum.running and not self.quorum.quorate


@dataclass(frozen=True, slots=True)
class View:
    """What is known of a cluster. Fields that did not come (or are stale) are None.

    `trusted` is False when the API was answered by a node that has no quorum while others have it."""

    cluster: Cluster
    at: float
    nodes: Mapping[str, NodeView]
    status: ClusterStatus | None
    resources: Resources | None
    ha: HaStatus | None
    manager: ManagerStatus | None
    tasks: tuple[Task, ...] | None
    ha_resources: Mapping[str, HaResource] | None
    api_failures: tuple[Failure, ...]
    quorate: bool | None
    trusted: bool
    pending: bool
    rules: tuple[Rule, ...] | None = None

    @property
    def guests(self) -> tuple[GuestUse, ...]:
        return tuple(guest for guest in self.resources.guests if not guest.template) if self.resources else ()

    def gone(self, node: str) -> bool:
        """A quorate view says that `node` is offline."""
        known = self.nodes.get(node)
        return known is not None and known.online is False

    def dead(self, node: str) -> bool:
        """`node` is proven dead, so what ran on it does not run there any more."""
        known = self.nodes.get(node)
        return known is not None and known.dead

    def sighted(self, node: str) -> bool:
        """What the API says about guests of `node` is fresh: a quorate view says that it is online."""
        known = self.nodes.get(node)
        return self.trusted and known is not None and known.online is True

    @property
    def member_names(self) -> Mapping[int, str]:
        return {node.id: node.name for node in self.nodes.values() if node.id}


def look(profile: Profile, cluster: Cluster, asked: ClusterQuestions, snapshot: Snapshot) -> View:
    """Puts a snapshot together."""
    status = snapshot.get(asked.status)
    quorums = {name: own for name, node in asked.nodes.items() if (own := snapshot.get(node.quorum))}
    quorate = _quorate(status, quorums.values())
    trusted = status is None or status.quorate is not False or not quorate
    configured = snapshot.get(asked.ha_resources)
    failures = [failure for question in asked.api if (failure := snapshot.reading(question).failure)]
    view = View(
        cluster=cluster,
        at=snapshot.at,
        nodes={},
        status=status,
        resources=snapshot.get(asked.resources),
        ha=snapshot.get(asked.ha),
        manager=snapshot.get(asked.manager),
        tasks=snapshot.get(asked.tasks),
        ha_resources=None if configured is None else {resource.sid: resource for resource in configured},
        api_failures=tuple(failure for failure in failures if failure.kind is not FailureKind.PENDING),
        quorate=quorate,
        trusted=trusted,
        rules=snapshot.get(asked.rules),
        pending=all(failure.kind is FailureKind.PENDING for failure in failures) and bool(failures),
    )
    members = status if status and trusted else None
    ids = _ids(snapshot.last(asked.status), quorums)
    now = cluster_clock(snapshot, asked)
    nodes: dict[str, NodeView] = {}
    for name in sorted({*asked.nodes, *(member.name for member in (status.members if status else ()))}):
        online = _online(name, ids.get(name, 0), members, quorums.values())
        node = _by_api(view, name, ids.get(name, 0), online, now)
        nodes[name] = _by_itself(profile, asked.nodes[name], snapshot, node) if name in asked.nodes else node
    return replace(view, nodes=nodes)


def cluster_clock(snapshot: Snapshot, asked: ClusterQuestions) -> float | None:
    """The cluster's own clock now (seconds since the epoch), to within a round: what HA daemons wrote last,
    and the time since that was read."""
    ha = snapshot.get(asked.ha)
    newest = ha.newest if ha else None
    return None if newest is None else newest + snapshot.at - snapshot.reading(asked.ha).at


def _quorate(status: ClusterStatus | None, quorums: Iterable[QuorumView]) -> bool | None:
    """Whether any part of the cluster has quorum; there can be but one. None when nobody says."""
    said = [quorum.quorate for quorum in quorums if quorum.running]
    if status is not None:
        said.append(status.quorate is not False)
    return any(said) if said else None


def _ids(status: ClusterStatus | None, quorums: Mapping[str, QuorumView]) -> Mapping[str, int]:
    """Corosync's id of each node. They do not change, so an old answer serves."""
    known = {member.name: member.id for member in status.members} if status else {}
    return known | {name: quorum.node_id for name, quorum in quorums.items() if quorum.node_id}


def _online(
    name: str, node_id: int, status: ClusterStatus | None, quorums: Iterable[QuorumView]
) -> bool | None:
    """The verdict on a node of a part that has quorum; None when none says anything."""
    if status is not None:
        member = status.member(name)
        if member is None:
            return None
        return member.online if status.quorate is not False or member.local else None
    quorate = [quorum for quorum in quorums if quorum.quorate]
    if not quorate or not node_id:
        return None
    return any(voter.id == node_id for quorum in quorate for voter in quorum.members)


def _by_api(view: View, name: str, node_id: int, online: bool | None, now: float | None) -> NodeView:
    """What the API says of a node."""
    member = view.status.member(name) if view.status else None
    lrm = view.ha.lrm(name) if view.ha else None
    verdict = view.manager.node_status.get(name, "") if view.manager else ""
    asked_for = view.manager is not None and name in view.manager.maintenance_requested
    lost = online is False and view.trusted
    return NodeView(
        name=name,
        host="",
        id=node_id,
        online=online,
        address=member.address if member else "",
        use=view.resources.node(name) if view.resources else None,
        lrm=lrm,
        verdict=verdict,
        maintenance=asked_for or verdict == "maintenance" or (lrm is not None and lrm.state == MAINTENANCE),
        fencing=fencing(name, view.ha, view.manager, now) if lost and view.ha and now else None,
    )


def _by_itself(profile: Profile, asked: NodeQuestions, snapshot: Snapshot, node: NodeView) -> NodeView:
    """What a node says of itself, added."""
    quorum = snapshot.reading(asked.quorum)
    detail = snapshot.reading(asked.detail)
    failures = {
        way: reading.failure
        for way, reading in (("API", detail), ("SSH", quorum))
        if reading.failure is not None and reading.failure.kind is not FailureKind.PENDING
    }
    return replace(
        node,
        host=asked.host,
        detail=detail.get(),
        quorum=quorum.get(),
        links=snapshot.get(asked.links),
        facts=snapshot.get(host_question(asked.host, profile.poll)),
        failures=failures,
        expected=True,
    )
