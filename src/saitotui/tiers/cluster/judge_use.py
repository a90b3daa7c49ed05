"""Findings about what runs short: memory, processors, storage; and about versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from saitotui.facts.proxmox_resources import StorageUse
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.text import size
from saitotui.tiers.cluster.situations import (
    CPU_HIGH,
    MEMORY_HIGH,
    STORAGE_DOWN,
    STORAGE_FULL,
    VERSION_MIXED,
)
from saitotui.tiers.cluster.view import NodeView, View

SUBJECT = "cluster"
FULL = 95.0
"""Percent from which a filling storage is critical, if its limit is not above that."""


def percent(part: float | None, whole: float | None) -> float | None:
    """`part` of `whole` in percent; None when either is unknown."""
    return 100 * part / whole if part is not None and whole else None


def use_findings(view: View) -> Iterator[Finding]:
    for node in view.nodes.values():
        yield from _node(view, node)
    yield from _storages(view)
    versions: dict[str, list[str]] = defaultdict(list)
    for node in view.nodes.values():
        if node.detail is not None and node.detail.version:
            versions[node.detail.version].append(node.name)
    if len(versions) > 1:
        words = [f"{', '.join(names)}: {version}" for version, names in sorted(versions.items())]
        yield VERSION_MIXED.found(SUBJECT, f"nodes run different versions: {'; '.join(words)}", *words)


def _node(view: View, node: NodeView) -> Iterator[Finding]:
    limits, use = view.cluster.limits, node.use
    if use is None or not view.sighted(node.name):
        return
    memory = percent(use.memory, use.memory_total)
    if memory is not None and memory >= limits.memory_percent:
        free = (use.memory_total or 0) - (use.memory or 0)
        sentence = f"{node.name} uses {memory:.0f}% of its memory, {size(free)} are left"
        yield MEMORY_HIGH.found(node.name, sentence, f"/cluster/resources: mem {size(use.memory or 0)}")
    cpu, load = (100 * use.cpu if use.cpu is not None else None), _load(node)
    busy = cpu is not None and cpu >= limits.cpu_percent
    # One sample of CPU use says little; the load average over five minutes must agree where it is known.
    if busy and (load is None or (use.cpus and load >= use.cpus)):
        said = f"load {load:.1f}" if load is not None else "load unknown"
        sentence = f"{node.name} uses {cpu:.0f}% of its processors"
        yield CPU_HIGH.found(node.name, sentence, f"{use.cpus or '?'} processors, {said} over 5 minutes")


def _load(node: NodeView) -> float | None:
    if node.facts is not None:
        return node.facts.load[1]
    return node.detail.load[1] if node.detail is not None and len(node.detail.load) > 1 else None


def storages(view: View) -> Iterator[StorageUse]:
    """Each storage once: a shared one as the first node that has it, and for each node that has it not;
    nothing of nodes that are gone."""
    seen: set[str] = set()
    for storage in view.resources.storages if view.resources else ():
        if not view.sighted(storage.node):
            continue
        if storage.shared and storage.status == "available":
            if storage.name in seen:
                continue
            seen.add(storage.name)
        yield storage


def _storages(view: View) -> Iterator[Finding]:
    """A finding for each node with its own storages, and one for all shared ones."""
    full: dict[str, list[tuple[float, str]]] = defaultdict(list)
    down: dict[str, list[str]] = defaultdict(list)
    for storage in storages(view):
        used = percent(storage.used, storage.total)
        if storage.status not in ("available", ""):
            down[storage.node].append(f"{storage.name} ({storage.status})")
        elif used is not None and used >= view.cluster.limits.storage_percent:
            full[SUBJECT if storage.shared else storage.node].append((used, storage.name))
    for subject, found in full.items():
        where = "" if subject == SUBJECT else f" on {subject}"
        words = [f"{name}{where} is {used:.0f}% full" for used, name in sorted(found, reverse=True)]
        worst = max(used for used, _ in found)
        health = Health.CRIT if worst >= max(FULL, view.cluster.limits.storage_percent) else Health.WARN
        yield STORAGE_FULL.found(subject, f"storage {', '.join(words)}", *words, health=health)
    for node, names in down.items():
        yield STORAGE_DOWN.found(node, f"storage {', '.join(names)} is not available on {node}", *names)
