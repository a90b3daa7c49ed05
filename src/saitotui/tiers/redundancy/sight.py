"""Does this console see the platform at all?

Hosts, database servers, APIs and web services are targets; a target is seen when any of its questions was
answered by it, be it with a refusal. When (almost) none is seen, the likeliest cause is the console itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.model.command import FailureKind
from saitotui.model.finding import Finding
from saitotui.model.health import Health
from saitotui.model.snapshot import Snapshot
from saitotui.model.topology import Fact, Node
from saitotui.tiers.redundancy.situations import CUT_OFF

_BLIND = (FailureKind.UNREACHABLE, FailureKind.TIMEOUT)

SUBJECT = "console"
"""What the finding is about: this console itself."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Names of the targets (by the subjects of their questions) that answer, and that do not."""

    seen: tuple[str, ...]
    unseen: tuple[str, ...]

    @property
    def cut_off(self) -> bool:
        """At most one of ten is seen, and there are enough of them to tell (two or more)."""
        total = len(self.seen) + len(self.unseen)
        return len(self.unseen) >= 2 and len(self.seen) * 10 <= total

    @property
    def whole(self) -> bool:
        """Nothing at all is seen."""
        return not self.seen


def sight(snapshot: Snapshot) -> Sight:
    """Which targets answer. Questions not asked yet say nothing; a key's first two parts (`hosts/db1`) are
    its target."""
    answers: dict[str, bool] = {}
    for key, reading in snapshot.readings.items():
        failure = reading.failure
        if failure is not None and failure.kind is FailureKind.PENDING:
            continue
        target = "/".join(key.split("/")[:2])
        answered = failure is None or failure.kind not in _BLIND
        answers[target] = answers.get(target, False) or answered
    return Sight(
        tuple(sorted(target for target, answered in answers.items() if answered)),
        tuple(sorted(target for target, answered in answers.items() if not answered)),
    )


def console(seen: Sight) -> Node:
    """This console as a node of the platform: how much it sees."""
    total = len(seen.seen) + len(seen.unseen)
    health = Health.UNKNOWN if seen.cut_off or not total else Health.OK
    facts = tuple(Fact("no answer", target, Health.UNKNOWN) for target in seen.unseen)
    return Node(
        SUBJECT, "redundancy", "console", health, summary=f"sees {len(seen.seen)} of {total}", facts=facts
    )


def cut_off(seen: Sight) -> tuple[Finding, ...]:
    """The finding that this console is cut off, if it is."""
    if not seen.cut_off:
        return ()
    hosts = [target for target in seen.unseen if target.startswith("hosts/")]
    answering = [target for target in seen.seen if target.startswith("hosts/")]
    if hosts:
        total = len(hosts) + len(answering)
        rest = len(seen.seen) - len(answering)
        others = f"{rest} others answer" if rest else "nothing else answers"
        sentence = f"I see {len(answering)} of {total} hosts, and {others}: it is probably me"
    else:
        sentence = f"I see {len(seen.seen)} of {len(seen.unseen) + len(seen.seen)} targets: it is probably me"
    return (CUT_OFF.found(SUBJECT, sentence, *(f"{target}: no answer" for target in seen.unseen[:12])),)
