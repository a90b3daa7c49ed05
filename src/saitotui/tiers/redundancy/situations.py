"""What can be found only by looking across tiers."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health

CUT_OFF = Situation(
    "platform.console-cut-off",
    Health.UNKNOWN,
    "This console sees (almost) nothing",
    "When everything stops answering at once, it is the console's own network, name service or login that "
    "broke, not the whole platform: nothing that is shown can be trusted either way.",
    "Check this machine: network, VPN, DNS, SSH agent. Log in from another place before touching anything.",
)
DATABASE_NO_STANDBY = Situation(
    "redundancy.database-no-standby",
    Health.WARN,
    "The database has no standby",
    "No replica could take over: if the master is lost now, writes stop, and data may be lost.",
    "Bring a replica back before anything else is done to the master.",
    ("rebuild-db-replica",),
)
STORAGE_NO_STANDBY = Situation(
    "redundancy.storage-no-standby",
    Health.WARN,
    "The storage pair has no standby",
    "Only one node has good data and can serve it: a second failure stops all NFS clients.",
    "Bring the peer back and let it resync; do not fail over meanwhile.",
    ("fail-over-drbd",),
)
APPLICATION_SINGLE = Situation(
    "redundancy.application-single",
    Health.WARN,
    "One application server is left",
    "Every request and every session depends on one Tomcat: when it stops, users are logged out and served "
    "nothing.",
    "Bring another Tomcat back and wait until it is a member of the cluster.",
)
WEB_SINGLE = Situation(
    "redundancy.web-single",
    Health.WARN,
    "One web server is left",
    "All traffic passes one nginx of those that the profile expects.",
    "Bring the other nginx back.",
)
PROXY_SINGLE = Situation(
    "redundancy.proxy-single",
    Health.WARN,
    "One HAProxy node is left",
    "All database traffic passes one HAProxy node: when it stops, the application loses its database.",
    "Bring the other HAProxy node back.",
)
CLUSTER_NO_MARGIN = Situation(
    "redundancy.cluster-no-margin",
    Health.WARN,
    "The cluster cannot lose another node",
    "One more lost node takes quorum away: HA stops restarting guests and running nodes reset themselves.",
    "Bring a node back; postpone every restart and migration that can wait.",
)
CLUSTER_NO_ROOM = Situation(
    "redundancy.cluster-no-room",
    Health.WARN,
    "The guests of a node fit nowhere else",
    "If that node dies, the others have not enough free memory for the guests that HA would restart.",
    "Move or shrink guests, or add memory.",
)
SHARED_HOST = Situation(
    "redundancy.shared-host",
    Health.WARN,
    "Both halves of a pair run on one machine",
    "The pair protects against the loss of a machine, and one machine carries both: it protects against "
    "nothing.",
    "Migrate one of the guests to another cluster node, and keep them apart by an HA rule.",
)
UNKNOWN = Situation(
    "redundancy.unknown",
    Health.UNKNOWN,
    "What stops if some nodes die cannot be told",
    "It depends on nodes of which nobody knows how they are, or which contradict each other.",
    "Deal with what is unknown about them first; until then treat them as the last ones left.",
)

SITUATIONS = (
    CUT_OFF,
    UNKNOWN,
    DATABASE_NO_STANDBY,
    STORAGE_NO_STANDBY,
    APPLICATION_SINGLE,
    WEB_SINGLE,
    PROXY_SINGLE,
    CLUSTER_NO_MARGIN,
    CLUSTER_NO_ROOM,
    SHARED_HOST,
)
