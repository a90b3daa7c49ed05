"""What must not be blamed, and what must not be believed: stale answers, one witness, innocent clients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.tiers.database.conftest import EVENT

from saitotui.engine.runs.catalogue import catalogue
from saitotui.model.command import Answer, Failure, FailureKind
from saitotui.model.health import Health
from saitotui.model.profile import Host
from saitotui.tiers.database.situations_use import SITUATIONS

Platform = Any
Record = Callable[[str, str], Any]

SILENT = Failure(FailureKind.UNREACHABLE, "db1 (127.82.0.11:3306): no route to it")
REFUSED = Failure(FailureKind.REFUSED, "db1 (127.82.0.11:3306): connection refused")
NO_PROCESS = Answer("", status=1)


def roles(platform: Platform) -> dict[str, str]:
    return {node.id: node.role for node in platform.picture.nodes if node.kind == "mysql"}


def test_nothing_is_said_before_anything_was_asked(healthy: Platform) -> None:
    picture = replace(healthy, answers={}).picture
    assert picture.findings == ()
    assert picture.headline == "not asked yet"
    assert {node.health for node in picture.nodes} == {Health.UNKNOWN}
    assert picture.health is Health.UNKNOWN


def test_half_asked_is_not_blamed(healthy: Platform) -> None:
    some = {key: answer for key, answer in healthy.answers.items() if key.startswith(("db2/", "lb1/"))}
    assert replace(healthy, answers=some).codes == set()


def test_a_stale_answer_is_not_ok(healthy: Platform) -> None:
    old = {key: healthy.at - 300 for key in healthy.answers if key.startswith("db1/")}
    platform = replace(healthy, times=old)
    assert platform.find("master-unreachable").health is Health.UNKNOWN
    assert roles(platform)["db1"] == "master"
    assert "master-dead" not in platform.codes


def test_a_console_that_sees_nothing_accuses_nobody_of_being_dead(healthy: Platform) -> None:
    platform = healthy
    for name in ("db1", "db2", "lb1", "lb2"):
        platform = platform.lost(name)
    assert platform.codes == {"server-unreachable", "haproxy-unreachable"}
    assert {finding.health for finding in platform.findings} == {Health.UNKNOWN}
    assert not platform.picture.dead


@pytest.mark.parametrize("failure", [SILENT, REFUSED])
def test_one_witness_does_not_prove_death(healthy: Platform, failure: Failure) -> None:
    """HAProxy's checks still succeed and the replica still reads: the console alone lost the master."""
    platform = healthy.lost("db1", failure).answer("db1/daemon", NO_PROCESS)
    assert "master-dead" not in platform.codes
    assert "still reads from it" in platform.find("master-unreachable").sentence
    assert not platform.picture.dead


def test_silence_is_no_proof_even_when_the_others_lost_it_too(record: Record) -> None:
    """A host that is cut off looks the same from everywhere: it may still be master for somebody."""
    platform = record("mariadb-10.11", "master-dead").lost("db1", SILENT)
    assert "master-dead" not in platform.codes
    finding = platform.find("master-unreachable")
    assert "db2 lost it (2003)" in finding.sentence
    assert "lb1 and lb2 call it DOWN" in finding.sentence


def test_a_host_that_runs_no_server_is_proof_with_a_second_witness(record: Record) -> None:
    platform = record("mariadb-10.11", "master-dead").lost("db1", SILENT).answer("db1/daemon", NO_PROCESS)
    assert platform.find("master-dead").sentence.startswith("the master db1 is dead: no mariadbd or mysqld")
    assert set(platform.picture.dead) == {"db1"}


def test_the_process_of_another_server_on_the_host_is_no_sign_of_life(record: Record) -> None:
    platform = record("mariadb-10.11", "master-dead").answer("db1/daemon", Answer("  1 9000 mariadbd\n"))
    assert "master-dead" in platform.codes


def test_a_promoted_replica_is_master_while_the_old_one_is_silent(record: Record) -> None:
    platform = record("mariadb-10.11", "master-dead-replica-promoted").lost("db1", SILENT)
    assert roles(platform) == {"db1": "", "db2": "master"}
    assert platform.codes == {"server-unreachable", "semisync-degraded", "haproxy-server-down"}
    assert [f.subject for f in platform.findings if not f.cause] == ["db1"]


def test_a_writable_replica_is_not_master_because_the_master_is_silent(record: Record) -> None:
    platform = record("mariadb-10.11", "master-dead").named("db2/variables", read_only="OFF")
    assert roles(platform)["db1"] == "master"


def test_haproxy_on_its_backup_makes_the_writable_replica_master(record: Record) -> None:
    platform = record("mariadb-10.11", "master-dead").named("db2/variables", read_only="OFF")
    for node in ("lb1", "lb2"):
        platform = platform.stat(node, "mysql_write", "db2", status="UP", bck="1")
    assert roles(platform) == {"db1": "", "db2": "master"}
    assert "haproxy-failback-trap" in platform.codes
    assert "server-down" in platform.codes


def test_a_ring_has_its_writable_server_as_master(healthy: Platform) -> None:
    row = {**healthy.rows("db2/replica")[0], "Master_Host": "127.82.0.12", "Master_Server_Id": 2}
    platform = healthy.answer("db1/replica", Answer(rows=(row,)))
    assert roles(platform) == {"db1": "master", "db2": "replica"}
    assert platform.codes == set()


def test_a_pair_without_haproxy_has_a_master(healthy: Platform) -> None:
    platform = healthy.database(haproxy={})
    assert roles(platform) == {"db1": "master", "db2": "replica"}
    assert platform.codes == set()


def test_a_single_server_is_master_and_whole(healthy: Platform) -> None:
    servers = {"db1": healthy.profile.database.servers["db1"]}
    platform = healthy.database(servers=servers, haproxy={})
    assert roles(platform) == {"db1": "master"}
    assert platform.codes == set()


@pytest.mark.parametrize(
    ("lag", "health"), [(0, None), (1, None), (2, Health.WARN), (30, Health.WARN), (31, Health.CRIT)]
)
def test_lag_has_limits(healthy: Platform, lag: int, health: Health | None) -> None:
    platform = healthy.channel("db2", Seconds_Behind_Master=lag)
    assert (platform.find("replica-lagging").health if health else None) is health
    assert platform.codes == ({"replica-lagging"} if health else set())


def test_mysql_says_zero_lag_while_it_cannot_connect(record: Record) -> None:
    platform = record("mysql-8.4.7", "io-thread-connecting-2003")
    samples = {sample.name: sample.value for sample in platform.picture.samples}
    assert samples["db2-lag"] is None


def test_lag_names_its_trend(healthy: Platform) -> None:
    lagging = healthy.channel("db2", Seconds_Behind_Master=9)
    before = healthy.channel("db2", Seconds_Behind_Master=4).answers["db2/replica"]
    assert (
        replace(lagging, earlier={"db2/replica": before})
        .find("replica-lagging")
        .sentence.endswith("falling behind")
    )


@pytest.mark.parametrize(
    "client",
    [
        {"Host": "127.0.0.1:5555"},
        {"Host": "localhost"},
        {"Host": "127.82.0.9:5555"},
        {"Host": "lb2.example.net:5555"},
        {"Host": "10.7.7.7:5555", "User": "ctl"},
        {"Host": "10.7.7.7:5555", "User": "repl", "Command": "Binlog Dump GTID"},
        {"Host": "10.7.7.7:5555", "User": "unauthenticated user", "Command": "Connect"},
        {"Host": "10.6.0.4:5555", "User": "backup"},
        {"Host": "10.8.3.4:5555", "User": "zabbix"},
    ],
)
def test_innocent_clients(healthy: Platform, client: dict[str, Any]) -> None:
    platform = healthy.database(direct_clients=("10.8.0.0/16", "10.6.0.4")).processes("db1", client)
    assert platform.codes == set()


def test_addresses_that_cannot_be_compared_accuse_nobody(healthy: Platform) -> None:
    """The profile names HAProxy by DNS, the process list shows IP addresses."""
    hosts = {**healthy.profile.hosts, "lb1": Host("lb1.example.net")}
    platform = replace(healthy, profile=replace(healthy.profile, hosts=hosts))
    assert platform.processes("db1", {"Host": "10.7.7.7:5555"}).codes == set()


def transaction(**columns: Any) -> Answer:
    row: dict[str, Any] = {"thread": 33734, "state": "RUNNING", "seconds": 900, "modified": 0, "locked": 0}
    return Answer(rows=({**row, "query": None, **columns},))


def test_a_long_read_and_the_applier_are_no_long_transactions(healthy: Platform) -> None:
    assert healthy.answer("db1/transactions", transaction()).codes == set()
    worker = transaction(thread=27634, modified=50)
    assert healthy.answer("db2/transactions", worker).codes == set()


def test_a_freeze_of_milliseconds_is_none(healthy: Platform) -> None:
    brief = {"State": "Waiting for backup lock", "Time": 0, "Info": "INSERT INTO w VALUES (1)"}
    assert healthy.processes("db1", brief, brief).codes == set()


def test_events_without_a_scheduler_do_not_run(healthy: Platform) -> None:
    platform = healthy.answer("db2/events", EVENT)
    assert platform.named("db2/variables", event_scheduler="OFF").codes == set()
    on_master = healthy.answer("db1/events", EVENT)
    assert on_master.named("db1/variables", event_scheduler="ON").codes == set()


def test_semi_sync_is_judged_only_where_it_is_expected(healthy: Platform) -> None:
    off = healthy.named("db1/variables", rpl_semi_sync_master_enabled="OFF")
    assert off.database(semi_sync=False).codes == set()
    assert off.codes == {"semisync-off"}


def test_replica_newer_than_its_master_is_how_one_upgrades(healthy: Platform) -> None:
    assert healthy.named("db2/variables", version="11.4.2-MariaDB-log").codes == set()


def test_a_reading_in_the_wrong_order_is_no_errant_transaction(record: Record) -> None:
    """The replica was read a moment after the master: it has more of the master's own transactions."""
    platform = record("mysql-8.4.7", "healthy")
    uuid = "0e1f9208-e753-11f1-9802-02fc00000001"
    assert platform.named("db2/variables", gtid_executed=f"{uuid}:1-90").codes == set()


def test_an_unreadable_gtid_is_unknown_not_a_defect(healthy: Platform) -> None:
    platform = healthy.named("db1/variables", gtid_current_pos="zzz", gtid_binlog_state="0-1")
    assert platform.codes == set()
    servers = next(table for table in platform.picture.tables if table.name == "servers")
    gap = servers.columns.index("gap")
    assert [row.cells[gap].text for row in servers.rows] == ["-", "?"]


def test_maintenance_in_the_write_backend_is_how_one_server_is_kept_out(healthy: Platform) -> None:
    platform = healthy.stat("lb1", "mysql_write", "db2", lastchg="999999").admin(
        "lb1", "mysql_write", "db2", 5
    )
    assert platform.codes == set()


def test_an_unreadable_configuration_blames_nobody(healthy: Platform) -> None:
    denied = Answer("grep: /etc/haproxy/haproxy.cfg: Permission denied\n", status=1)
    assert healthy.answer("lb1/config", denied).codes == set()


def test_a_named_mariadb_connection_counts_as_replication(healthy: Platform) -> None:
    """SHOW REPLICA STATUS leaves named connections out; the counter of SQL threads does not."""
    platform = healthy.answer("db2/replica", Answer(rows=()))
    assert platform.named("db2/status", Slaves_running="1").codes == set()


def test_every_runbook_that_is_named_is_one_of_the_database() -> None:
    named = {runbook for situation in SITUATIONS for runbook in situation.runbooks}
    # What makes the tier, or tries it, answers no finding.
    others = {"bootstrap-database", "drill-db-haproxy", "drill-db-replica"}
    assert named == {book.id for book in catalogue().values() if book.tier == "database"} - others
