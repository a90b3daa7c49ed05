"""The cluster tier: a Proxmox VE cluster, its nodes, HA and guests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.model.command import Question
from saitotui.model.finding import Finding
from saitotui.model.health import Health, worst
from saitotui.model.profile import Cluster, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import duration
from saitotui.model.tier import Tier, TierKind
from saitotui.model.topology import TierPicture
from saitotui.tiers.cluster.judge_api import api_findings
from saitotui.tiers.cluster.judge_guests import guest_findings, task_findings
from saitotui.tiers.cluster.judge_ha import ha_findings
from saitotui.tiers.cluster.judge_nodes import node_findings
from saitotui.tiers.cluster.judge_use import use_findings
from saitotui.tiers.cluster.nodes import edges, guest_state, nodes
from saitotui.tiers.cluster.questions import ClusterQuestions, ask
from saitotui.tiers.cluster.situations import SITUATIONS
from saitotui.tiers.cluster.tables import events, robots, samples, tables
from saitotui.tiers.cluster.view import View, look

__all__ = ["TIER", "ClusterTier"]


@dataclass(frozen=True, slots=True)
class ClusterTier:
    """One cluster of one profile."""

    profile: Profile
    cluster: Cluster
    asked: ClusterQuestions

    @property
    def questions(self) -> Sequence[Question[Any]]:
        return self.asked.all

    def picture(self, snapshot: Snapshot) -> TierPicture:
        view = look(self.profile, self.cluster, self.asked, snapshot)
        findings = judge(view)
        drawn = nodes(view, _by_subject(findings))
        return TierPicture(
            "cluster",
            headline(view, findings),
            nodes=drawn,
            edges=tuple(edges(view)),
            findings=findings,
            tables=tables(view, drawn),
            samples=tuple(samples(view)),
            events=tuple(events(view)),
            robots=robots(view),
            dead=dead(view),
        )


def judge(view: View) -> tuple[Finding, ...]:
    """All findings, worst first, causes before consequences."""
    every = [
        *api_findings(view),
        *node_findings(view),
        *ha_findings(view),
        *guest_findings(view),
        *task_findings(view),
        *use_findings(view),
    ]
    return tuple(
        sorted(every, key=lambda found: (bool(found.cause), -found.health, found.code, found.subject))
    )


def headline(view: View, findings: Sequence[Finding]) -> str:
    """The worst thing, or what is well."""
    if findings:
        return findings[0].sentence
    if view.pending:
        return "not asked yet"
    online = sum(node.online is True for node in view.nodes.values())
    running = sum(guest_state(view, guest) == "running" for guest in view.guests)
    return f"quorate, {online} of {len(view.nodes)} nodes online, {running} guests run"


def dead(view: View) -> Mapping[str, str]:
    """Nodes that are proven dead, and the guests that were left on them."""
    proven: dict[str, str] = {}
    for node in view.nodes.values():
        if not node.dead or node.fencing is None:
            continue
        silent = duration(round(node.fencing.silent or 0.0))
        proven[node.name] = f"{node.name} is silent for {silent}: its watchdog has run out, its lock expired"
        for guest in view.guests:
            if guest.node == node.name and guest.status != "stopped":
                proven[f"guest/{guest.vmid}"] = proven[node.name]
    return proven


def _by_subject(findings: Sequence[Finding]) -> Mapping[str, Health]:
    found: dict[str, Health] = {}
    for finding in findings:
        found[finding.subject] = worst([finding.health, found.get(finding.subject, Health.OK)])
    return found


def build(profile: Profile) -> Tier | None:
    if profile.cluster is None:
        return None
    return ClusterTier(profile, profile.cluster, ask(profile.cluster, profile.poll))


TIER = TierKind("cluster", "Cluster", 1, build, SITUATIONS)
