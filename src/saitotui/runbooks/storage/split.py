"""What settles a split brain: both sides stand still, are kept as they are, and are set side by side."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.clients.quoting import shell
from saitotui.facts import heartbeat
from saitotui.facts.backing import Backing, backing, backing_command
from saitotui.model.command import Answer, Danger
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.runbooks.judging import reading
from saitotui.runbooks.storage import checks, steps
from saitotui.runbooks.storage.pair import FOLDER, Pair, on
from saitotui.tiers.storage.progress import kib
from saitotui.tiers.storage.view import NodeView

SHARE = 0.8
"""Of the free room of a volume group, at most, that a copy gets: it holds what changes from now on."""
LEAST = 8 * 1024
"""KiB that a copy needs besides what a resync will overwrite."""


ENDS, QUIET = 25, 10
"""Seconds for heartbeat to stop once it has been told that its takeover is over, and for which nothing of it
may run then."""
_ENDED = (
    f"n=0; k=0; until [ $n -ge {QUIET} ] || [ $k -ge {ENDS} ]; do if pgrep -x heartbeat >/dev/null; then "
    "n=0; k=$((k+1)); [ $k -lt 5 ] || grep -q '^ *watchdog' /etc/ha.d/ha.cf || "
    "systemctl kill -s KILL heartbeat; else n=$((n+1)); fi; sleep 1; done"
)
"""After a partition heartbeat begins itself anew. One that is stopped at that moment runs on without its unit
(systemd: "Unit process remains running after unit stopped"), and comes seconds later. It is killed, but where
it feeds a watchdog (ha.cf(5)): that would boot the host."""


def stand_still(pair: Pair, node: NodeView) -> Iterator[Step]:
    """heartbeat stops, and so does everything it runs; whatever else still runs is stopped by its script. One
    that lost the end of its own takeover would delay its stop until that ends, for ever."""
    stop = (
        f"systemctl --no-block stop heartbeat; {steps.ANNOUNCE}{steps.TAKEN}"
        f"timeout {ENDS} systemctl stop heartbeat; {_ENDED}"
    )
    yield Step(
        f"heartbeat on {node.name} stops",
        (Act(on(node.host, stop, Danger.DISRUPTIVE)),),
        goal=_stopped(node),
        no_undo="it is started when the brains are one again",
        deadline=90.0,
        expected=15.0,
    )
    for goal in (checks.holds_nothing(pair.storage, node), checks.secondary(pair.storage, node)):
        yield Step(
            goal.sentence,
            (steps.drop(pair, node),),
            goal=goal,
            no_undo="it stands still until one copy is chosen",
            deadline=60.0,
            expected=2.0,
        )


def _stopped(node: NodeView) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = heartbeat.membership(answer)
        return Verdict(not found.running, "it runs" if found.running else "it is stopped")

    return Check(f"heartbeat on {node.name} is stopped", on(node.host, "cl_status hbstatus"), reading(judge))


def name_of(node: NodeView, volume: Backing) -> str:
    """The copy is named after the history that it keeps."""
    generation = node.generations.current[:8].lower() if node.generations is not None else "unknown"
    return f"{volume.name}_split_{generation}"


def keeps(node: NodeView) -> Backing | None:
    """The logical volume under DRBD, if it is one."""
    return node.backing if node.backing is not None and node.backing.lvm else None


def keep(node: NodeView, volume: Backing) -> Step:
    """A snapshot of the lower disk (lvcreate(8)), taken while nobody writes."""
    name = name_of(node, volume)
    size = int(min(volume.size * 1.02, volume.free * SHARE))
    target = shell(f"{volume.group}/{volume.name}")
    text = f"lvcreate -q -y -s -L {size}k -n {shell(name)} {target}"
    return Step(
        f"{node.name} keeps its copy as {volume.group}/{name}",
        (Act(on(node.host, text, Danger.REVERSIBLE)),),
        goal=is_kept(node, volume),
        undo=(Act(on(node.host, f"lvremove -q -y {shell(f'{volume.group}/{name}')}", Danger.REVERSIBLE)),),
        deadline=30.0,
        expected=1.0,
    )


def is_kept(node: NodeView, volume: Backing) -> Check:
    """Whether the snapshot is there and whole: one that has overflowed is worthless (lvs(8))."""
    path = shell(f"{volume.group}/{name_of(node, volume)}")
    text = f"lvs --noheadings -o lv_name,data_percent,lv_snapshot_invalid {path} 2>/dev/null"

    def judge(answer: Answer) -> Verdict:
        words = answer.text.split()
        if answer.status or not words:
            return Verdict(False, "there is none")
        full = words[1] if len(words) > 1 else "?"
        return Verdict("invalid" not in words[2:], f"{words[0]}, {full}% of its room used")

    return Check(f"the copy of {node.name} is kept", on(node.host, text), reading(judge), deadline=6.0)


def has_room(pair: Pair, node: NodeView, volume: Backing) -> Check:
    """Whether the copy can hold all that a resync would overwrite; it may be there already."""
    kept = is_kept(node, volume)
    other = pair.other[node.name]
    differ = sum(one.drbd.out_of_sync for one in (node, other) if one.drbd is not None)
    text = f"{kept.command.text} | grep . || {{ {backing_command(pair.storage.resource)}; }}"

    def judge(answer: Answer) -> Verdict:
        if not answer.text.lstrip().startswith("disk "):
            return kept.judge(answer)
        free = int(backing(answer).free * SHARE)
        needed = differ + LEAST
        return Verdict(free >= needed, f"{kib(free)} of {volume.group} for it, {kib(needed)} are needed")

    return Check(
        f"there is room on {node.name} to keep its copy", on(node.host, text), reading(judge), deadline=12.0
    )


def history(pair: Pair, node: NodeView) -> Step:
    """Generations, what DRBD and heartbeat told, and addresses: kept as evidence."""
    resource = shell(pair.storage.resource)
    text = (
        f"echo '== generation identifiers'; drbdadm get-gi {resource}; drbdadm show-gi {resource}; "
        "echo '== DRBD'; cat /proc/drbd; dmesg | grep -F drbd | tail -n 80; "
        "echo '== heartbeat'; tail -n 120 /var/log/ha-log 2>/dev/null; echo '== addresses'; ip -br addr"
    )

    def told(answer: Answer) -> str:
        generation = node.generations
        now = (
            f"generation {generation.current}, apart since {generation.bitmap}"
            if generation
            else "no generation"
        )
        return f"{node.name}: {now}, {_differs(node)}"

    act = Act(on(node.host, text), keeps=f"history-{node.name}", tells=told)
    return Step(f"keep what {node.name} tells of its history", (act,), deadline=20.0, expected=0.5)


def _differs(node: NodeView) -> str:
    return f"{kib(node.drbd.out_of_sync)} changed" if node.drbd is not None else "changes unknown"


def changes(pair: Pair, node: NodeView, volume: Backing) -> Step:
    """The files that were changed since the nodes lost each other, read from the kept copy."""
    device = f"/dev/{volume.group}/{name_of(node, volume)}"
    text = f"sh -s -- {shell(device)} {FOLDER}"
    act = Act(
        on(node.host, text, Danger.REVERSIBLE, steps.script("changes.sh")),
        keeps=f"changes-{node.name}",
        tells=lambda answer: f"{node.name}: {answer.text.strip().splitlines()[0]}",
    )
    return Step(f"list what was changed on {node.name} alone", (act,), deadline=600.0, expected=3.0)
