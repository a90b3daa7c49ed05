"""Everything that the cluster tier can find."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health

NODE_OFFLINE = Situation(
    "cluster.node-offline",
    Health.CRIT,
    "A node left the cluster",
    "The quorate part of the cluster no longer hears the node. It may be dead or only cut off; HA fences it "
    "before its guests start elsewhere.",
    "Watch the fencing countdown. Do not start its guests by hand: two running copies destroy data. A rented "
    "machine that hangs or is off can be reset.",
    ("reset-server",),
)
NODE_MISSING = Situation(
    "cluster.node-missing",
    Health.CRIT,
    "A node of the profile is not in the cluster",
    "The cluster does not know it: it was removed, or never joined.",
    "Join it again as a fresh node; or correct the profile. A removed node must not boot on this network as "
    "it was.",
    ("bootstrap-cluster",),
)
NODE_UNEXPECTED = Situation(
    "cluster.node-unexpected",
    Health.WARN,
    "The cluster has a node that the profile does not name",
    "It votes and may run guests, and this console does not ask it anything.",
    "Add it to the profile.",
)
NODE_UNREACHABLE = Situation(
    "cluster.node-unreachable",
    Health.UNKNOWN,
    "A node does not answer this console",
    "The cluster does not call the node offline, but its own API or its SSH does not answer: its own view of "
    "quorum and links is unknown.",
    "Reach it another way (second network, console); check pveproxy and pvedaemon there.",
)
QUORUM_LOST = Situation(
    "cluster.quorum-lost",
    Health.CRIT,
    "The cluster has no quorum",
    "Nothing can be started, moved or configured, and nodes with active HA guests reset themselves within "
    "about a minute.",
    "Bring nodes or their corosync network back. Lowering expected votes is the last resort, and only with "
    "proof that the missing nodes are off.",
    ("reset-server",),
)
QUORUM_MARGIN_GONE = Situation(
    "cluster.quorum-margin-gone",
    Health.WARN,
    "One more loss takes quorum away",
    "The votes that are left are exactly those that are needed.",
    "Bring the missing node back; touch no other node meanwhile.",
)
VIEWS_DISAGREE = Situation(
    "cluster.views-disagree",
    Health.CRIT,
    "Nodes disagree about quorum",
    "A node says that it has no quorum while others have it: it is cut off from them. With active HA guests "
    "its watchdog resets it.",
    "Look at its corosync links. Believe what the quorate nodes say about guests, not what it says.",
)
LINK_DOWN = Situation(
    "cluster.link-down",
    Health.WARN,
    "A corosync link is down",
    "The nodes still hear each other over another link; when that breaks too, the node is fenced.",
    "Check the interface, cable, switch and MTU of that network.",
)
LINK_MISSING = Situation(
    "cluster.link-missing",
    Health.WARN,
    "A node has fewer corosync links than expected",
    "Without a second link, one switch or cable decides about fencing.",
    "Add the missing ring address to corosync.conf.",
)
COROSYNC_DOWN = Situation(
    "cluster.corosync-down",
    Health.CRIT,
    "Corosync does not run on a node",
    "The node lives but takes no part in the cluster; with active HA guests its watchdog resets it.",
    "See `systemctl status corosync pve-cluster` there.",
)
NODE_FENCING = Situation(
    "cluster.node-fencing",
    Health.WARN,
    "A lost node is being fenced",
    "HA waits until the lost node has surely reset itself, then restarts its guests elsewhere.",
    "Wait for the countdown. Do not unlock, move or start its guests by hand.",
)
FENCING_OVERDUE = Situation(
    "cluster.fencing-overdue",
    Health.CRIT,
    "Fencing takes longer than it may",
    "HA should have recovered the lost node's guests by now and has not: no manager, no lock, or no node "
    "that may take them.",
    "See `ha-manager status` and the journal of pve-ha-crm on the master; check HA rules or groups.",
    ("recover-guest",),
)
NODE_FENCED = Situation(
    "cluster.node-fenced",
    Health.WARN,
    "A lost node was fenced",
    "Its HA guests were recovered; it must not come back on the network with stale state unnoticed.",
    "Find out why it died before it rejoins. One that will not come back is taken out of the cluster.",
    ("reset-server", "rescue-server", "remove-node"),
)
NODE_MAINTENANCE = Situation(
    "cluster.node-maintenance",
    Health.MAINT,
    "A node is in maintenance",
    "HA moves its guests away and gives it none.",
    "End it when the work is over (`back=yes`): HA brings the guests back.",
    ("drain-node",),
)
NODE_RESTARTING = Situation(
    "cluster.node-restarting",
    Health.MAINT,
    "A node restarts on purpose",
    "Its LRM froze its guests for a reboot or an update of itself.",
    "Wait for it; if it does not return, its guests stay frozen.",
)
GUEST_DOWN = Situation(
    "cluster.guest-down",
    Health.CRIT,
    "A guest that should run does not",
    "HA or the profile wants it running.",
    "See its last tasks; start it, or recover it when it is in error.",
    ("recover-guest",),
)
GUEST_UNKNOWN = Situation(
    "cluster.guest-state-unknown",
    Health.UNKNOWN,
    "Nobody knows whether a guest runs",
    "Its node is gone or cut off; PVE keeps saying `running` with frozen counters, which proves nothing.",
    "Wait for fencing; never start a second copy by hand.",
)
GUEST_ERROR = Situation(
    "cluster.guest-error",
    Health.CRIT,
    "HA gave up on a guest",
    "HA tried to start it on every node it may use and will not touch it again.",
    "Fix the reason (its task log says it), set it to disabled, then to started.",
    ("recover-guest",),
)
GUEST_MISSING = Situation(
    "cluster.guest-missing",
    Health.CRIT,
    "A guest of the profile does not exist",
    "The cluster knows no guest of that number: removed, or restored under another.",
    "Look for its configuration in /etc/pve/nodes/*/ and in the backups; or correct the profile.",
)
HA_NOT_MANAGED = Situation(
    "cluster.ha-not-managed",
    Health.WARN,
    "A guest is not managed by HA",
    "The profile expects HA to restart it; when its node dies, nothing will.",
    "Add it: `ha-manager add SID --state started`.",
    ("guard-guest",),
)
HA_STATE_DIFFERS = Situation(
    "cluster.ha-state-differs",
    Health.WARN,
    "HA is told another state than the profile expects",
    "Somebody asked HA for another state; HA holds it there.",
    "Set it back with `ha-manager set SID --state ...`, or correct the profile.",
    ("guard-guest",),
)
HA_DISARMED = Situation(
    "cluster.ha-disarmed",
    Health.WARN,
    "HA is disarmed",
    "Nothing is fenced and nothing is restarted until HA is armed again.",
    "Arm it with `ha-manager crm-command arm-ha` as soon as the work is over.",
    ("arm-ha",),
)
HA_NO_MASTER = Situation(
    "cluster.ha-no-master",
    Health.CRIT,
    "HA has no manager",
    "No node leads HA: lost nodes are not fenced and guests are not restarted. After the loss of the master "
    "a new one takes over within about two minutes.",
    "If it lasts, see pve-ha-crm on each node.",
)
LRM_DEAD = Situation(
    "cluster.lrm-dead",
    Health.CRIT,
    "A node's HA agent stopped writing",
    "The node is online but its LRM has not written for more than 30 s: HA can start or stop nothing there.",
    "See pve-ha-lrm and the cluster file system (pmxcfs) on that node.",
)
CLOCK_DRIFT = Situation(
    "cluster.clock-drift",
    Health.WARN,
    "HA sees clocks drift",
    "An HA daemon's timestamp lies in the future: time-outs and leases are wrong by that much.",
    "Fix the time service (chrony) of that node.",
)
STORAGE_FULL = Situation(
    "cluster.storage-full",
    Health.WARN,
    "A storage fills up",
    "Guests on thin storage stop with I/O errors when it is full; backups and migrations fail before.",
    "Remove old backups, snapshots or images, or grow it.",
)
STORAGE_DOWN = Situation(
    "cluster.storage-unavailable",
    Health.CRIT,
    "A storage is not available on a node",
    "Guests with disks there cannot start on that node.",
    "See `pvesm status` on the node, and the server of a shared storage.",
)
MEMORY_HIGH = Situation(
    "cluster.memory-high",
    Health.WARN,
    "A node runs out of memory",
    "The kernel will start to kill guests, and the node cannot take those of a lost one.",
    "Move a guest away.",
    ("move-guest",),
)
CPU_HIGH = Situation(
    "cluster.cpu-high",
    Health.WARN,
    "A node's processors are busy",
    "Guests are slowed down, and corosync may miss its deadlines, which ends in fencing.",
    "Find the guest that uses them; move one away.",
)
VERSION_MIXED = Situation(
    "cluster.version-mixed",
    Health.WARN,
    "Nodes run different versions of Proxmox VE",
    "Fine during an upgrade only: guests may migrate to a newer node, not back.",
    "Finish the upgrade.",
)
TASK_FAILED = Situation(
    "cluster.task-failed",
    Health.WARN,
    "A task failed",
    "It was not done again with success since.",
    "Read its log: `pvenode task log UPID`.",
)
API_UNREACHABLE = Situation(
    "cluster.api-unreachable",
    Health.UNKNOWN,
    "No Proxmox API answers",
    "What the cluster itself says about nodes, guests and HA is unknown; the guests may well run.",
    "Check pveproxy on the nodes, and the addresses in the profile.",
)
API_DENIED = Situation(
    "cluster.api-denied",
    Health.UNKNOWN,
    "The Proxmox API refuses this console",
    "Wrong token, or one without privileges: what is refused is not seen.",
    "Give the token the PVEAuditor role on `/`; with privilege separation the token needs it itself.",
)

SITUATIONS = tuple(value for value in list(globals().values()) if isinstance(value, Situation))
