"""Findings about what clients get: mount, export, nfsd, address, space, clients."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.nfs import Serving
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.text import size
from saitotui.tiers.storage.situations import (
    CLIENTS_MISSING,
    EXPORT_MISSING,
    IP_ELSEWHERE,
    IP_NOBODY,
    IP_TWO,
    MOUNT_MISSING,
    NFSD_DOWN,
    SPACE_CRITICAL,
    SPACE_LOW,
)
from saitotui.tiers.storage.view import SUBJECT, NodeView, View

MOST_PERCENT = 98.0
MARGIN = 10.0
"""Percent above the warning that are critical."""


def service_findings(view: View) -> Iterator[Finding]:
    for node in view.primaries:
        if node.serving is not None:
            yield from _serving(view, node, node.serving)
    yield from _address(view)
    if view.active is not None:
        yield from _space(view, view.active)
        yield from _clients(view, view.active)


def mounted(view: View, serving: Serving) -> bool:
    return any(
        mount.path == view.storage.mount and mount.device.startswith(("/dev/drbd", view.storage.device))
        for mount in serving.mounts
    )


def exported(view: View, serving: Serving) -> bool:
    """Whether the mount point or a directory in it is exported."""
    path = view.storage.mount
    return any(one.path == path or one.path.startswith(f"{path}/") for one in serving.exports)


def _serving(view: View, node: NodeView, serving: Serving) -> Iterator[Finding]:
    path = view.storage.mount
    if not mounted(view, serving):
        sentence = f"{node.name} is Primary but has not mounted {path}"
        yield MOUNT_MISSING.found(node.name, sentence, f"/proc/mounts of {node.name}: no {path} from DRBD")
    elif not exported(view, serving):
        others = ", ".join(sorted({one.path for one in serving.exports})) or "nothing"
        sentence = f"{node.name} has mounted {path} but does not export it"
        yield EXPORT_MISSING.found(node.name, sentence, f"etab of {node.name}: {others}")
    if not serving.threads:
        sentence = f"nfsd does not run on {node.name}, the active node"
        threads = "not loaded" if serving.threads is None else "0 threads"
        yield NFSD_DOWN.found(node.name, sentence, f"/proc/fs/nfsd/threads of {node.name}: {threads}")


def _address(view: View) -> Iterator[Finding]:
    address = view.storage.floating_ip
    told = [node for node in view.all if node.addresses is not None]
    if not address or not told:
        return
    holders = view.holders(address)
    evidence = [f"{node.name}: {address} {'here' if node.holds(address) else 'not here'}" for node in told]
    if len(holders) > 1:
        yield IP_TWO.found(SUBJECT, f"{' and '.join(holders)} both hold {address}", *evidence)
    elif not holders and len(told) == len(view.all):
        yield IP_NOBODY.found(SUBJECT, f"nobody holds {address}: clients reach nothing", *evidence)
    elif not holders:
        silent = next(node.name for node in view.all if node.addresses is None)
        sentence = f"{told[0].name} does not hold {address}, and {silent} does not say whether it does"
        yield IP_NOBODY.found(SUBJECT, sentence, *evidence, health=Health.UNKNOWN)
    elif view.active is not None and view.active.name != holders[0]:
        sentence = f"{holders[0]} holds {address}, but {view.active.name} is Primary"
        yield IP_ELSEWHERE.found(SUBJECT, sentence, *evidence)


def _space(view: View, node: NodeView) -> Iterator[Finding]:
    space = node.space
    if space is None or space.mount != view.storage.mount:
        return
    low = view.storage.limits.space_percent
    critical = min(low + MARGIN, MOST_PERCENT)
    sentence = f"{view.storage.mount} is {space.percent:.0f}% full"
    evidence = f"df on {node.name}: {size(space.used)} of {size(space.total)}"
    if space.percent >= critical:
        yield SPACE_CRITICAL.found(node.name, sentence, evidence)
    elif space.percent >= low:
        yield SPACE_LOW.found(node.name, sentence, evidence)


def _clients(view: View, node: NodeView) -> Iterator[Finding]:
    if node.clients is None or not view.storage.clients:
        return
    alive = {client.address for client in node.clients if client.state != "courtesy"}
    missing = [address for address in view.storage.clients if address not in alive]
    if missing:
        sentence = f"{', '.join(missing)} {'does' if len(missing) == 1 else 'do'} not use the export"
        evidence = f"clients of {node.name}: {', '.join(sorted(alive)) or 'none'}"
        yield CLIENTS_MISSING.found(SUBJECT, sentence, evidence)
