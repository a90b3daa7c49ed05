"""Everything that the application tier can find about journeys, nginx and Tomcat as services."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health

JOURNEY_FAILED = Situation(
    "application.journey-failed",
    Health.CRIT,
    "What users do fails",
    "Tried end to end, through nginx, Tomcat, the database and the shared files, as a user would: it did not "
    "work.",
    "Look for the worst finding below it; when there is none, read the answer and the Tomcats' logs.",
)
JOURNEY_UNREACHABLE = Situation(
    "application.journey-unreachable",
    Health.UNKNOWN,
    "A journey cannot be tried from here",
    "No connection to its address comes about: users may be cut off too, or only this console is.",
    "Try the address from another network.",
)
JOURNEY_SLOW = Situation(
    "application.journey-slow",
    Health.WARN,
    "What users do is slow",
    "It works, but takes longer than the profile allows.",
    "See which Tomcat is busy or hangs, then the database's longest transactions.",
    ("examine-tomcat", "restart-tomcats"),
)
NGINX_DOWN = Situation(
    "application.nginx-down",
    Health.CRIT,
    "nginx is down",
    "Its port refuses connections or no nginx process runs: visitors who are led here get nothing.",
    "Read its error log, test the configuration (nginx -t), start it.",
    ("reload-nginx",),
)
NGINX_HUNG = Situation(
    "application.nginx-hung",
    Health.CRIT,
    "nginx accepts connections and does not answer",
    "Visitors who are led here wait until they give up; a balancer in front may not notice.",
    "Look at the load and the disks of its host, then restart it.",
)
NGINX_UNREACHABLE = Situation(
    "application.nginx-unreachable",
    Health.UNKNOWN,
    "nginx's status page cannot be reached",
    "No connection comes about: it is dead, or cut off from this console. Whether it serves is unknown.",
    "See whether its host answers, and whether the journeys work.",
)
NGINX_UNREADABLE = Situation(
    "application.nginx-unreadable",
    Health.UNKNOWN,
    "nginx lives, but does not show its status",
    "Something answers at the address of the status page, but not with stub_status: connections and rates "
    "are unknown.",
    "Check the location with stub_status and its allow list, and the address in the profile.",
    ("reload-nginx",),
)
NGINX_ERRORS = Situation(
    "application.nginx-errors",
    Health.WARN,
    "Visitors get server errors",
    "A share of the recent requests in the access log ended with a status of 500 or above.",
    "See which upstream gives them; a single Tomcat can be taken out.",
    ("take-tomcat-out", "roll-back-app-version"),
)
NGINX_DROPPING = Situation(
    "application.nginx-dropping",
    Health.WARN,
    "nginx drops connections",
    "It accepted more connections than it handled: worker_connections or its open files are used up.",
    "Raise worker_connections and worker_rlimit_nofile, then reload.",
    ("reload-nginx",),
)
NGINX_LOG_UNREADABLE = Situation(
    "application.nginx-log-unreadable",
    Health.WARN,
    "nginx's access log cannot be read",
    "Error share, latency and who answers are unknown for this nginx.",
    "Check the path in the profile; the SSH user needs to read it (Debian: group adm).",
)
UPSTREAM_FAILING = Situation(
    "application.upstream-failing",
    Health.WARN,
    "nginx gets no good answer from an upstream",
    "Requests that it passed there failed and went to another Tomcat, or to the visitor as an error.",
    "See what the Tomcat itself says; when it looks well, look at the network between the two.",
    ("start-tomcat", "take-tomcat-out"),
)
TOMCAT_DOWN = Situation(
    "application.tomcat-down",
    Health.CRIT,
    "A Tomcat is down",
    "Its port refuses connections or no Java process runs on its host. Its sessions live on in the members "
    "that had copies.",
    "Read the end of its log and of the kernel's (out of memory?), then start it.",
    ("start-tomcat",),
)
TOMCAT_STARTING = Situation(
    "application.tomcat-starting",
    Health.WARN,
    "A Tomcat is starting",
    "Its process is young and does not listen yet.",
    "Wait; when it still does not listen after two minutes, read catalina.out.",
)
TOMCAT_HUNG = Situation(
    "application.tomcat-hung",
    Health.CRIT,
    "A Tomcat accepts connections and never answers",
    "Every visitor whom nginx sends there waits for the whole proxy_read_timeout; with synchronous "
    "replication the other Tomcats wait too.",
    "Let it write what its threads do (kill -QUIT), then start it again.",
    ("start-tomcat",),
)
TOMCAT_UNREACHABLE = Situation(
    "application.tomcat-unreachable",
    Health.UNKNOWN,
    "A Tomcat cannot be reached",
    "No connection to its manager comes about: it is dead, or cut off from this console.",
    "See what nginx says of it, and whether its host answers.",
)
MANAGER_DENIED = Situation(
    "application.manager-denied",
    Health.UNKNOWN,
    "A Tomcat's manager refuses this console",
    "Tomcat lives; the user, its password, its roles or its address are not accepted. LockOutRealm bars a "
    "user for five minutes after five failed logins.",
    "Check the user in the profile and its roles manager-script and manager-jmx, and the manager's "
    "RemoteCIDRValve or RemoteAddrValve.",
)
MANAGER_UNREADABLE = Situation(
    "application.manager-unreadable",
    Health.UNKNOWN,
    "A Tomcat's manager does not give a usable answer",
    "Tomcat lives, but what is deployed there is unknown.",
    "Check that the manager is deployed and that the profile names its address (/manager).",
)
THREADS_BUSY = Situation(
    "application.threads-busy",
    Health.WARN,
    "A Tomcat's request threads are nearly all busy",
    "When none is left, requests queue and then fail. Mostly the threads wait for something: the database, "
    "the shared files.",
    "Take thread dumps and see what they wait for.",
    ("examine-tomcat", "restart-tomcats"),
)
HEAP_HIGH = Situation(
    "application.heap-high",
    Health.WARN,
    "A Tomcat's heap is nearly full",
    "The garbage collector works ever more often; in the end requests stall or the JVM runs out of memory.",
    "Keep what the heap is full of as evidence, then restart one Tomcat after the other.",
    ("examine-tomcat", "restart-tomcats"),
)
SINGLE_NODE_LEFT = Situation(
    "application.single-node-left",
    Health.WARN,
    "One Tomcat is left",
    "It carries all visitors, and no copy of their sessions exists: the next failure stops the application "
    "and logs everybody out.",
    "Bring another Tomcat back before anything else; deploy nothing now.",
    ("start-tomcat",),
)
NO_TOMCAT = Situation(
    "application.no-tomcat",
    Health.CRIT,
    "No Tomcat serves the application",
    "Every Tomcat is down, hangs, or runs no version of it: nginx answers visitors with 502, 504 or 404.",
    "Bring one back; look for what they have in common (a deployment, the database, the shared files).",
    ("start-tomcat", "roll-back-app-version"),
)
