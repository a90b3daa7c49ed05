"""What the cluster tier asks: the API for the cluster's view, every node over SSH for its own.

`/cluster/...` calls are answered by whichever node the client reaches, from its local copy of the cluster
file system; so quorum and links are also asked of *each* node by its own tools. `/nodes/NODE/status` is
proxied to NODE, so its failure says that NODE's API does not answer; it may take 30 s to fail and therefore
goes over a session of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from saitotui.facts import proxmox_corosync, proxmox_ha, proxmox_resources, proxmox_status, proxmox_tasks
from saitotui.facts.proxmox_corosync import LinksView, QuorumView
from saitotui.facts.proxmox_ha import HaResource, HaStatus, ManagerStatus, Rule
from saitotui.facts.proxmox_resources import Resources
from saitotui.facts.proxmox_status import ClusterStatus, NodeDetail
from saitotui.facts.proxmox_tasks import Task
from saitotui.model.command import Client, Command, Question
from saitotui.model.profile import Cluster

QUORUM = "corosync-quorumtool -s"
LINKS = "corosync-cfgtool -s"


@dataclass(frozen=True, slots=True)
class NodeQuestions:
    """What is asked about one cluster node, which runs on the profile's `host`."""

    name: str
    host: str
    detail: Question[NodeDetail]
    quorum: Question[QuorumView]
    links: Question[LinksView]


@dataclass(frozen=True, slots=True)
class ClusterQuestions:
    """Everything that is asked of one cluster."""

    status: Question[ClusterStatus]
    resources: Question[Resources]
    ha: Question[HaStatus]
    manager: Question[ManagerStatus]
    tasks: Question[tuple[Task, ...]]
    ha_resources: Question[tuple[HaResource, ...]]
    rules: Question[tuple[Rule, ...]]
    """Refused by PVE 8, which has groups instead: then placement is not known."""
    nodes: Mapping[str, NodeQuestions]

    @property
    def api(self) -> Sequence[Question[Any]]:
        """The questions that any node of the cluster may answer."""
        return (self.status, self.resources, self.ha, self.manager, self.tasks, self.ha_resources)

    @property
    def all(self) -> Sequence[Question[Any]]:
        own = [
            question for node in self.nodes.values() for question in (node.detail, node.quorum, node.links)
        ]
        return (*self.api, self.rules, *own)


def ask(cluster: Cluster, poll: float) -> ClusterQuestions:
    """The questions for `cluster`; `poll` is the profile's interval for what moves fast (seconds)."""
    return ClusterQuestions(
        status=_api("/cluster/status", proxmox_status.cluster_status, poll),
        resources=_api("/cluster/resources", proxmox_resources.resources, 2 * poll),
        ha=_api("/cluster/ha/status/current", proxmox_ha.ha_status, poll),
        manager=_api("/cluster/ha/status/manager_status", proxmox_ha.manager_status, poll),
        tasks=_api("/cluster/tasks", proxmox_tasks.tasks, 3 * poll),
        ha_resources=_api("/cluster/ha/resources", proxmox_ha.ha_resources, 10 * poll),
        rules=_api("/cluster/ha/rules", proxmox_ha.ha_rules, 30 * poll),
        nodes={name: _node(name, host, poll) for name, host in cluster.nodes.items()},
    )


def _api(path: str, parse: Any, every: float) -> Question[Any]:
    command = Command(Client.PROXMOX, "cluster", f"get {path}")
    return Question(f"cluster{path}", "cluster", command, parse, every, deadline=5.0)


def _node(name: str, host: str, poll: float) -> NodeQuestions:
    status = Command(
        Client.PROXMOX, "cluster", f"get /nodes/{quote(name, safe='')}/status", session=f"node/{name}"
    )
    return NodeQuestions(
        name,
        host,
        Question(f"cluster/{name}/status", name, status, proxmox_status.node_detail, 5 * poll, deadline=8.0),
        Question(
            f"cluster/{name}/quorum", name, Command(Client.SSH, host, QUORUM), proxmox_corosync.quorum, poll
        ),
        Question(
            f"cluster/{name}/links", name, Command(Client.SSH, host, LINKS), proxmox_corosync.links, 2 * poll
        ),
    )
