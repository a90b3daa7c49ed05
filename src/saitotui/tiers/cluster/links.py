"""Corosync links between pairs of nodes, from both ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.tiers.cluster.view import NodeView, View


@dataclass(frozen=True, slots=True)
class Pair:
    """One link number between two nodes (names in order); `up` None when neither end says."""

    number: int
    one: str
    other: str
    up: bool | None
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worn:
    """What is wrong with one link number, said of the node that is to blame (`cluster` when none is)."""

    subject: str
    sentence: str
    evidence: tuple[str, ...]


def pairs(view: View) -> Iterator[Pair]:
    """Every link between two nodes that both belong to the profile. One end that says down is enough."""
    said: dict[tuple[int, str, str], dict[str, bool]] = defaultdict(dict)
    names = view.member_names
    for node in view.nodes.values():
        for link in node.links.links if node.links else ():
            for peer, up in link.peers.items():
                if peer in names and names[peer] != node.name:
                    one, other = sorted((node.name, names[peer]))
                    said[(link.number, one, other)][node.name] = up
    for (number, one, other), views in sorted(said.items()):
        words = tuple(
            f"{name}: link {number} {'connected' if up else 'disconnected'}" for name, up in views.items()
        )
        yield Pair(number, one, other, all(views.values()), words)


def worn_links(view: View) -> Iterator[Worn]:
    """Broken links between nodes that are both in the cluster, blamed on the one that lost all its peers."""
    broken: dict[str, list[tuple[int, list[Pair]]]] = defaultdict(list)
    for number, found in _by_number(view).items():
        down = [pair for pair in found if pair.up is False]
        if down:
            broken[_culprit(found, down)].append((number, down))
    for subject, links in sorted(broken.items()):
        numbers = ", ".join(str(number) for number, _ in links)
        what = f"links {numbers}" if len(links) > 1 else f"link {numbers}"
        verb = "are" if len(links) > 1 else "is"
        if subject == "cluster":
            ends = {f"{pair.one}-{pair.other}" for _, down in links for pair in down}
            sentence = f"corosync {what} {verb} down between {', '.join(sorted(ends))}"
        else:
            sentence = f"corosync {what} of {subject} {verb} down to every other node"
        yield Worn(subject, sentence, tuple(word for _, down in links for pair in down for word in pair.said))


def missing_links(view: View) -> Iterator[tuple[str, int]]:
    """Nodes with fewer links than the profile expects, and how many they have."""
    for node in view.nodes.values():
        if node.links is not None and node.links.running and len(node.links.links) < view.cluster.links:
            yield node.name, len(node.links.links)


def _by_number(view: View) -> Mapping[int, list[Pair]]:
    found: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs(view):
        if _counts(view.nodes[pair.one]) and _counts(view.nodes[pair.other]):
            found[pair.number].append(pair)
    return found


def _counts(node: NodeView) -> bool:
    """A node that left the cluster has no links to lose; nor has one that is cut off."""
    return node.online is not False and not node.isolated


def _culprit(found: list[Pair], down: list[Pair]) -> str:
    """The one node that lost every peer while others still have one; `cluster` when there is none."""
    names = {name for pair in found for name in (pair.one, pair.other)}
    lost = [name for name in names if all(pair in down for pair in found if name in (pair.one, pair.other))]
    return lost[0] if len(lost) == 1 else "cluster"
