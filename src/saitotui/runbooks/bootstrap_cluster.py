"""Makes a Proxmox VE cluster of the profile's nodes: creates it on the first, and lets the others join.

Each step asks first whether it is done: on a whole cluster nothing is done. See
docs/runbooks/bootstrap-cluster.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from saitotui.facts.proxmox_status import ClusterStatus
from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Verdict
from saitotui.model.profile import Cluster, Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import links
from saitotui.runbooks.cluster import api, joining
from saitotui.runbooks.cluster.joining import Place
from saitotui.tiers.cluster.questions import ask
from saitotui.tiers.cluster.view import View, look
from saitotui.tiers.hosts.clock import offsets
from saitotui.tiers.hosts.questions import host_question

ID = "bootstrap-cluster"
TITLE = "Create the Proxmox cluster, or let nodes join it"
SKEW = 2.0
"""Seconds by which clocks may differ."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for all nodes of the profile; with `node` only that one joins."""
    cluster = profile.cluster
    if cluster is None:
        return Refusal(ID, ("the profile has no Proxmox cluster",))
    known = joining.places(cluster)
    if isinstance(known, str):
        return Refusal(ID, (known,))
    view = look(profile, cluster, ask(cluster, profile.poll), snapshot)
    chosen = _chosen(view, known, parameters.get("node", ""))
    if isinstance(chosen, str):
        return Refusal(ID, (chosen,))
    first, others, stands = chosen
    scope = (first, *others)
    if trouble := (*_silent(view, scope), *_wrong_clocks(profile, snapshot, scope)):
        return Refusal(ID, trouble)
    names = ", ".join(place.name for place in scope)
    return Plan(
        ID,
        TITLE,
        cluster.name,
        dict(parameters),
        f"{names} are the cluster {cluster.name}; what stands already stays",
        tuple(_stages(cluster, first, others, stands)),
        tuple(_preflight(cluster, first, others)),
        (),
        ("cluster",),
    )


def _chosen(
    view: View, known: Mapping[str, Place], wanted: str
) -> tuple[Place, tuple[Place, ...], bool] | str:
    """The node that the others come to, these, and whether it is in a cluster already."""
    if wanted and wanted not in known:
        return f"the profile has no node {wanted!r}: it has {', '.join(known)}"
    heard = {name: quorum for name, node in view.nodes.items() if (quorum := node.quorum) and quorum.running}
    members = [name for name in known if name in heard]
    whole = [name for name in members if heard[name].quorate]
    if members and not whole:
        return f"{', '.join(members)} are in a cluster that has no quorum: bring it back first"
    if whole == [wanted]:
        return f"{wanted} is the only node of the cluster: it is the others that join"
    if wanted and not whole:
        # One that is silent may be in a cluster of that name: all must say that they are in none.
        return "no node is in the cluster: without node= it is begun, by all of them"
    first = next(name for name in (*whole, *known) if name != wanted)
    others = [name for name in known if name != first and (not wanted or name == wanted)]
    return known[first], tuple(known[name] for name in others), bool(whole)


def _silent(view: View, scope: Sequence[Place]) -> Iterator[str]:
    for place in scope:
        if view.nodes[place.name].quorum is None:
            yield f"{place.name} does not answer over SSH; with node= another one joins without it"


def _wrong_clocks(profile: Profile, snapshot: Snapshot, scope: Sequence[Place]) -> Iterator[str]:
    asked = {host: snapshot.reading(host_question(host, profile.poll)) for host in profile.hosts}
    ahead = offsets(asked)
    for place in scope:
        offset = ahead.get(place.host)
        if offset is not None and offset.beyond(SKEW):
            yield f"the clock of {place.name} is off by {offset.seconds:+.1f} s: set it first (chrony)"


def _preflight(cluster: Cluster, first: Place, others: Sequence[Place]) -> Iterator[Precondition]:
    for place in (first, *others):
        why = "it cannot join as it is"
        yield Precondition(joining.unbound(place, cluster.name), why, decisive=True)
        why = "Proxmox VE finds itself by its name, which cannot be changed later (/etc/hosts)"
        yield Precondition(joining.named(place), why)
        yield Precondition(joining.addressed(place), "corosync would have no link there")
        yield Precondition(
            joining.roomy(place), "the configuration of the whole cluster is kept on each node"
        )
        yield Precondition(joining.virtual(place), "its guests would not start")
        if len(place.addresses) > 1:
            why = "one card, or one cable, would end both"
            yield Precondition(joining.apart(place), why, Grade.AMBER, Grade.AMBER)
    for place in others:
        why = "corosync would lose the node again and again"
        too_far, far = (
            links.reaches(place.host, place.name, first.name, first.addresses, limit)
            for limit in (links.TOO_FAR, links.FAR)
        )
        yield Precondition(too_far, why)
        yield Precondition(far, "corosync wants less", Grade.AMBER, Grade.AMBER)
        why = "the cluster's own takes its place: keep a copy of what you need"
        yield Precondition(joining.expendable(place), why, Grade.AMBER)


def _stages(cluster: Cluster, first: Place, others: Sequence[Place], stands: bool) -> Iterator[Stage]:
    if not stands:
        yield Stage(
            "create",
            f"{first.name} begins the cluster {cluster.name}",
            (joining.create(first, cluster.name),),
            confirm=f"create {cluster.name}",
            notice="nothing",
        )
    count = len(cluster.link_addresses)
    for number, place in enumerate(others, 1):
        inside = (first, *others[:number])
        proof = [
            joining.proven(
                joining.together(one, [other for other in inside if other is not one]),
                f"{one.name} has quorum with the others",
            )
            for one in inside
        ]
        proof += [
            joining.proven(joining.linked(one, count, number), f"{one.name} has all its links")
            for one in inside
        ]
        yield Stage(
            f"join {place.name}",
            f"{place.name} joins",
            (*joining.introduce(place, first), joining.join(place, first, cluster.name), *proof),
            confirm=f"join {place.name}",
            notice="nothing: what runs on the others runs on",
            point_of_no_return=True,
        )
    guarded = [
        joining.proven(joining.guarded(place), f"HA can act on {place.name}") for place in (first, *others)
    ]
    seen = joining.proven(_api_knows([place.name for place in (first, *others)]), "the API knows the cluster")
    yield Stage("proof", "HA and the API are there", (*guarded, seen))


def _api_knows(names: Sequence[str]) -> Check:
    def judge(found: ClusterStatus) -> Verdict:
        online = {member.name for member in found.members if member.online}
        lacking = [name for name in names if name not in online]
        return Verdict(not lacking, f"not {', '.join(lacking)}" if lacking else "all online")

    return api.by_status("the API has all of them online", judge)


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "The first node begins the cluster, the others join one at a time; quorum and every link are proven.",
    plan,
    (Parameter("node", "only this node joins"),),
)
