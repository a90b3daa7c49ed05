"""A profile: where the parts of one platform are, and what is expected of them.

Plain dataclasses: `saitotui.config` fills them from YAML and refuses what does not fit. The docstring under
each field is its documentation (docs/profile.md is made from it). Secrets are references, never values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from saitotui.model.profile_build import ApplicationBuild, DatabaseBuild, HostsBuild, StorageBuild
from saitotui.model.profile_parts import (
    NO_SECRET,
    STRICT,
    Environment,
    Host,
    HostName,
    HttpService,
    SecretRef,
    Tls,
    Url,
)

__all__ = [
    "NO_SECRET",
    "Acting",
    "Application",
    "ApplicationLimits",
    "Cluster",
    "ClusterLimits",
    "Database",
    "DatabaseLimits",
    "Environment",
    "Guest",
    "Haproxy",
    "Hardware",
    "Host",
    "HostName",
    "HttpService",
    "JourneyCheck",
    "Monitoring",
    "MysqlServer",
    "Nginx",
    "Profile",
    "SecretRef",
    "Storage",
    "StorageLimits",
    "Tls",
    "Tomcat",
    "Url",
    "VersionPage",
]


@dataclass(frozen=True, slots=True)
class Guest:
    """A virtual machine or container of the cluster."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str = ""
    """Its name, as the cluster knows it."""
    ha: Literal["started", "stopped", "disabled", "ignored", ""] = ""
    """The state that high availability must hold it in; empty: not managed."""
    host: HostName = ""
    """The host of this profile that runs in it, if any."""


@dataclass(frozen=True, slots=True)
class ClusterLimits:
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    storage_percent: float = 85
    """Storage use that is a warning."""
    memory_percent: float = 90
    """Memory use of a node that is a warning."""
    cpu_percent: float = 90
    """CPU use of a node that is a warning."""
    clock_skew: float = 1
    """Seconds by which clocks of hosts may differ."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Proxmox VE cluster."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    nodes: Mapping[str, HostName]
    """Node name: host of this profile."""
    api: tuple[Url, ...]
    """API addresses (`https://pve1:8006`), tried in order."""
    name: str = ""
    """The cluster's name."""
    token_id: str = ""
    """`user@realm!token`; empty: log in by ticket with `user`."""
    user: str = ""
    """`user@realm` for a ticket."""
    secret: SecretRef = NO_SECRET
    """Reference to the token's secret or the user's password."""
    tls: Tls = Tls()
    """How the nodes' certificates are verified."""
    links: int = 2
    """Corosync links that each node must have."""
    link_addresses: tuple[Mapping[str, str], ...] = ()
    """The address of each node on each corosync link, in order (`- {pve1: 10.0.0.11, pve2: 10.0.0.12}`):
    needed to create the cluster, and to let nodes join it."""
    guests: Mapping[str, Guest] = field(default_factory=dict)
    """Guests that must exist, by number (`"101"`)."""
    limits: ClusterLimits = ClusterLimits()


@dataclass(frozen=True, slots=True)
class MysqlServer:
    """A MariaDB or MySQL server; which of them is read from the server."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    host: HostName
    """The host of this profile that it runs on."""
    user: str
    """The account of this console; `docs/security.md` lists its privileges."""
    password: SecretRef = NO_SECRET
    """Reference to its password."""
    address: str = ""
    """Where it listens; empty: the address of `host`."""
    port: int = 3306
    """TCP port."""
    socket: str = ""
    """UNIX socket on `host`, reached through SSH; wins over address and port."""
    via: HostName = ""
    """Name of a host: reach address and port from there, through SSH."""
    tls: Tls | None = None
    """Give it (`tls: {}` for the system's authorities) to demand TLS."""
    unit: str = "mariadb"
    """Its systemd unit on `host` (`mysql` for MySQL): a dead master is fenced by stopping and masking it."""
    folder: str = "/var/lib/saitotui"
    """A folder on `host` for what runbooks keep there: transactions that nobody else has."""


@dataclass(frozen=True, slots=True)
class Haproxy:
    """One HAProxy node. Every node is asked: they may disagree."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    host: HostName
    """The host of this profile that it runs on."""
    socket: str = ""
    """Admin socket on `host`, reached through SSH."""
    address: str = ""
    """Runtime API over TCP: address; used when `socket` is empty."""
    port: int = 9999
    """Runtime API over TCP: port."""
    write_address: str = ""
    """Where applications connect to write; empty: the address of `host`."""
    write_port: int = 3306
    """Port of the write service."""
    config: str = "/etc/haproxy/haproxy.cfg"
    """Its configuration file on `host`."""
    state_file: str = ""
    """Its server state file on `host`; empty: read from the configuration."""


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    lag_warn: float = 1
    """Replication lag in seconds that is a warning."""
    lag_crit: float = 30
    """Replication lag in seconds that is critical."""
    connections_percent: float = 80
    """Connections in use, of the server's maximum."""
    long_transaction: float = 10
    """Seconds after which a transaction is long."""


@dataclass(frozen=True, slots=True)
class Database:
    """A master and its replica behind HAProxy. Roles are read from the servers, never from names."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    servers: Mapping[str, MysqlServer]
    """The servers by name; HAProxy's server names are matched by these names, then by address."""
    haproxy: Mapping[str, Haproxy] = field(default_factory=dict)
    """The HAProxy nodes by name."""
    write_backend: str = "mysql_write"
    """HAProxy's backend for writes."""
    read_backend: str = ""
    """HAProxy's backend for reads, if any."""
    semi_sync: bool = True
    """Whether commits must wait for the replica."""
    direct_clients: tuple[str, ...] = ()
    """Addresses that may connect to a server past HAProxy (monitoring, backup)."""
    replication_user: str = ""
    """The account that a replica logs in to its master with; runbooks need it to attach one."""
    replication_password: SecretRef = NO_SECRET
    """Reference to its password."""
    replication_ca: str = ""
    """The authority of the servers' certificates, as a PEM file on the servers themselves: replicas are
    attached and built anew over TLS, verified against it. Empty: without TLS."""
    clone_user: str = ""
    """The account that a replica is built anew with: it reads everything on the master. `docs/security.md`
    lists its privileges."""
    clone_password: SecretRef = NO_SECRET
    """Reference to its password."""
    build: DatabaseBuild | None = None
    """Of what `bootstrap-database` makes the pair."""
    limits: DatabaseLimits = DatabaseLimits()


@dataclass(frozen=True, slots=True)
class StorageLimits:
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    space_percent: float = 85
    """Use of the exported file system that is a warning; 10 more are critical (at most 98)."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A DRBD pair that exports NFS on a floating address."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    nodes: Mapping[str, HostName]
    """Node name (as DRBD and heartbeat know it): host of this profile."""
    resource: str = "r0"
    """The DRBD resource."""
    device: str = "/dev/drbd0"
    """Its device."""
    mount: str = "/srv/nfs"
    """Where the active node mounts it."""
    floating_ip: str = ""
    """The address that NFS clients use."""
    manager: Literal["heartbeat", "pacemaker"] = "heartbeat"
    """The cluster manager."""
    clients: tuple[str, ...] = ()
    """Addresses of the NFS clients that are expected."""
    build: StorageBuild | None = None
    """Of what `bootstrap-storage` makes the pair."""
    limits: StorageLimits = StorageLimits()


@dataclass(frozen=True, slots=True)
class Nginx:
    """One nginx."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    host: HostName
    """The host of this profile that it runs on."""
    status: HttpService
    """Its stub_status page."""
    access_log: str = "/var/log/nginx/access.log"
    """Its access log on `host`."""
    error_log: str = "/var/log/nginx/error.log"
    """Its error log on `host`."""
    unit: str = "nginx"
    """Its systemd unit."""
    config: str = "/etc/nginx/nginx.conf"
    """Its configuration on `host`."""
    upstreams: str = "/etc/nginx/conf.d/upstreams.conf"
    """The file on `host` that names the Tomcats (`server 10.0.0.61:8080 ...;`)."""


@dataclass(frozen=True, slots=True)
class Tomcat:
    """One Tomcat of the cluster."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    host: HostName
    """The host of this profile that it runs on."""
    manager: HttpService
    """Its manager (`http://tc1:8080/manager`); the user needs `manager-script` and `manager-jmx`."""
    webapps: str = "/var/lib/tomcat10/webapps"
    """The folder on `host` where it keeps its applications (appBase)."""
    unit: str = "tomcat10"
    """Its systemd unit."""
    upstream: str = ""
    """How nginx's configuration names it, without port; empty: the address of its host."""
    log: str = "/var/log/tomcat10/catalina.%Y-%m-%d.log"
    """Its log on `host`, with the day as strftime(3) writes it."""
    jcmd: str = "jcmd"
    """The JDK's diagnostic tool on `host`, by its path when it is not in PATH."""


@dataclass(frozen=True, slots=True)
class JourneyCheck:
    """One thing a user does, tried as an HTTP request."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    """A word (`login`)."""
    service: HttpService
    """Where to ask; the whole address."""
    status: int = 200
    """The HTTP status that means success."""
    contains: str = ""
    """Text that the answer must contain."""
    slow: float = 1.0
    """Seconds above which it is a warning."""


@dataclass(frozen=True, slots=True)
class VersionPage:
    """A page of the application that says which version answers."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    path: str
    """Under the context (`/about`); with one that begins a session it is tried that old ones stay, too."""
    contains: str = "{version}"
    """What it contains; `{version}` stands for the version (`001`)."""


@dataclass(frozen=True, slots=True)
class ApplicationLimits:
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    heap_percent: float = 90
    """Heap use that is a warning."""
    threads_percent: float = 80
    """Busy request threads that are a warning."""


@dataclass(frozen=True, slots=True)
class Application:
    """nginx in front of a Tomcat cluster."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    nginx: Mapping[str, Nginx]
    """The nginx nodes by name."""
    tomcats: Mapping[str, Tomcat]
    """The Tomcat nodes by name."""
    context: str = "/app"
    """Context path of the application."""
    journeys: tuple[JourneyCheck, ...] = ()
    """What users do, tried through the whole platform."""
    version_page: VersionPage | None = None
    """The page that says which version answers; without one a deployment cannot prove it."""
    build: ApplicationBuild | None = None
    """Of what `bootstrap-application` makes it."""
    limits: ApplicationLimits = ApplicationLimits()

    @property
    def pages(self) -> Mapping[str, HttpService]:
        """The application's own pages: `TOMCAT/app` on one Tomcat alone, `front/app` where the first journey
        into its context finds it. No credentials go there."""
        found = {
            f"{name}/app": HttpService(
                f"{_origin(tomcat.manager.url)}{self.context}", via=tomcat.manager.via, tls=tomcat.manager.tls
            )
            for name, tomcat in self.tomcats.items()
        }
        for journey in self.journeys:
            service = journey.service
            if f"{urlsplit(service.url).path}/".startswith(f"{self.context}/"):
                found["front/app"] = HttpService(
                    f"{_origin(service.url)}{self.context}", via=service.via, tls=service.tls
                )
                break
        return found


def _origin(url: str) -> str:
    """Scheme, host and port (RFC 6454)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@dataclass(frozen=True, slots=True)
class Monitoring:
    """A Zabbix server."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    service: HttpService
    """The frontend's address; `user` and `password` log in where there is no token."""
    token: SecretRef = NO_SECRET
    """Reference to an API token."""
    hosts: Mapping[str, HostName] = field(default_factory=dict)
    """Zabbix host name: host of this profile, where the names differ."""
    recovery_tag: str = "recovery"
    """The tag that marks actions which act by themselves."""
    agent_unit: str = "zabbix-agent"
    """The agent's systemd unit on the hosts."""
    agent_folder: str = "/etc/zabbix/zabbix_agentd.conf.d"
    """Where the agent reads further configuration (`Include`; `/etc/zabbix/zabbix_agentd.d` in the vendor's
    packages)."""
    agent_user: str = "zabbix"
    """The account that the agent runs as."""
    fleet: str = ""
    """A host group of Zabbix whose hosts the tier `hosts` shows by Zabbix's values, without logging in: for
    as many as there are. Hosts of this profile are asked themselves."""
    readings: tuple[Literal["cluster", "database", "storage", "application", "hosts"], ...] = ()
    """Tiers whose hosts this console does not log in to for looking: what it would ask over SSH their agents
    ask, and Zabbix tells (`zabbix-recovery` brings that). Databases, pages and APIs are asked themselves, and
    so is everything before and after an act."""
    calls: str = "Zabbix administrators"
    """The user group of Zabbix that is called when automatic recovery did not help."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Rented machines, by Hetzner's Robot webservice."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    service: HttpService
    """The webservice (`https://robot-ws.your-server.de`) with its user."""
    servers: Mapping[str, HostName] = field(default_factory=dict)
    """Robot's server number (`"321"`): host of this profile."""
    failover_ips: Mapping[str, HostName] = field(default_factory=dict)
    """Failover address: host of this profile that it is expected to point to."""
    rescue_key: str = ""
    """Fingerprint (`15:28:b0:...`) of an SSH key that Robot knows: the rescue system lets it in, and gets no
    password."""


@dataclass(frozen=True, slots=True)
class Acting:
    """What acting on this platform asks for, besides a reason."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    second_person: tuple[str, ...] = ()
    """Runbooks (`swap-db-master`) that a second engineer must approve with their own key."""
    allowed_signers: str = ""
    """An OpenSSH allowed_signers file: whose key belongs to which engineer (`anna@ops1 ssh-ed25519 ...`)."""
    signing_key: str = ""
    """The engineer's key for seals and approvals: a private key file, or a `.pub` whose private half the SSH
    agent holds; empty: nothing is signed."""
    witnesses: tuple[HostName, ...] = ()
    """Hosts that keep copies of the journal's head, so that a rewritten journal shows."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One platform."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    """The platform's name."""
    hosts: Mapping[str, Host]
    """The machines by name."""
    environment: Environment = Environment()
    """Which kind of platform this is."""
    poll: float = 2.0
    """Seconds between two looks at fast-moving facts."""
    build: HostsBuild | None = None
    """Of what `bootstrap-hosts` makes every host."""
    cluster: Cluster | None = None
    """The Proxmox cluster."""
    database: Database | None = None
    """The database pair behind HAProxy."""
    storage: Storage | None = None
    """The storage pair."""
    application: Application | None = None
    """nginx and the Tomcat cluster."""
    monitoring: Monitoring | None = None
    """Zabbix."""
    hardware: Hardware | None = None
    """Hetzner Robot."""
    acting: Acting = Acting()
    """What acting asks for."""

    def http(self, target: str) -> HttpService:
        """The HTTP service that a command's `target` names: an nginx (its status page), a Tomcat (its
        manager), `TOMCAT/app` (the application on that Tomcat alone), `front/app` (the application as users
        reach it), `journey/NAME`, `zabbix` or `robot`. KeyError when there is none."""
        found: dict[str, HttpService] = {}
        if self.application:
            found |= {name: nginx.status for name, nginx in self.application.nginx.items()}
            found |= {name: tomcat.manager for name, tomcat in self.application.tomcats.items()}
            found |= {f"journey/{check.name}": check.service for check in self.application.journeys}
            found |= self.application.pages
        if self.monitoring:
            found["zabbix"] = self.monitoring.service
        if self.hardware:
            found["robot"] = self.hardware.service
        return found[target]
