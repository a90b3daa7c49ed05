"""What can be found about the pair's nodes, its cluster manager and what it serves."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health
from saitotui.tiers.storage.situations_drbd import DRBD

BLIND = Situation(
    "storage.blind",
    Health.UNKNOWN,
    "No storage node answers this console",
    "Either both are gone, or this console is cut off. Nothing is known of DRBD, heartbeat or NFS.",
    "Look from another place before acting: clients that still work prove that the pair does.",
)
NODE_UNREACHABLE = Situation(
    "storage.node-unreachable",
    Health.UNKNOWN,
    "A storage node does not answer this console",
    "It may be dead or only cut off; from here nobody can tell. The other node's view is no proof either.",
    "Find out its power state (hypervisor, Robot) before anything is promoted by hand.",
    ("fail-over-drbd",),
)
UNREADABLE = Situation(
    "storage.unreadable",
    Health.UNKNOWN,
    "A storage node does not tell all",
    "The node answers, but something that a judgement rests on cannot be read.",
    "Check the rights of this console's account and that the programs exist on the node.",
)
MANAGER_SILENT = Situation(
    "storage.manager-silent",
    Health.UNKNOWN,
    "The cluster manager does not answer",
    "Whether it would take over is not known.",
    "Ask it on the node (`cl_status hbstatus`, `crm_mon -1`); a manager that hangs does not take over.",
)
HEARTBEAT_STOPPED = Situation(
    "storage.heartbeat-stopped",
    Health.WARN,
    "heartbeat is stopped on a node",
    "This node takes nothing over, and the other one is alone.",
    "Start it when DRBD is well on this node. After a healed partition heartbeat may have ended by itself.",
    ("rejoin-drbd-node",),
)
HEARTBEAT_STOPPED_BOTH = Situation(
    "storage.heartbeat-stopped-both",
    Health.CRIT,
    "heartbeat is stopped on both nodes",
    "Nobody takes over and nobody starts the service. A healed partition can end it on both.",
    "Settle DRBD first (split brain?), then start heartbeat on the node that is to be active.",
    ("fail-over-drbd",),
)
PEER_DEAD = Situation(
    "storage.heartbeat-peer-dead",
    Health.WARN,
    "The cluster manager calls a node dead",
    "It hears nothing from it. Dead and cut off look the same from there.",
    "Find out its power state. Bring it back when it is known why it went.",
    ("rejoin-drbd-node",),
)
PARTITIONED = Situation(
    "storage.partitioned",
    Health.CRIT,
    "The nodes cannot hear each other, and both live",
    "Each takes the other for dead: the next step is that both are active.",
    "Repair the network between them. Until then see to it that only one serves.",
    ("resolve-split-brain",),
)
LINK_DOWN = Situation(
    "storage.heartbeat-link-down",
    Health.WARN,
    "A heartbeat link is down",
    "With the last link gone both nodes become active.",
    "Check cable, switch and firewall (UDP 694) of this link.",
)
PING_LOST = Situation(
    "storage.heartbeat-ping-lost",
    Health.WARN,
    "A node does not reach its ping address",
    "heartbeat uses it to tell whose network is broken; ipfail may move the service.",
    "Check the node's network, then the address itself.",
)
TAKEOVER_LOST = Situation(
    "storage.takeover-lost",
    Health.CRIT,
    "A takeover began and never ended",
    "heartbeat stays in transition with nothing running: it has lost its own message and will not go on.",
    "Take over on the survivor once the other node is proven off; heartbeat is told at the end.",
    ("fail-over-drbd",),
)
TAKEOVER_UNENDED = Situation(
    "storage.takeover-unended",
    Health.WARN,
    "heartbeat does not know that its takeover is over",
    "The export is served, but heartbeat stays in transition: it hears no hb_standby and no hb_takeover.",
    "Tell it, once the other node is back.",
    ("rejoin-drbd-node",),
)
TAKEOVER_RUNNING = Situation(
    "storage.takeover-running",
    Health.WARN,
    "Resources are on the move",
    "heartbeat is in transition: a switch or a takeover runs. It takes 7 to 25 seconds.",
    "Wait for its end. Two hands at once make it worse.",
)
NOT_RUNNING = Situation(
    "storage.resources-not-running",
    Health.CRIT,
    "The cluster manager runs, the service does not",
    "Nobody holds the resources although a manager is alive.",
    "Read its log for a resource that failed to start; take over on the node with good data.",
    ("fail-over-drbd",),
)
BELIEF_WRONG = Situation(
    "storage.heartbeat-belief-wrong",
    Health.WARN,
    "heartbeat believes in resources that it does not have",
    "It says that it holds all, but DRBD here is not Primary: it does not repair what it thinks runs.",
    "Trust DRBD, mount and address. Give the resources up (`hb_standby`) and take them again.",
    ("fail-over-drbd",),
)
PACEMAKER_DOWN = Situation(
    "storage.pacemaker-down",
    Health.WARN,
    "pacemaker does not run on a node",
    "This node takes nothing over.",
    "Start corosync and pacemaker there when DRBD is well.",
    ("rejoin-drbd-node",),
)
PACEMAKER_NO_QUORUM = Situation(
    "storage.pacemaker-no-quorum",
    Health.CRIT,
    "pacemaker has no quorum",
    "Unless told to ignore it, it stops everything or starts nothing.",
    "Bring the other node or its corosync network back.",
)
PACEMAKER_MAINTENANCE = Situation(
    "storage.pacemaker-maintenance",
    Health.MAINT,
    "pacemaker is in maintenance",
    "It watches and repairs nothing, and does not take over.",
    "End it when the work is done (`crm configure property maintenance-mode=false`).",
)
PACEMAKER_STANDBY = Situation(
    "storage.pacemaker-standby",
    Health.WARN,
    "A node is in standby",
    "Nothing runs there, DRBD included: there is no second copy that keeps up.",
    "`crm node online` when the work is done.",
    ("rejoin-drbd-node",),
)
PACEMAKER_FAILED = Situation(
    "storage.pacemaker-failed-action",
    Health.WARN,
    "pacemaker records a failed action",
    "A resource failed; after migration-threshold failures it moves, or is not started again.",
    "Find the reason, then clean up (`crm resource cleanup`).",
)
MOUNT_MISSING = Situation(
    "storage.mount-missing",
    Health.CRIT,
    "The file system is not mounted on the Primary",
    "Clients get errors or an empty directory.",
    "Look why the mount failed (journal recovery, busy device); mount it through the cluster manager.",
    ("fail-over-drbd",),
)
EXPORT_MISSING = Situation(
    "storage.export-missing",
    Health.CRIT,
    "The directory is not exported",
    "It is mounted, but NFS clients are refused.",
    "`exportfs -ra`; compare /etc/exports of both nodes.",
)
NFSD_DOWN = Situation(
    "storage.nfsd-down",
    Health.CRIT,
    "nfsd does not run on the active node",
    "Clients hang until it comes back.",
    "Start the NFS server there, through the cluster manager.",
)
IP_NOBODY = Situation(
    "storage.floating-ip-nobody",
    Health.CRIT,
    "Nobody holds the floating IP",
    "Clients cannot reach the export.",
    "Let the cluster manager bring it up on the Primary.",
    ("fail-over-drbd",),
)
IP_TWO = Situation(
    "storage.floating-ip-two",
    Health.CRIT,
    "Two nodes hold the floating IP",
    "Clients reach one or the other by chance, and may write to both.",
    "Take it down on the node that is to give up, at once.",
    ("resolve-split-brain",),
)
IP_ELSEWHERE = Situation(
    "storage.floating-ip-elsewhere",
    Health.CRIT,
    "The floating IP is not on the Primary",
    "Clients reach the node that has no data.",
    "Move the address to the Primary, through the cluster manager.",
    ("fail-over-drbd",),
)
SPACE_LOW = Situation(
    "storage.space-low",
    Health.WARN,
    "The exported file system fills up",
    "The limit of the profile is passed.",
    "Find what grows; clean up or enlarge the volume.",
    ("grow-drbd-volume",),
)
SPACE_CRITICAL = Situation(
    "storage.space-critical",
    Health.CRIT,
    "The exported file system is nearly full",
    "Writes will fail soon, on every client.",
    "Free space now; then enlarge the volume.",
    ("grow-drbd-volume",),
)
CLIENTS_MISSING = Situation(
    "storage.clients-missing",
    Health.WARN,
    "An expected client does not use the export",
    "It is down, does not mount it, or hangs.",
    "Look at the mount on the client.",
)

SITUATIONS = (
    BLIND,
    NODE_UNREACHABLE,
    UNREADABLE,
    *DRBD,
    MANAGER_SILENT,
    HEARTBEAT_STOPPED,
    HEARTBEAT_STOPPED_BOTH,
    PEER_DEAD,
    PARTITIONED,
    LINK_DOWN,
    PING_LOST,
    TAKEOVER_LOST,
    TAKEOVER_RUNNING,
    NOT_RUNNING,
    BELIEF_WRONG,
    PACEMAKER_DOWN,
    PACEMAKER_NO_QUORUM,
    PACEMAKER_MAINTENANCE,
    PACEMAKER_STANDBY,
    PACEMAKER_FAILED,
    MOUNT_MISSING,
    EXPORT_MISSING,
    NFSD_DOWN,
    IP_NOBODY,
    IP_TWO,
    IP_ELSEWHERE,
    SPACE_LOW,
    SPACE_CRITICAL,
    CLIENTS_MISSING,
)
