"""Every situation that the tier declares can be met, with the words that a colleague would say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.tiers.database.conftest import EVENT

from saitotui.model.command import Answer, Failure, FailureKind
from saitotui.model.health import Health
from saitotui.tiers.database.situations_use import SITUATIONS

Platform = Any
Record = Callable[[str, str], Any]

DENIED = Failure(FailureKind.DENIED, "db1 (127.82.0.11:3306): 1227: Access denied; you need PROCESS")
HUNG = Failure(FailureKind.TIMEOUT, "db2 (127.82.0.12:3306): no answer within 3s to: SHOW REPLICA")
TOO_MANY = Failure(FailureKind.ERROR, "db1 (127.82.0.11:3306): 1040: too many connections: Too many")
GONE = Failure(FailureKind.UNREACHABLE, "lb1 (/run/haproxy/admin.sock): no route to it")
CLOSED = Failure(FailureKind.REFUSED, "lb1: /run/haproxy/admin.sock cannot be opened: connect failed")
CLASSIC = """\
global
defaults
listen mysql_write
    option mysql-check user haproxy post-41
    server db1 127.82.0.11:3306 check
    server db2 127.82.0.12:3306 check backup
#saitotui-state-file
"""
PURGED = (
    "Got fatal error 1236 from source when reading data from binary log: 'Cannot replicate because the "
    "source purged required binary logs.'"
)


def state(name: str) -> Callable[[Record], Platform]:
    return lambda record: record("mariadb-10.11", name)


def change(edit: Callable[[Platform], Platform]) -> Callable[[Record], Platform]:
    return lambda record: edit(record("mariadb-10.11", "healthy"))


def starting(platform: Platform) -> Platform:
    """db1 answered a minute ago; its process is 10 s old."""
    variables = platform.answers["db1/variables"]
    lost = replace(platform.lost("db1", CLOSED), earlier={"db1/variables": variables})
    return lost.answer("db1/daemon", Answer("   99   10 mariadbd\n"))


def detached(platform: Platform) -> Platform:
    """db2 is read-only, follows nobody, and never wrote a transaction of its own."""
    return platform.named("db2/status", Slaves_running="0").answer("db2/replica", Answer(rows=()))


def wait(text: str, seconds: float, statement: str) -> dict[str, Any]:
    return {"State": text, "Time": seconds, "Info": statement}


def classic(platform: Platform) -> Platform:
    """Both HAProxy nodes with mysql-check and a backup server."""
    for node in ("lb1", "lb2"):
        platform = platform.stat(node, "mysql_write", "db2", status="UP", bck="1", act="0")
        platform = platform.admin(node, "mysql_write", "db2", 0).answer(f"{node}/config", Answer(CLASSIC))
    return platform


def old_master(platform: Platform) -> Platform:
    """The old master is back, read-only, and follows nobody."""
    return platform.answer("db1/replica", Answer(rows=()))


def queue(platform: Platform) -> Platform:
    text = "Waiting for table metadata lock"
    return platform.processes(
        "db1", wait(text, 60, "ALTER TABLE w ADD COLUMN c INT"), wait(text, 50, "SELECT * FROM w"),
        wait(text, 40, "INSERT INTO w VALUES (1)"),
    )  # fmt: skip


def transaction(**columns: Any) -> Answer:
    row: dict[str, Any] = {
        "thread": 33734,
        "state": "RUNNING",
        "seconds": 75,
        "modified": 3,
        "locked": 4,
        "query": None,
    }
    return Answer(rows=({**row, **columns},))


def event(platform: Platform) -> Platform:
    enabled = platform.named("db2/variables", event_scheduler="ON")
    return enabled.answer("db2/events", EVENT)


def turned(platform: Platform, *nodes: str) -> Platform:
    """These HAProxy nodes send writes to db2."""
    for node in nodes:
        platform = platform.stat(node, "mysql_write", "db1", status="MAINT", scur="0")
        platform = platform.stat(node, "mysql_write", "db2", status="UP", check_status="L7OK")
    return platform


def writable(platform: Platform) -> Platform:
    return platform.named("db2/variables", read_only="OFF")


CASES: dict[str, tuple[Callable[[Record], Platform], str]] = {
    "master-dead": (state("master-dead"), "the master db1 is dead: db1 refuses connections"),
    "master-unreachable": (change(lambda p: p.lost("db1")), "the master db1 does not answer this console"),
    "server-down": (state("master-dead-replica-promoted"), "db1 is dead"),
    "server-unreachable": (change(lambda p: p.lost("db2")), "db2 does not answer this console"),
    "server-refusing": (
        change(lambda p: p.lost("db1", TOO_MANY)),
        "db1 runs but turns this console away: 1040: too many connections",
    ),
    "server-starting": (change(starting), "db1 is starting: mariadbd (pid 99) runs on db1 since 10s"),
    "access-denied": (change(lambda p: p.lost("db1", DENIED)), "db1 refuses this console's account ctl"),
    "privilege-missing": (
        change(lambda p: p.answer("db1/transactions", DENIED).answer("db1/replica", DENIED)),
        "GRANT PROCESS, SLAVE MONITOR ON *.* TO 'ctl'@'...'",
    ),
    "reading-missing": (change(lambda p: p.answer("db2/replica", HUNG)), "db2 answers, but not about"),
    "no-writable": (state("both-read-only"), "no server can be written to: db1 and db2 are read-only"),
    "two-masters": (state("both-writable-split-brain"), "db1 and db2 can both be written to"),
    "split-brain-diverged": (state("both-writable-split-brain"), "db2 has transactions that db1 never had"),
    "read-only-not-set": (change(writable), "db2 follows db1 but can be written to"),
    "replication-not-configured": (change(detached), "db2 follows nobody: it must follow db1"),
    "old-master-unattached": (
        lambda record: old_master(record("mysql-8.0.46", "after-swap")),
        "db1 was master before and follows nobody: it must follow db2",
    ),
    "master-follows": (
        change(lambda p: turned(writable(p).named("db1/variables", read_only="ON"), "lb1")),
        "db2 takes the writes and still follows db1, which is read-only",
    ),
    "replica-wrong-source": (
        change(lambda p: p.channel("db2", Master_Host="10.9.9.9", Master_Server_Id=77)),
        "db2 follows 10.9.9.9:3306, which the profile does not name, but the master is db1",
    ),
    "replica-stopped": (state("replication-stopped"), "both threads, without an error"),
    "replica-io-stopped": (state("semisync-degraded"), "its IO thread is stopped; it lacks 261 transactions"),
    "replica-io-connecting": (state("io-thread-connecting-2003"), "cannot reach its source 127.82.0.99:3306"),
    "replica-io-auth": (
        state("io-thread-auth-1045"),
        "db1 (127.82.0.11:3306) refuses the replication account repl of db2 (1045)",
    ),
    "replica-io-diverged": (state("io-thread-diverged-1236"), "refuses to feed db2"),
    "replica-io-purged": (
        change(
            lambda p: p.channel(
                "db2", Slave_IO_Running="No", Last_IO_Errno=1236, Last_IO_Error=PURGED, Slave_IO_State=""
            )
        ),
        "db2 needs binary logs that db1 (127.82.0.11:3306) has no more (1236)",
    ),
    "replica-io-error": (
        change(
            lambda p: p.channel("db2", Slave_IO_Running="No", Last_IO_Errno=1593, Last_IO_Error="equal ids")
        ),
        "the IO thread of db2 failed (1593): equal ids",
    ),
    "replica-sql-stopped": (
        change(lambda p: p.channel("db2", Slave_SQL_Running="No", Seconds_Behind_Master=None)),
        "db2 fetches but does not apply",
    ),
    "replica-sql-error": (state("sql-thread-error-1062"), "db2 cannot apply a transaction (1062)"),
    "replica-lagging": (state("replica-lagging"), "db2 is 6s behind, 1213 transactions"),
    "replica-delayed": (state("replica-delayed-20s"), "db2 is delayed by 20s on purpose"),
    "errant-transactions": (
        change(lambda p: p.named("db2/variables", gtid_binlog_state="0-2-413999,0-1-413374")),
        "db2 has transactions that db1 never had: up to 0-2-413999",
    ),
    "replica-filters": (
        change(lambda p: p.channel("db2", Replicate_Ignore_DB="logs")),
        "db2 leaves things out: Replicate_Ignore_DB=logs",
    ),
    "semisync-off": (
        change(lambda p: p.named("db1/variables", rpl_semi_sync_master_enabled="OFF")),
        "semi-sync is switched off on db1",
    ),
    "semisync-degraded": (
        change(lambda p: p.named("db1/status", Rpl_semi_sync_master_status="OFF")),
        "db1 fell back to asynchronous replication",
    ),
    "semisync-blocked": (
        change(
            lambda p: p.processes("db1", wait("Waiting for semi-sync ACK from slave", 4, "INSERT INTO w"))
        ),
        "1 commit on db1 hang",
    ),
    "semisync-on-replica": (
        change(
            lambda p: p.named(
                "db2/variables",
                rpl_semi_sync_master_enabled="ON",
                rpl_semi_sync_master_wait_no_slave="ON",
            )
        ),
        "db2 is a replica and itself waits 1s for a replica",
    ),
    "connections-high": (
        change(lambda p: p.named("db1/variables", max_connections="8")),
        "db1 has 7 of 8 connections in use (88%)",
    ),
    "long-transaction": (
        change(lambda p: p.answer("db1/transactions", transaction())),
        "a transaction of app@127.0.0.1 on db1 is open for 1m15s, idle, 3 rows changed (process 33734)",
    ),
    "freeze-waiting": (
        state("freeze-waits-for-long-statement"),
        "ctl's SET GLOBAL read_only=1 waits on db1 for 1s behind root's UPDATE app.w SET src=src",
    ),
    "frozen": (state("frozen-writers-blocked"), "4 writers wait for up to 2s on db1"),
    "metadata-lock-queue": (change(queue), "app's ALTER TABLE w ADD (process 900) first"),
    "bypassing-clients": (
        change(lambda p: p.processes("db1", {"Host": "10.7.7.7:5123", "User": "cron"})),
        "1 connection to db1 comes past HAProxy: cron@10.7.7.7 (1)",
    ),
    "events-on-replica": (change(event), "1 scheduled events run on the replica db2 too: app.purge"),
    "version-mixed": (
        change(lambda p: p.named("db2/variables", version="10.6.18-MariaDB-log")),
        "db2 runs MariaDB 10.6.18-MariaDB-log, its master db1 MariaDB 10.11.19",
    ),
    "server-id-duplicate": (
        change(lambda p: p.named("db2/variables", server_id="1")),
        "db1 and db2 have the same server_id 1",
    ),
    "binlog-off": (
        change(lambda p: p.named("db2/variables", log_slave_updates="OFF")),
        "db2 does not log what it replicates",
    ),
    "haproxy-down": (change(lambda p: p.lost("lb1", CLOSED)), "HAProxy does not run on lb1"),
    "haproxy-unreachable": (change(lambda p: p.lost("lb1", GONE)), "lb1 does not answer this console"),
    "haproxy-unreadable": (
        change(lambda p: p.answer("lb1/stat", Answer("<html>statistics</html>"))),
        "lb1 answers, but not with its statistics",
    ),
    "haproxy-backend-missing": (
        change(lambda p: p.database(write_backend="writers")),
        "lb1 has no backend writers",
    ),
    "haproxy-no-server": (state("master-dead"), "lb1 has no server to send writes to: db1 DOWN, db2 MAINT"),
    "haproxy-disagree": (
        change(lambda p: turned(p, "lb2")),
        "HAProxy nodes disagree where writes go: lb1 to db1; lb2 to db2",
    ),
    "haproxy-wrong-master": (
        change(lambda p: turned(writable(p), "lb1", "lb2")),
        "lb1 sends writes to db2, but the master is db1",
    ),
    "haproxy-read-only-server": (
        change(lambda p: turned(p, "lb1", "lb2")),
        "lb1 sends writes to db2, which is read-only, and calls it UP",
    ),
    "haproxy-spreads-writes": (
        change(lambda p: p.stat("lb1", "mysql_write", "db2", status="UP")),
        "lb1 spreads writes over db1 and db2",
    ),
    "haproxy-failback-trap": (
        change(classic),
        "lb1 moves writes to db2 by itself when db1 fails, and back again",
    ),
    "haproxy-server-down": (
        change(lambda p: p.stat("lb1", "mysql_read", "db2", status="DOWN", check_status="L4TOUT")),
        "lb1 calls db2 DOWN (L4TOUT",
    ),
    "haproxy-maintenance-forgotten": (
        change(
            lambda p: p.stat("lb1", "mysql_read", "db2", status="MAINT", lastchg="86400").admin(
                "lb1", "mysql_read", "db2", 1
            )
        ),
        "db2 is in MAINT in mysql_read on lb1 for 1d00h, and is well",
    ),
    "haproxy-state-volatile": (
        lambda record: record("mariadb-10.11", "master-dead-replica-promoted").answer(
            "lb1/config", Answer(CLASSIC.replace("backup", "disabled"))
        ),
        "a reload of HAProxy on lb1 would put db1 back into service and db2 into maintenance",
    ),
    "haproxy-stale-sessions": (
        change(lambda p: p.stat("lb1", "mysql_write", "db2", scur="3")),
        "3 sessions of lb1 still use db2, which is in MAINT",
    ),
    "haproxy-name-misleads": (
        change(lambda p: p.stat("lb1", "mysql_write", "db1", addr="127.82.0.12:3306")),
        "the server db1 of lb1 leads to db2",
    ),
    "haproxy-unknown-server": (
        change(lambda p: p.stat("lb1", "mysql_write", "db1", svname="db9", addr="10.9.9.9:3306")),
        "lb1 sends writes to db9 (10.9.9.9:3306), which the profile does not name",
    ),
    "haproxy-stopping": (
        change(
            lambda p: p.answer("lb1/info", Answer(p.text("lb1/info").replace("Stopping: 0", "Stopping: 1")))
        ),
        "the HAProxy process that answers on lb1 (pid 452) is ending",
    ),
    "haproxy-sessions-high": (
        change(lambda p: p.stat("lb1", "mysql_write", "FRONTEND", scur="1990")),
        "mysql_write/FRONTEND on lb1 has 1990 of 2000 sessions in use",
    ),
}


def test_every_situation_has_a_case() -> None:
    assert set(CASES) == {situation.code.removeprefix("database.") for situation in SITUATIONS}


def test_codes_are_unique_and_well_formed() -> None:
    codes = [situation.code for situation in SITUATIONS]
    assert len(codes) == len(set(codes)) >= 24
    assert all(code.startswith("database.") and code == code.lower() for code in codes)


@pytest.mark.parametrize("code", CASES)
def test_situation_is_met(record: Record, code: str) -> None:
    make, words = CASES[code]
    sentences = [f.sentence for f in make(record).findings if f.code == f"database.{code}"]
    assert sentences
    assert any(words in sentence for sentence in sentences), sentences


@pytest.mark.parametrize("code", CASES)
def test_findings_carry_evidence_and_no_healthy_word(record: Record, code: str) -> None:
    for finding in CASES[code][0](record).findings:
        assert finding.evidence
        assert finding.health > Health.OK
        assert "None" not in finding.sentence
        assert len(finding.sentence) < 320


def test_a_trap_that_has_sprung_is_critical(record: Record) -> None:
    platform = classic(record("mariadb-10.11", "master-dead")).stat(
        "lb1", "mysql_write", "db2", status="UP", bck="1"
    )
    finding = platform.find("haproxy-failback-trap", "lb1")
    assert finding.health is Health.CRIT
    assert "moves them back by itself as soon as db1 answers" in finding.sentence


def test_a_stick_rule_disarms_the_trap(healthy: Platform) -> None:
    sticky = CLASSIC.replace("#saitotui", "    stick on dst\n#saitotui")
    platform = classic(healthy)
    for node in ("lb1", "lb2"):
        platform = platform.answer(f"{node}/config", Answer(sticky))
    assert "haproxy-failback-trap" not in platform.codes
