"""Findings about who would take over: heartbeat."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.heartbeat import Membership
from saitotui.model.finding import Finding
from saitotui.model.text import coarse, moment
from saitotui.tiers.storage.progress import says
from saitotui.tiers.storage.situations import (
    BELIEF_WRONG,
    HEARTBEAT_STOPPED,
    HEARTBEAT_STOPPED_BOTH,
    LINK_DOWN,
    MANAGER_SILENT,
    NOT_RUNNING,
    PARTITIONED,
    PEER_DEAD,
    PING_LOST,
    TAKEOVER_LOST,
    TAKEOVER_RUNNING,
    TAKEOVER_UNENDED,
)
from saitotui.tiers.storage.view import MANAGER, SUBJECT, NodeView, View, given_up

PATIENCE = 60.0
"""Seconds after which a takeover that has not ended will not end (measured: 7 to 25)."""
TRANSITION = "transition"


def heartbeat_findings(view: View) -> Iterator[Finding]:
    yield from silent_managers(view)
    stopped = [node for node in view.all if node.heartbeat is not None and not node.heartbeat.running]
    if stopped and len(stopped) == len(view.all):
        sentence = f"heartbeat is stopped on {' and '.join(node.name for node in stopped)}: nobody takes over"
        yield HEARTBEAT_STOPPED_BOTH.found(SUBJECT, sentence, "cl_status hbstatus: stopped on both")
    else:
        for node in stopped:
            sentence = f"heartbeat is stopped on {node.name}: it takes nothing over"
            yield HEARTBEAT_STOPPED.found(node.name, sentence, f"cl_status hbstatus on {node.name}: stopped")
    for node in view.all:
        if node.heartbeat is not None and node.heartbeat.running:
            yield from _membership(view, node, node.heartbeat)
            yield from _resources(view, node, node.heartbeat)
    yield from partition(view)
    yield from _nothing_runs(view)


def partition(view: View) -> Iterator[Finding]:
    """One is called dead whose own manager is seen running."""
    alive = {node.name for node in view.all if node.managed}
    wrong = [(node.name, dead) for node in view.all for dead in given_up(node) if dead in alive]
    if wrong:
        names = " and ".join(view.nodes)
        evidence = [f"{name} calls {dead} dead, but the manager on {dead} runs" for name, dead in wrong]
        yield PARTITIONED.found(SUBJECT, f"{names} both live and cannot hear each other", *evidence)


def silent_managers(view: View) -> Iterator[Finding]:
    """A node that answers, whose manager does not."""
    for node in view.all:
        failure = (node.failures or {}).get(MANAGER)
        if failure is not None and node.unreachable is None:
            sentence = f"{view.storage.manager} on {node.name} does not say how it is"
            yield MANAGER_SILENT.found(node.name, sentence, failure.sentence)


def _membership(view: View, node: NodeView, heartbeat: Membership) -> Iterator[Finding]:
    for name, status in sorted(heartbeat.nodes.items()):
        if status == "dead" and name in view.nodes and name != node.name:
            sentence = f"heartbeat on {node.name} calls {name} dead"
            yield PEER_DEAD.found(name, sentence, f"cl_status nodestatus {name} on {node.name}: dead")
        elif name not in view.nodes and status not in ("ping", "active", "up", "init"):
            sentence = f"{node.name} does not reach its ping address {name}"
            yield PING_LOST.found(node.name, sentence, f"cl_status nodestatus {name}: {status}")
    alive = [name for name, status in heartbeat.nodes.items() if status != "dead" and name in view.nodes]
    down = [link for link in heartbeat.links if not link.up and link.node in alive and link.node != node.name]
    if down:
        words = ", ".join(f"{link.name} to {link.node}" for link in down)
        evidence = [f"cl_status hblinkstatus {link.node} {link.name}: {link.status}" for link in down]
        yield LINK_DOWN.found(node.name, f"heartbeat on {node.name} has lost {words}", *evidence)


def _resources(view: View, node: NodeView, heartbeat: Membership) -> Iterator[Finding]:
    believes = f"cl_status rscstatus on {node.name}: {heartbeat.resources}"
    if heartbeat.resources == TRANSITION:
        since = _since_death(view, node, heartbeat)
        served = node.primary or bool(view.primaries)
        if since is not None and since >= PATIENCE and not served:
            when = moment(view.at - since, view.at)
            sentence = f"{node.name} began to take over at {when} and has nothing running"
            yield TAKEOVER_LOST.found(node.name, sentence, believes, says(node))
        elif node.primary and (quiet := _quiet(view, node)) >= PATIENCE:
            sentence = f"{node.name} serves, and its heartbeat takes that for a takeover that goes on"
            yield TAKEOVER_UNENDED.found(
                node.name, sentence, believes, f"its log is silent for {coarse(quiet)}"
            )
        else:
            yield TAKEOVER_RUNNING.found(node.name, f"resources are on the move on {node.name}", believes)
    elif heartbeat.resources == "all" and node.drbd is not None and not node.primary:
        sentence = f"heartbeat on {node.name} believes that it holds all, but DRBD there is not Primary"
        yield BELIEF_WRONG.found(node.name, sentence, believes, says(node))


def _quiet(view: View, node: NodeView) -> float:
    """Seconds for which this node's manager has moved nothing, by its log; 0 when it does not tell."""
    if node.manager_log is None or not node.manager_log.entries:
        return 0.0
    return node.manager_log.entries[-1].age + max(0.0, view.at - node.manager_log_at)


def _since_death(view: View, node: NodeView, heartbeat: Membership) -> float | None:
    """Seconds since this node called its peer dead, by its log; None when the peer is not dead or it does not
    tell."""
    dead = any(status == "dead" for name, status in heartbeat.nodes.items() if name in view.nodes)
    if not dead or node.manager_log is None:
        return None
    ages = [entry.age for entry in node.manager_log.entries if entry.death]
    return min(ages) + max(0.0, view.at - node.manager_log_at) if ages else None


def _nothing_runs(view: View) -> Iterator[Finding]:
    """A manager lives, is at rest, and nobody serves."""
    alive = [node for node in view.all if node.heartbeat is not None and node.heartbeat.running]
    moving = any(node.heartbeat is not None and node.heartbeat.resources == TRANSITION for node in alive)
    known = all(node.drbd is not None and node.serving is not None for node in view.all)
    if not alive or moving or not known or view.primaries:
        return
    if any(node.serving is not None and node.serving.mounts for node in view.all):
        return
    names = " and ".join(node.name for node in alive)
    evidence = [f"cl_status rscstatus on {node.name}: {node.heartbeat.resources or '?'}" for node in alive
                if node.heartbeat is not None]  # fmt: skip
    yield NOT_RUNNING.found(SUBJECT, f"heartbeat runs on {names}, but nobody serves the export", *evidence)
