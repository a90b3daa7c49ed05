"""Recorded answers of a real three-node cluster, put together to snapshots."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from saitotui.model.command import Answer, Failure, FailureKind, Question
from saitotui.model.profile import Cluster, ClusterLimits, Guest, Host, Profile
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.cluster import ClusterTier, build

RECORDINGS = Path(__file__).parents[2] / "recordings" / "proxmox"
NODES = ("pve1", "pve2", "pve3")
CALLS = {
    "cluster/cluster/status": "cluster_status",
    "cluster/cluster/resources": "cluster_resources",
    "cluster/cluster/ha/status/current": "ha_status_current",
    "cluster/cluster/ha/status/manager_status": "ha_manager_status",
    "cluster/cluster/tasks": "cluster_tasks",
    "cluster/cluster/ha/resources": "ha_resources",
}


def recorded(state: str, call: str) -> Any:
    """The recorded data of one call in one state (`pve9.2/online`)."""
    return json.loads((RECORDINGS / state / f"{call}.json").read_text())["body"]["data"]


def _whole(version: str, state: str, call: str) -> Any:
    """Some states recorded the guests of /cluster/resources only; the rest is then taken from `online`."""
    data = recorded(f"{version}/{state}", call)
    if call == "cluster_resources" and not any(entry["type"] == "node" for entry in data):
        data += [entry for entry in recorded(f"{version}/online", call) if entry["type"] != "qemu"]
    return data


def cli(name: str) -> str:
    """What a recorded program printed."""
    text = (RECORDINGS / "cli" / f"{name}.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("$ ", "[exit code", "[stderr"))]
    return "\n".join(lines) + "\n"


def quorum_text(name: str, node: int) -> str:
    """The recorded quorum of node 1, as node `node` would print it."""
    marked = (
        cli(name).replace(" (local)", "").replace("Node ID:          0x00000001", f"Node ID: 0x{node:08x}")
    )
    return marked.replace("Node ID: 0x", "Node ID:          0x")


def links_text(node: int, down: Mapping[int, tuple[int, ...]] | None = None, links: int = 2) -> str:
    """`corosync-cfgtool -s` as recorded, for `node` and two links; `down` are lost peers by link."""
    text = f"Local node ID {node}, transport knet\n"
    for link in range(links):
        text += f"LINK ID {link} udp\n\taddr\t= 10.{84 + link}.0.{10 + node}\n\tstatus:\n"
        for peer in (1, 2, 3):
            lost = peer in (down or {}).get(link, ())
            state = "localhost" if peer == node else "disconnected" if lost else "connected"
            text += f"\t\tnodeid:          {peer}:\t{state}\n"
    return text


def refused(sentence: str = "no route to host") -> Failure:
    return Failure(FailureKind.UNREACHABLE, sentence)


@dataclass
class Scene:
    """A snapshot in the making: recorded answers by question key, changed as a test needs."""

    profile: Profile
    answers: dict[str, Answer | Failure] = field(default_factory=dict)
    at: float = 0.0

    @property
    def tier(self) -> ClusterTier:
        built = build(self.profile)
        assert isinstance(built, ClusterTier)
        return built

    def expect(self, **changes: Any) -> Scene:
        """The same with other expectations of the cluster."""
        assert self.profile.cluster is not None
        self.profile = replace(self.profile, cluster=replace(self.profile.cluster, **changes))
        return self

    def lose(self, *nodes: str) -> Scene:
        """`nodes` answer neither by SSH nor by their own API; the others count two votes."""
        for node in nodes:
            for what in ("status", "quorum", "links"):
                self.answers[f"cluster/{node}/{what}"] = refused(f"{node}: no route to host")
        gone = tuple(NODES.index(node) + 1 for node in nodes)
        for number, name in enumerate(NODES, start=1):
            if name not in nodes:
                self.answers[f"cluster/{name}/quorum"] = Answer(quorum_text("pvecm-status-2of3", number))
                self.answers[f"cluster/{name}/links"] = Answer(links_text(number, {0: gone, 1: gone}))
        return self

    def minority(self, *nodes: str) -> Scene:
        """Each of `nodes` counts its own vote only."""
        for node in nodes:
            text = quorum_text("pvecm-status-noquorum", NODES.index(node) + 1)
            self.answers[f"cluster/{node}/quorum"] = Answer(text)
        return self

    def links(self, node: str, down: Mapping[int, tuple[int, ...]]) -> Scene:
        """What `node` says of its links, having lost the peers in `down` by link."""
        self.answers[f"cluster/{node}/links"] = Answer(links_text(NODES.index(node) + 1, down))
        return self

    def say(self, key: str, recording: str) -> Scene:
        """A recorded program's output as it is."""
        self.answers[key] = Answer(cli(recording))
        return self

    def change(self, key: str, edit: Callable[[Any], Any]) -> Scene:
        """One API answer, edited."""
        answer = self.answers[key]
        assert isinstance(answer, Answer)
        data = json.loads(json.dumps(answer.data))
        edited = edit(data)
        self.answers[key] = Answer(data=data if edited is None else edited)
        return self

    def snapshot(self) -> Snapshot:
        readings = {question.key: self._reading(question) for question in self.tier.questions}
        return Snapshot(self.at, {key: reading for key, reading in readings.items() if reading is not None})

    def _reading(self, question: Question[Any]) -> Reading[Any] | None:
        answer = self.answers.get(question.key)
        return None if answer is None else Reading(question.read(answer), self.at)

    def picture(self) -> TierPicture:
        return self.tier.picture(self.snapshot())

    def codes(self) -> list[str]:
        return [f"{finding.code.removeprefix('cluster.')} {finding.subject}" for finding in self.findings()]

    def findings(self) -> Any:
        return self.picture().findings


def _profile() -> Profile:
    return Profile(
        "test",
        {name: Host(f"10.84.0.1{number}") for number, name in enumerate(NODES, start=1)},
        cluster=Cluster(
            nodes={name: name for name in NODES},
            api=("https://pve1:8006",),
            name="feas",
            guests={
                "100": Guest("web1", "started"),
                "101": Guest("db1", "started"),
                "102": Guest("app1", "started"),
                "103": Guest("cache1", "stopped"),
            },
            # The recorded machines were busy all the time.
            limits=ClusterLimits(cpu_percent=101),
        ),
    )


@pytest.fixture
def scene() -> Callable[..., Scene]:
    """`scene("offline_fenced", "online")`: each call from the first of these states that recorded it."""

    def make(*states: str, version: str = "9.2") -> Scene:
        answers: dict[str, Answer | Failure] = {}
        for key, call in CALLS.items():
            for state in (*states, "online"):
                if (RECORDINGS / f"pve{version}" / state / f"{call}.json").exists():
                    answers[key] = Answer(data=_whole(f"pve{version}", state, call))
                    break
        for number, name in enumerate(NODES, start=1):
            answers[f"cluster/{name}/status"] = Answer(
                data=recorded(f"pve{version}/online", "node_status_local")
            )
            answers[f"cluster/{name}/quorum"] = Answer(quorum_text("pvecm_status", number))
            answers[f"cluster/{name}/links"] = Answer(links_text(number))
        made = Scene(_profile(), answers)
        ha = answers["cluster/cluster/ha/status/current"]
        assert isinstance(ha, Answer)
        assert isinstance(ha.data, list)
        written: list[Any] = ha.data
        made.at = 1.0 + max(entry["timestamp"] for entry in written if "timestamp" in entry)
        return made

    return make
