"""What the database tier can find about use of the servers, and about HAProxy."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health
from saitotui.tiers.database.situations import PROMOTE, SERVER_SITUATIONS, SWAP, TURN

CONNECTIONS_HIGH = Situation(
    "database.connections-high",
    Health.WARN,
    "A server runs out of connections",
    "At max_connections every new one is refused with error 1040; pools then retry and make it worse.",
    "See who holds them (processes), kill what is idle in a transaction; raise max_connections only if "
    "memory allows.",
)
LONG_TRANSACTION = Situation(
    "database.long-transaction",
    Health.WARN,
    "A transaction that changed or locked rows is open for long",
    "Others wait for its locks; a swap of masters cuts it and rolls it back, which can take as long as it "
    "ran.",
    "Find its owner; end it (COMMIT there, or KILL its connection) before any planned work.",
)
FREEZE_WAITING = Situation(
    "database.freeze-waiting",
    Health.CRIT,
    "A freeze waits for a long statement, and every writer waits behind it",
    "FLUSH TABLES WITH READ LOCK or SET GLOBAL read_only queues behind a running statement; new writes "
    "queue behind the freeze: the platform stands still without being frozen.",
    "KILL QUERY the freezing statement (writers go on at once), end the long one, then freeze again with a "
    "short lock_wait_timeout.",
)
FROZEN = Situation(
    "database.frozen",
    Health.CRIT,
    "Writers are blocked: somebody holds the global read lock",
    "A backup or an interrupted swap took FLUSH TABLES WITH READ LOCK (or BACKUP STAGE) and has not let "
    "go. The lock ends with the connection that holds it.",
    "Find the holder among the idle connections (backup, mysqldump, a forgotten shell) and KILL it.",
)
METADATA_LOCKS = Situation(
    "database.metadata-lock-queue",
    Health.CRIT,
    "Statements queue behind a schema change",
    "An ALTER or DROP waits for a transaction that used the table, and everything that needs the table "
    "waits behind it.",
    "KILL QUERY the schema change (the queue dissolves), end the old transaction, then change the schema "
    "again with a short lock_wait_timeout.",
)
BYPASSING = Situation(
    "database.bypassing-clients",
    Health.WARN,
    "Clients write to the master past HAProxy",
    "They do not move when the master does: after a swap they write to a read-only server, or to the "
    "wrong one.",
    "Point them to HAProxy; or list them in the profile (direct_clients) if they may.",
)
EVENTS_ON_REPLICA = Situation(
    "database.events-on-replica",
    Health.WARN,
    "Scheduled events run on a replica too",
    "They are ENABLED and the scheduler is on: with a privileged definer they write past read_only and "
    "make the replica diverge.",
    "ALTER EVENT ... DISABLE ON SLAVE (MySQL: DISABLE ON REPLICA) there.",
)
VERSION_MIXED = Situation(
    "database.version-mixed",
    Health.WARN,
    "A replica is older than its master, or of another make",
    "Replicating from a newer to an older version is not supported and breaks at the first thing that is "
    "new.",
    "Upgrade the replica first, always; then swap masters.",
)
SERVER_ID_DUPLICATE = Situation(
    "database.server-id-duplicate",
    Health.CRIT,
    "Two servers have the same identity",
    "Replicas take each other's events for their own and drop them silently; the source cuts their "
    "connections.",
    "Give each its own server_id (and on MySQL remove a copied auto.cnf), then rebuild the replica.",
)
BINLOG_OFF = Situation(
    "database.binlog-off",
    Health.WARN,
    "A server could not be followed if it became master",
    "Its binary log is off, or it does not log what it replicates (log_slave_updates / log_replica_updates).",
    "Switch it on in its configuration; that needs a restart.",
)
HAPROXY_DOWN = Situation(
    "database.haproxy-down",
    Health.CRIT,
    "An HAProxy does not run",
    "Its host answers, its runtime API refuses: applications that use this node have no database.",
    "Read its journal on the host, check the configuration (haproxy -c -f), start it.",
)
HAPROXY_UNREACHABLE = Situation(
    "database.haproxy-unreachable",
    Health.UNKNOWN,
    "An HAProxy does not answer this console",
    "Where it sends writes is not known. After a change of masters it may still use the old one.",
    "Reach its host another way; do not change masters while a node cannot be asked.",
)
HAPROXY_UNREADABLE = Situation(
    "database.haproxy-unreadable",
    Health.UNKNOWN,
    "An HAProxy answers, but not with what was asked",
    "The runtime API refused, or answered something that this console cannot read.",
    "Check that the profile names the runtime socket (stats socket ... level admin) and not the "
    "statistics page.",
)
HAPROXY_BACKEND_MISSING = Situation(
    "database.haproxy-backend-missing",
    Health.CRIT,
    "An HAProxy has no write backend",
    "The backend that the profile names is not in its running configuration: applications cannot write "
    "through this node, or do so through another one.",
    "Compare the configurations of all nodes; correct the profile's write_backend if that is what differs.",
)
HAPROXY_NO_SERVER = Situation(
    "database.haproxy-no-server",
    Health.CRIT,
    "An HAProxy has no server to send writes to",
    "Every server of its write backend is down or in maintenance: connections are refused.",
    "Look at the master first. If it is well, set it ready on this node: set server BACKEND/SERVER state "
    "ready.",
    (TURN, PROMOTE),
)
HAPROXY_DISAGREE = Situation(
    "database.haproxy-disagree",
    Health.CRIT,
    "HAProxy nodes send writes to different servers",
    "Part of the application writes to one server and part to another: this is how data splits.",
    "Take the wrong server out on the node that differs, and cut its sessions: set server ... state maint; "
    "shutdown sessions server ...",
    (TURN,),
)
HAPROXY_WRONG_MASTER = Situation(
    "database.haproxy-wrong-master",
    Health.CRIT,
    "An HAProxy sends writes to a server that is not the master",
    "They fail there, or worse: succeed.",
    "Set the master ready and the other to maintenance on this node, then cut the old sessions.",
    (TURN,),
)
HAPROXY_READ_ONLY = Situation(
    "database.haproxy-read-only-server",
    Health.CRIT,
    "An HAProxy sends writes to a read-only server and calls it UP",
    "option mysql-check only logs in: it does not know read_only. Every write fails with error 1290.",
    "Bring writes to the writable server; let the check ask read_only (tcp-check or agent-check).",
    (TURN,),
)
HAPROXY_SPREADS = Situation(
    "database.haproxy-spreads-writes",
    Health.CRIT,
    "An HAProxy spreads writes over several servers",
    "More than one server of the write backend takes new sessions at the same time.",
    "Leave exactly one ready: set server ... state maint for the others, and cut their sessions.",
    (TURN,),
)
HAPROXY_FAILBACK = Situation(
    "database.haproxy-failback-trap",
    Health.WARN,
    "HAProxy switches writes by itself, and back again",
    "A `backup` server takes over when the check of the first fails, and loses the traffic the moment the "
    "first one answers again, whoever is master by then: measured, both sides then hold thousands of rows "
    "of their own.",
    "Keep exactly one server ready and the other `disabled`, and let a runbook switch; with a state file "
    "so that a reload does not undo it.",
    (SWAP,),
)
HAPROXY_SERVER_DOWN = Situation(
    "database.haproxy-server-down",
    Health.WARN,
    "An HAProxy calls a server down that answers",
    "Its check fails although the server answers this console: the network between them, the check's "
    "account, or a check that the server cannot answer (mysql-check against MySQL 8.4).",
    "Connect by hand from that node with the check's account.",
)
HAPROXY_FORGOTTEN = Situation(
    "database.haproxy-maintenance-forgotten",
    Health.WARN,
    "A server was taken out of HAProxy by hand long ago",
    "It is well, but gets no traffic: reads have lost a server.",
    "If nobody works on it any more: set server ... state ready.",
)
HAPROXY_VOLATILE = Situation(
    "database.haproxy-state-volatile",
    Health.WARN,
    "A reload of HAProxy would undo a change that was made at run time",
    "Its running state differs from what configuration and state file say: after a reload or restart "
    "writes go where the files say.",
    "Write the state now (show servers state > the server-state-file) and set "
    "load-server-state-from-file; or change the configuration.",
)
HAPROXY_STALE_SESSIONS = Situation(
    "database.haproxy-stale-sessions",
    Health.WARN,
    "Old sessions still go to a server that HAProxy took out",
    "Maintenance stops new sessions only: pooled connections go on using the old server.",
    "shutdown sessions server BACKEND/SERVER on this node; set on-marked-down shutdown-sessions.",
)
HAPROXY_NAME = Situation(
    "database.haproxy-name-misleads",
    Health.WARN,
    "A server's name in HAProxy does not fit its address",
    "It is named after one server and leads to another: whoever reads the state is misled.",
    "Set the addresses back (set server ... addr) or correct the profile.",
)
HAPROXY_UNKNOWN_SERVER = Situation(
    "database.haproxy-unknown-server",
    Health.WARN,
    "An HAProxy sends writes to a server that the profile does not name",
    "This console does not know what it is and whether it may be written to.",
    "Add it to the profile, or take it out of the backend.",
)
HAPROXY_STOPPING = Situation(
    "database.haproxy-stopping",
    Health.WARN,
    "The HAProxy process that answers is an old one that ends",
    "After a reload the old process keeps its sessions until they close; the new one does not answer on "
    "this socket.",
    "Look at all HAProxy processes of the host; set hard-stop-after; expose-fd listeners on the socket.",
)
HAPROXY_SESSIONS = Situation(
    "database.haproxy-sessions-high",
    Health.WARN,
    "An HAProxy runs out of sessions",
    "At its limit new connections queue, and time out there.",
    "Find who holds them; raise maxconn together with the server's max_connections.",
)

SITUATIONS = (
    *SERVER_SITUATIONS,
    CONNECTIONS_HIGH,
    LONG_TRANSACTION,
    FREEZE_WAITING,
    FROZEN,
    METADATA_LOCKS,
    BYPASSING,
    EVENTS_ON_REPLICA,
    VERSION_MIXED,
    SERVER_ID_DUPLICATE,
    BINLOG_OFF,
    HAPROXY_DOWN,
    HAPROXY_UNREACHABLE,
    HAPROXY_UNREADABLE,
    HAPROXY_BACKEND_MISSING,
    HAPROXY_NO_SERVER,
    HAPROXY_DISAGREE,
    HAPROXY_WRONG_MASTER,
    HAPROXY_READ_ONLY,
    HAPROXY_SPREADS,
    HAPROXY_FAILBACK,
    HAPROXY_SERVER_DOWN,
    HAPROXY_FORGOTTEN,
    HAPROXY_VOLATILE,
    HAPROXY_STALE_SESSIONS,
    HAPROXY_NAME,
    HAPROXY_UNKNOWN_SERVER,
    HAPROXY_STOPPING,
    HAPROXY_SESSIONS,
)
