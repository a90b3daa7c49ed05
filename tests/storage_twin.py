"""What a console must find in each state of a storage pair, whether the pair is real or simulated.

st1 serves and st2 stands by; where a real pair has it the other way round, so have these sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.twin import Found, findings_of

from saitotui.engine.report import Report

STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class StorageState:
    """A trouble of st2. `order` makes it on a real host (empty: its power is cut), `fault` in the simulator.

    `must` be found, and nothing else of the tier but what `may`."""

    name: str
    order: str
    fault: tuple[str, str]
    must: frozenset[Found]
    may: frozenset[Found] = frozenset()


STATES = (
    StorageState(
        "heartbeat-stopped",
        "systemctl stop heartbeat",
        ("service-stop", "st2/heartbeat"),
        findings_of("storage.heartbeat-stopped st2"),
        findings_of("storage.heartbeat-peer-dead st2"),
    ),
    StorageState(
        "drbd-down",
        "drbdadm down r0",
        ("drbd-down", "st2"),
        findings_of("storage.drbd-unconfigured st2", "storage.disconnected st2"),
    ),
    StorageState(
        "disk-lost",
        "drbdadm detach r0",
        ("disk-lost", "st2"),
        findings_of("storage.diskless st2"),
    ),
    StorageState(
        "power-loss",
        "",
        ("power-loss", "st2"),
        findings_of(
            "storage.disconnected st2", "storage.node-unreachable st2", "storage.heartbeat-peer-dead st2"
        ),
    ),
)


def storage_wrong(report: Report, state: StorageState | None = None, serving: str = "st1") -> Iterator[str]:
    """What `report` gets wrong about the pair in `state` (None: all is well), a sentence each."""
    names = {"st1": "st1", "st2": "st2"} if serving == "st1" else {"st1": "st2", "st2": "st1"}
    must, may = (state.must, state.may) if state else (frozenset(), frozenset())
    found = {
        (one["code"], names.get(one["subject"], one["subject"])): one["sentence"]
        for one in report["findings"]
        if one["code"].startswith(f"{STORAGE}.")
    }
    for code, subject in sorted(must - set(found)):
        yield f"missing: {code} of {subject}"
    for (code, subject), sentence in found.items():
        if (code, subject) not in must | may:
            yield f"false alarm: {code} of {subject}: {sentence}"
