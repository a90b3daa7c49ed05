"""Which nodes stand in one row of a map, and in what order the rows come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.model.health import Health
from saitotui.model.topology import Edge, Node


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes of one kind of one tier; `hidden` more are well and not shown."""

    title: str
    nodes: tuple[Node, ...]
    hidden: int = 0

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(node.id for node in self.nodes)


def groups_of(nodes: Sequence[Node], fold: int) -> list[Group]:
    """Nodes by tier and kind, in the order of their first appearance. A node is drawn once."""
    found: dict[tuple[str, str], dict[str, Node]] = {}
    for node in nodes:
        found.setdefault((node.tier, node.kind), {}).setdefault(node.id, node)
    groups = []
    for (tier, kind), members in found.items():
        every = tuple(members.values())
        shown = every if len(every) <= fold else tuple(n for n in every if n.health is not Health.OK)[:fold]
        hidden = sum(n.health is Health.OK for n in every) if len(every) > fold else 0
        groups.append(Group(kind or tier, shown, hidden))
    return groups


def ranked(groups: Sequence[Group], edges: Sequence[Edge]) -> list[Group]:
    """Groups in the direction of their links, what is linked with nothing last; inside a group, sources
    stand before targets."""
    number = {node_id: n for n, group in enumerate(groups) for node_id in group.ids}
    follows: dict[int, set[int]] = {n: set() for n in range(len(groups))}
    for edge in edges:
        source, target = number[edge.source], number[edge.target]
        if source != target:
            follows[source].add(target)
    ranks = _depths(follows)
    linked = {n for n, after in follows.items() if after} | {n for after in follows.values() for n in after}
    order = sorted(range(len(groups)), key=lambda n: (n not in linked, ranks[n] if n in linked else 0, n))
    return [_ordered(groups[n], edges) for n in order]


def _depths(follows: dict[int, set[int]]) -> dict[int, int]:
    """How many links lie before each group at most; a link that closes a circle is not counted."""
    depth = dict.fromkeys(follows, 0)
    for _ in follows:
        changed = False
        for source, targets in follows.items():
            for target in targets:
                if depth[target] < depth[source] + 1 <= len(follows):
                    depth[target] = depth[source] + 1
                    changed = True
        if not changed:
            break
    return depth


def _ordered(group: Group, edges: Sequence[Edge]) -> Group:
    ids = group.ids
    received = {node_id: 0 for node_id in ids}
    for edge in edges:
        if edge.source in ids and edge.target in ids:
            received[edge.target] += 1
            received[edge.source] -= 1
    return Group(group.title, tuple(sorted(group.nodes, key=lambda n: received[n.id])), group.hidden)
