"""The small programs of a Proxmox VE node that ask the network: ping, getent, ip, ssh."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from saitotui.simulator.pve_cluster import PveCluster
from saitotui.simulator.pve_membership import Membership

Printed = tuple[int, str]
HEADERS = 28
"""Octets of IP and ICMP around what ping sends (RFC 791, RFC 792)."""


def pinged(address: str, count: int, size: int, rtt: float | None) -> Printed:
    """What ping(8) of iputils prints and ends with; `rtt` in milliseconds, None: nothing comes back."""
    head = f"PING {address} ({address}) {size}({size + HEADERS}) bytes of data.\n\n"
    head += f"--- {address} ping statistics ---\n"
    if rtt is None:
        return 1, f"{head}{count} packets transmitted, 0 received, 100% packet loss, time 808ms\n\n"
    return 0, (
        f"{head}{count} packets transmitted, {count} received, 0% packet loss, time 804ms\n"
        f"rtt min/avg/max/mdev = {rtt * 0.8:.3f}/{rtt:.3f}/{rtt * 1.4:.3f}/0.031 ms\n"
    )


class Network:
    """The programs on node `here`."""

    def __init__(self, cluster: PveCluster, here: str, members: Membership) -> None:
        self._cluster, self._here, self._members = cluster, here, members
        self.programs: dict[str, Callable[[Sequence[str]], Printed]] = {
            "ping": self.ping,
            "getent": self.getent,
            "ssh": self.ssh,
            "ip": self.ip,
        }

    def ping(self, arguments: Sequence[str]) -> Printed:
        """ping(8) of iputils, with `-M do -s OCTETS -c COUNT`."""
        given = dict(pairwise(arguments))
        count, size, address = int(given.get("-c", "5")), int(given.get("-s", "56")), arguments[-1]
        cluster, node = self._cluster, self._members.at(address)
        if not node:
            return 2, f"ping: {address}: Name or service not known\n"
        link = cluster.link_addresses(node).index(address)
        dead = {(self._here, link), (node, link)} & cluster.dead_links
        there = (
            cluster.fabric.connected(self._here, node) and cluster.fabric.boot(node) is not None and not dead
        )
        comes = there and size + HEADERS <= cluster.mtu.get(link, 1500)
        return pinged(address, count, size, cluster.round_trip if comes else None)

    def getent(self, arguments: Sequence[str]) -> Printed:
        """getent(1), `hosts NAME`."""
        name = arguments[-1]
        known = {node: self._cluster.link_addresses(node)[0] for node in self._cluster.nodes}
        return (0, f"{known[name]:16}{name}.example.com {name}\n") if name in known else (2, "")

    def ip(self, arguments: Sequence[str]) -> Printed:
        """`ip -br addr`."""
        rows = ["lo               UNKNOWN        127.0.0.1/8 ::1/128\n"]
        rows += [
            f"{device:16} UP             {address}/24\n"
            for device, address in zip(
                ("vmbr0", "eno2"), self._cluster.link_addresses(self._here), strict=True
            )
        ]
        return 0, "".join(rows)

    def ssh(self, arguments: Sequence[str]) -> Printed:
        """ssh(1) to root of another node, for `true`."""
        address = next(word for word in arguments if word.startswith("root@")).removeprefix("root@")
        refused = self._members.reach(self._here, address)
        return (255, refused) if refused else (0, "")
