"""Findings about who would take over: pacemaker."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.pacemaker import FailedAction, Member, Pacemaker
from saitotui.model.finding import Finding
from saitotui.tiers.storage.judge_manager import partition, silent_managers
from saitotui.tiers.storage.situations import (
    NOT_RUNNING,
    PACEMAKER_DOWN,
    PACEMAKER_FAILED,
    PACEMAKER_MAINTENANCE,
    PACEMAKER_NO_QUORUM,
    PACEMAKER_STANDBY,
    PEER_DEAD,
)
from saitotui.tiers.storage.view import SUBJECT, View


def pacemaker_findings(view: View) -> Iterator[Finding]:
    """Each thing once, although both nodes may tell it."""
    yield from silent_managers(view)
    seen: set[tuple[str, str]] = set()
    for node in view.all:
        if node.pacemaker is None:
            continue
        for finding in _told(view, node.name, node.pacemaker):
            if (finding.code, finding.subject) not in seen:
                seen.add((finding.code, finding.subject))
                yield finding
    yield from partition(view)


def _told(view: View, name: str, pacemaker: Pacemaker) -> Iterator[Finding]:
    if not pacemaker.running:
        sentence = f"pacemaker does not run on {name}"
        yield PACEMAKER_DOWN.found(name, sentence, f"crm_mon on {name}: not connected")
        return
    by = f"crm_mon on {name}"
    if pacemaker.quorate is False:
        evidence = f"{by}: DC {pacemaker.dc or 'none'}, with_quorum false"
        yield PACEMAKER_NO_QUORUM.found(SUBJECT, "pacemaker has no quorum", evidence)
    if pacemaker.maintenance:
        sentence = "pacemaker is in maintenance: it repairs nothing and takes nothing over"
        yield PACEMAKER_MAINTENANCE.found(SUBJECT, sentence, f"{by}: maintenance-mode true")
    for member in pacemaker.members:
        if member.name in view.nodes:
            yield from _member(member, by)
    yield from _failures(pacemaker, by)
    yield from _stopped(pacemaker, by)


def _member(member: Member, by: str) -> Iterator[Finding]:
    if not member.online:
        sentence = f"pacemaker calls {member.name} offline{', unclean' if member.unclean else ''}"
        yield PEER_DEAD.found(member.name, sentence, f"{by}: online false")
    elif member.standby:
        sentence = f"{member.name} is in standby: nothing runs there, DRBD included"
        yield PACEMAKER_STANDBY.found(member.name, sentence, f"{by}: standby true")
    elif member.maintenance:
        sentence = f"pacemaker leaves {member.name} alone (node maintenance)"
        yield PACEMAKER_MAINTENANCE.found(member.name, sentence, f"{by}: maintenance true")


def _failures(pacemaker: Pacemaker, by: str) -> Iterator[Finding]:
    by_node: dict[str, list[FailedAction]] = {}
    for failure in pacemaker.failures:
        by_node.setdefault(failure.node or SUBJECT, []).append(failure)
    for node, failures in sorted(by_node.items()):
        last = failures[-1]
        sentence = f"{last.resource} {last.task} failed on {node}: {last.said or 'no reason given'}"
        if len(failures) > 1:
            sentence += f" (and {len(failures) - 1} more)"
        evidence = [f"{by}: {one.resource} {one.task} {one.said} at {one.at}" for one in failures[-5:]]
        yield PACEMAKER_FAILED.found(node, sentence, *evidence)


def _stopped(pacemaker: Pacemaker, by: str) -> Iterator[Finding]:
    stopped = [one.id for one in pacemaker.resources if not one.cloned and not one.active]
    if stopped:
        sentence = (
            f"pacemaker runs, but {', '.join(stopped[:6])} {'is' if len(stopped) == 1 else 'are'} stopped"
        )
        yield NOT_RUNNING.found(
            SUBJECT, sentence, f"{by}: {len(stopped)} of {len(pacemaker.resources)} stopped"
        )
