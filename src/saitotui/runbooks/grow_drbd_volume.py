"""Makes the exported volume larger while it is in use: both logical volumes, DRBD, then the file system.

DRBD user's guide, "Growing on-line"; lvextend(8). See docs/runbooks/grow-drbd-volume.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.facts import volume_size
from saitotui.facts.backing import Backing, backing, backing_command
from saitotui.facts.drbd import minor_of
from saitotui.model.command import Answer, Command, Danger
from saitotui.model.plan import (
    Act,
    Check,
    Grade,
    Parameter,
    Plan,
    Precondition,
    Refusal,
    Stage,
    Step,
    Verdict,
)
from saitotui.model.profile import Profile, Storage
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.robots import STORAGE, disarm
from saitotui.runbooks.storage import checks, resync
from saitotui.runbooks.storage.pair import on, view_of
from saitotui.tiers.storage.progress import kib
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, NodeView, View

ID = "grow-drbd-volume"
TITLE = "Make the storage volume larger"
SIZE = re.compile(r"(?P<count>[1-9]\d{0,8})(?P<unit>[MGT])")
UNITS = {"M": 1 << 10, "G": 1 << 20, "T": 1 << 30}
STEP = 16 << 10
"""KiB that it must grow by at least."""
GROWABLE = ("ext4", "xfs")


@dataclass(frozen=True, slots=True)
class _Growth:
    """Both lower volumes get `target` KiB; `kind` is the file system on `active`."""

    storage: Storage
    active: NodeView
    standby: NodeView
    volumes: Mapping[str, Backing]
    minor: int
    kind: str
    target: int

    @property
    def both(self) -> tuple[NodeView, NodeView]:
        return (self.active, self.standby)

    @property
    def least(self) -> int:
        """KiB of it that are left."""
        return self.target - _spent(self.target)


def _spent(size: int) -> int:
    """KiB of so many that may be missing: DRBD's metadata (32 KiB a GiB), and what a file system rounds."""
    return size // 4096 + 4096


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the pair as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no storage pair",))
    found = _growth(view, parameters.get("to", ""))
    if isinstance(found, str):
        return Refusal(ID, (found,))
    now = max(volume.size for volume in found.volumes.values())
    return Plan(
        ID,
        TITLE,
        found.active.name,
        dict(parameters),
        f"the volume has {kib(found.target)} instead of {kib(now)}; users go on working",
        (_lower(found), _device(found), _filesystem(found)),
        tuple(_preflight(found)),
        tuple(disarm(profile, snapshot, STORAGE)),
        ("storage",),
    )


def _growth(view: View, wanted: str) -> _Growth | str:
    size = SIZE.fullmatch(wanted)
    if size is None:
        return f"to is {wanted!r}: give the size that the volume is to have: 20G, 500M"
    target = int(size["count"]) * UNITS[size["unit"]]
    active = view.active
    standby = view.other(active) if active is not None else None
    if active is None or standby is None or active.serving is None:
        return "no node, or more than one, is Primary and tells what it serves"
    minor = minor_of(view.storage.device)
    kinds = [one.kind for one in active.serving.mounts if one.path == view.storage.mount]
    if minor is None or not kinds or kinds[0] not in GROWABLE:
        return f"{view.storage.mount} is no {' or '.join(GROWABLE)} on /dev/drbdN: grow it by hand"
    volumes = {node.name: node.backing for node in (active, standby) if node.backing is not None}
    without = [
        node.name for node in (active, standby) if node.name not in volumes or not volumes[node.name].lvm
    ]
    if without:
        return f"the disk under DRBD is no logical volume on {' and '.join(without)}: grow it by hand"
    sizes = [volume.size for volume in volumes.values()]
    if target < max(sizes):
        return f"the volume has {kib(max(sizes))} already: it cannot get smaller"
    # What may be missing of the new size must not hide that it is still the old one.
    step = max(STEP, 2 * _spent(target))
    if 0 < target - min(sizes) < step:
        return f"the volume has {kib(min(sizes))}: it grows by {kib(step)} or more"
    return _Growth(view.storage, active, standby, volumes, minor, kinds[0], target)


def _preflight(found: _Growth) -> Iterator[Precondition]:
    storage = found.storage
    for node, role in ((found.active, PRIMARY), (found.standby, SECONDARY)):
        why = "both copies must be good and connected, or DRBD does not grow"
        yield Precondition(checks.mirrors(storage, node, role), why, decisive=True)
        yield Precondition(_has_room(found, node), "extend the volume group first", decisive=True)
        why = "a disk that fails is replaced first"
        yield Precondition(checks.disk_well(node), why, Grade.AMBER, Grade.AMBER)


def _has_room(found: _Growth, node: NodeView) -> Check:
    def judge(one: Backing) -> Verdict:
        needed = max(0, found.target - one.size)
        return Verdict(
            needed <= one.free, f"{kib(one.free)} of {one.group} are free, {kib(needed)} are needed"
        )

    return _volume(found, node, f"the volume group on {node.name} has room", judge)


def _volume(found: _Growth, node: NodeView, sentence: str, judge: Callable[[Backing], Verdict]) -> Check:
    command = on(node.host, backing_command(found.storage.resource))
    return Check(sentence, command, reading(lambda answer: judge(backing(answer))), deadline=6.0)


def _lower(found: _Growth) -> Stage:
    steps = []
    for node in found.both:
        volume = found.volumes[node.name]
        name = f"{volume.group}/{volume.name}"
        goal = _volume(
            found,
            node,
            f"{name} on {node.name} has {kib(found.target)}",
            lambda one: Verdict(one.size >= found.target, kib(one.size)),
        )
        text = f"lvextend -q -L {found.target}k {shell(name)}"
        steps.append(
            Step(
                f"{name} on {node.name} gets {kib(found.target)}",
                (Act(on(node.host, text, Danger.REVERSIBLE)),),
                goal=goal,
                no_undo="the room is not used until DRBD grows",
                deadline=30.0,
                expected=1.0,
            )
        )
    word = f"grow storage to {kib(found.target)}"
    return Stage("lower", "The disks under DRBD grow", tuple(steps), confirm=word, notice="nothing")


def _device(found: _Growth) -> Stage:
    storage, active = found.storage, found.active
    size = on(active.host, volume_size.device_command(found.minor))
    goal = _about(found, f"{storage.device} on {active.name}", size, volume_size.device, 3.0)
    resize = on(active.host, f"drbdadm resize {shell(storage.resource)}", Danger.DISRUPTIVE)
    return Stage(
        "device",
        "DRBD grows, and copies the new room",
        (
            Step(
                "DRBD takes the room on both nodes",
                (Act(resize),),
                goal=goal,
                requires=(
                    checks.mirrors(storage, active, PRIMARY),
                    checks.mirrors(storage, found.standby, SECONDARY),
                ),
                no_undo="a DRBD device that is in use cannot get smaller",
                deadline=60.0,
                expected=3.0,
            ),
            resync.until_in_sync(storage, found.standby),
        ),
        notice="the disks and the replication link are busy",
        point_of_no_return=True,
    )


def _filesystem(found: _Growth) -> Stage:
    storage, active = found.storage, found.active
    where = (found.kind, storage.device, storage.mount)
    size = on(active.host, volume_size.filesystem_command(*where))
    step = Step(
        f"the {found.kind} on {storage.mount} takes the room",
        (Act(on(active.host, volume_size.grow_command(*where), Danger.DISRUPTIVE)),),
        goal=_about(found, storage.mount, size, volume_size.filesystem, 10.0),
        no_undo="it cannot get smaller while it is mounted",
        deadline=300.0,
        expected=5.0,
    )
    serves = Step(f"{active.name} serves", (), goal=checks.serves(storage, active))
    return Stage("filesystem", "The file system grows", (step, serves), notice="nothing: it stays mounted")


def _about(
    found: _Growth, what: str, command: Command, read: Callable[[Answer], int], deadline: float
) -> Check:
    """Whether `what`, whose size `read` reads, has what is left of the target."""

    def judge(answer: Answer) -> Verdict:
        size = read(answer)
        return Verdict(size >= found.least, kib(size))

    return Check(f"{what} has about {kib(found.target)}", command, reading(judge), deadline)


RUNBOOK = Runbook(
    ID,
    "storage",
    TITLE,
    "Both logical volumes, DRBD and the file system grow, one after another, while users work.",
    plan,
    (Parameter("to", "the size that the volume is to have: 20G, 500M"),),
)
