"""How each cluster manager moves a storage pair's service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from saitotui.model.plan import Check, Precondition, Stage, Step
from saitotui.model.profile import Storage
from saitotui.runbooks.storage import by_heartbeat, by_pacemaker
from saitotui.runbooks.storage.pair import Pair
from saitotui.tiers.storage.view import NodeView


@dataclass(frozen=True, slots=True)
class Way:
    """On purpose: `preflight`, the steps of `hand_over`, what `settle`s it. When nobody gives: `may_take`,
    the steps of `take` (whether the other node is dead, and what else is required), and those with which the
    manager `learns` of it. `well`: whether the manager on a node is well and sees the other one."""

    preflight: Callable[[Pair], Iterable[Precondition]]
    hand_over: Callable[[Pair], tuple[Step, ...]]
    settle: Callable[[Pair], Stage]
    may_take: Callable[[Pair], Iterable[Precondition]]
    take: Callable[[Pair, bool, tuple[Check, ...]], tuple[Step, ...]]
    learns: Callable[[Pair], tuple[Step, ...]]
    well: Callable[[NodeView, str], Check]


WAYS: Mapping[str, Way] = {
    name: Way(way.preflight, way.hand_over, way.settle, way.may_take, way.take, way.learns, way.well)
    for name, way in (("heartbeat", by_heartbeat), ("pacemaker", by_pacemaker))
}


def way_of(storage: Storage) -> Way:
    return WAYS[storage.manager]
