"""Whether the cluster leaves guests alone: recorded while it moved one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from saitotui.model.command import Answer
from saitotui.model.plan import Precondition
from saitotui.model.profile import Cluster, Guest, Host, Profile
from saitotui.runbooks.guests import undisturbed

RECORDINGS = Path(__file__).parents[1] / "recordings" / "proxmox" / "pve9.2"
NAMES = {"100": "web1", "101": "db1", "102": "app1", "103": "cache1"}
PROFILE = Profile(
    "test",
    {name: Host("10.0.0.1") for name in ("pve1", "alone", *NAMES.values())},
    cluster=Cluster(
        {"pve1": "pve1"}, ("https://pve1:8006",), guests={n: Guest(host=h) for n, h in NAMES.items()}
    ),
)


def recorded(state: str) -> list[dict[str, Any]]:
    body = json.loads((RECORDINGS / state / "cluster_resources.json").read_text())["body"]
    entries: list[dict[str, Any]] = body["data"]
    return entries


MOVING = Answer(data=[*(one for one in recorded("online") if one["type"] != "qemu"), *recorded("ha_migrate")])


def lines(*hosts: str) -> list[Precondition]:
    return list(undisturbed(PROFILE, hosts))


@pytest.mark.parametrize(
    ("host", "holds", "said"),
    [
        ("web1", True, "running on pve1, HA started"),
        ("app1", False, "running on pve1, lock migrate, HA migrate"),
        ("cache1", False, "stopped on pve1, HA stopped"),
    ],
)
def test_who_is_disturbed(host: str, holds: bool, said: str) -> None:
    (line,) = lines(host)
    verdict = line.check.judge(MOVING)
    assert (verdict.holds, verdict.measured) == (holds, said)


def test_who_runs_beside_whom() -> None:
    assert lines("web1", "app1")[-1].check.judge(MOVING).holds is False
    apart = lines("web1", "db1")[-1].check.judge(MOVING)
    assert (apart.holds, apart.measured) == (True, "web1 on pve1, db1 on pve2")


def test_a_host_that_is_no_guest_has_no_line() -> None:
    assert lines("alone") == []
