"""The logs of the application tier."""

from __future__ import annotations

from saitotui.facts import log_lines
from saitotui.model.log import Log
from saitotui.model.profile import Profile


def logs(profile: Profile) -> tuple[Log, ...]:
    """What every nginx and Tomcat writes."""
    application = profile.application
    if application is None:
        return ()
    fronts = application.nginx.items()
    return (
        *(Log(name, "access", node.host, node.access_log, log_lines.access, True) for name, node in fronts),
        *(Log(name, "error", node.host, node.error_log, log_lines.error) for name, node in fronts),
        *(
            Log(name, "log", server.host, server.log, log_lines.juli)
            for name, server in application.tomcats.items()
        ),
    )
