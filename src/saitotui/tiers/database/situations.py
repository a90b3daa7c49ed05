"""What the database tier can find about servers and replication."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health

SWAP = "swap-db-master"
PROMOTE = "promote-db-replica"
REBUILD = "rebuild-db-replica"
OPEN = "open-db-master"
TURN = "turn-db-haproxy"

MASTER_DEAD = Situation(
    "database.master-dead",
    Health.CRIT,
    "The master is dead",
    "Several vantage points agree: its host or its port says that no server runs, its replica lost it, "
    "HAProxy's checks fail. Nobody can write.",
    "Promote the replica; make sure first that the old master cannot come back writable. If its host is "
    "well and the process only crashed, starting it may be faster and loses nothing.",
    (PROMOTE,),
)
MASTER_UNREACHABLE = Situation(
    "database.master-unreachable",
    Health.UNKNOWN,
    "The master does not answer this console",
    "It may be dead, hung, or only cut off from here. Promoting a replica while it lives makes two masters.",
    "Find out from its host and from HAProxy whether it lives. Promote only when it is proven dead or "
    "fenced.",
    (PROMOTE,),
)
SERVER_DOWN = Situation(
    "database.server-down",
    Health.WARN,
    "A server that is not the master is down",
    "Writes go on, but nothing stands by: the next failure stops them.",
    "Start it, and let it follow the master again; rebuild it when its data is lost or diverged.",
    (REBUILD,),
)
SERVER_UNREACHABLE = Situation(
    "database.server-unreachable",
    Health.UNKNOWN,
    "A server does not answer this console",
    "Nothing is known of it now. If it was master before, it may still believe that it is.",
    "Reach it another way: its host by SSH or console, the network between.",
)
SERVER_REFUSING = Situation(
    "database.server-refusing",
    Health.CRIT,
    "A server runs but turns connections away",
    "It answers with an error at login: too many connections, a blocked host, a shutdown under way. The "
    "application meets the same.",
    "Look at who holds the connections (from its host, by the administrative port or an open session); "
    "free some or raise max_connections. Do not fail over for this alone: the crowd follows.",
    (SWAP,),
)
SERVER_STARTING = Situation(
    "database.server-starting",
    Health.WARN,
    "A server's process is new and does not listen yet",
    "It was started after it last answered, and recovers from its crash: that takes as long as its redo "
    "log is.",
    "Wait and read its error log; it will listen when recovery ends. Do not kill it, do not promote "
    "meanwhile unless waiting costs more.",
)
ACCESS_DENIED = Situation(
    "database.access-denied",
    Health.UNKNOWN,
    "A server refuses this console's account",
    "The server lives, but the console sees nothing of it.",
    "Check user and password of the profile, and that the account may come from where the console connects.",
)
PRIVILEGE_MISSING = Situation(
    "database.privilege-missing",
    Health.UNKNOWN,
    "This console's account lacks a privilege",
    "Part of the picture is missing: what is not shown may be broken.",
    "Run the GRANT that the sentence names, on the master; it replicates.",
)
READING_MISSING = Situation(
    "database.reading-missing",
    Health.UNKNOWN,
    "A server answers, but not to everything",
    "One question hangs, fails, or is answered in a way that this console cannot read. MariaDB before "
    "10.5 and MySQL before 8.0.22 do not know SHOW REPLICA STATUS.",
    "Ask the same by hand (the sentence says what); a hang often means that the thing asked about hangs.",
)
NO_WRITABLE = Situation(
    "database.no-writable",
    Health.CRIT,
    "No server can be written to",
    "All servers answer and all are read-only: every write of the application fails with error 1290. An "
    "interrupted swap, or a reboot with read_only in the configuration, leaves this behind.",
    "Make sure who the master is (who is replicated from), that the others follow it, and set read_only=0 "
    "there.",
    (OPEN, PROMOTE),
)
TWO_MASTERS = Situation(
    "database.two-masters",
    Health.CRIT,
    "Two servers can be written to",
    "Nothing but luck keeps applications from writing to both; rows then exist on one side only and "
    "cannot be merged by the server.",
    "Decide which is master (where HAProxy sends writes), set super_read_only/read_only on the other now, "
    "then compare their transactions.",
    (REBUILD,),
)
SPLIT_BRAIN = Situation(
    "database.split-brain-diverged",
    Health.CRIT,
    "The data of two writable servers has diverged",
    "Each holds transactions that the other lacks. No replication setting repairs that.",
    "Stop writes to one side, save its own transactions from its binary log, then rebuild it from the other.",
    (REBUILD,),
)
READ_ONLY_NOT_SET = Situation(
    "database.read-only-not-set",
    Health.WARN,
    "A replica can be written to",
    "It follows the master, but a client that connects past HAProxy (or a failback) can write to it and "
    "make it diverge.",
    "SET GLOBAL read_only=1 (MySQL: super_read_only=1) there, and in its configuration.",
)
NOT_CONFIGURED = Situation(
    "database.replication-not-configured",
    Health.CRIT,
    "A server follows nobody",
    "It is read-only and has no source: it is no standby and grows older with every second.",
    "Attach it to the master if its transactions are a part of the master's; else rebuild it.",
    (REBUILD,),
)
OLD_MASTER_UNATTACHED = Situation(
    "database.old-master-unattached",
    Health.CRIT,
    "A former master is back and follows nobody",
    "It wrote transactions of its own before. Those that never reached the new master keep it from "
    "following.",
    "Compare its transactions with the master's, save what only it has, then re-attach or rebuild it.",
    (REBUILD,),
)
MASTER_FOLLOWS = Situation(
    "database.master-follows",
    Health.WARN,
    "The master still follows the one that it took over from",
    "A swap was given up half-way. What the other server still writes, or has kept to itself, would arrive "
    "on the master, or stop its replication.",
    "Bring the other server back as its replica: that detaches the master first.",
    (REBUILD,),
)
WRONG_SOURCE = Situation(
    "database.replica-wrong-source",
    Health.CRIT,
    "A replica follows someone who is not the master",
    "What is written to the master never arrives there.",
    "Point it to the master (CHANGE MASTER / CHANGE REPLICATION SOURCE) after comparing transactions.",
    (REBUILD,),
)
REPLICA_STOPPED = Situation(
    "database.replica-stopped",
    Health.CRIT,
    "Replication stands still: both threads are stopped",
    "Nobody reported an error: someone stopped it, or it was never started after a restart "
    "(skip_slave_start, skip_replica_start).",
    "Find out who stopped it and why (journal, chat); then START REPLICA.",
)
IO_STOPPED = Situation(
    "database.replica-io-stopped",
    Health.CRIT,
    "A replica does not fetch",
    "Its IO thread is stopped: what the master commits now exists on the master only.",
    "START REPLICA IO_THREAD, unless someone stopped it on purpose.",
)
IO_CONNECTING = Situation(
    "database.replica-io-connecting",
    Health.CRIT,
    "A replica cannot reach its source",
    "Its IO thread tries again and again: the source is dead, its address is wrong, or a firewall stands "
    "between.",
    "Look at the source first. If it is well: address and port of the source, the network from the "
    "replica's host.",
)
IO_AUTH = Situation(
    "database.replica-io-auth",
    Health.CRIT,
    "The master refuses the replication account",
    "User, password or allowed host of the replication account does not fit (error 1045; MySQL also 2061: "
    "caching_sha2_password needs TLS or GET_SOURCE_PUBLIC_KEY=1).",
    "Set the account's password on both sides alike; check from which address the replica comes.",
)
IO_DIVERGED = Situation(
    "database.replica-io-diverged",
    Health.CRIT,
    "A replica has transactions that the master lacks",
    "The master refuses to feed it (error 1236): the replica is ahead, or on another branch of history.",
    "Save the replica's own transactions from its binary log, show them to the application's owner, "
    "rebuild it.",
    (REBUILD,),
)
IO_PURGED = Situation(
    "database.replica-io-purged",
    Health.CRIT,
    "The master no longer has the binary logs that a replica needs",
    "They were purged (error 1236): the replica can never catch up by itself.",
    "Rebuild it; then keep binary logs longer than the longest outage (binlog_expire_logs_seconds).",
    (REBUILD,),
)
IO_ERROR = Situation(
    "database.replica-io-error",
    Health.CRIT,
    "A replica's IO thread failed",
    "It stopped with an error that is neither login, network nor lost logs.",
    "Read the error; equal server ids, max_allowed_packet and checksums are the usual ones.",
)
SQL_STOPPED = Situation(
    "database.replica-sql-stopped",
    Health.CRIT,
    "A replica does not apply",
    "It fetches but its SQL thread is stopped without an error: it loses nothing, but grows older.",
    "START REPLICA SQL_THREAD, unless someone stopped it on purpose (a backup).",
)
SQL_ERROR = Situation(
    "database.replica-sql-error",
    Health.CRIT,
    "A replica cannot apply a transaction",
    "Its data differs from the master's: a row exists already (1062), is missing (1032), or the order of "
    "transactions is broken (1950). Skipping makes it differ more.",
    "Find out who wrote to the replica. Repair the row only if you know the whole difference; else rebuild.",
    (REBUILD,),
)
LAGGING = Situation(
    "database.replica-lagging",
    Health.WARN,
    "A replica is behind",
    "Readers see old data, and promoting it takes as long as it needs to catch up.",
    "Look at what it applies (a long transaction, DDL), its disk, slave_parallel_threads / "
    "replica_parallel_workers. Do not swap masters now.",
)
DELAYED = Situation(
    "database.replica-delayed",
    Health.WARN,
    "A replica is delayed on purpose",
    "Someone configured a delay. Promoting it means waiting, or losing what it has not applied.",
    "If it is the only standby, remove the delay: STOP REPLICA SQL_THREAD; CHANGE ... MASTER_DELAY / "
    "SOURCE_DELAY = 0.",
)
ERRANT = Situation(
    "database.errant-transactions",
    Health.WARN,
    "A replica has transactions that the master never had",
    "Somebody wrote to it. When it becomes master, the others cannot follow it any more.",
    "Look at them in its binary log. Harmless ones can be injected empty on the master; else rebuild it.",
    (REBUILD,),
)
FILTERED = Situation(
    "database.replica-filters",
    Health.WARN,
    "A replica leaves things out",
    "Replication filters are set: it is not a full copy and cannot become master without loss.",
    "Remove the filters and rebuild it, or do not count it as a standby.",
    (REBUILD,),
)
SEMISYNC_OFF = Situation(
    "database.semisync-off",
    Health.WARN,
    "Semi-synchronous replication is switched off",
    "The profile expects it. Commits do not wait for the replica: when the master dies, the last ones are "
    "lost.",
    "SET GLOBAL rpl_semi_sync_master_enabled=1 (MySQL: rpl_semi_sync_source_enabled=1) on the master, and "
    "in the configuration.",
)
SEMISYNC_DEGRADED = Situation(
    "database.semisync-degraded",
    Health.WARN,
    "Commits no longer wait for a replica",
    "The master fell back to asynchronous replication, or no replica confirms (status ON with no client "
    "counts as none): when it dies now, what was just committed is lost.",
    "Bring the replica's IO thread back; check rpl_semi_sync_slave_enabled / rpl_semi_sync_replica_enabled "
    "there.",
)
SEMISYNC_BLOCKED = Situation(
    "database.semisync-blocked",
    Health.CRIT,
    "Commits hang: they wait for a replica that does not confirm",
    "Each commit waits rpl_semi_sync_*_timeout; without a replica and with wait_no_slave / "
    "wait_no_replica ON that holds for the first ones after every start.",
    "Bring the replica back, or switch semi-sync off on the master: SET GLOBAL "
    "rpl_semi_sync_master_enabled=0 (MySQL: rpl_semi_sync_source_enabled=0).",
)
SEMISYNC_ON_REPLICA = Situation(
    "database.semisync-on-replica",
    Health.WARN,
    "The replica itself waits for a replica",
    "Its semi-sync master side is on and waits even without a replica: its SQL thread pauses for the "
    "timeout at every fall-back, and a swap takes that much longer.",
    "Switch the master side off on the replica; set wait_no_slave / wait_no_replica to OFF on both.",
)

SERVER_SITUATIONS = (
    MASTER_DEAD,
    MASTER_UNREACHABLE,
    SERVER_DOWN,
    SERVER_UNREACHABLE,
    SERVER_REFUSING,
    SERVER_STARTING,
    ACCESS_DENIED,
    PRIVILEGE_MISSING,
    READING_MISSING,
    NO_WRITABLE,
    TWO_MASTERS,
    SPLIT_BRAIN,
    READ_ONLY_NOT_SET,
    NOT_CONFIGURED,
    OLD_MASTER_UNATTACHED,
    MASTER_FOLLOWS,
    WRONG_SOURCE,
    REPLICA_STOPPED,
    IO_STOPPED,
    IO_CONNECTING,
    IO_AUTH,
    IO_DIVERGED,
    IO_PURGED,
    IO_ERROR,
    SQL_STOPPED,
    SQL_ERROR,
    LAGGING,
    DELAYED,
    ERRANT,
    FILTERED,
    SEMISYNC_OFF,
    SEMISYNC_DEGRADED,
    SEMISYNC_BLOCKED,
    SEMISYNC_ON_REPLICA,
)
