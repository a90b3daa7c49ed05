"""The topology map: nodes in rows by kind, in the direction of the traffic, links between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from saitotui.model.health import Health, worst
from saitotui.model.picture import Picture
from saitotui.model.topology import Edge, Node
from saitotui.ui.draw.canvas import DOWN, UP, Canvas, link_look, place
from saitotui.ui.draw.layers import Group, groups_of, ranked
from saitotui.ui.draw.room import Room
from saitotui.ui.line import GLYPHS, HEALTH_LOOKS, Line, Look, Page, Span, crop, fit, heading, width_of

GUTTER = 13
"""Cells at the left for the kind of the nodes in a row."""
WIDEST = 30
USERS = "users"
MUTUAL = frozenset({"corosync", "heartbeat", "cluster", "link"})
"""Kinds of links that have no direction."""


@dataclass(slots=True)
class Drawing:
    """What is drawn so far, and where each node stands (the column of its glyph)."""

    width: int
    compact: bool
    foreign: Sequence[Edge] = ()
    """Links from nodes that are not drawn."""
    lines: list[Line] = field(default_factory=list)
    column: dict[str, int] = field(default_factory=dict)


def platform_map(picture: Picture, room: Room, *, wrong: bool = False) -> Page:
    """The whole platform, from the users down to what everything stands on; `wrong` counts what is well."""
    nodes = [*_users(picture), *picture.nodes]
    edges = [edge for tier in picture.tiers for edge in tier.edges]
    edges += _entrances(picture, edges)
    body = draw_map(nodes, edges, room, fold=0 if wrong else 6, limit=room.height - 1)
    return Page((heading("Map", room.width, note=legend()), *body))


def tier_map(picture: Picture, tier: str, room: Room) -> list[Line]:
    """One tier's own nodes and links, and links from elsewhere as words."""
    found = picture.tier(tier)
    if found is None or not found.nodes:
        return []
    return draw_map(found.nodes, found.edges, room, fold=12, limit=12)


def legend() -> str:
    return "  ".join(f"{GLYPHS[health]} {health.name.lower()}" for health in Health)


def _users(picture: Picture) -> list[Node]:
    return [
        Node(f"journey/{journey.name}", USERS, USERS, journey.health, summary=journey.sentence)
        for journey in picture.journeys
    ]


def _entrances(picture: Picture, edges: Sequence[Edge]) -> list[Edge]:
    """Users reach the first row of the traffic: nodes of the journeys' tier that nobody else sends to."""
    reached = {edge.target for edge in edges}
    links = []
    for tier in picture.tiers:
        first = [node for node in tier.nodes if node.id not in reached] if tier.journeys else []
        sources = {edge.source for edge in edges}
        for journey in tier.journeys:
            links += [
                Edge(f"journey/{journey.name}", n.id, "http", Health.OK) for n in first if n.id in sources
            ]
    return links


def draw_map(
    nodes: Sequence[Node], edges: Sequence[Edge], room: Room, *, fold: int, limit: int
) -> list[Line]:
    """Rows of nodes with links between them. Groups of more than `fold` nodes show what is not well and
    count the rest. What does not fit `limit` lines is drawn with less between the rows."""
    groups = groups_of(nodes, fold)
    known = {node.id for group in groups for node in group.nodes}
    drawn = [edge for edge in edges if edge.source in known and edge.target in known]
    order = ranked(groups, drawn)
    ours = {node.id for node in nodes}
    foreign = [edge for edge in edges if edge.source not in ours]
    lines: list[Line] = []
    for compact in (False, True):
        drawing = Drawing(room.width, compact, foreign)
        _draw(drawing, order, drawn)
        lines = drawing.lines
        if len(lines) <= limit:
            break
    return [*lines, *_broken(edges, room, limit - len(lines))]


def _draw(drawing: Drawing, order: Sequence[Group], edges: Sequence[Edge]) -> None:
    above: Group | None = None
    for group in order:
        placed = _slots(drawing, group)
        between = [
            edge
            for edge in edges
            if above is not None and edge.source in above.ids and edge.target in group.ids
        ]
        if between:
            _links(drawing, between)
        elif above is not None and not drawing.compact:
            drawing.lines.append(Line(fixed=True))
        elsewhere = sorted(
            {
                other.title
                for other in order
                if other is not group and other is not above
                for edge in edges
                if edge.source in other.ids and edge.target in group.ids
            }
        )
        elsewhere += _strangers(drawing, group)
        _group(drawing, group, placed, edges, elsewhere)
        above = group


def _strangers(drawing: Drawing, group: Group) -> list[str]:
    """Nodes of other tiers that send to the group, where only one tier is drawn."""
    sources = [short(edge.source) for edge in drawing.foreign if edge.target in group.ids]
    names = list(dict.fromkeys(sources))
    return [*names[:4], *([f"{len(names) - 4} more"] if len(names) > 4 else [])]


def _slots(drawing: Drawing, group: Group) -> list[list[Node]]:
    """The nodes of a group in rows, each with its column."""
    room = drawing.width - GUTTER
    widest = max((width_of(_words(node)) for node in group.nodes), default=1) + 5
    each = max(1, room // widest)
    rows = [list(group.nodes[n : n + each]) for n in range(0, len(group.nodes), each)]
    count = max((len(row) for row in rows), default=1)
    slot = min(36, room // max(1, count))
    for row in rows:
        for place_, node in enumerate(row):
            drawing.column[node.id] = GUTTER + place_ * slot
    return rows


def _words(node: Node) -> str:
    role = f" {node.role}" if node.role else ""
    return crop(f"{GLYPHS[node.health]} {short(node.id)}{role} {node.health.name}", WIDEST - 3)


def short(node_id: str) -> str:
    """A node's name without the kind in front of it: `host/db1` is `db1`."""
    return node_id.partition("/")[2] or node_id


def _group(
    drawing: Drawing,
    group: Group,
    rows: Sequence[Sequence[Node]],
    edges: Sequence[Edge],
    elsewhere: Sequence[str],
) -> None:
    for number, row in enumerate(rows):
        pieces: list[tuple[int, Span]] = []
        if number == 0:
            pieces.append((0, Span(" " + fit(group.title, GUTTER - 2), Look.HEAD)))
        for node in row:
            pieces += _node(drawing, node)
        pieces += _peers(drawing, row, edges)
        end = max((x + span.width for x, span in pieces), default=0)
        if number == len(rows) - 1:
            pieces += _notes(group, elsewhere, end, drawing.width)
        drawing.lines.append(place(pieces, health=worst(node.health for node in row)))
    if not rows:
        pieces = [(0, Span(" " + fit(group.title, GUTTER - 2), Look.HEAD))]
        pieces += _notes(group, elsewhere, GUTTER - 3, drawing.width)
        drawing.lines.append(place(pieces, health=Health.OK))


def _notes(group: Group, elsewhere: Sequence[str], end: int, width: int) -> list[tuple[int, Span]]:
    pieces = []
    for health, count in group.hidden:
        text = f"{GLYPHS[health]} {count} {health.name}"
        pieces.append((end + 3, Span(text, HEALTH_LOOKS[health])))
        end += 3 + width_of(text)
    if elsewhere:
        text = crop("‹ " + ", ".join(elsewhere), width - end - 4)
        pieces.append((end + 3, Span(text, Look.DIM)))
    return pieces


def _node(drawing: Drawing, node: Node) -> list[tuple[int, Span]]:
    x = drawing.column[node.id]
    name, role = short(node.id), f" {node.role}" if node.role else ""
    bad = node.health > Health.MAINT
    look = HEALTH_LOOKS[node.health]
    text = _words(node)
    head = f"{GLYPHS[node.health]} "
    body = text[len(head) :]
    cut = min(len(body), len(name))
    word = len(body) - len(node.health.name)
    pieces = [
        Span(head, look, node.id),
        Span(body[:cut], Look.STRONG, node.id),
        Span(body[cut : max(cut, word)] if role or word > cut else "", Look.PLAIN, node.id),
        Span(body[max(cut, word) :], look if bad else Look.DIM, node.id),
    ]
    placed = []
    for span in pieces:
        if span.text:
            placed.append((x, span))
            x += span.width
    return placed


def _peers(drawing: Drawing, row: Sequence[Node], edges: Sequence[Edge]) -> list[tuple[int, Span]]:
    """Links between neighbours of one row, with their direction."""
    pieces = []
    for left, right in pairwise(row):
        ahead = [e for e in edges if (e.source, e.target) == (left.id, right.id)]
        back = [e for e in edges if (e.source, e.target) == (right.id, left.id)]
        if not ahead and not back:
            continue
        start = drawing.column[left.id] + width_of(_words(left)) + 1
        room = drawing.column[right.id] - start - 1
        if room < 1:
            continue
        both = [*ahead, *back]
        if all(edge.kind in MUTUAL for edge in both):
            ahead = back = []
        health = worst(edge.health for edge in both)
        text = _stroke(both[0].label, room, bool(ahead), bool(back), health)
        pieces.append((start, Span(text, link_look(health))))
    return pieces


def _stroke(label: str, room: int, ahead: bool, back: bool, health: Health) -> str:
    left, right = ("◀" if back else ""), ("▶" if ahead else "")
    middle = room - len(left) - len(right)
    mark = f"{GLYPHS[health]} " if health > Health.MAINT else ""
    words = crop(f" {mark}{label} ".replace("  ", " "), middle - 2) if middle >= 8 and (label or mark) else ""
    if not words and mark and middle >= 3:
        words = mark.strip()
    rest = max(0, middle - width_of(words))
    return f"{left}{'─' * (rest // 2)}{words}{'─' * (rest - rest // 2)}{right}"


def _links(drawing: Drawing, edges: Sequence[Edge]) -> None:
    """Buses from one row to the next: one for each set of nodes that are linked with one another."""
    parts = _connected(edges)
    canvas = Canvas(len(parts))
    targets: dict[int, Health] = {}
    for y, part in enumerate(parts):
        state = worst(edge.health for edge in part)
        columns = [drawing.column[node] for edge in part for node in (edge.source, edge.target)]
        best = min((edge.health for edge in part), default=state)
        canvas.horizontal(y, min(columns), max(columns), best)
        for source in {edge.source for edge in part}:
            x = drawing.column[source]
            health = min(edge.health for edge in part if edge.source == source)
            canvas.vertical(x, 0, y - 1, health)
            canvas.add(x, y, UP, health)
        for target in {edge.target for edge in part}:
            x = drawing.column[target]
            health = worst(edge.health for edge in part if edge.target == target)
            canvas.add(x, y, DOWN, health)
            canvas.vertical(x, y + 1, len(parts) - 1, health)
            targets[x] = max(health, targets.get(x, Health.OK))
    last = len(parts) - 1
    for y in range(len(parts)):
        heads = targets if drawing.compact and y == last else ()
        drawing.lines.append(place(canvas.row(y, heads)))
    if not drawing.compact:
        drawing.lines.append(place((x, Span("▼", link_look(health))) for x, health in targets.items()))


def _connected(edges: Iterable[Edge]) -> list[list[Edge]]:
    """Edges in sets that share no node with one another."""
    parts: list[list[Edge]] = []
    for edge in edges:
        ends = {edge.source, edge.target}
        touched = [part for part in parts if any(ends & {e.source, e.target} for e in part)]
        parts = [part for part in parts if part not in touched]
        parts.append([edge for part in touched for edge in part] + [edge])
    return parts


def _broken(edges: Sequence[Edge], room: Room, most: int) -> list[Line]:
    """Links that are not well, in words."""
    bad = sorted((edge for edge in edges if edge.health > Health.MAINT), key=lambda edge: -edge.health)
    if not bad or most < 2:
        return []
    lines = [Line(fixed=True)]
    for edge in bad[: most - 1]:
        mark = Span(f" {GLYPHS[edge.health]} {edge.health.name:<7} ", HEALTH_LOOKS[edge.health])
        text = f"{short(edge.source)} → {short(edge.target)}  {edge.kind} {edge.label}".rstrip()
        lines.append(Line((mark, Span(crop(text, room.width - 12))), key=edge.target, health=edge.health))
    return lines
