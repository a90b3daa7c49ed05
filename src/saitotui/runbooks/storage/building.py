"""A storage pair that is yet to be: what is asked of its hosts, and the steps from empty disks to an export.

Nothing is ever overwritten: only a disk without any signature (wipefs(8)) is taken, and only two copies that
are both Inconsistent are declared equal (drbdsetup(8), `new-current-uuid --clear-bitmap`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Command, Danger
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.model.profile import Storage
from saitotui.model.profile_build import StorageBuild
from saitotui.model.text import one_line
from saitotui.runbooks import hosts
from saitotui.runbooks.judging import reading
from saitotui.runbooks.storage import checks
from saitotui.runbooks.storage.pair import on
from saitotui.tiers.storage.view import NodeView

PROGRAMS = ("drbdadm", "drbdsetup", "wipefs", "exportfs", "rpc.nfsd", "cl_status")
PACKAGES = "apt install drbd-utils nfs-kernel-server heartbeat"
INCONSISTENT = "Inconsistent"
_DRBD = "drbd"
_NEW = (
    'read -r version </proc/drbd; case $version in "version: 8"*) '
    "drbdadm -- --clear-bitmap new-current-uuid {resource};; "
    "*) drbdadm new-current-uuid --clear-bitmap {resource}/0;; esac"
)


@dataclass(frozen=True, slots=True)
class Site:
    """One host of the pair to be."""

    storage: Storage
    build: StorageBuild
    node: NodeView

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def resource(self) -> str:
        return shell(self.storage.resource)

    @property
    def disk(self) -> str:
        return shell(self.build.disk)

    @property
    def addresses(self) -> Sequence[str]:
        return (self.build.addresses[self.name], *(link.addresses[self.name] for link in self.build.links))

    def run(self, text: str, danger: Danger = Danger.READ) -> Command:
        return on(self.node.host, text, danger)


def able(site: Site) -> Check:
    """Whether the programs are there, and the kernel has DRBD."""
    more = (
        "[ -e /proc/drbd ] || modprobe -n -q drbd || echo drbd.ko; [ -e /etc/exports ] || echo /etc/exports; "
    )
    return hosts.able(site.node.host, (*PROGRAMS, f"mkfs.{site.build.filesystem}"), PACKAGES, more)


def named(site: Site) -> Check:
    return hosts.named(site.node.host, site.name)


def addressed(site: Site) -> Check:
    return hosts.addressed(site.node.host, site.addresses)


def _signatures(answer: Answer) -> set[str] | None:
    """What wipefs finds on a device; None when it cannot look."""
    if answer.status:
        return None
    return {fields[2] for line in answer.text.splitlines()[1:] if len(fields := line.split()) > 2}


def _on_disk(site: Site) -> Command:
    # DRBD writes past the block device's buffers: what they hold may be old (blockdev(8)).
    look = f"blockdev --flushbufs {site.disk} && wipefs -n {site.disk}"
    return site.run(f"[ -b {site.disk} ] && {look}")


def free(site: Site) -> Check:
    """Whether the disk is empty, or DRBD's already."""

    def judge(answer: Answer) -> Verdict:
        found = _signatures(answer)
        if found is None:
            return Verdict(False, f"there is no such block device: {one_line(answer.text, limit=80)}")
        others = found - {_DRBD, site.build.filesystem} if _DRBD in found else found
        said = (
            f"it holds {', '.join(sorted(others))}: look what that is, and wipe it by hand"
            if others
            else "free"
        )
        return Verdict(not others, said)

    return Check(f"{site.build.disk} on {site.name} is empty, or DRBD's", _on_disk(site), reading(judge), 8.0)


def _holds(site: Site, what: str, signatures: set[str]) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = _signatures(answer)
        holds = None if found is None else found == signatures
        return Verdict(holds, ", ".join(sorted(found or ())) or "nothing")

    sentence = f"{site.build.disk} on {site.name} holds {what}"
    return Check(sentence, _on_disk(site), reading(judge), 8.0)


def metadata(site: Site) -> Step:
    def judge(answer: Answer) -> Verdict:
        found = _signatures(answer)
        there = found is not None and _DRBD in found
        return Verdict(None if found is None else there, "DRBD's" if there else "no metadata")

    text = f"yes yes 2>/dev/null | drbdadm create-md {site.resource}"
    return Step(
        f"{site.name} keeps DRBD's metadata on {site.build.disk}",
        (Act(site.run(text, Danger.DESTRUCTIVE)),),
        goal=Check(f"{site.build.disk} on {site.name} is DRBD's", _on_disk(site), reading(judge), 8.0),
        requires=(_holds(site, "nothing", set()),),
        no_undo=f"nothing was on it; `wipefs -a {site.build.disk}` empties it",
        deadline=60.0,
        expected=2.0,
    )


def up(site: Site) -> Step:
    says = checks.drbd_check(
        site.storage, site.node, f"DRBD runs {site.storage.resource} on {site.name}", lambda view: view.says
    )
    still = checks.drbd_check(
        site.storage, site.node, f"DRBD runs nothing on {site.name}", lambda view: not view.says
    )
    return Step(
        f"DRBD runs {site.storage.resource} on {site.name}",
        (Act(site.run(f"modprobe drbd && drbdadm up {site.resource}", Danger.REVERSIBLE)),),
        goal=says,
        undo=(Act(site.run(f"drbdadm down {site.resource}", Danger.REVERSIBLE)),),
        undone=still,
        deadline=30.0,
    )


def connected(site: Site) -> Step:
    goal = checks.drbd_check(
        site.storage, site.node, f"{site.name} is connected with the other node", lambda view: view.connected
    )
    return Step("both nodes hear each other over DRBD", (), goal=goal, deadline=40.0, expected=3.0)


def declared_equal(site: Site) -> Step:
    """Two empty disks need no copy."""
    fresh = checks.drbd_check(
        site.storage,
        site.node,
        "neither copy has ever been good",
        lambda view: view.connected and (view.disk, view.peer_disk) == (INCONSISTENT, INCONSISTENT),
    )
    text = _NEW.format(resource=site.resource)
    return Step(
        "both empty disks count as equal",
        (Act(site.run(text, Danger.DESTRUCTIVE)),),
        goal=checks.in_sync(site.storage, site.node),
        requires=(fresh,),
        no_undo="nothing was on them",
        deadline=30.0,
    )


def formatted(site: Site) -> Step:
    kind, device = site.build.filesystem, shell(site.storage.device)
    text = (
        f"( drbdadm primary {site.resource} && {{ mkfs.{kind} -q {device}; s=$?; "
        f"drbdadm secondary {site.resource}; exit $s; }} )"
    )
    return Step(
        f"{site.storage.device} has a file system",
        (Act(site.run(text, Danger.DESTRUCTIVE)),),
        goal=_holds(site, kind, {_DRBD, kind}),
        requires=(
            checks.in_sync(site.storage, site.node),
            checks.secondary(site.storage, site.node),
            _holds(site, "no file system yet", {_DRBD}),
        ),
        no_undo="nothing was on it",
        deadline=300.0,
        expected=5.0,
    )


def mount_point(site: Site) -> Step:
    path = shell(site.storage.mount)

    def judge(answer: Answer) -> Verdict:
        return Verdict(answer.status == 0, "there" if answer.status == 0 else "there is none")

    return Step(
        f"{site.name} has the folder {site.storage.mount}",
        (Act(site.run(f"mkdir -p {path}", Danger.REVERSIBLE)),),
        goal=Check(
            f"{site.storage.mount} is a folder on {site.name}", site.run(f"[ -d {path} ]"), reading(judge)
        ),
        no_undo="an empty folder harms nobody",
    )


def managed(site: Site) -> Step:
    def judge(answer: Answer) -> Verdict:
        said = answer.text.split()
        return Verdict(said == ["active", "enabled"], " and ".join(said) or "unknown to systemd")

    asked = "systemctl is-active heartbeat; systemctl is-enabled heartbeat"
    return Step(
        f"heartbeat runs on {site.name}, now and after a boot",
        (
            Act(
                site.run("systemctl -q enable drbd heartbeat && systemctl start heartbeat", Danger.DISRUPTIVE)
            ),
        ),
        goal=Check(f"heartbeat runs on {site.name}, and is enabled", site.run(asked), reading(judge), 8.0),
        undo=(Act(site.run("systemctl stop heartbeat; systemctl -q disable heartbeat", Danger.DISRUPTIVE)),),
        deadline=90.0,
        expected=5.0,
    )


def serves(site: Site) -> Step:
    """Whichever node does: asked over the network, as a client would."""
    ip = site.storage.floating_ip

    def judge(answer: Answer) -> Verdict:
        return Verdict(answer.status == 0, "it takes NFS" if answer.status == 0 else "nobody listens there")

    text = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{ip}/2049' 2>/dev/null"
    goal = Check(f"{ip} takes NFS, seen from {site.name}", site.run(text), reading(judge), 8.0, pause=1.0)
    return Step("the export is served", (), goal=goal, deadline=240.0, expected=40.0, parks=True)
