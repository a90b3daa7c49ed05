"""When a lost node is fenced and its guests come back, from PVE's constants and what HA last wrote.

ha-manager: LRM and CRM work in rounds of 10 s; the CRM wants a node fenced when it has not seen it online for
`fence_delay` 60 s; guests start elsewhere once the lost node's lock, which it renewed each round, is 120 s
old; its watchdog resets it 60 s (plus at most 10 s) after it last could write. A lost master is replaced when
its own lock is 120 s old. All is counted from the last timestamp of the lost node's LRM: what was measured on
real clusters (fence at +76 s, recovery at +126 s after a power cut, +179 s with the master) lies within.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saitotui.facts.proxmox_ha import DEAD, HaStatus, ManagerStatus

ROUND = 10
FENCE_DELAY = 60
LOCK = 120
WATCHDOG = 70
OVERDUE = 60
"""Seconds after the last moment at which recovery should have happened, when it becomes a finding."""

_NOT_RECOVERED = ("error", "freeze", "stopped", "disabled", "ignored", "deleting")
"""HA leaves services in these states where they are."""


class Phase(StrEnum):
    NOT = "not fenced"
    """Its LRM was idle: nothing of HA runs there, so nothing is fenced or restarted."""
    WAITING = "waiting"
    """HA waits whether the node returns."""
    FENCING = "fencing"
    """HA waits for the node's lock to expire."""
    RECOVERING = "recovering"
    """The node is fenced; guests wait for a node that may take them."""
    FENCED = "fenced"
    """Its guests were recovered."""


@dataclass(frozen=True, slots=True)
class Fencing:
    """How far the fencing of one lost node is. Times are seconds from now, never below 0; None: unknown."""

    node: str
    phase: Phase
    services: tuple[str, ...] = ()
    silent: float | None = None
    """Since its LRM last wrote."""
    fence_in: float | None = None
    recover_in: float | None = None
    overdue: float = 0.0
    reset_in: float | None = None
    """Until its own watchdog must have reset it."""
    armed: bool = False
    """Its LRM was active when it wrote last, so its watchdog was running."""

    @property
    def proves_death(self) -> bool:
        """HA itself counts the node as dead from now on: its watchdog was armed and has long run out, and its
        lock is free to be taken."""
        return self.armed and self.silent is not None and self.silent >= LOCK


def fencing(node: str, ha: HaStatus, manager: ManagerStatus | None, now: float) -> Fencing:
    """The fencing of `node`, which is offline; `now` is the cluster's clock."""
    lrm = ha.lrm(node)
    silent = now - lrm.timestamp if lrm is not None and lrm.timestamp is not None else None
    here = [service for service in ha.services if service.node == node]
    waiting = tuple(service.sid for service in here if service.crm_state not in _NOT_RECOVERED)
    verdict = manager.node_status.get(node, "") if manager else ""
    last_word = manager.lrm_states.get(node, "") if manager else ""
    phase = _phase(verdict, last_word, waiting, [service.crm_state for service in here])
    if phase is Phase.NOT or silent is None:
        return Fencing(node, phase, waiting, silent)
    fence_by, recover_by = FENCE_DELAY + 3 * ROUND, LOCK + 2 * ROUND
    # The master was lost too, or must have been: its successor began to count when it took over.
    if _master_lost(node, ha) or (phase is Phase.WAITING and silent > fence_by):
        fence_by = LOCK + ROUND + FENCE_DELAY + ROUND
        recover_by = fence_by + ROUND
    return Fencing(
        node,
        phase,
        waiting,
        silent,
        fence_in=max(0.0, fence_by - silent),
        recover_in=max(0.0, recover_by - silent),
        overdue=max(0.0, silent - recover_by - OVERDUE) if phase is not Phase.FENCED else 0.0,
        reset_in=max(0.0, WATCHDOG + ROUND - silent),
        armed=last_word == "active",
    )


def _phase(verdict: str, last_word: str, waiting: tuple[str, ...], states: list[str]) -> Phase:
    if verdict == "fence" or "fence" in states:
        return Phase.FENCING
    if "recovery" in states:
        return Phase.RECOVERING
    if waiting:
        return Phase.WAITING
    # Nothing is left there: recovered, if it was active; else there was nothing to recover.
    return Phase.FENCED if last_word == "active" else Phase.NOT


def _master_lost(node: str, ha: HaStatus) -> bool:
    """The lost node led HA, and nobody has taken over."""
    return ha.master is None or ha.master.node == node or ha.master.state == DEAD
