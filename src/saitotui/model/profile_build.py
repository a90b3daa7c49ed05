"""What a profile says of things that are yet to be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from saitotui.model.profile_parts import NO_SECRET, STRICT, HostName, NetworkName, SecretRef, ServerName


@dataclass(frozen=True, slots=True)
class HostsBuild:
    """What `bootstrap-hosts` makes of every host."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    time_servers: tuple[ServerName, ...] = ()
    """NTP servers that the hosts take the time from; empty: their clocks are left to others."""
    networks: tuple[NetworkName, ...] = ()
    """Networks (`10.0.0.0/24`) whose hosts reach every port: the platform's own. Empty: no firewall."""
    logins: tuple[NetworkName, ...] = ()
    """Networks that may log in by SSH besides: where engineers come from."""
    own_firewall: tuple[HostName, ...] = ()
    """Hosts that get no firewall from here: they have one of their own, as Proxmox nodes always do."""
    open: Mapping[HostName, tuple[int, ...]] = field(default_factory=dict)
    """TCP ports that anybody reaches, by host; those that nginx serves at are open by themselves."""


@dataclass(frozen=True, slots=True)
class HeartbeatLink:
    """A network over which the nodes of a storage pair hear each other."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    interface: str
    """Its interface on both nodes (`eno2`)."""
    addresses: Mapping[str, str]
    """Each node's address there, by node name."""


@dataclass(frozen=True, slots=True)
class StorageBuild:
    """What `bootstrap-storage` makes of two hosts."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    disk: str
    """The block device under DRBD, on both nodes (`/dev/vg0/r0`): an empty one."""
    addresses: Mapping[str, str]
    """Each node's address for DRBD, by node name: best in a network of its own."""
    links: tuple[HeartbeatLink, ...]
    """heartbeat's links; two, that no single cable ends."""
    network: str
    """The network that may mount the export (`10.0.0.0/24`)."""
    interface: str
    """The interface that carries the floating address."""
    secret: SecretRef = NO_SECRET
    """Reference to what DRBD and heartbeat know each other by: letters and digits."""
    port: int = 7788
    """DRBD's TCP port."""
    prefix: int = 24
    """Bits of the floating address's network."""
    filesystem: Literal["ext4", "xfs"] = "ext4"
    """What is made on the device."""
    ping: str = ""
    """An address that both nodes ping: a router, which tells a node whether it is the one that is cut off."""
    deadtime: int = 10
    """Seconds of silence after which heartbeat takes the other node for dead."""
    services: tuple[str, ...] = ()
    """What heartbeat starts besides DRBD, in order, in the words of haresources; empty: the file system, the
    NFS server and the floating address by heartbeat's own scripts."""


@dataclass(frozen=True, slots=True)
class DatabaseBuild:
    """What `bootstrap-database` makes of hosts with MariaDB and HAProxy."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    network: str
    """Where the accounts may log in from, in MariaDB's words (`10.0.0.%`)."""
    schema: str = "app"
    """The application's schema."""
    user: str = "app"
    """The application's account: it has rights in its schema only, so `read_only` stops it."""
    password: SecretRef = NO_SECRET
    """Reference to its password."""
    check_user: str = "haproxy"
    """The account that HAProxy's checks log in with: without password, and without any right."""
    port: int = 0
    """The port that the servers listen at; 0: their `port`."""
    write_port: int = 0
    """The port of HAProxy's write service; 0: the `write_port` of the node."""
    read_port: int = 3307
    """The port of HAProxy's read service, where the profile names a read backend."""
    certificate: str = ""
    """The servers' certificate, a file on each of them; needed where there is a `replication_ca`."""
    key: str = ""
    """Its private key, a file on each of them."""
    buffer_pool: str = "1G"
    """InnoDB's buffer pool, as MariaDB writes it."""
    connections: int = 500
    """Connections that a server takes."""
    config: str = "/etc/mysql/mariadb.conf.d/99-saitotui.cnf"
    """The option file that is written: the last of those that MariaDB reads."""


@dataclass(frozen=True, slots=True)
class ApplicationBuild:
    """What `bootstrap-application` makes of hosts with Debian's Tomcat and nginx."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    network: str = ""
    """A network (`10.0.0.0/24`) that may reach the managers and nginx's status page; empty: only their own
    hosts may."""
    port: int = 8080
    """The port that the Tomcats serve at."""
    cluster_port: int = 4000
    """The TCP port at which a Tomcat takes the others' sessions."""
    heap: str = "1g"
    """A Tomcat's heap, as Java writes it."""
    threads: int = 200
    """Requests that a Tomcat works on at the same time."""
    listen: int = 80
    """The port that nginx serves at."""
    server_name: str = "_"
    """The name that users ask nginx for; `_`: any."""
    certificate: str = ""
    """nginx's certificate with its chain, a file on its hosts: it serves HTTPS at 443, too."""
    key: str = ""
    """Its private key, a file on its hosts."""
    sticky: bool = True
    """Whether a visitor stays on the Tomcat that has his session, as long as that serves."""
    cache: int = 0
    """Minutes for which nginx keeps pictures, styles and scripts; 0: it keeps nothing."""
