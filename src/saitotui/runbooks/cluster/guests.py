"""A guest of a Proxmox cluster: what is asked before it is started or moved, and how it moves."""

from __future__ import annotations

from saitotui.facts.proxmox_resources import GuestUse, Resources
from saitotui.model.plan import Act, Check, Verdict
from saitotui.runbooks.cluster import api
from saitotui.tiers.cluster.view import View

GIB = float(1 << 30)
STANDS_STILL = "stands still for the last moments of its move, mostly less than a second"
"""What users notice of a machine that is moved while it runs."""


def named(guest: GuestUse) -> str:
    return f"{guest.vmid} ({guest.name})" if guest.name else guest.vmid


def unlocked(guest: GuestUse) -> Check:
    """Whether no backup, snapshot or move holds it."""
    return api.by_guest(
        guest.vmid, f"guest {guest.vmid} is not locked", lambda use: Verdict(not use.lock, use.lock or "free")
    )


def room(guest: GuestUse, node: str) -> Check:
    """Whether a node has a guest's full size of memory to spare."""

    def judge(found: Resources) -> Verdict:
        use, size = found.node(node), guest.memory_total
        spare = use.spare if use is not None else None
        if spare is None or size is None:
            return Verdict(None, "the cluster does not say")
        return Verdict(spare >= size, f"it needs {size / GIB:.0f} GiB, {spare / GIB:.0f} are left")

    return api.by_resources(f"{node} has memory for guest {guest.vmid}", judge)


def runs_on(guest: GuestUse, node: str) -> Check:
    """Whether it runs there, and nothing moves it any more."""

    def judge(use: GuestUse) -> Verdict:
        lock = f", lock {use.lock}" if use.lock else ""
        there = use.node == node and use.status == "running" and not use.lock
        return Verdict(there, f"{use.status} on {use.node}{lock}")

    return api.by_guest(guest.vmid, f"guest {guest.vmid} runs on {node}", judge)


def off(guest: GuestUse) -> Check:
    """Whether it is off, where it is known; a node that is lost does not say."""

    def judge(use: GuestUse) -> Verdict:
        if use.status not in ("running", "stopped"):
            return Verdict(None, use.status)
        return Verdict(use.status == "stopped" and use.node == guest.node, f"{use.status} on {use.node}")

    return api.by_guest(guest.vmid, f"guest {guest.vmid} is off, on {guest.node}", judge)


def numbered(view: View, number: str) -> GuestUse | str:
    """The guest of that number; or that there is none."""
    found = next((guest for guest in view.guests if guest.vmid == number), None)
    return found or f"the cluster has no guest {number!r}: give its number as guest="


def migrates(guest: GuestUse, target: str) -> Act:
    """The order to move one that HA does not manage: a machine while it runs, a container by a restart."""
    how = "restart" if guest.kind == "lxc" else "online"
    path = f"post /nodes/{guest.node}/{guest.kind}/{guest.vmid}/migrate"
    return api.order(path, {"target": target, how: 1})
