"""HAProxy that moves writes by itself to a `backup` server, and back as soon as the old master answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.lab.host import wait_for
from tests.lab.platform import Lab
from tests.lab.swaps import saitotui

pytestmark = pytest.mark.lab

TRAP = "database.haproxy-failback-trap"


@pytest.fixture
def trapped(platform: Lab) -> Iterator[Lab]:
    with ExitStack() as safe:
        for node in platform.balancers.values():
            safe.enter_context(node.failing_over())
        yield platform
    for node in platform.balancers.values():
        node.lead_to(platform.master, [platform.replica])
    platform.settle()


def found(lab: Lab, state: Path) -> dict[str, str]:
    """What the console finds of the trap, by HAProxy node: how bad it is."""
    said = json.loads(saitotui(lab, state, "status", "--json").stdout)
    return {one["subject"]: one["health"] for one in said["findings"] if one["code"] == TRAP}


def test_it_is_named_and_nothing_is_done_under_it(trapped: Lab, tmp_path: Path) -> None:
    master, replica = trapped.master, trapped.replica
    nodes = list(trapped.balancers.values())

    def leads_to(name: str) -> bool:
        return all(node.states()[name].startswith("UP") for node in nodes)

    wait_for("HAProxy to find both", lambda: leads_to(master) and leads_to(replica))
    assert found(trapped, tmp_path) == dict.fromkeys(trapped.balancers, "WARN")
    refused = saitotui(trapped, tmp_path, "plan", "swap-db-master")
    assert refused.returncode != 0
    assert TRAP in refused.stdout + refused.stderr
    server = trapped.databases[replica]
    trapped.databases[master].kill()
    wait_for("HAProxy to notice", lambda: all(node.states()[master] == "DOWN" for node in nodes))
    wait_for("the replica to notice", lambda: server.replication["Slave_IO_Running"] != "Yes")
    refused = saitotui(trapped, tmp_path, "plan", "promote-db-replica")
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "take the `backup` server out of the write backend first" in said
    assert "docs/runbooks/swap-db-master.md" in said
    # Nobody told it to, and it is the old master again that gets the writes.
    trapped.databases[master].start()
    trapped.databases[master].become_master()
    wait_for("HAProxy to go back by itself", lambda: leads_to(master))
    for node in nodes:
        assert node.states()[master] == "UP"
