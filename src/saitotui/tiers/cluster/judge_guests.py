"""Findings about guests and their tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from saitotui.facts.proxmox_resources import GuestUse
from saitotui.facts.proxmox_tasks import Task
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.profile import Guest
from saitotui.model.text import duration
from saitotui.tiers.cluster.situations import (
    GUEST_DOWN,
    GUEST_ERROR,
    GUEST_MISSING,
    GUEST_UNKNOWN,
    HA_NOT_MANAGED,
    HA_STATE_DIFFERS,
    NODE_OFFLINE,
    QUORUM_LOST,
    TASK_FAILED,
    VIEWS_DISAGREE,
)
from saitotui.tiers.cluster.view import View

MOVING = ("fence", "recovery", "migrate", "relocate", "starting", "queued", "request_start", "started")
"""HA states in which HA itself brings a guest up or moves it; `started` too: HA starts again what it finds
stopped, and for a moment after a start the node's last report (up to 10 s old) still says stopped."""
TASK_WINDOW = 3600.0
"""Seconds for which a failed task is worth a finding."""


def guest_id(vmid: str) -> str:
    """The node id of a guest: `guest/101`."""
    return f"guest/{vmid}"


def guest_findings(view: View) -> Iterator[Finding]:
    if view.resources is None:
        return
    for guest in view.guests:
        yield from _guest(view, guest, view.cluster.guests.get(guest.vmid, Guest()))
    if view.trusted and view.quorate is not False:
        for vmid, expected in view.cluster.guests.items():
            if view.resources.guest(vmid) is None:
                name = f"{expected.name} ({vmid})" if expected.name else vmid
                yield GUEST_MISSING.found(
                    guest_id(vmid), f"guest {name} does not exist", "/cluster/resources does not name it"
                )


def title(view: View, guest: GuestUse) -> str:
    """How a guest is spoken of; PVE forgets the name of one whose node is gone for five minutes."""
    name = guest.name or view.cluster.guests.get(guest.vmid, Guest()).name
    return f"{name} ({guest.vmid})" if name else guest.vmid


def ha_word(view: View, guest: GuestUse) -> str:
    """The guest's HA state as PVE words it for people, `` when it is not managed."""
    service = view.ha.service(guest.sid) if view.ha else None
    return service.state if service else guest.ha


def _guest(view: View, guest: GuestUse, expected: Guest) -> Iterator[Finding]:
    subject, name = guest_id(guest.vmid), title(view, guest)
    word, wanted = ha_word(view, guest), _wanted(view, guest)
    yield from _managing(view, guest, expected, name)
    said = f"/cluster/resources: {guest.status} on {guest.node}" + (f", HA {word}" if word else "")
    runs = "started" in (wanted, expected.ha) or bool(expected.host)
    if word == "error":
        sentence = f"HA gave up on {name}; it stays where it is until it is disabled and started again"
        yield GUEST_ERROR.found(subject, sentence, said)
    elif view.dead(guest.node) and guest.status != "stopped":
        yield _died(view, guest, name, said)
    elif guest.status == "unknown" or not view.sighted(guest.node):
        if guest.status != "stopped" or runs:
            yield _unknown(view, guest, name, said)
    elif guest.status != "running" and runs:
        yield _stopped(view, guest, expected, said)


def _stopped(view: View, guest: GuestUse, expected: Guest, said: str) -> Finding:
    """A guest that should run and surely does not; while HA is to start it, that is a warning."""
    subject, name = guest_id(guest.vmid), title(view, guest)
    word, wanted = ha_word(view, guest), _wanted(view, guest)
    armed = view.ha is not None and view.ha.armed not in ("disarming", "disarmed")
    if word in MOVING and wanted in ("started", "") and armed:
        sentence = f"{name} does not run on {guest.node}; it is HA's to start it ({word})"
        return GUEST_DOWN.found(subject, sentence, said, health=Health.WARN)
    cause = HA_STATE_DIFFERS.code if expected.ha == "started" != (wanted or "started") else ""
    return GUEST_DOWN.found(subject, f"{name} is {guest.status} on {guest.node}", said, cause=cause)


def _died(view: View, guest: GuestUse, name: str, said: str) -> Finding:
    """Its node is proven dead: so is the guest, whatever PVE goes on saying."""
    node = view.nodes[guest.node]
    recovers = node.fencing is not None and guest.sid in node.fencing.services
    next_step = "HA restarts it elsewhere" if recovers else "nothing restarts it"
    return GUEST_DOWN.found(
        guest_id(guest.vmid),
        f"{name} died with {guest.node}; {next_step}",
        f"{said} (not to be believed)",
        health=Health.WARN if recovers else None,
        cause=NODE_OFFLINE.code,
    )


def _unknown(view: View, guest: GuestUse, name: str, said: str) -> Finding:
    if view.gone(guest.node):
        sentence, cause = f"nobody knows whether {name} runs: {guest.node} is gone", NODE_OFFLINE.code
    elif view.quorate is False:
        sentence, cause = f"nobody knows whether {name} runs: the cluster has no quorum", QUORUM_LOST.code
    elif not view.trusted:
        sentence, cause = f"nobody knows whether {name} runs: the API is cut off", VIEWS_DISAGREE.code
    else:
        sentence, cause = f"nobody knows whether {name} runs: nobody says how {guest.node} is", ""
    return GUEST_UNKNOWN.found(guest_id(guest.vmid), sentence, f"{said} (not to be believed)", cause=cause)


def _wanted(view: View, guest: GuestUse) -> str:
    """The state that HA is told to hold the guest in, `` when it is not managed or not known."""
    configured = view.ha_resources.get(guest.sid) if view.ha_resources is not None else None
    if configured is not None:
        return configured.wanted
    service = view.ha.service(guest.sid) if view.ha and view.ha_resources is None else None
    return service.request if service else ""


def _managing(view: View, guest: GuestUse, expected: Guest, name: str) -> Iterator[Finding]:
    if view.ha_resources is None or not expected.ha:
        return
    configured = view.ha_resources.get(guest.sid)
    if configured is None:
        sentence = f"{name} is not managed by HA; the profile expects {expected.ha}"
        yield HA_NOT_MANAGED.found(
            guest_id(guest.vmid), sentence, f"/cluster/ha/resources has no {guest.sid}"
        )
    elif (wanted := _wanted(view, guest)) != expected.ha:
        sentence = f"HA holds {name} {wanted}; the profile expects {expected.ha}"
        yield HA_STATE_DIFFERS.found(
            guest_id(guest.vmid), sentence, f"/cluster/ha/resources: {guest.sid} {wanted}"
        )


def task_findings(view: View) -> Iterator[Finding]:
    """Tasks that failed lately and were not done again with success, one finding for each thing acted on."""
    failed: dict[str, list[Task]] = defaultdict(list)
    for task in unhealed(view.tasks or (), view.at):
        subject = guest_id(task.id) if view.resources and view.resources.guest(task.id) else task.node
        failed[subject].append(task)
    for subject, tasks in failed.items():
        newest = tasks[0]
        ago = duration(max(0.0, round(view.at - (newest.ended or newest.started))))
        what = f"{newest.kind} {newest.id}".strip()
        sentence = f"{what} on {newest.node} failed {ago} ago: {newest.result}"
        yield TASK_FAILED.found(subject, sentence, *(f"{task.upid} {task.result}" for task in tasks[:5]))


def unhealed(tasks: tuple[Task, ...], now: float) -> Iterator[Task]:
    """Failed tasks of the last hour, newest first, without those that succeeded later for the same thing."""
    healed: Mapping[tuple[str, str], float] = {
        (task.kind, task.id): task.started
        for task in sorted(tasks, key=lambda task: task.started)
        if not task.running and not task.failed
    }
    for task in tasks:
        recent = now - (task.ended or task.started) <= TASK_WINDOW
        if task.failed and recent and healed.get((task.kind, task.id), 0.0) <= task.started:
            yield task
