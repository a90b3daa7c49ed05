"""What each host of the platform needs so that Zabbix watches it and its robots may act there.

An agent is told by a file of its own (zabbix_agentd.conf(5): `Alias`, `UserParameter`, `AllowKey`): names
that stand for the host's own addresses, and the exact commands that may be run. sudoers(5) has the same ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from saitotui.clients.quoting import shell
from saitotui.model.profile import HttpService, Monitoring, Profile
from saitotui.runbooks.recovery import certificates, readings
from saitotui.tiers.monitoring.view import View
from saitotui.tiers.relay import Relay, relays

SCRIPT = "/usr/local/sbin/saitotui-recover"
UNITS = "/etc/systemd/system"
SUDOERS = "/etc/sudoers.d/saitotui"
CONTENT_KEY = "saitotui.content"
NOTE = "Written by saitotui's runbook zabbix-recovery, which also removes it."
RESTART = f"""# {NOTE}
[Unit]
StartLimitIntervalSec=600
StartLimitBurst=6
[Service]
Restart=always
RestartSec=2
"""
"""For the agent's unit: nobody but systemd can start it again; it gives up after 6 starts in 10 minutes, as
robots do after 3 (systemd.service(5), `Restart`; systemd.unit(5), `StartLimitBurst`)."""
_SERVER = "/(mariadbd|mysqld)( |$)"


@dataclass(frozen=True, slots=True)
class File:
    """A file that a host gets; `check` must find its text good before it takes its place (`{}`: its path).
    The folder of one that is `apart` is made for it; any other is there, or the path is wrong."""

    path: str
    text: str
    mode: str
    check: str = "true"
    apart: bool = False

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Watched:
    """A host that Zabbix watches, by its number `id`. `keys` are lines for its agent, `settings`
    those of `recover.sh`, `recoveries` what a robot may start again there."""

    name: str
    id: str
    roles: tuple[str, ...]
    keys: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    recoveries: tuple[str, ...] = ()
    asked: tuple[Relay, ...] = ()
    """What its agent asks in this console's place."""

    @property
    def digest(self) -> str:
        """What tells this content from any other."""
        whole = "\n".join((*self.keys, *self._allowed(), *(file.text for file in self._programs()), RESTART))
        return hashlib.sha256(whole.encode()).hexdigest()[:16]

    def _allowed(self) -> Iterator[str]:
        for one in self.recoveries:
            yield f"AllowKey=system.run[{command(one)},nowait]"
            yield f"AllowKey=system.run[{command(one)}]"

    def files(self, monitoring: Monitoring) -> tuple[File, ...]:
        """All of them; the agent's own is the last."""
        said = [
            f"# {NOTE}",
            *self.keys,
            *self._allowed(),
            f"UserParameter={CONTENT_KEY},echo {self.digest}",
        ]
        unit = monitoring.agent_unit.removesuffix(".service")
        again = File(f"{UNITS}/{unit}.service.d/saitotui.conf", RESTART, "0644", apart=True)
        agent = File(f"{monitoring.agent_folder}/saitotui.conf", "\n".join(said) + "\n", "0644")
        may = [
            *(f"{SCRIPT} {one}" for one in self.recoveries),
            *(f"{readings.SCRIPT} {relay.name}" for relay in self.asked),
        ]
        if not may:
            return again, agent
        rule = f"{monitoring.agent_user} ALL=(root) NOPASSWD: {', '.join(may)}\n"
        sudoers = File(SUDOERS, f"# {NOTE}\n{rule}", "0440", "visudo -qcf {}")
        return *self._programs(), sudoers, again, agent

    def _programs(self) -> Iterator[File]:
        """What its agent runs as root."""
        if self.recoveries:
            yield File(SCRIPT, script(self), "0755")
        if self.asked:
            yield File(readings.SCRIPT, f"#!/bin/sh\n# {NOTE}\n{readings.script(self.asked)}", "0755")


def command(recovery: str) -> str:
    """The one command line by which a robot starts a service again."""
    return f"sudo -n {SCRIPT} {recovery}"


@cache
def _script() -> str:
    return files(__package__).joinpath("recover.sh").read_text("utf-8")


def script(host: Watched) -> str:
    """`recover.sh` for one host."""
    settings = "".join(f"{name}={shell(value)}\n" for name, value in sorted(host.settings.items()))
    return f"#!/bin/sh\n# {NOTE}\n{settings}{_script()}"


@dataclass(slots=True)
class _Duties:
    """What is found out about one host."""

    roles: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    recoveries: list[str] = field(default_factory=list)

    def add(self, role: str, key: str, recovery: str = "", **settings: str) -> None:
        if role not in self.roles:
            self.roles.append(role)
        if key and key not in self.keys:
            self.keys.append(key)
        if recovery and recovery not in self.recoveries:
            self.recoveries.append(recovery)
        self.settings |= settings


def watched(profile: Profile, view: View) -> tuple[Watched, ...]:
    """The hosts of the profile that Zabbix watches, in the profile's order, with all that they do."""
    duties: dict[str, _Duties] = {name: _Duties(["host"]) for name in profile.hosts}
    _database(profile, duties)
    _application(profile, duties)
    _storage(profile, duties)
    _cluster(profile, duties)
    for host, line in certificates.parameters(profile).items():
        duties[host].add("certificate", line)
    every = relays(profile)
    asked = {name: tuple(one for one in every if one.host == name) for name in profile.hosts}
    for name, own in asked.items():
        for tier in dict.fromkeys(one.tier for one in own):
            duties[name].add(readings.role(tier), "")
        duties[name].keys += readings.parameters(every, own)
    known = {view.machine(host.name): host for host in view.hosts or ()}
    return tuple(
        Watched(
            name, known[name].id, tuple(found.roles), tuple(found.keys),
            dict(found.settings), tuple(found.recoveries), asked[name],
        )
        for name, found in duties.items()
        if name in known
    )  # fmt: skip


def _database(profile: Profile, duties: Mapping[str, _Duties]) -> None:
    if profile.database is None:
        return
    for server in profile.database.servers.values():
        key = f"Alias=saitotui.database:proc.num[,mysql,,{_SERVER}]"
        duties[server.host].add("database", key, "database", DATABASE_UNIT=server.unit)
    for node in profile.database.haproxy.values():
        settings = {"HAPROXY_UNIT": "haproxy", "HAPROXY_CONFIG": node.config}
        duties[node.host].add("haproxy", "Alias=saitotui.haproxy:proc.num[haproxy]", "haproxy", **settings)


def _application(profile: Profile, duties: Mapping[str, _Duties]) -> None:
    if profile.application is None:
        return
    for front in profile.application.nginx.values():
        settings = {"NGINX_UNIT": front.unit, "NGINX_CONFIG": front.config}
        duties[front.host].add("nginx", f"Alias=saitotui.nginx:{page(front.status)}", "nginx", **settings)
    for tomcat in profile.application.tomcats.values():
        key = f"Alias=saitotui.tomcat:{page(tomcat.manager, '/')}"
        duties[tomcat.host].add("tomcat", key, "tomcat", TOMCAT_UNIT=tomcat.unit)


def page(service: HttpService, path: str = "") -> str:
    """The agent's key for a page (`web.page.get`, with libcurl: 5.4 and later take a whole address)."""
    parts = urlsplit(service.url)
    where = path or parts.path or "/"
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme == "https":
        return f"web.page.get[https://{parts.hostname}:{port}{where}]"
    return f"web.page.get[{parts.hostname},{where},{port}]"


def _storage(profile: Profile, duties: Mapping[str, _Duties]) -> None:
    storage = profile.storage
    for host in storage.nodes.values() if storage else ():
        assert storage is not None
        manager = "heartbeat" if storage.manager == "heartbeat" else "pacemakerd"
        duties[host].add("storage", f"Alias=saitotui.manager:proc.num[{manager}]")
        where = storage.floating_ip or "127.0.0.1"
        duties[host].add("storage", f"Alias=saitotui.nfs:net.tcp.service[tcp,{where},2049]")


def _cluster(profile: Profile, duties: Mapping[str, _Duties]) -> None:
    for host in profile.cluster.nodes.values() if profile.cluster else ():
        duties[host].add("cluster", "Alias=saitotui.corosync:proc.num[corosync]")
