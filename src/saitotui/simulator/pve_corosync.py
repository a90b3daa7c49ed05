"""Corosync: who hears whom, and what each node makes of it.

Measured on three nodes (PVE 9.2, token 3125 ms): a node that falls silent is gone for the others 6 to 7 s
later; one that returns is a member again within seconds of its start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

SILENCE = 6.2
"""Seconds of silence after which a node is dropped (token, consensus and the new membership)."""


def on_links(address: str) -> tuple[str, str]:
    """A node's addresses on corosync's two links; the second net is its own (10.x.255.0/24)."""
    first, second, _, last = address.split(".")
    return address, f"{first}.{second}.255.{last}"


Connected = Callable[[str, str], bool]


class Corosync:
    """The membership of `nodes`; `running` and `connected` ask the machines and the network as they are."""

    def __init__(
        self,
        nodes: Sequence[str],
        now: Callable[[], float],
        running: Callable[[str], bool],
        connected: Connected,
    ) -> None:
        self._ids = {node: number for number, node in enumerate(nodes, 1)}
        self._now, self._running, self._connected = now, running, connected
        self._heard = {(a, b): now() for a in nodes for b in nodes}
        self.version = len(self._ids)
        """Of corosync.conf: it grows with each change."""
        self.ring = 0x2B
        self._members = self._all_members()

    @property
    def nodes(self) -> tuple[str, ...]:
        """Those that corosync.conf names."""
        return tuple(self._ids)

    def add(self, node: str) -> None:
        """Gives it the lowest number that is free, as pvecm does."""
        self._ids[node] = next(number for number in range(1, 33) if number not in self._ids.values())
        self._ids = dict(sorted(self._ids.items(), key=lambda entry: entry[1]))
        self._heard |= {pair: 0.0 for other in self._ids for pair in ((node, other), (other, node))}
        self.version += 1
        self.tick()

    def remove(self, node: str) -> None:
        del self._ids[node]
        self.version = self.version + 1 if self._ids else 0
        self.tick()

    def tick(self) -> None:
        """Notes who hears whom at this moment; called about once a second."""
        now = self._now()
        for a in self.nodes:
            for b in self.nodes:
                if a == b or (self._running(a) and self._running(b) and self._connected(a, b)):
                    self._heard[a, b] = now
        members = self._all_members()
        if members != self._members:
            self._members = members
            self.ring += 4

    def id(self, node: str) -> int:
        """The node's number in corosync.conf, from 1."""
        return self._ids[node]

    def linked(self, a: str, b: str) -> bool:
        """Whether a's link to b is up, as `corosync-cfgtool -s` on a shows it."""
        return a == b or self._now() - self._heard[a, b] < SILENCE / 2

    def heard(self, a: str, b: str) -> float:
        """When a last heard b."""
        return self._now() if a == b else self._heard[a, b]

    def members(self, node: str) -> tuple[str, ...]:
        """The nodes of the partition that `node` is in, as it sees it; one that is in no cluster is alone."""
        return self._members.get(node, ()) if node in self._ids else (node,)

    def quorate(self, node: str) -> bool:
        if node not in self._ids:
            return True
        return self._running(node) and 2 * len(self.members(node)) > len(self.nodes)

    @property
    def needed(self) -> int:
        return len(self.nodes) // 2 + 1

    def _all_members(self) -> dict[str, tuple[str, ...]]:
        now = self._now()

        def fresh(a: str, b: str) -> bool:
            return a == b or now - self._heard[a, b] < SILENCE

        return {a: tuple(b for b in self.nodes if fresh(a, b)) for a in self.nodes if self._running(a)}
