"""The storage pair as a profile of the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from tests.lab.storage.pair import StoragePair


FLOATING_IP = "10.81.0.100"
NODES = ("st1", "st2")


def other_of(name: str) -> str:
    """The other storage host."""
    return NODES[1 - NODES.index(name)]


def described(pair: StoragePair) -> dict[str, Any]:
    hosts = {name: host.login for name, host in pair.hosts.items()}
    storage = {
        "nodes": {name: name for name in NODES},
        "manager": pair.manager,
        "floating_ip": FLOATING_IP,
        "clients": [pair.client.address],
    }
    return {"name": "lab", "environment": {"name": "lab"}, "poll": 1.0, "hosts": hosts, "storage": storage}


def write(pair: StoragePair) -> None:
    pair.profile.write_text(yaml.safe_dump(described(pair), sort_keys=False), "utf-8")
