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
    forward = _forward(follows)
    linked = {n for n, after in follows.items() if after} | {n for after in follows.values() for n in after}
    order = [*_along(forward, linked), *(n for n in range(len(groups)) if n not in linked)]
    return [_ordered(groups[n], edges) for n in order]


def _along(forward: dict[int, set[int]], linked: set[int]) -> list[int]:
    """`linked` groups, each after all that send to it, and where there is a choice along the longest way
    from the one before: so the main path of the traffic stays in one piece."""
    tail: dict[int, int] = {}

    def length(group: int) -> int:
        if group not in tail:
            tail[group] = 1 + max((length(target) for target in forward[group]), default=0)
        return tail[group]

    order: list[int] = []
    left = sorted(linked)
    while left:
        ready = [n for n in left if not any(n in forward[other] for other in left)]
        near = [n for n in ready if order and n in forward[order[-1]]]
        chosen = max(near or ready, key=lambda n: (length(n), -n))
        order.append(chosen)
        left.remove(chosen)
    return order


def _forward(follows: dict[int, set[int]]) -> dict[int, set[int]]:
    """The links between groups without those that close a circle."""
    forward: dict[int, set[int]] = {n: set() for n in follows}
    done: set[int] = set()

    def visit(group: int, above: tuple[int, ...]) -> None:
        if group in done:
            return
        for target in sorted(follows[group]):
            if target not in above:
                forward[group].add(target)
                visit(target, (*above, target))
        done.add(group)

    for group in follows:
        visit(group, (group,))
    return forward


def _ordered(group: Group, edges: Sequence[Edge]) -> Group:
    ids = group.ids
    received = {node_id: 0 for node_id in ids}
    for edge in edges:
        if edge.source in ids and edge.target in ids:
            received[edge.target] += 1
            received[edge.source] -= 1
    return Group(group.title, tuple(sorted(group.nodes, key=lambda n: received[n.id])), group.hidden)
