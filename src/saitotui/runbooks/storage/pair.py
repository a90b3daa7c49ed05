"""The pair that a storage runbook acts on: who serves, who stands by, what moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.facts.drbd import minor_of
from saitotui.facts.haresources import Resource
from saitotui.model.command import Client, Command, Danger
from saitotui.model.profile import Profile, Storage
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.storage.questions import ask
from saitotui.tiers.storage.view import NodeView, View, look

FOLDER = "/run/saitotui"
"""Where runbooks keep what is gone with a reboot: scripts, and what they say."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`old` gives and `new` takes. What moves: heartbeat's `resources`, in the order in which they are
    started, or pacemaker's `group`. `clients` are the profile's hosts that use the export, with addresses."""

    storage: Storage
    view: View
    old: NodeView
    new: NodeView
    resources: tuple[Resource, ...]
    clients: Mapping[str, str]
    group: str = ""

    @property
    def both(self) -> tuple[NodeView, NodeView]:
        return (self.old, self.new)

    @property
    def other(self) -> Mapping[str, NodeView]:
        return {self.old.name: self.new, self.new.name: self.old}

    def script(self, verb: str) -> str:
        """The command line of hand_over.sh for all that moves."""
        return hand_over(self.view, verb, *(one.words for one in self.resources))

    @property
    def managed(self) -> bool:
        """Whether the cluster manager runs on both nodes."""
        return all(node.managed for node in self.both)


def on(host: str, text: str, danger: Danger = Danger.READ, body: str = "") -> Command:
    """A command over SSH; what may wait in the kernel has a session of its own, and delays nothing else."""
    return Command(Client.SSH, host, text, body, danger=danger, session="act")


def view_of(profile: Profile, snapshot: Snapshot) -> View | None:
    """What `snapshot` says of the profile's pair; None without one."""
    storage = profile.storage
    return look(storage, ask(storage, profile.poll), snapshot) if storage is not None else None


def clients_of(profile: Profile) -> Mapping[str, str]:
    """The hosts of the profile that are clients of the export, with their addresses."""
    expected = profile.storage.clients if profile.storage is not None else ()
    seen = {name: host.service_address or host.address for name, host in profile.hosts.items()}
    return {name: address for name, address in seen.items() if address in expected}


def pair_of(profile: Profile, view: View, old: NodeView, new: NodeView) -> Pair | str:
    """The pair, with what moves between its nodes; or why that is not known."""
    clients = clients_of(profile)
    if view.storage.manager == "pacemaker":
        groups = _groups(view)
        if len(groups) != 1:
            names = ", ".join(groups) or "nothing that any node tells of"
            return f"pacemaker runs {names} besides DRBD: this console moves one group"
        return Pair(view.storage, view, old, new, (), clients, groups[0])
    resources = moved(view)
    return resources if isinstance(resources, str) else Pair(view.storage, view, old, new, resources, clients)


def _groups(view: View) -> tuple[str, ...]:
    """What pacemaker moves, each as a whole, besides the clone that is DRBD and what it fences with."""
    told = [node.pacemaker for node in view.all if node.pacemaker is not None]
    moving = (one for said in told for one in said.resources if not (one.cloned or one.fences))
    return tuple(dict.fromkeys(one.top for one in moving))


def moved(view: View) -> tuple[Resource, ...] | str:
    """What heartbeat moves between the nodes, in order; or why that is not known."""
    if view.storage.manager != "heartbeat":
        return f"the profile's cluster manager is {view.storage.manager}: its own tools have to do this"
    if minor_of(view.storage.device) is None:
        return (
            f"{view.storage.device} does not tell its minor number: name the device /dev/drbdN in the profile"
        )
    known = [node.resources for node in view.all if node.resources is not None]
    if not known:
        return "no node tells its /etc/ha.d/haresources"
    if any(one != known[0] for one in known):
        return "/etc/ha.d/haresources differs between the nodes: make them alike first"
    if len(known[0]) != 1:
        return f"/etc/ha.d/haresources has {len(known[0])} groups of resources: this console moves one"
    return known[0][0].resources


def hand_over(view: View, verb: str, *words: str) -> str:
    """The command line of hand_over.sh on a node."""
    minor = minor_of(view.storage.device)
    tail = [FOLDER, view.storage.resource, str(minor), *words]
    return f"sh {FOLDER}/hand_over.sh {verb} {' '.join(shell(word) for word in tail)}"
