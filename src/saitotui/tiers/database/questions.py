"""What is asked of database servers and balancers. All statements work on MariaDB 10.6+ and MySQL 8.0 to 9.x;
the account needs PROCESS, and SLAVE MONITOR and BINLOG MONITOR (MariaDB) or REPLICATION CLIENT (MySQL)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.facts import haproxy, mysql
from saitotui.model.command import Answer, Client, Command, Question, Unparsable
from saitotui.model.profile import Profile

VARIABLES = (
    "binlog_format gtid_binlog_pos gtid_binlog_state gtid_current_pos gtid_executed gtid_mode gtid_slave_pos "
    "gtid_strict_mode innodb_flush_log_at_trx_commit log_bin log_replica_updates log_slave_updates "
    "max_connections read_only rpl_semi_sync_master_enabled rpl_semi_sync_master_timeout "
    "rpl_semi_sync_master_wait_no_slave rpl_semi_sync_source_enabled rpl_semi_sync_source_timeout "
    "rpl_semi_sync_source_wait_no_replica server_id server_uuid super_read_only sync_binlog version"
).split()

STATUS = (
    "Aborted_connects Com_commit Connections Questions Rpl_semi_sync_master_clients Rpl_semi_sync_master_status "
    "Rpl_semi_sync_master_wait_sessions Rpl_semi_sync_source_clients Rpl_semi_sync_source_status "
    "Rpl_semi_sync_source_wait_sessions Threads_connected Threads_running Uptime"
).split()

TRANSACTIONS = (
    "SELECT trx_mysql_thread_id AS thread, trx_state AS state, "
    "TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS seconds, trx_rows_modified AS modified, "
    "LEFT(COALESCE(trx_query, ''), 200) AS query "
    "FROM information_schema.innodb_trx ORDER BY trx_started LIMIT 5"
)

PROCESS = "pgrep -x mariadbd || pgrep -x mysqld || echo none"


def _named(verb: str, names: list[str]) -> str:
    return f"SHOW GLOBAL {verb} WHERE Variable_name IN ({', '.join(repr(name) for name in names)})"


@dataclass(frozen=True, slots=True)
class ServerQuestions:
    """Everything asked about one server."""

    variables: Question[Mapping[str, str]]
    status: Question[Mapping[str, str]]
    replica: Question[mysql.ReplicaStatus | None]
    processes: Question[tuple[mysql.Process, ...]]
    transactions: Question[tuple[mysql.Transaction, ...]]
    alive: Question[bool]
    """By SSH: whether a server process runs on its host."""


@dataclass(frozen=True, slots=True)
class BalancerQuestions:
    """Everything asked of one HAProxy node."""

    stats: Question[tuple[haproxy.ServerStat, ...]]
    info: Question[haproxy.Info]


def server_questions(profile: Profile, name: str) -> ServerQuestions:
    assert profile.database is not None
    every = profile.poll

    def sql(text: str) -> Command:
        return Command(Client.MYSQL, name, text)

    def key(what: str) -> str:
        return f"database/{name}/{what}"

    host = profile.database.servers[name].host
    process = Command(Client.SSH, host, PROCESS)
    show, rows = sql("SHOW REPLICA STATUS"), sql("SHOW FULL PROCESSLIST")
    return ServerQuestions(
        Question(key("variables"), name, sql(_named("VARIABLES", VARIABLES)), mysql.named_values, every),
        Question(key("status"), name, sql(_named("STATUS", STATUS)), mysql.named_values, every),
        Question(key("replica"), name, show, mysql.replica_status, every),
        Question(key("processes"), name, rows, mysql.processes, every),
        Question(key("transactions"), name, sql(TRANSACTIONS), mysql.transactions, every * 2),
        Question(key("process"), name, process, process_runs, every * 2),
    )


def balancer_questions(profile: Profile, name: str) -> BalancerQuestions:
    def line(text: str) -> Command:
        return Command(Client.HAPROXY, name, text)

    return BalancerQuestions(
        Question(f"database/{name}/stat", name, line("show stat"), haproxy.server_stats, profile.poll),
        Question(f"database/{name}/info", name, line("show info"), haproxy.info, profile.poll * 5),
    )


def process_runs(answer: Answer) -> bool:
    """Whether `pgrep` printed a process number."""
    lines = answer.text.split()
    if lines == ["none"]:
        return False
    if lines and all(word.isdigit() for word in lines):
        return True
    raise Unparsable(f"pgrep answered {answer.text[:80]!r}")
