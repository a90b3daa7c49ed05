"""Findings about DRBD: what each side says, and whether the two views fit together."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.drbd import ESTABLISHED, STANDALONE
from saitotui.facts.drbd import View as Drbd
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.text import moment
from saitotui.tiers.storage.progress import kib, mirrored, progress, says
from saitotui.tiers.storage.situations_drbd import (
    BOTH_PRIMARY,
    CONFIG_DIFFERS,
    DISCONNECTED,
    DISKLESS,
    HUNG,
    INCONSISTENT,
    NO_PRIMARY,
    NOT_LOADED,
    OUT_OF_SYNC,
    OUTDATED,
    RESYNCING,
    SOURCE_LOST,
    SPLIT_BRAIN,
    SUSPENDED,
    SYNC_PAUSED,
    UNCONFIGURED,
    VERIFYING,
    VIEWS_DISAGREE,
)
from saitotui.tiers.storage.situations_drbd import (
    STANDALONE as GIVEN_UP,
)
from saitotui.tiers.storage.view import PRIMARY, SUBJECT, UP_TO_DATE, NodeView, View


def drbd_findings(view: View) -> Iterator[Finding]:
    yield from _pair(view)
    for node in view.all:
        yield from _node(view, node)
    yield from _views(view)
    yield from _config(view)


def _pair(view: View) -> Iterator[Finding]:
    """What is wrong between the two."""
    evidence = [says(node) for node in view.told]
    if len(view.primaries) > 1:
        names = " and ".join(node.name for node in view.primaries)
        yield BOTH_PRIMARY.found(SUBJECT, f"{names} are both Primary", *evidence)
    split = _split(view)
    if split:
        yield SPLIT_BRAIN.found(SUBJECT, *split, *evidence)
    else:
        yield from _unlinked(view)
    yield from _no_primary(view)
    yield from _synchronising(view)


def _split(view: View) -> tuple[str, ...]:
    """The sentence that says why this is a split brain and what proves it; empty when it is none."""
    apart = [node for node in view.told if node.drbd is not None and not node.drbd.connected]
    for node in apart:
        if node.kernel_log is not None and node.kernel_log.split_brain is not None:
            when = moment(node.kernel_log_at - node.kernel_log.split_brain, view.at)
            return (
                "split brain: DRBD refuses to connect the two copies, which have different histories",
                f"kernel log of {node.name}, {when}: Split-Brain detected, dropping connection",
            )
    if len(apart) < 2:
        return ()
    names = " and ".join(node.name for node in apart)
    if all(node.primary for node in apart):
        return (f"split brain: {names} are both Primary and not connected",)
    written = [node for node in apart if node.drbd is not None and node.drbd.out_of_sync]
    if len(written) == len(apart) and all(_standalone(node) for node in apart):
        return (f"split brain: {names} have given each other up and both have written since",)
    return ()


def _standalone(node: NodeView) -> bool:
    return node.drbd is not None and node.drbd.connection == STANDALONE


def _unlinked(view: View) -> Iterator[Finding]:
    for node in view.told:
        drbd, other = node.drbd, view.other(node)
        if drbd is None or drbd.connected or other is None:
            continue
        evidence = [says(one) for one in view.told]
        if _standalone(node):
            sentence = f"DRBD on {node.name} is StandAlone: it does not try to reach {other.name} any more"
            yield GIVEN_UP.found(node.name, sentence, *evidence)
        elif not (other.primary and other.drbd is not None and not other.drbd.connected):
            # When both wait for each other, the Primary's word is the one that counts.
            behind = f"; {kib(drbd.out_of_sync)} are not replicated" if drbd.out_of_sync else ""
            sentence = f"DRBD on {node.name} has no connection to {other.name} ({drbd.connection}){behind}"
            subject = other.name if node.primary else node.name if other.primary else SUBJECT
            yield DISCONNECTED.found(subject, sentence, *evidence)


def _no_primary(view: View) -> Iterator[Finding]:
    if view.primaries or not view.told:
        return
    silent = [node for node in view.all if node.drbd is None]
    heard = {node.drbd.peer_role for node in view.told if node.drbd is not None and node.drbd.connected}
    if silent and PRIMARY in heard:
        return
    evidence = [says(node) for node in view.told]
    names = " and ".join(node.name for node in view.told)
    if silent and not heard:
        sentence = f"{names} is not Primary, and {silent[0].name} does not say whether it is"
        yield NO_PRIMARY.found(SUBJECT, sentence, *evidence, health=Health.UNKNOWN)
    else:
        yield NO_PRIMARY.found(SUBJECT, f"nobody is Primary: {names} secondary", *evidence)


def _synchronising(view: View) -> Iterator[Finding]:
    busy = [node for node in view.told if node.drbd is not None and node.drbd.resyncing]
    if busy:
        yield _resync(view, busy)
    checking = [node for node in view.told if node.drbd is not None and node.drbd.verifying]
    if checking:
        evidence = [f"{node.name}: {progress(node)}" for node in checking]
        yield VERIFYING.found(SUBJECT, f"an online verify runs, {progress(checking[0])}", *evidence)


def _resync(view: View, busy: list[NodeView]) -> Finding:
    """One resync, told by the target where it answers, with the source's view as evidence."""
    target = next((node for node in busy if node.drbd is not None and node.drbd.source is False), None)
    teller = target or busy[0]
    source = view.other(target) if target else busy[0]
    name = target.name if target else getattr(view.other(busy[0]), "name", SUBJECT)
    evidence = [f"{says(node)}; {progress(node)}" for node in busy]
    paused = sorted({why for node in busy if node.drbd is not None for why in node.drbd.paused})
    held = any(node.drbd is not None and node.drbd.replication.startswith("Paused") for node in busy)
    origin = f" from {source.name}" if source else ""
    if paused or held:
        why = f" (by {', '.join(paused)})" if paused else ""
        sentence = f"the resync of {name}{origin} is paused{why}: {progress(teller)}"
        return SYNC_PAUSED.found(name, sentence, *evidence)
    return RESYNCING.found(name, f"{name} resyncs{origin}: {progress(teller)}", *evidence)


def _node(view: View, node: NodeView) -> Iterator[Finding]:
    drbd = node.drbd
    if drbd is None:
        return
    if drbd.hung:
        yield HUNG.found(
            node.name, f"drbdsetup on {node.name} does not come back", "/proc/drbd still answers"
        )
    if not drbd.loaded:
        sentence = f"{node.name} has no DRBD in its kernel"
        yield NOT_LOADED.found(node.name, sentence, f"/proc/drbd does not exist on {node.name}")
    elif not drbd.known:
        resource = view.storage.resource
        yield UNCONFIGURED.found(node.name, f"DRBD on {node.name} does not run {resource}", says(node))
    elif drbd.says:
        yield from _disk(view, node, drbd)
        yield from _held(node, drbd)


def _held(node: NodeView, drbd: Drbd) -> Iterator[Finding]:
    if drbd.suspended or not drbd.quorum:
        why = "has lost quorum" if not drbd.quorum else "has suspended I/O"
        yield SUSPENDED.found(node.name, f"DRBD on {node.name} {why}: writes wait", says(node))
    if drbd.paused and not drbd.resyncing:
        why = ", ".join(drbd.paused)
        sentence = f"resync is paused on {node.name} (by {why}): the next one will not run"
        yield SYNC_PAUSED.found(node.name, sentence, says(node))


def _disk(view: View, node: NodeView, drbd: Drbd) -> Iterator[Finding]:
    other = view.other(node)
    if drbd.disk in ("Diskless", "Failed", "Detaching"):
        sentence = f"{node.name} works without its disk ({drbd.disk})"
        if node.primary and other is not None:
            sentence += f": it reads and writes through {other.name}"
        yield DISKLESS.found(node.name, sentence, says(node))
    elif drbd.disk == "Outdated":
        yield OUTDATED.found(node.name, f"the data on {node.name} is outdated", says(node))
    elif drbd.disk == "Inconsistent" and not drbd.resyncing:
        if drbd.connected:
            sentence = f"the data on {node.name} is inconsistent and no resync runs"
            yield INCONSISTENT.found(node.name, sentence, says(node))
        else:
            lost = other.name if other else "its peer"
            sentence = f"{node.name} lost {lost} in the middle of a resync: it holds half a copy"
            yield SOURCE_LOST.found(node.name, sentence, says(node))


def _views(view: View) -> Iterator[Finding]:
    """Whether the two views mirror, and whether copies that should be equal are."""
    pair = [node.drbd for node in view.told if node.drbd is not None]
    evidence = [says(node) for node in view.told]
    if len(pair) == 2:
        one, other = pair
        if one.connected and other.connected:
            wrong = mirrored(one, other)
        else:
            wrong = ["one is connected, the other is not"] if one.connected != other.connected else []
        if wrong:
            sentence = f"the two nodes contradict each other: {'; '.join(wrong)}"
            yield VIEWS_DISAGREE.found(SUBJECT, sentence, *evidence)
    calm = [
        drbd
        for drbd in pair
        if drbd.replication == ESTABLISHED and drbd.disk == UP_TO_DATE and drbd.peer_disk == UP_TO_DATE
    ]
    if calm and len(calm) == len(pair) and (most := max(drbd.out_of_sync for drbd in calm)):
        sentence = f"both copies call themselves UpToDate, but {kib(most)} differ"
        yield OUT_OF_SYNC.found(SUBJECT, sentence, *evidence)


def _config(view: View) -> Iterator[Finding]:
    told = [node for node in view.all if node.config is not None]
    if len(told) < 2:
        return
    first, second = told[0], told[1]
    one, other = first.config or {}, second.config or {}
    names = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    if names:
        sentence = f"{', '.join(names)}: not the same on {first.name} and {second.name}"
        evidence = [
            f"{name} on {node.name}: {(node.config or {}).get(name, 'does not exist')}"
            for name in names
            for node in (first, second)
        ]
        yield CONFIG_DIFFERS.found(SUBJECT, sentence, *evidence)
