"""What if: a node is lost, cut off or drained, or a link breaks. Quorum, fencing, guests, services, journeys.

Nothing is asked and nothing is done: it is computed from the last answers, by the rules that the platform's
own software follows. `forecast` in the cluster tier has those of Proxmox VE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saitotui.model.health import Health
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import size
from saitotui.model.topology import Edge, Node, TierPicture
from saitotui.tiers.cluster.forecast import Event, Moment, Move, armed_nodes, moments, moves, quorate_without
from saitotui.tiers.cluster.judge_guests import guest_id
from saitotui.tiers.redundancy.impact import Impact, Loss, lose, worst
from saitotui.tiers.redundancy.machines import Machines, machines
from saitotui.tiers.redundancy.services import Mode, Service, services
from saitotui.tiers.redundancy.table import NOT_MACHINES, if_lost

EVENTS = {
    Event.LOSS: "{} is lost: no power, or it hangs",
    Event.PARTITION: "{} is cut off from the cluster's networks, and lives",
    Event.MAINTENANCE: "{} is drained for maintenance",
}
_ALL_USERS = ("web", "application")
"""Services without which no journey works."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is about, what happens, and how bad that is."""

    label: str
    text: str
    health: Health = Health.OK


@dataclass(frozen=True, slots=True)
class Forecast:
    """The answer. `question` says what is supposed to happen; rows are in order."""

    question: str
    loss: Loss
    course: tuple[Row, ...] = ()
    """Seconds, and what happens then."""
    guests: tuple[Row, ...] = ()
    services: tuple[Row, ...] = ()
    journeys: tuple[Row, ...] = ()
    unknown: tuple[str, ...] = ()
    """What it rests on and does not know."""
    links: bool = False
    """Whether `services` are links."""

    def lines(self) -> Iterator[str]:
        """One fact a line."""
        yield f"if {self.question}: {self.loss.impact.word}{f': {self.loss.why}' if self.loss.why else ''}"
        what = "link" if self.links else "service"
        parts = (
            ("when", self.course),
            ("guest", self.guests),
            (what, self.services),
            ("users", self.journeys),
        )
        for name, rows in parts:
            yield from (f"{name}: {row.label}: {row.text}" for row in rows)
        yield from (f"not known: {what}" for what in self.unknown)


def subjects(pictures: Sequence[TierPicture]) -> list[str]:
    """What can be asked about: ids of nodes, and links as `ONE-OTHER`."""
    nodes = [node.id for picture in pictures for node in picture.nodes if node.kind not in NOT_MACHINES]
    links = [min(_ends(edge)) for picture in pictures for edge in picture.edges if edge.kind in _LINKS]
    return list(dict.fromkeys([*nodes, *links]))


def _ends(edge: Edge) -> tuple[str, str]:
    """Both names of a link."""
    return f"{edge.source}-{edge.target}", f"{edge.target}-{edge.source}"


def what_if(
    profile: Profile, snapshot: Snapshot, pictures: Sequence[TierPicture], subject: str, event: str = ""
) -> Forecast | str:
    """The forecast for a node or a link; a sentence when there is none."""
    if event and event not in set(Event):
        return f"{event!r} is no event: {', '.join(Event)}"
    node = next((one for picture in pictures for one in picture.nodes if one.id == subject), None)
    carriers, offered = machines(profile, snapshot, pictures), tuple(services(pictures))
    if node is None or node.kind in NOT_MACHINES:
        edges = [edge for picture in pictures for edge in picture.edges if subject in _ends(edge)]
        return (
            _links(subject, edges) or f"nothing here is called {subject!r}: name a node, or a link as st1-st2"
        )
    happens = Event(event) if event else Event.LOSS
    carrier = carriers.carrier(node)
    if not carrier:
        if happens is not Event.LOSS:
            return f"{subject} is no cluster node: it can be lost, not {happens}"
        return _of_service(node, carriers, offered, pictures)
    return _of_carrier(carrier, happens, node, carriers, offered, pictures)


def _of_service(
    node: Node, carriers: Machines, offered: Sequence[Service], pictures: Sequence[TierPicture]
) -> Forecast:
    """Something that runs on the cluster, or beside it."""
    hit = _hit(offered, carriers.fallen(node))
    restarts = _restarted(node, carriers)
    course = (Row("at once", restarts),) if restarts else ()
    loss = if_lost(node, carriers, offered)
    return Forecast(
        EVENTS[Event.LOSS].format(node.id),
        loss,
        course,
        (),
        tuple(_services(hit, {})),
        tuple(_journeys(hit, pictures)),
    )


def _restarted(node: Node, carriers: Machines) -> str:
    """What HA does about a guest that ends while its node lives."""
    for name in carriers.view.nodes if carriers.view else ():
        for carried in carriers.guests(name):
            if guest_id(carried.guest.vmid) == node.id and carried.restarts:
                return f"HA starts it again on {name} within 10 to 20 seconds of its end; then it boots"
    return ""


def _of_carrier(
    name: str,
    event: Event,
    node: Node,
    carriers: Machines,
    offered: Sequence[Service],
    pictures: Sequence[TierPicture],
) -> Forecast:
    view = carriers.view
    assert view is not None
    if view.nodes[name].online is False:
        over = "it is gone already: the cluster's screen says how far its fencing is"
        return Forecast(EVENTS[event].format(name), Loss(Impact.NOTHING, over))
    placed = moves(view, name, event)
    quorate = quorate_without(view, name)
    fallen = [] if event is Event.MAINTENANCE else _fallen(name, event, carriers)
    hit = _hit(offered, fallen)
    course = moments(view, name, event)
    back = _back(course[-1], placed, carriers) if course else {}
    loss = _worst(event, hit, placed, quorate)
    unknown = () if view.rules is not None else ("the placement rules: where guests go is a guess",)
    return Forecast(
        EVENTS[event].format(name),
        loss,
        tuple(Row(_range(one), one.what) for one in course),
        tuple(_guest(move, event) for move in placed),
        tuple(_services(hit, back)),
        tuple(_journeys(hit, pictures)),
        unknown,
    )


def _fallen(name: str, event: Event, carriers: Machines) -> list[str]:
    """Ids of everything that stops: what is on the node, and on all armed nodes when quorum goes with it.
    A node that is cut off serves its users until its watchdog resets it."""
    view = carriers.view
    assert view is not None
    nodes = [name]
    if quorate_without(view, name) is False:
        nodes += armed_nodes(view)
    return [one for node in nodes for one in carriers.on_node(node)]


def _hit(offered: Sequence[Service], lost: Sequence[str]) -> list[tuple[Service, Loss]]:
    found = [(service, lose(service, lost)) for service in offered]
    return [(service, loss) for service, loss in found if loss.why]


def _worst(
    event: Event, hit: Sequence[tuple[Service, Loss]], placed: Sequence[Move], quorate: bool | None
) -> Loss:
    losses = [loss for _, loss in hit]
    if event is Event.MAINTENANCE:
        left = [move.guest.vmid for move in placed if not move.target]
        losses += [Loss(Impact.DEGRADED, f"{len(left)} guests stay there: {', '.join(left)}")] if left else []
    elif quorate is False:
        losses.append(Loss(Impact.DOWN, "cluster: quorum is lost"))
    elif quorate is None:
        losses.append(Loss(Impact.UNKNOWN, "cluster: quorum is not known"))
    else:
        down = [move.guest.vmid for move in placed if not move.target]
        losses += [Loss(Impact.DEGRADED, f"guests {', '.join(down)} stay down")] if down else []
    short = [move for move in placed if move.lacks]
    if short:
        losses.append(Loss(Impact.DEGRADED, f"{short[0].target} lacks {size(short[0].lacks)} of memory"))
    return worst(losses)


def _guest(move: Move, event: Event) -> Row:
    label = f"{move.guest.vmid} {move.guest.name}".strip()
    if not move.target:
        return Row(
            label,
            f"stays down: {move.why}" if event is not Event.MAINTENANCE else f"stays: {move.why}",
            Health.WARN,
        )
    verb = "moves to" if event is Event.MAINTENANCE else "starts on"
    if move.lacks:
        return Row(label, f"{verb} {move.target}, which lacks {size(move.lacks)} of memory", Health.WARN)
    return Row(label, f"{verb} {move.target}")


def _back(end: Moment, placed: Sequence[Move], carriers: Machines) -> Mapping[str, str]:
    """When HA has hosts running again: by their names, where it starts them elsewhere."""
    numbers = {move.guest.vmid for move in placed if move.target}
    hosts = [
        guest.host
        for vmid, guest in (carriers.view.cluster.guests if carriers.view else {}).items()
        if vmid in numbers
    ]
    return dict.fromkeys(filter(None, hosts), _range(end))


def _services(hit: Sequence[tuple[Service, Loss]], back: Mapping[str, str]) -> Iterator[Row]:
    for service, loss in hit:
        text = loss.why.partition(": ")[2] or loss.why
        again = [member for member in service.members if member.host in back]
        if again:
            names = " and ".join(member.id for member in again)
            text += f"; HA starts {names} again after {back[again[0].host]}, then it boots"
        yield Row(service.kind.name, text, loss.impact.health)


def _journeys(hit: Sequence[tuple[Service, Loss]], pictures: Sequence[TierPicture]) -> Iterator[Row]:
    """What users notice: all of it stops without web or application; part of it without what they use."""
    names = [journey.name for picture in pictures for journey in picture.journeys]
    down = [service for service, loss in hit if loss.impact is Impact.DOWN]
    every = [service.kind.stops for service in down if service.kind.name in _ALL_USERS]
    some = [service.kind.stops for service in down if service.kind.name not in _ALL_USERS]
    pauses = [s.kind.name for s, loss in hit if s.kind.mode is Mode.TAKES_OVER and "takes over" in loss.why]
    for name in names:
        if every:
            yield Row(name, f"stops: {every[0]} stops", Health.WARN)
        elif some:
            yield Row(name, f"stops where it needs {' or '.join(some)}", Health.WARN)
        elif pauses:
            yield Row(name, f"waits while {' and '.join(pauses)} is taken over, where it needs that")


def _range(moment: Moment) -> str:
    return f"{moment.earliest:.0f}-{moment.latest:.0f} s"


_LINKS = {
    "corosync": "the nodes hear each other over the other link; without one, the cut-off node is fenced",
    "drbd": "the active node goes on alone: its peer's copy is old from then on, and may not be promoted",
    "heartbeat": "the nodes hear each other over the other link; without one, both become active",
    "replication": "the other side falls behind: what it lacks is lost with its source",
}
"""What it means that a link of a kind breaks."""


def _links(subject: str, edges: Sequence[Edge]) -> Forecast | None:
    """What happens when one link of those between two nodes breaks."""
    if not edges:
        return None
    rows = []
    impacts = []
    for edge in edges:
        others = [
            one for one in edges if one is not edge and one.kind == edge.kind and one.health is Health.OK
        ]
        spare = edge.kind in ("corosync", "heartbeat")
        impact = Impact.DOWN if spare and not others else Impact.NOTHING if spare else Impact.DEGRADED
        impacts.append(Loss(impact, _LINKS.get(edge.kind, f"{edge.kind} goes another way, or stops")))
        label = f"{edge.kind} {edge.label}".strip()
        rows.append(Row(label, impacts[-1].why, impact.health))
    return Forecast(f"the link {subject} breaks", worst(impacts), services=tuple(rows), links=True)
