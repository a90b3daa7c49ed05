"""Everything that the monitoring tier can find."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health

API_UNREACHABLE = Situation(
    "monitoring.api-unreachable",
    Health.UNKNOWN,
    "Zabbix's frontend does not answer",
    "Problems and recovery actions are unknown. The server behind it may work, and act, all the same.",
    "Check the web server and PHP on the Zabbix host; do not count on alarms meanwhile.",
)
API_DENIED = Situation(
    "monitoring.api-denied",
    Health.UNKNOWN,
    "Zabbix refuses this console",
    "The token or the password is wrong, expired or revoked.",
    "Make a new API token for this console's account.",
)
LOGIN_BLOCKED = Situation(
    "monitoring.login-blocked",
    Health.UNKNOWN,
    "Zabbix refuses the login, or has blocked it",
    "After several bad logins Zabbix blocks the account for about 30 seconds, and then refuses the right "
    "password with the same words.",
    "Wait a minute; then check the password. A token is not subject to this.",
)
RIGHTS_MISSING = Situation(
    "monitoring.rights-missing",
    Health.UNKNOWN,
    "This console may not see all of Zabbix",
    "The account's role does not allow a method: what it would have told is unknown.",
    "Add the method to the role's allow list.",
)
UNREADABLE = Situation(
    "monitoring.unreadable",
    Health.UNKNOWN,
    "Zabbix does not answer everything",
    "Some questions fail while others are answered.",
    "Look at the raw answers and at the frontend's log.",
)
SERVER_DOWN = Situation(
    "monitoring.server-down",
    Health.CRIT,
    "The Zabbix server stores nothing any more",
    "The frontend answers from the database, but no new value arrives: nothing is detected, nothing is "
    "recovered, and the problems shown are old.",
    "Check zabbix_server and its database.",
)
QUEUE = Situation(
    "monitoring.queue-long",
    Health.WARN,
    "Zabbix is late",
    "Many items wait for more than ten minutes: problems are seen late.",
    "Look at busy pollers, unreachable agents and the database.",
)
DISASTER = Situation(
    "monitoring.problem-disaster",
    Health.CRIT,
    "Zabbix reports a disaster",
    "A trigger of the highest severity is in problem.",
    "See whether this console's own findings explain it; acknowledge it, so that others know.",
)
HIGH = Situation(
    "monitoring.problem-high",
    Health.CRIT,
    "Zabbix reports a problem of high severity",
    "A trigger of high severity is in problem.",
    "See whether this console's own findings explain it; acknowledge it, so that others know.",
)
AVERAGE = Situation(
    "monitoring.problem-average",
    Health.WARN,
    "Zabbix reports a problem of average severity",
    "A trigger of average severity is in problem.",
    "Look at it when nothing worse is open.",
)
UNACKNOWLEDGED = Situation(
    "monitoring.problems-unacknowledged",
    Health.WARN,
    "Nobody has taken a severe problem",
    "It is open for a quarter of an hour and more, and nobody has acknowledged it.",
    "Acknowledge it with a word about who does what. It also stops the retries of recovery.",
    ("answer-problem",),
)
DISARMED = Situation(
    "monitoring.recovery-disarmed",
    Health.WARN,
    "Automatic recovery is disarmed",
    "An action that recovers by itself is disabled: by a runbook that has not ended, or by hand.",
    "Arm it again when the work is done and the related problems are resolved.",
    ("arm-recovery",),
)
RECOVERY_FAILED = Situation(
    "monitoring.recovery-failed",
    Health.CRIT,
    "Automatic recovery failed",
    "Zabbix tried to run its command and could not: the problem stays, and a person has to act.",
    "Read the error; act by hand.",
)
RECOVERY_RUNNING = Situation(
    "monitoring.recovery-running",
    Health.WARN,
    "Automatic recovery is at work",
    "Zabbix has run a command for a problem that is still open. It does not know whether it helped.",
    "Wait for the next value of the item before acting by hand, or disarm the action first.",
)
AGENTS_SILENT = Situation(
    "monitoring.agents-silent",
    Health.WARN,
    "Agents do not answer Zabbix",
    "Their hosts are not watched, and remote commands on them fail.",
    "Check the agent and the firewall (port 10050) on the host.",
)
UNSUPPORTED = Situation(
    "monitoring.items-unsupported",
    Health.WARN,
    "Many items are not supported",
    "They give no value, so their triggers stay silent whatever happens.",
    "Read the errors: missing plug-in, missing grant, wrong key.",
)
MAINTENANCE = Situation(
    "monitoring.maintenance-active",
    Health.MAINT,
    "Hosts are in maintenance",
    "Their problems are suppressed. It does not stop recovery actions, and delays some until its end.",
    "End it when the work is done; it takes effect at the next full minute.",
    ("zabbix-maintenance",),
)
STORM = Situation(
    "monitoring.trigger-storm",
    Health.WARN,
    "Very many problems at once",
    "So many triggers seldom fail for their own reasons: look for what they have in common.",
    "Look at network, cluster and storage first; do not work through the list.",
)
DISAGREES = Situation(
    "monitoring.console-disagrees",
    Health.WARN,
    "Zabbix and this console see a host differently",
    "One reaches it and the other does not: the fault may lie between, or in the agent alone.",
    "Do not call the host dead. Compare where each looks from.",
)
UNWATCHED = Situation(
    "monitoring.host-unwatched",
    Health.WARN,
    "Zabbix does not watch a host of the profile",
    "The profile names it, but Zabbix has no such host, or it is disabled.",
    "Add it to Zabbix, or correct the profile.",
)

SITUATIONS = (
    API_UNREACHABLE,
    API_DENIED,
    LOGIN_BLOCKED,
    RIGHTS_MISSING,
    UNREADABLE,
    SERVER_DOWN,
    QUEUE,
    DISASTER,
    HIGH,
    AVERAGE,
    UNACKNOWLEDGED,
    DISARMED,
    RECOVERY_FAILED,
    RECOVERY_RUNNING,
    AGENTS_SILENT,
    UNSUPPORTED,
    MAINTENANCE,
    STORM,
    DISAGREES,
    UNWATCHED,
)
