"""Everything that the hosts tier can find."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health

UNREACHABLE = Situation(
    "hosts.unreachable",
    Health.UNKNOWN,
    "A host cannot be reached",
    "No connection to its SSH port comes about: it is dead, or cut off from this console. What runs on it is "
    "unknown.",
    "Try another path (hypervisor console, second network) before calling it dead. Robot resets a rented "
    "machine that hangs.",
    ("reset-server",),
)
SSH_REFUSED = Situation(
    "hosts.ssh-refused",
    Health.WARN,
    "A host lives, but its SSH does not",
    "The machine answers that nobody listens on the SSH port.",
    "Start sshd from the console; check the port in the profile.",
)
SILENT = Situation(
    "hosts.silent",
    Health.UNKNOWN,
    "A host does not answer in time",
    "It was reached, and gave no answer within the deadline: hung, overloaded, or its disk stands still.",
    "Look at its console; think of hung NFS mounts and full process tables.",
)
SSH_DENIED = Situation(
    "hosts.ssh-denied",
    Health.UNKNOWN,
    "A host refuses the login",
    "The key or user of this console is not accepted there: nothing on it can be seen.",
    "Check user and key in the profile, the SSH agent, and authorized_keys on the host.",
)
KEY_CHANGED = Situation(
    "hosts.key-changed",
    Health.CRIT,
    "A host shows another key than the known one",
    "Either it was reinstalled, or another machine answers at its address. Nothing is sent to it.",
    "Compare the key by another way (console, hypervisor) before the known one is replaced.",
)
UNREADABLE = Situation(
    "hosts.facts-unreadable",
    Health.UNKNOWN,
    "A host's facts cannot be read",
    "It answers, but not what a Linux host would.",
    "Look at the raw answer; a shell start-up file that prints something is the usual reason.",
)
CLOCK_SKEW = Situation(
    "hosts.clock-skew",
    Health.WARN,
    "A host's clock is off",
    "Its clock differs from those of most other hosts: logs, leases, certificates, session time-outs and "
    "replication lag are wrong by that much.",
    "See `chronyc tracking` there; let it follow the time servers that the profile names.",
    ("bootstrap-hosts",),
)
REBOOTED = Situation(
    "hosts.rebooted",
    Health.WARN,
    "A host booted a moment ago",
    "It restarted less than ten minutes ago: everything on it was gone in between.",
    "Find out who or what restarted it (`last -x`, `journalctl -b -1 -e`).",
)
MEMORY_LOW = Situation(
    "hosts.memory-low",
    Health.WARN,
    "A host runs out of memory",
    "The kernel will soon kill its biggest process, which is the one that matters.",
    "See what grew: `ps aux --sort=-rss | head`.",
)
DISK_FULL = Situation(
    "hosts.disk-full",
    Health.WARN,
    "A file system fills up",
    "Databases stop, logs are lost and deployments fail when it is full.",
    "See `du -xh --max-depth=2` there: old logs, binary logs, core dumps.",
)
LOAD_HIGH = Situation(
    "hosts.load-high",
    Health.WARN,
    "A host is overloaded",
    "For five minutes more than twice as many tasks as processors wanted to run, or waited for a disk.",
    "See `top`, and `vmstat 1` for waiting on disks.",
)

CONFIG_DRIFT = Situation(
    "hosts.config-drift",
    Health.WARN,
    "A host no longer has the files that the profile says",
    "A file that this console's runbooks wrote was changed on the host, or in the profile only: whoever "
    "starts a service there, or makes another host like it, gets something else than what runs.",
    "See who changed it, and why; put it into the profile, or have the runbook write the file again.",
    ("bootstrap-hosts", "bootstrap-database", "bootstrap-application", "bootstrap-storage"),
)
FLEET_UNKNOWN = Situation(
    "hosts.fleet-unknown",
    Health.UNKNOWN,
    "Zabbix does not say how its hosts are",
    "The hosts of the profile's `monitoring.fleet` are read from Zabbix, which does not tell of them.",
    "See whether Zabbix answers and has the host group, and whether this account may read it.",
)

SITUATIONS = (
    FLEET_UNKNOWN,
    UNREACHABLE,
    SSH_REFUSED,
    SILENT,
    SSH_DENIED,
    KEY_CHANGED,
    UNREADABLE,
    CLOCK_SKEW,
    REBOOTED,
    MEMORY_LOW,
    DISK_FULL,
    LOAD_HIGH,
    CONFIG_DRIFT,
)
