"""Findings about whether the nodes can be asked at all."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.model.finding import Finding
from saitotui.model.text import one_line
from saitotui.tiers.storage.progress import says
from saitotui.tiers.storage.situations import BLIND, NODE_UNREACHABLE, UNREADABLE
from saitotui.tiers.storage.view import ADDRESSES, SERVED, SUBJECT, NodeView, View, given_up


def node_findings(view: View) -> Iterator[Finding]:
    lost = [node for node in view.all if node.unreachable is not None]
    if lost and len(lost) == len(view.all):
        names = " and ".join(node.name for node in lost)
        evidence = [node.unreachable.sentence for node in lost if node.unreachable is not None]
        sentence = f"neither {names.replace(' and ', ' nor ')} answers: probably it is this console"
        yield BLIND.found(SUBJECT, sentence, *evidence)
    for node in lost:
        yield _unreachable(view, node)
    for node in view.all:
        if node.unreachable is None and not node.pending and (missing := _missing(node)):
            sentence = f"{node.name} answers, but {' and '.join(missing)} cannot be read"
            yield UNREADABLE.found(node.name, sentence, *missing.values())


def _unreachable(view: View, node: NodeView) -> Finding:
    """With what the other node says about it, which is no proof."""
    other = view.other(node)
    evidence = [node.unreachable.sentence if node.unreachable else ""]
    sentence = f"{node.name} does not answer by SSH"
    if other is not None and other.drbd is not None and other.drbd.says:
        evidence.append(says(other))
        if not other.drbd.connected:
            sentence += f", and {other.name} has lost it too: dead or cut off, nobody can tell from here"
        elif node.name in given_up(other):
            sentence += f"; DRBD on {other.name} still has it connected, its cluster manager calls it dead"
        else:
            sentence += f", but {other.name} is connected to it: it lives"
    return NODE_UNREACHABLE.found(node.name, sentence, *evidence)


def _missing(node: NodeView) -> dict[str, str]:
    """What cannot be read on a node that answers, with the reason."""
    failures = node.failures or {}
    found = {name: failures[name].sentence for name in (SERVED, ADDRESSES) if name in failures}
    if node.drbd is None and (reason := failures.get("drbdsetup") or failures.get("/proc/drbd")):
        found["DRBD"] = one_line(reason.sentence)
    return found
