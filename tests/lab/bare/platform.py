"""A platform that is yet to be: bare hosts with addresses, and a profile of what they shall become."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from tests.lab.bare.host import BareHost
from tests.lab.bare.storage import BareStorage
from tests.lab.sshd import make_key
from tests.lab.storage.network import Network

from saitotui.simulator.certificates import authority_and_server

DATABASES, BALANCERS = ("db1", "db2"), ("lb1", "lb2")
TOMCATS, WEBS = ("tc1", "tc2"), ("web1",)
CLOCK = "mon1"
"""The host whose time the others take."""
NUMBERS = {"lb1": 31, "lb2": 32, "db1": 41, "db2": 42, "web1": 51, "tc1": 61, "tc2": 62, CLOCK: 71}
RUNS = {
    **dict.fromkeys(DATABASES, "mariadb"),
    **dict.fromkeys(BALANCERS, "haproxy"),
    **dict.fromkeys(TOMCATS, "tomcat10"),
    **dict.fromkeys(WEBS, "nginx"),
}
"""What Debian's packages start on each host."""
AUTHORITY, CERTIFICATE = "/etc/ssl/lab-ca.pem", "/etc/ssl/lab-server.pem"
"""What whoever runs hosts has put there: the certificate, in one file with its key."""
PASSWORDS = {
    "console": "console-pw'\"",
    "replication": "repl-pw",
    "clone": "clone-pw",
    "application": "app-pw",
    "manager": "<manager&'pw'>",
    "storage": "labsecret",
}
"""Some with what has to be quoted."""


_SERVES_TIME = """
printf 'local stratum 3\nallow 10.81.0.0/24\n' > /etc/chrony/chrony.conf && systemctl restart chrony
"""


class BarePlatform:
    """Its hosts, up and bare, as long as the block lasts."""

    def __init__(self, folder: Path, network: Network) -> None:
        self.folder, self.network = folder, network
        make_key(folder / "client_key")
        self.hosts = {
            name: BareHost(name, number, network, folder, [RUNS[name]] if name in RUNS else [])
            for name, number in NUMBERS.items()
        }
        (folder / "storage").mkdir()
        self.storage = BareStorage(folder / "storage", network)
        authority_and_server(folder, [host.address for host in self.hosts.values()])
        for host in self.hosts.values():
            host.bring(AUTHORITY, folder / "ca.pem", 0o644)
            host.bring(CERTIFICATE, folder / "server.pem")

    @property
    def profile(self) -> Path:
        return self.folder / "profile.yaml"

    def __enter__(self) -> BarePlatform:
        try:
            # Here, not in a pool: hosts end with the thread that began them.
            for host in self.hosts.values():
                host.power_on()
            with ThreadPoolExecutor() as pool:
                list(pool.map(BareHost.ready, self.hosts.values()))
            for name in DATABASES:
                self.hosts[name].ssh(f"chown mysql {CERTIFICATE}")
            self.hosts[CLOCK].ssh(_SERVES_TIME)
            self.storage.__enter__()
            self.profile.write_text(yaml.safe_dump(self._described(), sort_keys=False), "utf-8")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        for host in self.hosts.values():
            host.power_off()
        self.storage.stop()

    def _described(self) -> dict[str, Any]:
        return {
            "name": "bare",
            "environment": {"name": "lab"},
            "poll": 1.0,
            "hosts": {
                name: host.login
                for name, host in {**self.hosts, **self.storage.hosts}.items()
                if name != CLOCK
            },
            "build": {
                "time_servers": [self.hosts[CLOCK].address],
                "networks": ["10.81.0.0/24", "10.82.0.0/24"],
                # User-Mode-Linux has no nftables for both versions of IP in one.
                "own_firewall": list(self.storage.hosts),
            },
            "storage": self.storage.section(self._secret("storage")),
            "database": self._database(),
            "application": self._application(),
        }

    def _database(self) -> dict[str, Any]:
        socket = "/run/mysqld/mysqld.sock"
        server = {"user": "saitotui", "password": self._secret("console"), "socket": socket}
        return {
            "servers": {name: {"host": name, **server} for name in DATABASES},
            "haproxy": {name: {"host": name, "socket": "/run/haproxy/admin.sock"} for name in BALANCERS},
            "read_backend": "mysql_read",
            "replication_user": "repl",
            "replication_password": self._secret("replication"),
            "replication_ca": AUTHORITY,
            "clone_user": "clone",
            "clone_password": self._secret("clone"),
            "build": {
                "network": "10.81.0.%",
                "password": self._secret("application"),
                "certificate": CERTIFICATE,
                "key": CERTIFICATE,
                "buffer_pool": "64M",
                "connections": 100,
            },
        }

    def _application(self) -> dict[str, Any]:
        login = {"user": "saitotui", "password": self._secret("manager")}
        manager, status = "http://127.0.0.1:8080/manager", "http://127.0.0.1:8081/nginx_status"
        front = f"http://{self.hosts[WEBS[0]].address}"
        return {
            "context": "/app",
            "version_page": {"path": "/count", "contains": "version={version} "},
            "nginx": {name: {"host": name, "status": {"url": status, "via": name}} for name in WEBS},
            "tomcats": {
                name: {"host": name, "manager": {"url": manager, "via": name, **login}} for name in TOMCATS
            },
            "journeys": [
                {"name": name, "service": {"url": f"{front}/app/{name}"}, "contains": name, "slow": 10}
                for name in ("login", "orders")
            ],
            "build": {"heap": "128m", "cache": 5, "certificate": CERTIFICATE, "key": CERTIFICATE},
        }

    def _secret(self, name: str) -> str:
        file = self.folder / f"{name}.secret"
        file.write_text(PASSWORDS[name], "utf-8")
        file.chmod(0o600)
        return f"file:{file}"
