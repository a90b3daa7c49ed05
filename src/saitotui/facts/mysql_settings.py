"""How a MariaDB or MySQL server is set, as far as two servers that change places must be alike.

Server System Variables (MariaDB Knowledge Base, MySQL Reference Manual). What a server does not have is left
out of the answer; the two dialects name a few things differently.
"""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.facts.mysql import named
from saitotui.model.command import Answer
from saitotui.model.text import one_line

ALIKE = (
    "sql_mode", "character_set_server", "collation_server", "time_zone", "lower_case_table_names",
    "max_allowed_packet", "explicit_defaults_for_timestamp", "transaction_isolation", "tx_isolation",
)  # fmt: skip
"""A statement that works on one server fails on, or means something else to, another that differs here."""
LOGGED = ("binlog_format", "binlog_row_image", "gtid_mode", "enforce_gtid_consistency", "gtid_strict_mode")
"""What replicas and tools expect of the binary log."""
_OTHERS = (
    "version", "log_bin", "log_slave_updates", "log_replica_updates", "server_id", "sync_binlog", "datadir",
    "innodb_flush_log_at_trx_commit", "innodb_buffer_pool_size", "max_connections",
)  # fmt: skip

SHOW_SETTINGS = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN "
    f"({', '.join(repr(name) for name in (*ALIKE, *LOGGED, *_OTHERS))})"
)


def settings(answer: Answer) -> Mapping[str, str]:
    """Reads the answer to `SHOW_SETTINGS`: value by name, each as one line of text."""
    return {name: one_line(value, limit=400) for name, value in named(answer).items()}
