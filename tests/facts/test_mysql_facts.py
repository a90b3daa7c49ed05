"""Readers of a database server's answers: dialects, odd values, refusals."""

from __future__ import annotations

import pytest

from saitotui.facts import mysql, mysql_daemon, mysql_processes, mysql_replica
from saitotui.model.command import Answer, Scalar, Unparsable


def pairs(**values: Scalar) -> Answer:
    return Answer(rows=tuple({"Variable_name": n, "Value": v} for n, v in values.items()))


def test_the_statements_are_one_line_and_name_each_thing_once() -> None:
    assert len(set(mysql.VARIABLES)) == len(mysql.VARIABLES)
    assert len(set(mysql.STATUS)) == len(mysql.STATUS)
    assert mysql.SHOW_VARIABLES.startswith("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', ")
    assert mysql.SHOW_STATUS.endswith("'Rpl_semi_sync_replica_status')")


@pytest.mark.parametrize(
    ("value", "read_only"),
    [("OFF", False), ("0", False), ("", False), (0, False), ("ON", True), ("1", True), ("NO_LOCK", True)],
)
def test_read_only_is_whatever_is_not_off(value: Scalar, read_only: bool) -> None:
    assert mysql.variables(pairs(version="12.1.1-MariaDB", read_only=value)).read_only is read_only


def test_dialects() -> None:
    maria = mysql.variables(pairs(version="10.11.19-MariaDB-0+deb12u1-log", read_only="ON"))
    assert (maria.product, maria.release, maria.super_read_only) == ("MariaDB", (10, 11, 19), None)
    oracle = mysql.variables(pairs(version="8.4.7", read_only="ON", super_read_only="OFF"))
    assert (oracle.product, oracle.release, oracle.super_read_only) == ("MySQL", (8, 4, 7), False)
    renamed = mysql.variables(
        pairs(version="5.5.5", version_comment="mariadb.org binary distribution", read_only="ON")
    )
    assert renamed.mariadb


def test_semi_sync_of_both_dialects() -> None:
    base: dict[str, Scalar] = {"version": "8.4.7", "read_only": "OFF"}
    source = mysql.variables(
        pairs(**base, rpl_semi_sync_source_enabled="ON", rpl_semi_sync_source_timeout="1000")
    )
    assert (source.semi_sync.enabled, source.semi_sync.timeout) == (True, 1.0)
    old = mysql.variables(
        pairs(**base, rpl_semi_sync_master_enabled="OFF", rpl_semi_sync_master_wait_no_slave="ON")
    )
    assert (old.semi_sync.enabled, old.semi_sync.waits_alone) == (False, True)
    assert mysql.variables(pairs(**base)).semi_sync.enabled is None


def test_long_gtid_sets_come_in_lines() -> None:
    found = mysql.variables(pairs(version="8.4.7", read_only="ON", gtid_executed="a:1,\nb:2"))
    assert found.gtid_executed == "a:1,b:2"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(),
        Answer("text"),
        Answer(rows=({"a": 1},)),
        pairs(version="8.4.7"),
        pairs(version="MariaDB", read_only="ON"),
        pairs(version="8.4.7", read_only="ON", max_connections="inf"),
    ],
)
def test_no_variables(answer: Answer) -> None:
    with pytest.raises(Unparsable):
        mysql.variables(answer)


def test_status_needs_uptime() -> None:
    with pytest.raises(Unparsable):
        mysql.status(pairs(Threads_connected="1"))
    assert mysql.status(pairs(Uptime="12", Threads_connected="7")).connected == 7


def test_no_replica() -> None:
    assert mysql_replica.channels(Answer()) == ()
    with pytest.raises(Unparsable):
        mysql_replica.channels(Answer(rows=({"File": "binlog.000001"},)))


def test_filters_of_both_dialects_and_nothing_else() -> None:
    row: dict[str, Scalar] = {
        "Slave_IO_Running": "Yes",
        "Slave_SQL_Running": "Yes",
        "Replicate_Do_DB": "shop",
        "Replicate_Ignore_Table": "",
        "Replicate_Ignore_Server_Ids": None,
        "Replicate_Rewrite_DB": "(a,b)",
    }
    (channel,) = mysql_replica.channels(Answer(rows=(row,)))
    assert channel.filters == ("Replicate_Do_DB=shop",)
    assert channel.true_lag is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1:57582", "127.0.0.1"),
        ("db2.example.net:33", "db2.example.net"),
        ("localhost", "localhost"),
        ("", ""),
        ("2001:db8::7:4711", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("connecting host", "connecting host"),
    ],
)
def test_addresses_of_processes(host: str, address: str) -> None:
    row: dict[str, Scalar] = {"Id": 1, "User": "app", "Host": host, "Command": "Sleep", "Time": 0}
    assert mysql_processes.processes(Answer(rows=(row,)))[0].address == address


def test_there_is_always_a_process() -> None:
    with pytest.raises(Unparsable):
        mysql_processes.processes(Answer())


def test_a_clock_that_was_set_back_makes_no_negative_age() -> None:
    row: dict[str, Scalar] = {
        "thread": 1, "state": "RUNNING", "seconds": -3600, "modified": 1, "locked": 0, "query": None,
    }  # fmt: skip
    assert mysql_processes.transactions(Answer(rows=(row,)))[0].seconds == 0


def test_daemons() -> None:
    assert mysql_daemon.daemons(Answer("", status=1)) == ()
    (found,) = mysql_daemon.daemons(Answer("  26779       5 mariadbd\n"))
    assert (found.pid, found.age, found.name) == (26779, 5, "mariadbd")


@pytest.mark.parametrize("answer", [Answer("sh: ps: not found\n", 127), Answer(""), Answer("error: x\n", 1)])
def test_a_host_without_ps_proves_nothing(answer: Answer) -> None:
    with pytest.raises(Unparsable):
        mysql_daemon.daemons(answer)


@pytest.mark.parametrize(("column", "said", "tls"), [
    ("Source_SSL_Allowed", "Yes", True),
    ("Master_SSL_Allowed", "Yes", True),
    ("Master_SSL_Allowed", "Ignored", False),
    ("Source_SSL_Allowed", "No", False),
])  # fmt: skip
def test_whether_a_replica_asks_for_encryption(column: str, said: str, tls: bool) -> None:
    (one,) = mysql_replica.channels(Answer(rows=({"Replica_IO_Running": "Yes", column: said},)))
    assert one.tls is tls
