"""How far a resync or verify is, as each side says it, and what a side says in one line."""

from __future__ import annotations

from saitotui.facts.drbd import View as Drbd
from saitotui.model.text import duration, size
from saitotui.tiers.storage.view import NodeView


def kib(amount: int) -> str:
    """KiB as people write them."""
    return size(amount * 1024)


def says(node: NodeView) -> str:
    """DRBD's state on one node in one line, as evidence."""
    view = node.drbd
    if view is None:
        return f"{node.name}: DRBD is not known"
    if not view.loaded:
        return f"{node.name}: no DRBD in the kernel"
    if not view.known:
        return f"{node.name}: the resource is down"
    link = view.connection if view.replication in ("Off", "Established", "") else view.replication
    line = f"{node.name}: {link}, {view.role}/{view.peer_role}, {view.disk}/{view.peer_disk}"
    return f"{line}, {kib(view.out_of_sync)} out of sync" if view.out_of_sync else line


def eta(node: NodeView) -> float | None:
    """Seconds until the resync or verify ends: the kernel's estimate, else the measured speed."""
    view = node.drbd
    if view is None:
        return None
    if view.finish is not None:
        return view.finish
    if view.resyncing and node.rate:
        return view.out_of_sync / node.rate
    return None


def progress(node: NodeView) -> str:
    """`67% done, 84 MiB left, about 39s`."""
    view, left = node.drbd, eta(node)
    if view is None:
        return "progress unknown"
    return ", ".join(how_far(view, left))


def how_far(view: Drbd, left: float | None) -> list[str]:
    """The words of `progress`; `left` is the seconds until the end, where they are known."""
    words = [f"{view.percent:.0f}% done" if view.percent is not None else "begun"]
    if view.resyncing:
        words.append(f"{kib(view.out_of_sync)} left")
    if left is not None:
        words.append(f"about {duration(left)}")
    return words


def mirrored(one: Drbd, other: Drbd) -> list[str]:
    """In what two connected views contradict each other."""
    wrong = []
    if one.role != other.peer_role or other.role != one.peer_role:
        wrong.append(f"roles {one.role}/{one.peer_role} and {other.role}/{other.peer_role}")
    if one.disk != other.peer_disk or other.disk != one.peer_disk:
        wrong.append(f"disks {one.disk}/{one.peer_disk} and {other.disk}/{other.peer_disk}")
    if one.resyncing and other.resyncing and one.source == other.source:
        wrong.append(f"replication {one.replication} and {other.replication}")
    return wrong
