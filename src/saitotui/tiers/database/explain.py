"""Which finding of this tier is the consequence of which: the cause is what to deal with first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health
from saitotui.tiers.database import situations as s
from saitotui.tiers.database import situations_use as u

_MASTER_GONE = (s.MASTER_DEAD, s.SERVER_STARTING, s.SERVER_REFUSING, s.MASTER_UNREACHABLE)
_SERVER_GONE = (s.SERVER_DOWN, s.SERVER_UNREACHABLE)
_NOT_FED = (
    s.IO_DIVERGED,
    s.IO_AUTH,
    s.IO_PURGED,
    s.IO_ERROR,
    s.REPLICA_STOPPED,
    s.IO_STOPPED,
    s.IO_CONNECTING,
    s.WRONG_SOURCE,
    s.OLD_MASTER_UNATTACHED,
    s.NOT_CONFIGURED,
)
_BOTH_WRITE = (s.SPLIT_BRAIN, s.TWO_MASTERS)
_LOCKED = (u.FREEZE_WAITING, u.FROZEN, s.SEMISYNC_BLOCKED)

CAUSES: Mapping[str, tuple[Situation, ...]] = {
    found.code: causes
    for situations, causes in (
        ((s.IO_CONNECTING,), (s.MASTER_FOLLOWS, *_MASTER_GONE, s.WRONG_SOURCE)),
        ((s.IO_ERROR, s.IO_AUTH), (s.MASTER_FOLLOWS, s.MASTER_DEAD, s.SERVER_STARTING)),
        ((s.IO_PURGED, s.IO_STOPPED, s.REPLICA_STOPPED, s.SQL_STOPPED), (s.MASTER_FOLLOWS,)),
        ((s.SPLIT_BRAIN,), (s.TWO_MASTERS,)),
        ((s.SQL_ERROR, s.IO_DIVERGED), (s.MASTER_FOLLOWS, *_BOTH_WRITE)),
        ((s.ERRANT,), (*_BOTH_WRITE, s.IO_DIVERGED)),
        ((s.SEMISYNC_DEGRADED, s.SEMISYNC_BLOCKED), (*_SERVER_GONE, *_NOT_FED)),
        ((s.LAGGING,), (u.FROZEN, u.FREEZE_WAITING, s.DELAYED)),
        ((u.HAPROXY_NO_SERVER,), _MASTER_GONE),
        ((u.HAPROXY_SERVER_DOWN,), (*_MASTER_GONE, *_SERVER_GONE)),
        ((u.HAPROXY_READ_ONLY,), (s.NO_WRITABLE, u.HAPROXY_FAILBACK)),
        ((u.HAPROXY_WRONG_MASTER,), (u.HAPROXY_FAILBACK,)),
        ((u.HAPROXY_DISAGREE,), (u.HAPROXY_READ_ONLY, u.HAPROXY_WRONG_MASTER, u.HAPROXY_SPREADS)),
        ((u.CONNECTIONS_HIGH, u.LONG_TRANSACTION), _LOCKED),
    )
    for found in situations
}
"""By code: what explains it, the likeliest first."""

LOCAL = frozenset({s.LAGGING.code, u.CONNECTIONS_HIGH.code, u.LONG_TRANSACTION.code})
"""What only something on the same server explains; a master that follows explains nothing elsewhere, too."""


def explain(findings: Sequence[Finding]) -> list[Finding]:
    """`findings` with their causes."""
    return [_explained(finding, findings) for finding in findings]


def _explained(finding: Finding, findings: Sequence[Finding]) -> Finding:
    for situation in CAUSES.get(finding.code, ()):
        causes = (cause for cause in findings if cause.code == situation.code)
        if any(_explains(cause, finding) for cause in causes):
            return replace(finding, cause=situation.code)
    return finding


def _explains(cause: Finding, finding: Finding) -> bool:
    """A trap that has not sprung explains nothing."""
    local = finding.code in LOCAL or cause.code == s.MASTER_FOLLOWS.code
    if local and cause.subject != finding.subject:
        return False
    return cause.code != u.HAPROXY_FAILBACK.code or cause.health is Health.CRIT
