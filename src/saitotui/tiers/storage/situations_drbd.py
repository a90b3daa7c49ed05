"""What can be found about DRBD."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health

SPLIT_BRAIN = Situation(
    "storage.split-brain",
    Health.CRIT,
    "Split brain: both sides have written on their own",
    "The two copies have different histories. DRBD does not connect them; one side's changes will be lost.",
    "Stop writing on both sides. Snapshot both backing volumes before anything else, then choose whose "
    "changes are given up.",
    ("resolve-split-brain",),
)
BOTH_PRIMARY = Situation(
    "storage.both-primary",
    Health.CRIT,
    "Both nodes are Primary",
    "Two nodes accept writes. Every second makes the two copies differ more; a file system that is not made "
    "for it is destroyed when they are connected.",
    "Stop NFS on the node that clients do not use, now, and make it secondary.",
    ("resolve-split-brain",),
)
NO_PRIMARY = Situation(
    "storage.no-primary",
    Health.CRIT,
    "No node is Primary",
    "Nobody can mount the device: the export is down.",
    "Look at the cluster manager first; it should promote a node. Promote by hand only an UpToDate node, and "
    "only when the other's power state is known.",
    ("fail-over-drbd",),
)
DISCONNECTED = Situation(
    "storage.disconnected",
    Health.CRIT,
    "DRBD has lost its peer",
    "Writes reach one node only. If that one dies now, what was written since is lost.",
    "Find out whether the peer or the network between them is gone. DRBD keeps trying and resyncs by itself.",
    ("rejoin-drbd-node",),
)
STANDALONE = Situation(
    "storage.standalone",
    Health.CRIT,
    "DRBD has given up its peer (StandAlone)",
    "It does not try to connect any more: after a split brain, an authentication error, or because somebody "
    "disconnected it.",
    "Read the kernel log for the reason. Connect again only when it is no split brain.",
    ("rejoin-drbd-node", "resolve-split-brain"),
)
RESYNCING = Situation(
    "storage.resyncing",
    Health.WARN,
    "A resync runs",
    "Until it ends the target's data is not usable: it cannot take over.",
    "Let it finish. Do not switch, and keep the source alive.",
    ("rejoin-drbd-node",),
)
SYNC_PAUSED = Situation(
    "storage.sync-paused",
    Health.WARN,
    "Resync is paused",
    "A resync does not go on, or would not start: the target stays behind.",
    "Resume it (`drbdadm resume-sync`) when the reason has passed.",
    ("rejoin-drbd-node",),
)
SOURCE_LOST = Situation(
    "storage.resync-source-lost",
    Health.CRIT,
    "The source of a resync is gone",
    "The node holds half a copy: it cannot be promoted, whatever happens.",
    "Bring the source back. Never force this node to Primary.",
    ("rejoin-drbd-node",),
)
INCONSISTENT = Situation(
    "storage.inconsistent",
    Health.CRIT,
    "A node's data is inconsistent and nothing repairs it",
    "It cannot take over. If both are inconsistent there is no good copy that DRBD knows of.",
    "Connect it to an UpToDate peer, so that it resyncs.",
    ("rejoin-drbd-node",),
)
OUTDATED = Situation(
    "storage.outdated",
    Health.WARN,
    "A node's data is outdated",
    "It is whole but old, and refuses promotion.",
    "Connect it, so that it catches up.",
    ("rejoin-drbd-node",),
)
DISKLESS = Situation(
    "storage.diskless",
    Health.CRIT,
    "A node works without its disk",
    "Its backing disk failed or was detached: only the other node holds the data.",
    "Look at the disk and the kernel log; replace it, or attach it again.",
    ("rejoin-drbd-node",),
)
OUT_OF_SYNC = Situation(
    "storage.out-of-sync",
    Health.WARN,
    "The two copies differ",
    "Both are connected and call themselves UpToDate, yet blocks are marked as different, by a verify.",
    "Find out which side is right, then disconnect and connect, so that the marked blocks are copied.",
    ("verify-drbd",),
)
VERIFYING = Situation(
    "storage.verify-running",
    Health.MAINT,
    "An online verify runs",
    "It reads both disks through; writes may be slower.",
    "Let it finish; differences show as out-of-sync blocks.",
    ("verify-drbd",),
)
VIEWS_DISAGREE = Situation(
    "storage.views-disagree",
    Health.WARN,
    "The two nodes do not mirror each other",
    "Each says something about the other that the other does not say of itself: one of them is wrong.",
    "Do not switch before both agree. Look at the network between them.",
)
NOT_LOADED = Situation(
    "storage.drbd-not-loaded",
    Health.CRIT,
    "The kernel has no DRBD",
    "The module is not loaded: after a kernel update, or because it was removed.",
    "`modprobe drbd`, then `drbdadm up`.",
    ("rejoin-drbd-node",),
)
UNCONFIGURED = Situation(
    "storage.drbd-unconfigured",
    Health.CRIT,
    "DRBD does not run the resource",
    "The module is loaded but the resource is down: this node holds no current copy.",
    "`drbdadm up` brings it back; it then resyncs.",
    ("rejoin-drbd-node",),
)
HUNG = Situation(
    "storage.drbd-hung",
    Health.CRIT,
    "DRBD's tools hang",
    "drbdsetup waits in the kernel. Commands of a switch would hang as well.",
    "Do not switch. Look for blocked I/O on the backing disk; often only a reboot helps.",
)
SUSPENDED = Situation(
    "storage.io-suspended",
    Health.CRIT,
    "DRBD has suspended I/O",
    "Every write waits: for a fencing handler, for quorum, or because somebody suspended it.",
    "Find out what it waits for; `drbdadm resume-io` only when the peer is proven off.",
    ("fail-over-drbd",),
)
CONFIG_DIFFERS = Situation(
    "storage.config-differs",
    Health.WARN,
    "The nodes are configured differently",
    "What works on one node may fail on the other, and is found out at the switch.",
    "Compare the file on both nodes and make them equal.",
)

DRBD = (
    SPLIT_BRAIN,
    BOTH_PRIMARY,
    NO_PRIMARY,
    DISCONNECTED,
    STANDALONE,
    RESYNCING,
    SYNC_PAUSED,
    SOURCE_LOST,
    INCONSISTENT,
    OUTDATED,
    DISKLESS,
    OUT_OF_SYNC,
    VERIFYING,
    VIEWS_DISAGREE,
    NOT_LOADED,
    UNCONFIGURED,
    HUNG,
    SUSPENDED,
    CONFIG_DIFFERS,
)
