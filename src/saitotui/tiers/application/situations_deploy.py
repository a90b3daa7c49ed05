"""What the application tier can find about deployed versions, sessions and the session cluster."""

from __future__ import annotations

from saitotui.model.finding import Situation
from saitotui.model.health import Health
from saitotui.tiers.application import situations as services

_DEPLOY = ("parallel-deploy-war",)
_COMPLETE = ("complete-app-version",)
_FIRST = ("deploy-first-version",)
_BACK = ("roll-back-app-version",)
_RETIRE = ("retire-app-version",)

VERSION_MISSING = Situation(
    "application.version-missing",
    Health.CRIT,
    "A Tomcat answers and does not have the application",
    "No version of the context runs there: whoever nginx sends there gets 404.",
    "Deploy the version that the others serve; where none serves any, the first.",
    (*_COMPLETE, *_FIRST),
)
VERSION_STOPPED = Situation(
    "application.version-stopped",
    Health.WARN,
    "A version is deployed and does not run",
    "Its context failed to start, or somebody stopped it. Tomcat's manager says `FAIL - ... context failed "
    "to start` only to whoever deployed it.",
    "Read the Tomcat's log of the time of the deployment; undeploy the version when it is of no use.",
    (*_BACK, *_DEPLOY),
)
VERSIONS_DIFFER = Situation(
    "application.versions-differ",
    Health.WARN,
    "The Tomcats serve different versions",
    "New visitors get one or the other by chance. During a deployment that is so for some seconds.",
    "When no deployment is on its way: finish or undo the last one.",
    (*_COMPLETE, *_DEPLOY, *_BACK),
)
VERSION_PARTIAL = Situation(
    "application.version-not-everywhere",
    Health.WARN,
    "A version with sessions is not on all Tomcats",
    "Its sessions cannot be copied to, nor taken over by, a Tomcat that lacks it: they are lost when the "
    "others fail.",
    "Deploy it there too, or let its sessions end before any Tomcat is restarted.",
    (*_COMPLETE, *_BACK, *_RETIRE),
)
VERSION_ORDER = Situation(
    "application.version-order-trap",
    Health.WARN,
    "The older version is served",
    "Tomcat orders versions as text (String.compareTo): `##10` is below `##9`. New sessions go to the last "
    "one in that order.",
    "Deploy the newer one again under a padded or date version (`##010`, `##20260101`), undeploy the other.",
    _DEPLOY,
)
DRAINING = Situation(
    "application.old-version-draining",
    Health.MAINT,
    "An old version drains",
    "New sessions go to the newer version; sessions that began on the old one stay there until they end.",
    "Undeploy the old version when no Tomcat has a session of it any more: undeploying ends them at once.",
    (*_RETIRE, *_BACK),
)
MEMBERS_MISSING = Situation(
    "application.members-missing",
    Health.WARN,
    "A Tomcat sees no other member of the session cluster",
    "It copies its sessions to nobody and gets none: when it stops, its visitors are logged out.",
    "Check port 4000 (or the multicast group) between the Tomcats. Restart none of them before.",
)
MEMBERSHIP_DISAGREE = Situation(
    "application.membership-disagree",
    Health.WARN,
    "The Tomcats do not agree who is in the session cluster",
    "Sessions are copied in some directions only.",
    "Check port 4000 (or the multicast group) between those that miss each other, both ways.",
)
MEMBER_UNEXPECTED = Situation(
    "application.member-unexpected",
    Health.WARN,
    "A stranger is in the session cluster",
    "Sessions of this platform are copied to a Tomcat that the profile does not name, and the other way "
    "round; often a test system in the same multicast group.",
    "Give each cluster its own multicast address and domain; or add the Tomcat to the profile.",
)
NOT_REPLICATED = Situation(
    "application.sessions-not-replicated",
    Health.WARN,
    "Sessions are not on all Tomcats",
    "When the Tomcat that has them stops, their visitors are logged out. Sessions begun on a version before "
    "another Tomcat had it are never copied there.",
    "Check <distributable/> in web.xml and the members; restart no Tomcat until the old sessions have ended.",
)

SITUATIONS = (
    services.JOURNEY_FAILED,
    services.JOURNEY_UNREACHABLE,
    services.JOURNEY_SLOW,
    services.NGINX_DOWN,
    services.NGINX_HUNG,
    services.NGINX_UNREACHABLE,
    services.NGINX_UNREADABLE,
    services.NGINX_ERRORS,
    services.NGINX_DROPPING,
    services.NGINX_LOG_UNREADABLE,
    services.UPSTREAM_FAILING,
    services.TOMCAT_DOWN,
    services.TOMCAT_STARTING,
    services.TOMCAT_HUNG,
    services.TOMCAT_UNREACHABLE,
    services.MANAGER_DENIED,
    services.MANAGER_UNREADABLE,
    services.THREADS_BUSY,
    services.HEAP_HIGH,
    services.SINGLE_NODE_LEFT,
    services.NO_TOMCAT,
    VERSION_MISSING,
    VERSION_STOPPED,
    VERSIONS_DIFFER,
    VERSION_PARTIAL,
    VERSION_ORDER,
    DRAINING,
    MEMBERS_MISSING,
    MEMBERSHIP_DISAGREE,
    MEMBER_UNEXPECTED,
    NOT_REPLICATED,
)
