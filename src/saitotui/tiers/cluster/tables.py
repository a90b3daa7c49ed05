"""What cluster screens may place: tables, series, events, robots."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.proxmox_tasks import Task
from saitotui.model.health import Health
from saitotui.model.text import duration
from saitotui.model.topology import Actor, Cell, Event, Node, Robot, Row, Sample, Table
from saitotui.tiers.cluster.judge_guests import guest_id, ha_word, title, unhealed
from saitotui.tiers.cluster.judge_ha import managed
from saitotui.tiers.cluster.judge_use import percent, storages
from saitotui.tiers.cluster.links import pairs
from saitotui.tiers.cluster.nodes import (
    fencing_word,
    guest_state,
    load_word,
    lrm_word,
    master,
    quorum_word,
    share,
    state,
)
from saitotui.tiers.cluster.view import View

TASKS = 60
"""Tasks shown."""


def tables(view: View, nodes: tuple[Node, ...]) -> tuple[Table, ...]:
    health = {node.id: node.health for node in nodes}
    return (
        _nodes(view, health),
        _guests(view, health),
        _links(view),
        _storages(view),
        _tasks(view),
    )


def _nodes(view: View, health: dict[str, Health]) -> Table:
    rows = []
    for node in view.nodes.values():
        word, base = state(node)
        quorum, quorum_health = quorum_word(node)
        fresh = node.use if view.sighted(node.name) else None
        role = "manager" if master(view) == node.name else ""
        cells = (
            Cell(node.name),
            Cell(word, base),
            Cell(quorum, quorum_health),
            Cell(role),
            Cell(lrm_word(node)),
            Cell(f"{100 * fresh.cpu:.0f}%" if fresh and fresh.cpu is not None else "?"),
            Cell(share(fresh.memory, fresh.memory_total) if fresh else "?"),
            Cell(load_word(node)),
            Cell(node.detail.version if node.detail else "?"),
            Cell(fencing_word(node.fencing)),
        )
        rows.append(Row(node.name, cells, health.get(node.name, base)))
    columns = ("node", "state", "quorum", "HA", "LRM", "cpu", "memory", "load", "version", "fencing")
    return Table("nodes", "Cluster nodes", columns, tuple(rows))


def _guests(view: View, health: dict[str, Health]) -> Table:
    rows = []
    for guest in view.guests:
        subject = guest_id(guest.vmid)
        fresh = guest_state(view, guest) == "running"
        cells = (
            Cell(title(view, guest)),
            Cell(guest.node or "?"),
            Cell(guest_state(view, guest), health.get(subject)),
            Cell(ha_word(view, guest) or "-"),
            Cell(guest.lock or ""),
            Cell(f"{100 * guest.cpu:.0f}%" if fresh and guest.cpu is not None else "?"),
            Cell(share(guest.memory, guest.memory_total) if fresh else "?"),
            Cell(duration(guest.uptime) if fresh and guest.uptime is not None else "?"),
        )
        rows.append(Row(subject, cells, health.get(subject, Health.UNKNOWN)))
    columns = ("guest", "node", "state", "HA", "lock", "cpu", "memory", "up")
    return Table("guests", "Guests", columns, tuple(rows))


def _links(view: View) -> Table:
    rows = []
    for pair in pairs(view):
        worn = Health.OK if pair.up else Health.WARN
        cells = (
            Cell(str(pair.number)),
            Cell(pair.one),
            Cell(pair.other),
            Cell("connected" if pair.up else "down", worn),
        )
        rows.append(Row(pair.one, cells, worn))
    return Table("links", "Corosync links", ("link", "node", "node", "state"), tuple(rows))


def _storages(view: View) -> Table:
    rows = []
    for storage in storages(view):
        used = percent(storage.used, storage.total)
        full = used is not None and used >= view.cluster.limits.storage_percent
        down = storage.status not in ("available", "")
        health = Health.CRIT if down else Health.WARN if full else Health.OK
        cells = (
            Cell(storage.name),
            Cell("all" if storage.shared else storage.node),
            Cell(storage.status or "?", Health.CRIT if down else None),
            Cell(share(storage.used, storage.total), Health.WARN if full else None),
        )
        rows.append(Row(storage.node, cells, health))
    return Table("storages", "Storage", ("storage", "node", "state", "used"), tuple(rows))


def _tasks(view: View) -> Table:
    broken = {task.upid for task in unhealed(view.tasks or (), view.at)}
    rows = []
    ordered = sorted(view.tasks or (), key=lambda task: (not task.running, -task.started))
    for task in ordered[:TASKS]:
        health = Health.WARN if task.upid in broken else Health.OK
        ago = duration(max(0.0, round(view.at - task.started)))
        cells = (
            Cell(f"{ago} ago"),
            Cell(task.node),
            Cell(f"{task.kind} {task.id}".strip()),
            Cell(task.user),
            Cell("running" if task.running else task.result, health if health is not Health.OK else None),
        )
        rows.append(Row(task.node, cells, health))
    return Table("tasks", "Tasks", ("started", "node", "task", "by", "result"), tuple(rows))


def samples(view: View) -> Iterator[Sample]:
    running = [guest for guest in view.guests if guest_state(view, guest) == "running"]
    known = view.resources is not None and view.trusted
    yield Sample("guests", "guests that surely run", float(len(running)) if known else None)
    for node in view.nodes.values():
        use = node.use if view.sighted(node.name) else None
        cpu = 100 * use.cpu if use and use.cpu is not None else None
        yield Sample(f"{node.name}-cpu", f"{node.name} cpu", cpu, "%")
        memory = percent(use.memory, use.memory_total) if use else None
        yield Sample(f"{node.name}-memory", f"{node.name} memory", memory, "%")


def events(view: View) -> Iterator[Event]:
    """Tasks: when they ended, or that they run."""
    for task in view.tasks or ():
        subject = guest_id(task.id) if task.id.isdigit() else task.node
        what = f"{task.kind} {task.id}".strip() + f" on {task.node}"
        at, outcome = (task.started, "runs") if task.running else (task.ended or task.started, task.result)
        yield Event(at, _actor(task), task.user, subject, f"{what}: {outcome}")


def _actor(task: Task) -> Actor:
    """A token is a program's; PVE's own daemons work as root@pam, as a person at the shell does."""
    if "!" in task.user:
        return Actor.ROBOT
    return Actor.PLATFORM if task.user in ("root@pam", "") else Actor.PERSON


def robots(view: View) -> tuple[Robot, ...]:
    """HA restarts and moves guests, and its watchdogs reset nodes."""
    if view.ha is None or not view.trusted:
        return (Robot("Proxmox HA", None, "cannot tell whether HA is armed"),)
    if not managed(view):
        return (Robot("Proxmox HA", False, "manages no guest"),)
    count = len(view.ha.services)
    if view.ha.armed in ("disarmed", "disarming"):
        return (Robot("Proxmox HA", False, f"{view.ha.armed}; {count} guests are left alone"),)
    moving = [
        service.sid for service in view.ha.services if service.state in ("migrate", "relocate", "recovery")
    ]
    doing = f"; moves {', '.join(moving)}" if moving else ""
    leader = master(view)
    sentence = f"{f'led by {leader}' if leader else 'led by nobody'}, manages {count} guests{doing}"
    return (Robot("Proxmox HA", True, sentence),)
