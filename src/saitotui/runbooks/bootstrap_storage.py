"""Makes a storage pair of two hosts with empty disks: DRBD, a file system, heartbeat, an NFS export.

See docs/runbooks/bootstrap-storage.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from saitotui.configs.storage import files
from saitotui.model.plan import Plan, Precondition, Refusal, Stage
from saitotui.model.profile import NO_SECRET, Profile, Storage
from saitotui.model.profile_build import StorageBuild
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import links
from saitotui.runbooks.files import configured, untouched
from saitotui.runbooks.storage import building
from saitotui.runbooks.storage.building import Site
from saitotui.runbooks.storage.pair import view_of

ID = "bootstrap-storage"
TITLE = "Make a storage pair of two hosts"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the two nodes of the profile."""
    storage, view = profile.storage, view_of(profile, snapshot)
    if storage is None or view is None:
        return Refusal(ID, ("the profile has no storage pair",))
    build = storage.build
    if build is None:
        return Refusal(ID, ("the profile does not say of what: give `storage.build`",))
    if trouble := tuple(_lacking(storage, build)):
        return Refusal(ID, trouble)
    sites = tuple(Site(storage, build, view.nodes[name]) for name in storage.nodes)
    first, second = sites
    return Plan(
        ID,
        TITLE,
        "storage",
        dict(parameters),
        f"{first.name} and {second.name} export {storage.mount} at {storage.floating_ip}; what stands stays",
        tuple(_stages(sites, storage, build)),
        tuple(_preflight(sites, storage, build)),
        (),
        ("storage",),
    )


def _lacking(storage: Storage, build: StorageBuild) -> Iterator[str]:
    if storage.manager != "heartbeat":
        yield "only pairs under heartbeat are made; one under pacemaker is for its own tools"
    if len(storage.nodes) != 2:
        yield f"a pair has two nodes, the profile has {len(storage.nodes)}"
    if not storage.floating_ip:
        yield "the profile gives no `storage.floating_ip`"
    if build.secret == NO_SECRET:
        yield "DRBD and heartbeat have nothing to know each other by: give `storage.build.secret`"
    if not build.links:
        yield "heartbeat has no link: give `storage.build.links`"
    for name in storage.nodes:
        if name not in build.addresses:
            yield f"`storage.build.addresses` has none of {name}"
        for number, link in enumerate(build.links):
            if name not in link.addresses:
                yield f"link {number} of `storage.build.links` has no address of {name}"


def _preflight(sites: Sequence[Site], storage: Storage, build: StorageBuild) -> Iterator[Precondition]:
    for site in sites:
        yield Precondition(building.able(site), "it could be no storage node")
        yield Precondition(building.named(site), "they would not know which of both they are")
        yield Precondition(building.addressed(site), "the nodes would not hear each other")
        why = "what is on it would be lost: this runbook overwrites nothing"
        yield Precondition(building.free(site), why, decisive=True)
        for file in files(storage, build):
            yield untouched(site.node.host, file)
    first, second = sites
    host, addresses = first.node.host, tuple(dict.fromkeys(second.addresses))
    whole = links.reaches(host, first.name, second.name, addresses)
    yield Precondition(whole, "DRBD would stand still at the first large write")


def _stages(sites: Sequence[Site], storage: Storage, build: StorageBuild) -> Iterator[Stage]:
    first = sites[0]
    yield Stage(
        "files",
        "Both nodes get their configuration",
        tuple(configured(site.node.host, file) for site in sites for file in files(storage, build)),
        confirm="y",
        notice="nothing: nobody reads it yet",
    )
    yield Stage(
        "volume",
        "DRBD keeps two copies of an empty volume",
        (
            *(building.metadata(site) for site in sites),
            *(building.up(site) for site in sites),
            building.connected(first),
            building.declared_equal(first),
            building.formatted(first),
        ),
        confirm=f"take {build.disk}",
        notice="nothing: the disks are empty",
        point_of_no_return=True,
    )
    yield Stage(
        "service",
        "heartbeat serves it",
        (
            *(building.mount_point(site) for site in sites),
            *(building.managed(site) for site in sites),
            *(building.serves(site) for site in sites),
        ),
        confirm="y",
        notice=f"{storage.floating_ip} exports {storage.mount}",
    )


RUNBOOK = Runbook(
    ID,
    "storage",
    TITLE,
    "DRBD on two empty disks, a file system, heartbeat, an export; only what is empty is ever taken.",
    plan,
)
