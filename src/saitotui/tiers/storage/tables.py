"""What storage screens may place: tables, series, events, robots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.health import Health
from saitotui.model.text import coarse, duration
from saitotui.model.topology import Actor, Cell, Event, Robot, Row, Sample, Table
from saitotui.tiers.storage.judge_service import exported, mounted
from saitotui.tiers.storage.progress import eta, kib
from saitotui.tiers.storage.view import UP_TO_DATE, NodeView, View

UNKNOWN = Cell("?", Health.UNKNOWN)


def tables(view: View, health: Mapping[str, Health]) -> tuple[Table, ...]:
    return (_nodes(view, health), _copies(view, health), _manager(view, health), _clients(view))


def _nodes(view: View, health: Mapping[str, Health]) -> Table:
    """Both views side by side: the same columns, one row a node."""
    rows = []
    for node in view.all:
        cells = (Cell(node.name), *_drbd_cells(node), _service_cell(view, node))
        rows.append(Row(node.name, cells, health.get(node.name, Health.UNKNOWN)))
    columns = ("node", "role", "disk", "connection", "sees peer", "out of sync", "resync", "serves")
    return Table("nodes", f"DRBD {view.storage.resource}: what each side says", columns, tuple(rows))


def _drbd_cells(node: NodeView) -> tuple[Cell, ...]:
    drbd = node.drbd
    if drbd is None:
        return (UNKNOWN,) * 6
    if not drbd.says:
        return (Cell("down", Health.CRIT), *(Cell("-"),) * 5)
    link = drbd.connection if drbd.replication in ("Established", "Off", "") else drbd.replication
    busy = drbd.resyncing or drbd.verifying
    return (
        Cell(drbd.role),
        Cell(drbd.disk, Health.OK if drbd.disk == UP_TO_DATE else Health.CRIT),
        Cell(link, Health.CRIT if not drbd.connected else Health.WARN if busy else Health.OK),
        Cell(f"{drbd.peer_role or '?'}/{drbd.peer_disk or '?'}"),
        Cell(kib(drbd.out_of_sync), Health.WARN if drbd.out_of_sync else None),
        Cell(_resync(node) if busy else "-"),
    )


def _resync(node: NodeView) -> str:
    """`67%, 39s left` of a resync or verify."""
    percent = node.drbd.percent if node.drbd is not None else None
    left = eta(node)
    done = f"{percent:.0f}%" if percent is not None else "begun"
    return f"{done}, {duration(left)} left" if left is not None else done


def _service_cell(view: View, node: NodeView) -> Cell:
    """What of mount, export, nfsd and floating IP is on the node."""
    holds = node.holds(view.storage.floating_ip) if view.storage.floating_ip else False
    if node.serving is None or holds is None:
        return UNKNOWN
    there = {
        "mount": mounted(view, node.serving),
        "export": exported(view, node.serving),
        "nfsd": bool(node.serving.threads),
        "IP": holds,
    }
    return Cell(" ".join(name for name, here in there.items() if here) or "-")


def _copies(view: View, health: Mapping[str, Health]) -> Table:
    """Which history each copy has, and what can keep it as it is."""
    rows = []
    current = {node.generations.current for node in view.all if node.generations is not None}
    for node in view.all:
        generation, disk = node.generations, node.backing
        apart = generation is not None and len(current) > 1
        cells = (
            Cell(node.name),
            Cell(generation.current, Health.WARN if apart else None) if generation else UNKNOWN,
            Cell(generation.bitmap if apart else "-") if generation else UNKNOWN,
            Cell(disk.disk) if disk else UNKNOWN,
            _room(node),
        )
        rows.append(Row(node.name, cells, health.get(node.name, Health.UNKNOWN)))
    columns = ("node", "generation", "apart since", "disk under it", "room for a snapshot")
    return Table("copies", "The two copies", columns, tuple(rows))


def _room(node: NodeView) -> Cell:
    if node.backing is None:
        return UNKNOWN
    return Cell(f"{kib(node.backing.free)} in {node.backing.group}" if node.backing.lvm else "no LVM")


def _manager(view: View, health: Mapping[str, Health]) -> Table:
    """The cluster manager, whichever it is: the screens know the table as `heartbeat`."""
    rows = []
    for node in view.all:
        worn = health.get(node.name, Health.UNKNOWN)
        cells = (Cell(node.name), *_manager_cells(view, node))
        rows.append(Row(node.name, cells, worn))
    columns = ("node", "state", "believes", "sees", "links")
    return Table("heartbeat", view.storage.manager, columns, tuple(rows))


def _manager_cells(view: View, node: NodeView) -> tuple[Cell, ...]:
    if node.heartbeat is not None:
        if not node.heartbeat.running:
            return (Cell("stopped", Health.CRIT), Cell("-"), Cell("-"), Cell("-"))
        others = sorted((name, status) for name, status in node.heartbeat.nodes.items() if name != node.name)
        sees = [f"{name} {status}" for name, status in others]
        links = [f"{link.name} {link.status}" for link in node.heartbeat.links if link.node in view.nodes]
        lost = "dead" in node.heartbeat.nodes.values()
        return (
            Cell("running", Health.OK),
            Cell(node.heartbeat.resources or "?"),
            Cell(", ".join(sees) or "?", Health.WARN if lost else None),
            Cell(", ".join(links) or "-"),
        )
    if node.pacemaker is not None:
        if not node.pacemaker.running:
            return (Cell("stopped", Health.CRIT), Cell("-"), Cell("-"), Cell("-"))
        here = [one.id for one in node.pacemaker.resources if node.name in one.nodes]
        sees = [f"{one.name} {'online' if one.online else 'offline'}" for one in node.pacemaker.members]
        state = "maintenance" if node.pacemaker.maintenance else "running"
        return (Cell(state), Cell(" ".join(here) or "nothing"), Cell(", ".join(sees)), Cell("-"))
    return (UNKNOWN,) * 4


def _clients(view: View) -> Table:
    """Who uses the export, and who was expected to."""
    rows, seen = [], set()
    for node in view.all:
        for client in node.clients or ():
            seen.add(client.address)
            late = client.state == "courtesy"
            cells = (
                Cell(client.address),
                Cell(client.name or "-"),
                Cell(f"v{client.version}"),
                Cell(client.state or "connected", Health.WARN if late else None),
                Cell(coarse(client.renewed) if client.renewed is not None else "-"),
                Cell(node.name),
            )
            rows.append(Row(node.name, cells, Health.WARN if late else Health.OK))
    for address in view.storage.clients:
        if address not in seen:
            known = view.active is not None and view.active.clients is not None
            state = Cell("missing", Health.WARN) if known else UNKNOWN
            cells = (Cell(address), Cell("-"), Cell("-"), state, Cell("-"), Cell("-"))
            rows.append(Row("storage", cells, state.health or Health.OK))
    columns = ("client", "name", "NFS", "state", "renewed", "server")
    return Table("clients", "NFS clients", columns, tuple(rows))


def samples(view: View) -> Iterator[Sample]:
    told = [node.drbd for node in view.told if node.drbd is not None]
    percents = [drbd.percent for drbd in told if drbd.resyncing and drbd.percent is not None]
    idle = bool(told) and not any(drbd.resyncing for drbd in told)
    yield Sample("resync", "resync done", min(percents, default=100.0 if idle else None), "%")
    oos = [drbd.out_of_sync for drbd in told]
    yield Sample("out-of-sync", "out of sync", float(max(oos)) if oos else None, "KiB")
    space = view.active.space if view.active is not None else None
    used = space.percent if space is not None and space.mount == view.storage.mount else None
    yield Sample("space", f"{view.storage.mount} used", used, "%")


def events(view: View) -> Iterator[Event]:
    """What kernel and manager logged, newest first."""
    found = []
    for node in view.all:
        for told in node.kernel_log.entries if node.kernel_log else ():
            at = node.kernel_log_at - told.age
            found.append(Event(at, Actor.PLATFORM, "DRBD", node.name, f"{node.name}: {told.said}"))
        for entry in node.manager_log.entries if node.manager_log else ():
            at = node.manager_log_at - entry.age
            found.append(Event(at, Actor.ROBOT, "heartbeat", node.name, f"{node.name}: {entry.said}"))
    yield from sorted(found, key=lambda event: -event.at)


def robots(view: View) -> tuple[Robot, ...]:
    """The cluster manager takes over by itself, if it runs on both nodes and nobody holds it."""
    manager = view.storage.manager
    names = " and ".join(view.nodes)
    states = [_armed(node) for node in view.all]
    if any(state is False for state in states):
        idle = ", ".join(node.name for node, state in zip(view.all, states, strict=True) if state is False)
        return (Robot(manager, False, f"does not take over: not at work on {idle}"),)
    if any(state is None for state in states):
        return (Robot(manager, None, f"not known on both of {names}"),)
    return (Robot(manager, True, f"takes over between {names}"),)


def _armed(node: NodeView) -> bool | None:
    if node.heartbeat is not None:
        return node.heartbeat.running
    if node.pacemaker is not None:
        mine = next((one for one in node.pacemaker.members if one.name == node.name), None)
        held = node.pacemaker.maintenance or (mine is not None and (mine.standby or mine.maintenance))
        return node.pacemaker.running and not held
    return None
