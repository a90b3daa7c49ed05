"""Which nodes stand in one row of a map, and in what order the rows come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.model.health import Health
from saitotui.model.topology import Edge, Node


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes of one kind of one tier; of the `hidden` ones only the number of each health is shown."""

    title: str
    nodes: tuple[Node, ...]
    hidden: tuple[tuple[Health, int], ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(node.id for node in self.nodes)


def groups_of(nodes: Sequence[Node], fold: int) -> list[Group]:
    """Nodes by tier and kind, in the order of their first appearance. A node is drawn once. Of more than
    `fold` nodes those that are not well are shown, as far as they are not more than that themselves."""
    found: dict[tuple[str, str], dict[str, Node]] = {}
    for node in nodes:
        found.setdefault((node.tier, node.kind), {}).setdefault(node.id, node)
    groups = []
    for (tier, kind), members in found.items():
        every = tuple(members.values())
        shown = every
        if len(every) > fold:
            bad = tuple(node for node in every if node.health > Health.MAINT)
            shown = bad if len(bad) <= max(fold, 6) else ()
        hidden = Counter(node.health for node in every if node not in shown)
        groups.append(Group(kind or tier, shown, tuple(sorted(hidden.items(), reverse=True))))
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
    forward: dict[int, set[int]] = {n: set() for n in follows}
    done: list[int] = []

    def visit(group: int, above: tuple[int, ...]) -> None:
        if group in done:
            return
        for target in sorted(follows[group]):
            if target not in above:
                forward[group].add(target)
                visit(target, (*above, target))
        done.append(group)

    for group in follows:
        visit(group, (group,))
    depth = dict.fromkeys(follows, 0)
    for group in reversed(done):
        for target in forward[group]:
            depth[target] = max(depth[target], depth[group] + 1)
    return depth


def _ordered(group: Group, edges: Sequence[Edge]) -> Group:
    ids = group.ids
    received = {node_id: 0 for node_id in ids}
    for edge in edges:
        if edge.source in ids and edge.target in ids:
            received[edge.target] += 1
            received[edge.source] -= 1
    return Group(group.title, tuple(sorted(group.nodes, key=lambda n: received[n.id])), group.hidden)
