"""Which finding of the tier explains which other one, so that the consequence is drawn dimmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from saitotui.model.finding import Finding, Situation
from saitotui.tiers.storage import situations as s
from saitotui.tiers.storage import situations_drbd as d

_MOVING = (s.TAKEOVER_LOST, s.TAKEOVER_RUNNING)
_NOBODY = (d.SPLIT_BRAIN, *_MOVING, s.HEARTBEAT_STOPPED_BOTH, s.NOT_RUNNING)

ANYWHERE: dict[Situation, tuple[Situation, ...]] = {
    s.NODE_UNREACHABLE: (s.BLIND,),
    d.SPLIT_BRAIN: (d.BOTH_PRIMARY,),
    s.IP_TWO: (d.BOTH_PRIMARY,),
    s.PEER_DEAD: (s.PARTITIONED,),
    d.NO_PRIMARY: (*_NOBODY, s.NODE_UNREACHABLE),
    s.NOT_RUNNING: (d.SPLIT_BRAIN,),
    s.IP_NOBODY: (*_NOBODY, s.NODE_UNREACHABLE, d.NO_PRIMARY),
    s.IP_ELSEWHERE: _MOVING,
    s.MOUNT_MISSING: _MOVING,
    s.EXPORT_MISSING: _MOVING,
    s.NFSD_DOWN: _MOVING,
    s.CLIENTS_MISSING: (s.MOUNT_MISSING, s.EXPORT_MISSING, s.NFSD_DOWN, s.IP_NOBODY, s.IP_ELSEWHERE),
    d.DISCONNECTED: (d.STANDALONE, d.NOT_LOADED, d.UNCONFIGURED, s.NODE_UNREACHABLE, s.PARTITIONED),
    d.VIEWS_DISAGREE: (d.STANDALONE,),
}
"""A finding of the key is a consequence of the first of these that is there."""

SAME_SUBJECT: dict[Situation, tuple[Situation, ...]] = {
    s.PEER_DEAD: (s.NODE_UNREACHABLE, s.HEARTBEAT_STOPPED, s.PACEMAKER_DOWN),
    d.UNCONFIGURED: (s.PACEMAKER_STANDBY, s.PACEMAKER_DOWN, d.NOT_LOADED),
}
"""The same, when both are about the same node."""


def explained(findings: Sequence[Finding]) -> list[Finding]:
    codes = {finding.code for finding in findings}
    about = {(finding.code, finding.subject) for finding in findings}
    anywhere = {kind.code: [one.code for one in causes] for kind, causes in ANYWHERE.items()}
    same = {kind.code: [one.code for one in causes] for kind, causes in SAME_SUBJECT.items()}
    result = []
    for finding in findings:
        causes = [code for code in anywhere.get(finding.code, ()) if code in codes]
        causes += [code for code in same.get(finding.code, ()) if (code, finding.subject) in about]
        result.append(replace(finding, cause=causes[0]) if causes and not finding.cause else finding)
    return result
