"""The files of an application's hosts: each Tomcat's, and nginx's.

Apache Tomcat 10.1 Configuration Reference ("Cluster", "The Manager Component", "Remote CIDR Valve"); Debian's
layout of it (`/etc/tomcat10`, `/usr/share/tomcat10`); nginx, ngx_http_upstream_module, ngx_http_proxy_module.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from saitotui.configs import ConfigFile, rendered, seen_at
from saitotui.model.profile import Application, Nginx, Profile, Tomcat
from saitotui.model.profile_build import ApplicationBuild

_TRIBES, _HA = "org.apache.catalina.tribes", "org.apache.catalina.ha"
_PARSED = (
    "java -cp {home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar -Dcatalina.home={home} "
    "-Dcatalina.base=/var/lib/{unit} -Djava.io.tmpdir=/tmp org.apache.catalina.startup.Bootstrap "
    "-config {{}} configtest >/dev/null 2>&1"
)
_SOUND = (
    "printf 'events { } http { include %s; }\\n' {} >/run/saitotui-nginx.conf && "
    "nginx -q -t -c /run/saitotui-nginx.conf"
)


@dataclass(frozen=True, slots=True)
class Site:
    """A Tomcat as the others see it; `number` tells it apart in the cluster."""

    name: str
    host: str
    address: str
    number: int


@dataclass(frozen=True, slots=True)
class Front:
    """An nginx as it listens: `status` is address and port of its status page."""

    address: str
    access_log: str
    status: str
    status_path: str


def sites(profile: Profile, application: Application) -> tuple[Site, ...]:
    return tuple(
        Site(name, tomcat.host, seen_at(profile, tomcat.host), number)
        for number, (name, tomcat) in enumerate(application.tomcats.items(), 1)
    )


def front(profile: Profile, node: Nginx) -> Front:
    url = urlsplit(node.status.url)
    at = f"{url.hostname or '127.0.0.1'}:{url.port or 80}"
    return Front(seen_at(profile, node.host), node.access_log, at, url.path or "/")


def tomcat_files(
    application: Application, build: ApplicationBuild, site: Site, others: Sequence[Site]
) -> tuple[ConfigFile, ...]:
    """What one Tomcat reads when it starts."""
    tomcat: Tomcat = application.tomcats[site.name]
    home, etc = f"/usr/share/{tomcat.unit}", f"/etc/{tomcat.unit}"
    values = {
        "build": build,
        "site": site,
        "sites": others,
        "tribes": _TRIBES,
        "ha": _HA,
        "home": home,
        "user": tomcat.manager.user,
    }
    users = rendered("application/tomcat-users.xml.j2", values)
    parsed = _PARSED.format(home=home, unit=tomcat.unit)
    return (
        ConfigFile(f"{etc}/server.xml", rendered("application/server.xml.j2", values), check=parsed),
        ConfigFile(
            f"{etc}/tomcat-users.xml", users, "0640", group="tomcat", cover=r'^\(.* password=\)"[^"]*"\/>$'
        ),
        ConfigFile(f"{etc}/Catalina/localhost/manager.xml", rendered("application/manager.xml.j2", values)),
        ConfigFile(f"/etc/default/{tomcat.unit}", rendered("application/default.j2", values)),
    )


def nginx_file(
    application: Application, build: ApplicationBuild, node: Nginx, listens: Front, tomcats: Sequence[Site]
) -> ConfigFile:
    """What nginx reads of this application, in one file that its own configuration includes."""

    def following(site: Site) -> Sequence[Site]:
        at = tomcats.index(site)
        return [*tomcats[at + 1 :], *tomcats[:at]]

    values = {
        "build": build,
        "node": listens,
        "sites": tomcats,
        "following": following,
        "route": "$saitotui_route" if build.sticky else "tomcats",
        "context": re.escape(application.context),
    }
    return ConfigFile(
        node.upstreams, rendered("application/nginx.conf.j2", values), check=_SOUND, loose=r" down(?=;)"
    )
