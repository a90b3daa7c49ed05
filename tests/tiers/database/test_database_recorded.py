"""Every recorded state is named exactly, and no healthy one is blamed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saitotui.model.health import Health

Record = Callable[[str, str], Any]

RECORDINGS = Path(__file__).parents[2] / "recordings" / "database"

MARIADB = {
    "healthy": "",
    "after-swap-db2-to-db1": "",
    "after-failover-old-master-reattached": "",
    "ddl-exec-mode-idempotent-no-error": "",
    "both-read-only": "no-writable haproxy-read-only-server",
    "both-writable-split-brain": "two-masters split-brain-diverged replica-sql-error",
    "freeze-waits-for-long-statement": "freeze-waiting",
    "frozen-writers-blocked": "frozen",
    "io-thread-auth-1045": "replica-io-auth semisync-degraded",
    "io-thread-connecting-2003": "replica-io-connecting semisync-degraded",
    "io-thread-diverged-1236": "replica-io-diverged errant-transactions semisync-degraded",
    "io-thread-stopped": "replica-io-stopped semisync-degraded",
    "master-dead": "master-dead replica-io-connecting haproxy-no-server",
    "master-dead-replica-promoted": "server-down semisync-degraded",
    "replica-delayed-20s": "replica-delayed replica-lagging",
    # Its lag was made by a read lock on the replica, and that is seen too.
    "replica-lagging": "replica-lagging frozen",
    "replication-stopped": "replica-stopped semisync-degraded",
    "semisync-degraded": "replica-io-stopped semisync-degraded",
    "sql-thread-error-1032": "replica-sql-error",
    "sql-thread-error-1062": "replica-sql-error",
}
# MySQL counts a lost semi-sync client only when the next commit misses it.
MYSQL = {
    "healthy": "",
    "after-swap": "",
    "both-read-only": "no-writable",
    "both-writable-split-brain": "two-masters split-brain-diverged",
    "io-thread-auth-1045": "replica-io-auth",
    "io-thread-connecting-2003": "replica-io-connecting replica-wrong-source",
    "io-thread-stopped": "replica-io-stopped",
    "master-dead": "master-dead replica-io-connecting",
    "replication-stopped": "replica-stopped",
    "sql-thread-error-1032": "replica-sql-error",
    "sql-thread-error-1062": "replica-sql-error",
}
EXPECTED = {
    "mariadb-10.11": MARIADB,
    "mysql-8.0.46": {**MYSQL, "replica-delayed-15s": "replica-delayed semisync-off"},
    "mysql-8.4.7": {**MYSQL, "replica-lagging": "replica-lagging"},
}
STATES = [(version, state) for version, states in EXPECTED.items() for state in states]
SWAPPED = {
    "mariadb-10.11/after-failover-old-master-reattached": "db2",
    "mariadb-10.11/master-dead-replica-promoted": "db2",
    "mysql-8.0.46/after-swap": "db2",
    "mysql-8.0.46/master-dead": "db2",
    "mysql-8.0.46/replica-delayed-15s": "db2",
    "mysql-8.4.7/after-swap": "db2",
    "mysql-8.4.7/master-dead": "db2",
}


def test_every_recording_is_expected() -> None:
    there = {(folder.parent.name, folder.name) for folder in RECORDINGS.glob("*/*/")}
    assert there == set(STATES)


@pytest.mark.parametrize(("version", "state"), STATES)
def test_findings_of_a_recorded_state(record: Record, version: str, state: str) -> None:
    platform = record(version, state)
    assert platform.codes == set(EXPECTED[version][state].split())


@pytest.mark.parametrize(("version", "state"), STATES)
def test_every_answer_is_read(record: Record, version: str, state: str) -> None:
    readings = record(version, state).snapshot.readings
    unread = {key: r.value for key, r in readings.items() if not r.ok and "refused" not in str(r.value)}
    assert not unread


@pytest.mark.parametrize(("version", "state"), STATES)
def test_roles_come_from_facts(record: Record, version: str, state: str) -> None:
    platform = record(version, state)
    roles = {node.id: node.role for node in platform.picture.nodes if node.kind == "mysql"}
    master = SWAPPED.get(f"{version}/{state}", "db1")
    other = "db2" if master == "db1" else "db1"
    assert roles[master] == "master"
    promoted = state == "master-dead-replica-promoted"
    assert roles[other] == ("" if promoted else "replica")


@pytest.mark.parametrize(("version", "state"), STATES)
def test_one_finding_is_the_cause_of_the_rest(record: Record, version: str, state: str) -> None:
    """But where two things were wrong when it was recorded."""
    findings = record(version, state).findings
    causes = {finding.code for finding in findings if not finding.cause}
    assert {finding.cause for finding in findings if finding.cause} <= {f.code for f in findings}
    assert len(causes) <= (2 if state == "replica-delayed-15s" else 1)
    assert all(finding.evidence and finding.sentence for finding in findings)


def test_a_healthy_pair_says_so(record: Record) -> None:
    picture = record("mariadb-10.11", "healthy").picture
    assert picture.headline == "db1 is master, db2 follows 0s behind, HAProxy agrees"
    assert picture.health is Health.OK
    assert not picture.dead
