"""Checks of storage runbooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from saitotui.clients.quoting import shell
from saitotui.facts import drbd, drbd_status, heartbeat, nfs
from saitotui.facts.drbd import View as Drbd
from saitotui.facts.heartbeat import Membership
from saitotui.model.command import Answer
from saitotui.model.plan import Check, Verdict
from saitotui.model.profile import Storage
from saitotui.runbooks.judging import reading
from saitotui.runbooks.storage.pair import Pair, on
from saitotui.tiers.storage.progress import kib
from saitotui.tiers.storage.questions import MANAGER
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, UP_TO_DATE, NodeView

ROOM = 95
"""Per cent of a root file system above which a node is not trusted to take over."""
LINKS = 2
"""Heartbeat links with which one cable is not the end of a pair."""


def said(view: Drbd) -> str:
    """What DRBD says of a node, in a line."""
    if not view.loaded:
        return "DRBD is not in its kernel"
    if not view.says:
        return "DRBD does not run the resource"
    peer = f", sees {view.peer_role or '?'}/{view.peer_disk or '?'}" if view.connected else ""
    behind = f", {kib(view.out_of_sync)} out of sync" if view.out_of_sync else ""
    link = view.replication if view.resyncing or view.verifying else view.connection
    return f"{view.role}, {view.disk}, {link}{peer}{behind}"


def drbd_check(
    storage: Storage, node: NodeView, sentence: str, judge: Callable[[Drbd], bool | None]
) -> Check:
    """A check of what DRBD says on a node now."""
    minor = drbd.minor_of(storage.device)

    def judged(answer: Answer) -> Verdict:
        view = drbd_status.status(answer, storage.resource, minor)
        if view.hung:
            return Verdict(None, f"drbdsetup hangs on {node.name}")
        return Verdict(judge(view), said(view))

    return Check(
        sentence, on(node.host, drbd.status_command(storage.resource)), reading(judged), deadline=4.0
    )


def mirrors(storage: Storage, node: NodeView, role: str) -> Check:
    """Whether the node's view is the one half of a healthy pair: the two halves must fit together."""
    peer = SECONDARY if role == PRIMARY else PRIMARY

    def judge(view: Drbd) -> bool:
        well = view.in_sync and not (view.out_of_sync or view.verifying)
        return well and (view.role, view.peer_role) == (role, peer)

    return drbd_check(storage, node, f"{node.name} is {role}, in sync, and sees a {peer}", judge)


def in_sync(storage: Storage, node: NodeView) -> Check:
    sentence = f"DRBD on {node.name} is connected, both copies are up to date"
    return drbd_check(storage, node, sentence, lambda view: view.in_sync)


def secondary(storage: Storage, node: NodeView) -> Check:
    """Whether nothing on the node can write to the device."""
    return drbd_check(
        storage, node, f"{node.name} is Secondary", lambda view: view.role == SECONDARY if view.says else True
    )


def up_to_date(storage: Storage, node: NodeView) -> Check:
    """Whether its own copy is good, whatever it sees of the other."""
    return drbd_check(
        storage, node, f"the copy on {node.name} is up to date", lambda view: view.disk == UP_TO_DATE
    )


def alone(storage: Storage, node: NodeView, peer: str) -> Check:
    return drbd_check(
        storage, node, f"{node.name} does not hear {peer} over DRBD", lambda view: not view.connected
    )


def _service_check(
    storage: Storage, node: NodeView, sentence: str, judge: Callable[[nfs.Serving, set[str]], Verdict]
) -> Check:
    """A check of what the node mounts and exports, and which addresses it has."""
    text = f"{nfs.serving_command(storage.device, storage.mount)}; echo addresses; {nfs.ADDRESSES}"

    def judged(answer: Answer) -> Verdict:
        serving, _, addresses = answer.text.partition("addresses\n")
        held = {one.address for one in nfs.addresses(Answer(addresses))}
        return judge(nfs.serving(Answer(serving)), held)

    return Check(sentence, on(node.host, text), reading(judged))


def serves(storage: Storage, node: NodeView) -> Check:
    """Whether the node has the file system mounted, exports it, runs nfsd and has the floating address."""

    def judge(found: nfs.Serving, held: set[str]) -> Verdict:
        has = {
            "mount": found.mounted(storage.device, storage.mount),
            "export": any(one.path.startswith(storage.mount) for one in found.exports),
            "nfsd": bool(found.threads),
        }
        if storage.floating_ip:
            has[storage.floating_ip] = storage.floating_ip in held
        there, lacks = [w for w in has if has[w]], [w for w in has if not has[w]]
        missing = f"; not {', '.join(lacks)}" if lacks else ""
        return Verdict(not lacks, f"has {', '.join(there) or 'nothing'}{missing}")

    return _service_check(storage, node, f"{node.name} serves the export", judge)


def holds_nothing(storage: Storage, node: NodeView) -> Check:
    """Whether a node neither mounts the file system nor has the floating address."""

    def judge(found: nfs.Serving, held: set[str]) -> Verdict:
        there = [*(one.path for one in found.mounts), *(held & {storage.floating_ip})]
        return Verdict(not there, ", ".join(there) or "nothing")

    where = f"nor has {storage.floating_ip}" if storage.floating_ip else ""
    return _service_check(storage, node, f"{node.name} mounts nothing {where}".strip(), judge)


def _heartbeat_check(node: NodeView, sentence: str, judge: Callable[[Membership], Verdict]) -> Check:
    """A check of what heartbeat says on a node now."""
    command = on(node.host, heartbeat.STATUS)
    return Check(sentence, command, reading(lambda answer: judge(heartbeat.membership(answer))), MANAGER)


def heartbeat_well(node: NodeView, other: str) -> Check:
    def judge(found: Membership) -> Verdict:
        if not found.running:
            return Verdict(False, "it is stopped")
        sees = found.nodes.get(other, "unknown")
        return Verdict(
            sees == "active" and found.rests, f"sees {other} {sees}, holds {found.resources or '?'}"
        )

    return _heartbeat_check(node, f"heartbeat on {node.name} is at rest and sees {other}", judge)


def heartbeat_holds(node: NodeView, everything: bool) -> Check:
    """Whether heartbeat on the node takes itself for the one that has everything, or nothing."""
    wanted, word = ("all", "everything") if everything else ("none", "nothing")

    def judge(found: Membership) -> Verdict:
        return Verdict(
            found.running and found.resources == wanted, found.resources if found.running else "stopped"
        )

    return _heartbeat_check(node, f"heartbeat on {node.name} knows that it has {word}", judge)


def heartbeat_rests(node: NodeView) -> Check:
    """Whether it runs and moves nothing; what it says that it has proves nothing."""

    def judge(found: Membership) -> Verdict:
        if not found.running:
            return Verdict(False, "it is stopped")
        return Verdict(found.rests, f"holds {found.resources or '?'}")

    return _heartbeat_check(node, f"heartbeat runs on {node.name}", judge)


def two_links(node: NodeView) -> Check:
    def judge(found: Membership) -> Verdict:
        up = [link.name for link in found.links if link.up]
        return Verdict(len(up) >= LINKS, f"up: {', '.join(up) or 'none'}")

    return _heartbeat_check(node, f"{node.name} hears the other node over two links", judge)


def comes_back(node: NodeView) -> Check:
    """Whether heartbeat's unit starts it again: after a healed partition it ends to begin anew."""

    def judge(answer: Answer) -> Verdict:
        word = answer.text.strip()
        return Verdict(word not in ("no", ""), f"Restart={word}")

    text = "systemctl show heartbeat -p Restart --value"
    return Check(
        f"{node.name} starts heartbeat again when it ends by itself", on(node.host, text), reading(judge)
    )


def knows_first(pair: Pair, node: NodeView) -> Check:
    """Whether DRBD notices a dead peer before heartbeat takes over: it refuses to be promoted until then, and
    heartbeat does not try again for long."""

    def judge(answer: Answer) -> Verdict:
        found = drbd.patience(answer)
        said = f"heartbeat after {found.heartbeat:g}s, DRBD after {found.drbd:g}s at the latest"
        return Verdict(found.drbd <= found.heartbeat, said)

    command = on(node.host, drbd.patience_command(pair.storage.resource))
    sentence = f"DRBD on {node.name} notices a dead peer before heartbeat does"
    return Check(sentence, command, reading(judge), deadline=6.0)


def configured_alike(pair: Pair, node: NodeView, wanted: Mapping[str, str]) -> Check:
    """Whether the configuration on the node is the one that the active one had when the plan was made."""

    def judge(answer: Answer) -> Verdict:
        found = drbd.config(answer)
        differ = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        return Verdict(not differ, f"{', '.join(differ)} differ" if differ else f"{len(found)} files alike")

    command = on(node.host, drbd.config_command(pair.storage.resource))
    same = node.name == pair.old.name
    sentence = f"{node.name} is configured {'as it was' if same else f'like {pair.old.name}'}"
    return Check(sentence, command, reading(judge), deadline=6.0)


def can_serve(pair: Pair, node: NodeView) -> Check:
    """Whether nfsd, tools, scripts and mount point are there, and the root file system has room."""
    storage = pair.storage
    scripts = " ".join(shell(one.script) for one in pair.resources)
    text = (
        "modprobe -nq nfsd 2>/dev/null || grep -qw nfsd /proc/filesystems || echo lacks nfsd; "
        "for p in exportfs rpc.nfsd flock setsid; do command -v $p >/dev/null || echo lacks $p; done; "
        f"for s in {scripts}; do [ -x /etc/ha.d/resource.d/$s ] || [ -x /etc/init.d/$s ] || "
        "echo lacks the script $s; done; "
        f"[ -d {shell(storage.mount)} ] || echo lacks the folder {shell(storage.mount)}; df -P -k /"
    )

    def judge(answer: Answer) -> Verdict:
        lacks = [
            line.removeprefix("lacks ") for line in answer.text.splitlines() if line.startswith("lacks ")
        ]
        used = nfs.space(answer).percent
        full = f"its root file system is {used:.0f}% full" if used >= ROOM else ""
        words = [f"lacks {', '.join(lacks)}"] if lacks else []
        words += [full] if full else []
        return Verdict(not words, "; ".join(words) or f"has everything; root {used:.0f}% used")

    return Check(f"{node.name} can serve", on(node.host, text), reading(judge), deadline=6.0)


def nobody_inside(pair: Pair, node: NodeView) -> Check:
    """Whether a program on the node itself keeps the file system busy: it could not be unmounted."""
    mount = shell(pair.storage.mount)
    text = (
        f"command -v fuser >/dev/null || {{ echo there is no fuser; exit 3; }}; "
        f"for p in $(fuser -Mm {mount} 2>/dev/null); do read -r n </proc/$p/comm && echo $n $p; done; true"
    )

    def judge(answer: Answer) -> Verdict:
        if answer.status:
            return Verdict(None, answer.text.strip())
        found = ", ".join(answer.text.split("\n")).strip(", ")
        return Verdict(not found, found or "nobody")

    return Check(
        f"no program on {node.name} works on {pair.storage.mount}", on(node.host, text), reading(judge), 6.0
    )


def same_handles(pair: Pair, node: NodeView) -> Check:
    """Whether clients keep their file handles: exports(5), `fsid`."""
    storage = pair.storage

    def judge(answer: Answer) -> Verdict:
        ours = [one for one in nfs.serving(answer).exports if one.path.startswith(storage.mount)]
        without = [one.client for one in ours if not any(word.startswith("fsid=") for word in one.options)]
        if not ours:
            return Verdict(None, "nothing is exported")
        return Verdict(not without, f"without fsid for {', '.join(without)}" if without else "fsid is set")

    text = nfs.serving_command(storage.device, storage.mount)
    return Check(f"{storage.mount} is exported with an fsid", on(node.host, text), reading(judge))


def disk_well(node: NodeView) -> Check:
    """Whether the kernel has seen no error of a disk since the node's start."""
    text = "dmesg | grep -icE 'i/o error|medium error|io error'"

    def judge(answer: Answer) -> Verdict:
        count = int(answer.text.strip().split()[-1])
        return Verdict(count == 0, f"{count} lines")

    return Check(f"the kernel of {node.name} tells of no disk error", on(node.host, text), reading(judge))


def used_by(pair: Pair, node: NodeView) -> Check:
    """Who uses the export: always holds, to be read."""

    def judge(answer: Answer) -> Verdict:
        names = [f"{one.name or one.address} (v{one.version})" for one in nfs.clients(answer)]
        return Verdict(True, f"{len(names)}: {', '.join(names[:12])}" if names else "nobody is connected")

    return Check("clients of the export are known", on(node.host, nfs.CLIENTS), reading(judge))
