"""Findings about the API itself: does it answer, and does it tell this console everything?"""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.model.command import FailureKind
from saitotui.model.finding import Finding
from saitotui.tiers.cluster.situations import API_DENIED, API_UNREACHABLE
from saitotui.tiers.cluster.view import View

SUBJECT = "cluster"


def api_findings(view: View) -> Iterator[Finding]:
    """At most one of each code: the first sentence says it, the others are evidence."""
    denied = [failure.sentence for failure in view.api_failures if failure.kind is FailureKind.DENIED]
    others = [failure.sentence for failure in view.api_failures if failure.kind is not FailureKind.DENIED]
    if denied:
        yield API_DENIED.found(SUBJECT, f"the Proxmox API refuses this console: {denied[0]}", *denied)
    elif _stripped(view):
        sentence = "the API answers, but leaves out what it knows: the token has no privileges"
        yield API_DENIED.found(SUBJECT, sentence, "/cluster/resources: nodes without cpu, no guests")
    if others and view.status is None:
        yield API_UNREACHABLE.found(SUBJECT, f"no Proxmox API answers: {others[0]}", *dict.fromkeys(others))
    elif others:
        sentence = f"the Proxmox API answers in part only: {others[0]}"
        yield API_UNREACHABLE.found(SUBJECT, sentence, *dict.fromkeys(others))


def _stripped(view: View) -> bool:
    """A token with privilege separation and no permissions gets 200 with bare entries instead of 403."""
    if view.resources is None or view.resources.guests:
        return False
    online = [node for node in view.resources.nodes if node.status == "online"]
    return bool(online) and all(node.cpus is None and node.cpu is None for node in online)
